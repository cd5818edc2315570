#include <fmt/format.h>

#include <charconv>

#include "explore/fusion/plan.h"
#include "hardware/quantity.h"

namespace millrace::fusion {

using mapping::Tiling;

static std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

static std::vector<std::string_view> pieces(std::string_view text, char separator) {
    std::vector<std::string_view> result;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        result.push_back(trimmed(text.substr(at, end - at)));
        at = end + 1;
    }
    return result;
}

static std::optional<std::vector<std::string>> names(std::string_view text) {
    std::vector<std::string> result;
    for (const std::string_view name : pieces(text, ',')) {
        if (name.empty()) return std::nullopt;
        result.emplace_back(name);
    }
    return result;
}

bool parseStacks(std::string_view text, PlanOptions& options, Diagnostics& diagnostics) {
    options.stacks.clear();
    options.stacking = Stacking::byHand;
    if (trimmed(text) == "auto") options.stacking = Stacking::automatic;
    if (trimmed(text) == "layers") options.stacking = Stacking::layers;
    if (options.stacking != Stacking::byHand) return true;
    for (const std::string_view stack : pieces(text, ';')) {
        auto layers = names(stack);
        if (!layers) {
            diagnostics.error({"--stacks"}, fmt::format("'{}' names no layer in '{}'", text, stack),
                              "auto, layers, or layers separated by commas and stacks by semicolons: 0-10;11-21");
            return false;
        }
        options.stacks.push_back(std::move(*layers));
    }
    return true;
}

bool parseCuts(std::string_view text, PlanOptions& options, Diagnostics& diagnostics) {
    auto layers = names(text);
    if (!layers) {
        diagnostics.error({"--cut-after"}, fmt::format("'{}' has an empty place", text),
                          "names or numbers of layers, separated by commas");
        return false;
    }
    options.stacking = Stacking::cuts;
    options.cuts.insert(options.cuts.end(), layers->begin(), layers->end());
    return true;
}

/// "8", "all" or "*" behind the loop's name.
static std::optional<Tiling> readSplit(std::string_view loop, std::string_view parts) {
    if (!hardware::isLoopName(loop)) return std::nullopt;
    Tiling tiling{std::string(loop), Tiling::Kind::parts, 1};
    if (parts == "all" || parts == "*") {
        tiling.kind = parts == "*" ? Tiling::Kind::wildcard : Tiling::Kind::all;
        return tiling;
    }
    const auto [end, error] = std::from_chars(parts.data(), parts.data() + parts.size(), tiling.parts);
    const bool good = error == std::errc() && end == parts.data() + parts.size() && tiling.parts > 0;
    return good ? std::optional(std::move(tiling)) : std::nullopt;
}

bool parseTile(std::string_view text, PlanOptions& options, Diagnostics& diagnostics) {
    const auto fail = [&](std::string message) {
        diagnostics.error({"--tile"}, std::move(message),
                          "LAYER:OY=8,K@4: 8 parts in time, 4 over cores; LAYER is a name, a type or 'default'; 'all' "
                          "and '*' stand for numbers");
        return false;
    };
    const std::size_t colon = text.rfind(':');
    const std::string_view name = trimmed(text.substr(0, std::min(colon, text.size())));
    if (colon == std::string_view::npos || name.empty())
        return fail(fmt::format("'{}' is not of the form LAYER:LOOP=PARTS", text));
    mapping::MappingEntry entry;
    entry.name = name;
    entry.where.file = fmt::format("--tile {}", text);
    for (const std::string_view split : pieces(text.substr(colon + 1), ',')) {
        const std::size_t sign = split.find_first_of("=@");
        const bool whole = sign != std::string_view::npos;
        const auto tiling =
            whole ? readSplit(trimmed(split.substr(0, sign)), trimmed(split.substr(sign + 1))) : std::nullopt;
        if (!tiling) return fail(fmt::format("'{}' in '{}' is not of the form LOOP=PARTS or LOOP@PARTS", split, text));
        (split[sign] == '=' ? entry.intraCoreTiling : entry.interCoreTiling).push_back(*tiling);
    }
    options.tiles.push_back(std::move(entry));
    return true;
}

}  // namespace millrace::fusion
