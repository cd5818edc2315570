#include "explore/platform/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "explore/cost/area.h"
#include "explore/platform/peak.h"
#include "hardware/quantity.h"

namespace millrace::explore {

using hardware::CoreId;

namespace {

const SourceLocation kWhere{"--budget"};
constexpr const char* kForm = "area=MM2,memory=BYTES, for example area=12.5,memory=2MiB";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

yaml::Node scalar(std::string text) {
    yaml::Node node;
    node.kind = yaml::Node::Kind::scalar;
    node.scalar = std::move(text);
    node.where = kWhere;
    return node;
}

std::optional<double> readArea(std::string_view text, Diagnostics& diagnostics) {
    const auto area = yaml::real(scalar(std::string(text)), "the area", diagnostics);
    if (!area || (*area > 0 && std::isfinite(*area))) return area;
    diagnostics.error(kWhere, fmt::format("the area '{}' is not above 0", text), kForm);
    return std::nullopt;
}

/// Plain numbers are bytes, and "KB" is "kB".
std::optional<Bits> readMemory(std::string_view text, Diagnostics& diagnostics) {
    std::string amount(text);
    if (amount.find_first_not_of("0123456789._") == std::string::npos) amount += " B";
    if (amount.ends_with("KB")) amount[amount.size() - 2] = 'k';
    const bool hasUnit =
        !amount.empty() && (amount.back() == 'B' || amount.ends_with("bit") || amount.ends_with("bits"));
    if (!hasUnit) {
        diagnostics.error(kWhere, fmt::format("the memory '{}' is no amount of data", text), kForm);
        return std::nullopt;
    }
    const auto bits = hardware::readBits(scalar(amount), "the memory", diagnostics);
    if (!bits || *bits > 0) return bits ? std::optional(Bits(*bits)) : std::nullopt;
    diagnostics.error(kWhere, fmt::format("the memory '{}' is not above 0", text), kForm);
    return std::nullopt;
}

std::string bytes(Bits bits) {
    const std::int64_t whole = bits.value() / 8;
    return bits.value() % 8 == 0 ? fmt::format("{} B", whole) : fmt::format("{} bits", bits.value());
}

}  // namespace

std::optional<Budget> parseBudget(std::string_view text, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    Budget budget;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string_view item = trimmed(text.substr(at, end - at));
        at = end + 1;
        const std::size_t sign = std::min(item.find('='), item.size());
        const std::string_view key = trimmed(item.substr(0, sign));
        const std::string_view value = trimmed(item.substr(std::min(sign + 1, item.size())));
        const bool known = (key == "area" && !budget.areaMm2) || (key == "memory" && !budget.memory);
        if (!known || value.empty()) {
            const bool twice = !known && (key == "area" || key == "memory");
            diagnostics.error(kWhere,
                              twice ? fmt::format("'{}' stands twice in '{}'", key, text)
                                    : fmt::format("'{}' in '{}' is no limit", item, text),
                              kForm);
        } else if (key == "area") {
            budget.areaMm2 = readArea(value, diagnostics);
        } else {
            budget.memory = readMemory(value, diagnostics);
        }
        if (diagnostics.failures() != before) return std::nullopt;
    }
    return budget;
}

namespace {

/// What of a core has no area in its file; empty if all has.
std::string lacking(const hardware::Core& core, const std::set<hardware::MemoryIndex>& elsewhere) {
    if (!core.array.inMemoryComputing && core.array.units() > 0 && core.array.unitArea <= 0)
        return "its array (unit_area)";
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        if (core.memories[i].area <= 0 && elsewhere.count(i) == 0)
            return fmt::format("its memory '{}' (area)", core.memories[i].name);
    }
    return "";
}

/// Outermost memories of a core that another core before it has, too.
std::set<hardware::MemoryIndex> sharedBefore(const hardware::Chip& chip, CoreId core) {
    std::set<hardware::MemoryIndex> result;
    for (const std::vector<CoreId>& group : chip.sharedMemories) {
        const bool member = std::find(group.begin(), group.end(), core) != group.end();
        if (!member || *std::min_element(group.begin(), group.end()) == core) continue;
        for (const hardware::MemoryOperand operand : hardware::kMemoryOperands) {
            if (const auto top = chip.cores[core].top(operand)) result.insert(*top);
        }
    }
    return result;
}

}  // namespace

bool checkArea(const hardware::Chip& chip, const Budget& budget, Diagnostics& diagnostics) {
    if (!budget.areaMm2) return true;
    double sum = 0;
    double most = 0;
    CoreId largest;
    for (const CoreId id : chip.cores.ids()) {
        if (chip.isOffchip(id)) continue;
        const hardware::Core& core = chip.cores[id];
        const std::set<hardware::MemoryIndex> elsewhere = sharedBefore(chip, id);
        const std::string missing = lacking(core, elsewhere);
        const auto area = cost::areaOf(core);
        if (!missing.empty() || (!area && core.memories.size() > elsewhere.size())) {
            diagnostics.infeasible(
                kWhere,
                fmt::format("the area of the chip '{}' is not known: core {} ({}) has no figure for {}", chip.name,
                            id.index(), core.name, missing),
                fmt::format("give it in {}, in mm2", core.file.empty() ? "the core's file" : core.file));
            return false;
        }
        double own = area ? area->total : core.array.unitArea * static_cast<double>(core.array.units());
        for (const hardware::MemoryIndex i : elsewhere) own -= area ? area->memory[i] : 0;
        sum += own;
        if (own <= most && largest.valid()) continue;
        most = own;
        largest = id;
    }
    if (sum <= *budget.areaMm2) return true;
    diagnostics.infeasible(
        kWhere,
        fmt::format("the chip '{}' takes {:.6g} mm2, which is more than {:.6g} mm2; the largest core is {} ({}) with "
                    "{:.6g} mm2",
                    chip.name, sum, *budget.areaMm2, largest.index(), chip.cores[largest].name, most),
        "a chip with fewer or smaller cores, or a larger area");
    return false;
}

bool checkMemory(const Result& result, const Budget& budget, Diagnostics& diagnostics) {
    if (!budget.memory || result.peakMemory <= *budget.memory) return true;
    const auto peaks = memoryPeaks(result.problem, result.schedule);
    std::vector<schedule::MemoryId> ids = peaks.ids();
    std::stable_sort(ids.begin(), ids.end(), [&](auto a, auto b) { return peaks[a] > peaks[b]; });
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(ids.size(), 3) && peaks[ids[i]] > Bits(0); ++i) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", result.problem.memories[ids[i]].name,
                            bytes(peaks[ids[i]]));
    }
    diagnostics.infeasible(
        kWhere,
        fmt::format("the schedule uses {} of on-chip memory at its peaks, which is more than {}; most of it: {}",
                    bytes(result.peakMemory), bytes(*budget.memory), text),
        result.policy == "fused" ? "smaller tiles (--tile), other stacks (--stacks), --lookahead 1, or a larger budget"
                                 : "fused layers (--schedule fused), which hold less, or a larger budget");
    return false;
}

}  // namespace millrace::explore
