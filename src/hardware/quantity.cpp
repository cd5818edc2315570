#include "hardware/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace millrace::hardware {
namespace {

constexpr double kKilo = 1e3;
constexpr double kKibi = 1024;
constexpr double kMostBits = 1152921504606846976.0;
constexpr std::int64_t kMostBandwidth = std::int64_t{1} << 40;

constexpr std::array<std::pair<std::string_view, double>, 9> kPrefixes{{{"", 1},
                                                                        {"k", kKilo},
                                                                        {"M", kKilo* kKilo},
                                                                        {"G", kKilo* kKilo* kKilo},
                                                                        {"T", kKilo* kKilo* kKilo* kKilo},
                                                                        {"Ki", kKibi},
                                                                        {"Mi", kKibi* kKibi},
                                                                        {"Gi", kKibi* kKibi* kKibi},
                                                                        {"Ti", kKibi* kKibi* kKibi* kKibi}}};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isCapital(char c) { return c >= 'A' && c <= 'Z'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// Bits in one of the unit; 0 if there is no such unit.
double unitBits(std::string_view unit) {
    for (const auto& [prefix, factor] : kPrefixes) {
        if (!unit.starts_with(prefix)) continue;
        const std::string_view rest = unit.substr(prefix.size());
        if (rest == "bit" || (rest == "bits" && prefix.empty())) return factor;
        if (rest == "B") return factor * 8;
    }
    return 0;
}

yaml::Node part(const yaml::Node& whole, std::size_t offset, std::string_view text) {
    yaml::Node node;
    node.kind = yaml::Node::Kind::scalar;
    node.scalar = text;
    node.where = whole.where;
    if (node.where.column > 0) node.where.column += static_cast<int>(offset) + (whole.quoted ? 1 : 0);
    return node;
}

std::optional<std::int64_t> wholeBits(const yaml::Node& node, double bits, std::string_view what,
                                      Diagnostics& diagnostics) {
    if (bits < 0 || bits > kMostBits) {
        diagnostics.error(node.where, fmt::format("{} must lie from 0 to 2^60 bits, but is {}", what, node.scalar));
        return std::nullopt;
    }
    if (std::floor(bits) != bits) {
        diagnostics.error(
            node.where, fmt::format("{} must be a whole number of bits, but is {} = {} bits", what, node.scalar, bits));
        return std::nullopt;
    }
    return static_cast<std::int64_t>(bits);
}

std::optional<std::int64_t> readAmount(const yaml::Node& node, std::string_view suffix, std::string_view what,
                                       Diagnostics& diagnostics) {
    const std::string_view text = node.scalar;
    const bool begins = node.isScalar() && !text.empty() && (isDigit(text.front()) || text.front() == '.');
    const std::size_t unitAt = begins ? std::min(text.find_first_not_of("0123456789._ "), text.size()) : text.size();
    std::string_view unit = trim(text.substr(unitAt));
    if (!suffix.empty() && unit.ends_with(suffix)) unit = trim(unit.substr(0, unit.size() - suffix.size()));
    const double factor = unitBits(unit);
    if (factor == 0) {
        const std::optional<std::int64_t> value = yaml::integer(node, what, diagnostics);
        return value ? wholeBits(node, static_cast<double>(*value), what, diagnostics) : std::nullopt;
    }
    const yaml::Node number = part(node, 0, trim(text.substr(0, unitAt)));
    const std::optional<double> value = yaml::real(number, what, diagnostics);
    return value ? wholeBits(node, *value * factor, what, diagnostics) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> readBits(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics) {
    return readAmount(node, "", what, diagnostics);
}

std::optional<std::int64_t> readBandwidth(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics) {
    const std::optional<std::int64_t> value = readAmount(node, "/cycle", what, diagnostics);
    if (value && (*value < 1 || *value > kMostBandwidth)) {
        diagnostics.error(node.where, fmt::format("{} must be from 1 to 2^40 bits a cycle, but is {}", what, *value));
        return std::nullopt;
    }
    return value;
}

std::optional<NamedValue> readNamedValue(const yaml::Node& node, std::string_view what, std::string_view form,
                                         Diagnostics& diagnostics) {
    if (node.isSequence() && node.items.size() == 2 && node.items[0].isScalar()) {
        return NamedValue{node.items[0].scalar, node.items[1]};
    }
    const std::size_t comma = node.isScalar() ? node.scalar.find(',') : std::string::npos;
    if (comma == std::string::npos || node.scalar.find(',', comma + 1) != std::string::npos) {
        diagnostics.error(node.where, fmt::format("{} must be {}, but is {}", what, form, node.describe()),
                          "in brackets the comma separates entries: put quotes around each");
        return std::nullopt;
    }
    const std::string_view text = node.scalar;
    const std::size_t start = std::min(text.find_first_not_of(' ', comma + 1), text.size());
    return NamedValue{std::string(trim(text.substr(0, comma))), part(node, start, trim(text.substr(start)))};
}

std::optional<Unrolling> readUnrolling(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics) {
    const auto pair = readNamedValue(node, what, "'LOOP, n' such as 'K, 32'", diagnostics);
    if (!pair) return std::nullopt;
    if (!isLoopName(pair->name)) {
        diagnostics.error(node.where, fmt::format("{} names the loop '{}'", what, pair->name),
                          "loops are capitals, and digits at the end: K, OX, D1");
        return std::nullopt;
    }
    const auto factor =
        yaml::integer(pair->value, fmt::format("the factor of {} in {}", pair->name, what), diagnostics);
    if (!factor) return std::nullopt;
    if (*factor < 1) {
        diagnostics.error(pair->value.where, fmt::format("the factor of {} in {} must be at least 1, but is {}",
                                                         pair->name, what, *factor));
        return std::nullopt;
    }
    return Unrolling{pair->name, *factor};
}

bool isLoopName(std::string_view name) {
    const auto firstOther = std::find_if_not(name.begin(), name.end(), isCapital);
    return firstOther != name.begin() && name.size() <= 16 && std::all_of(firstOther, name.end(), isDigit);
}

bool isArrayDimensionName(std::string_view name) {
    return name.size() > 1 && name.size() <= 4 && name[0] == 'D' && std::all_of(name.begin() + 1, name.end(), isDigit);
}

}  // namespace millrace::hardware
