#include "explore/mapping/mapping.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/yaml.h"

namespace millrace::mapping {
namespace {

/// The cores of which one must have what the entry says: those it allows, as far as the chip has them; all that compute
/// if it names none.
std::vector<hardware::CoreId> coresOf(const Mapping& mapping, const MappingEntry& entry, const hardware::Chip& chip) {
    if (entry.coreAllocation.empty() || mapping.isFixed()) return chip.computeCores();
    std::vector<hardware::CoreId> result;
    for (const std::int64_t id : entry.coreAllocation) {
        if (static_cast<std::uint64_t>(id) < chip.cores.size())
            result.push_back(hardware::CoreId(static_cast<std::size_t>(id)));
    }
    return result;
}

bool anyHas(const std::vector<hardware::CoreId>& cores, const hardware::Chip& chip, const std::string& dimension) {
    return std::any_of(cores.begin(), cores.end(), [&](hardware::CoreId id) {
        const auto& dimensions = chip.cores[id].array.dimensions;
        return std::any_of(dimensions.begin(), dimensions.end(),
                           [&](const hardware::ArrayDimension& d) { return d.name == dimension; });
    });
}

void checkCores(const MappingEntry& entry, const hardware::Chip& chip, Diagnostics& diagnostics) {
    std::vector<std::int64_t> reported;
    for (const std::int64_t id : entry.coreAllocation) {
        if (std::find(reported.begin(), reported.end(), id) != reported.end()) continue;
        reported.push_back(id);
        if (id < 0 || static_cast<std::uint64_t>(id) >= chip.cores.size()) {
            diagnostics.error(entry.where,
                              fmt::format("entry '{}' allows core {}, but the chip '{}' has cores 0 to {}", entry.name,
                                          id, chip.name, static_cast<std::int64_t>(chip.cores.size()) - 1));
        } else if (chip.isOffchip(hardware::CoreId(static_cast<std::size_t>(id)))) {
            diagnostics.error(entry.where,
                              fmt::format("entry '{}' allows core {}, which is the off-chip memory of '{}'", entry.name,
                                          id, chip.name));
        }
    }
}

std::string_view word(Tiling::Kind kind) { return kind == Tiling::Kind::all ? "all" : "*"; }

void printTiling(std::string& out, std::string_view key, const std::vector<Tiling>& tilings) {
    if (tilings.empty()) return;
    out += fmt::format("  {}:\n", key);
    for (const Tiling& tiling : tilings) {
        out += tiling.kind == Tiling::Kind::parts ? fmt::format("    - {}, {}\n", tiling.dim, tiling.parts)
                                                  : fmt::format("    - {}, {}\n", tiling.dim, word(tiling.kind));
    }
}

void printInterTiling(std::string& out, const std::vector<Tiling>& tilings) {
    if (std::none_of(tilings.begin(), tilings.end(), [](const Tiling& tiling) { return tiling.place.has_value(); }))
        return printTiling(out, "inter_core_tiling", tilings);
    std::vector<std::string> maps;
    for (const Tiling& tiling : tilings) {
        const std::string parts = tiling.kind == Tiling::Kind::parts ? std::to_string(tiling.parts)
                                  : tiling.kind == Tiling::Kind::all ? "all"
                                                                     : "\"*\"";
        maps.push_back(fmt::format("{{dim: {}, split: {}}}", tiling.dim, parts));
    }
    out += fmt::format("  inter_core_tiling: [[{}]]\n", fmt::join(maps, ", "));
}

void printSpatial(std::string& out, const MappingEntry& entry) {
    if (!entry.spatial.empty()) out += "  spatial_mapping:\n";
    for (const SpatialMapping& spatial : entry.spatial) {
        out += fmt::format("    {}:{}\n", spatial.arrayDimension, spatial.unrollings.empty() ? " []" : "");
        for (const hardware::Unrolling& unrolling : spatial.unrollings)
            out += fmt::format("      - {}, {}\n", unrolling.loop, unrolling.factor);
    }
    if (!entry.spatialHint.empty()) out += "  spatial_mapping_hint:\n";
    for (const SpatialHint& hint : entry.spatialHint) {
        out += fmt::format("    {}: [{}]\n", hint.arrayDimension, fmt::join(hint.loops, ", "));
    }
}

void printEntry(std::string& out, const MappingEntry& entry) {
    out += fmt::format("- name: {}\n", yaml::quote(entry.name));
    if (!entry.coreAllocation.empty())
        out += fmt::format("  core_allocation: [{}]\n", fmt::join(entry.coreAllocation, ", "));
    if (entry.allocationIsFixed) out += "  core_allocation_is_fixed: true\n";
    printSpatial(out, entry);
    if (entry.memoryOperandLinks) {
        out += "  memory_operand_links:\n";
        for (const OperandLink& link : *entry.memoryOperandLinks) {
            out += fmt::format("    {}: {}\n", yaml::quote(link.layerOperand), hardware::name(link.memoryOperand));
        }
    }
    if (!entry.temporalOrdering.empty()) out += "  temporal_ordering:\n";
    for (const TemporalLoop& loop : entry.temporalOrdering) {
        out += loop.size ? fmt::format("    - [{}, {}]\n", loop.dim, *loop.size)
                         : fmt::format("    - [{}, \"*\"]\n", loop.dim);
    }
    printTiling(out, "intra_core_tiling", entry.intraCoreTiling);
    printInterTiling(out, entry.interCoreTiling);
    if (!entry.layerDimensionNames.empty())
        out += fmt::format("  layer_dimension_names: [{}]\n", fmt::join(entry.layerDimensionNames, ", "));
}

void printGroup(std::string& out, const FusedGroup& group) {
    std::vector<std::string> layers;
    for (const std::string& layer : group.layers) layers.push_back(yaml::quote(layer));
    out += fmt::format("- name: {}\n  layers: [{}]\n", yaml::quote(group.name), fmt::join(layers, ", "));
    if (!group.tilings.empty()) out += "  intra_core_tiling:\n";
    for (const GroupTiling& tiling : group.tilings) {
        const std::string loop = yaml::quote(fmt::format("{}.{}", tiling.layer, tiling.loop.dim));
        out += fmt::format("  - dim: {}\n    tile: {}\n", loop, tiling.tile);
    }
}

void printSchedule(std::string& out, const Schedule& schedule) {
    out += "\nschedule:\n";
    const auto word = [&](const char* key, const std::optional<std::string>& value) {
        if (value) out += fmt::format("  {}: {}\n", key, yaml::quote(*value));
    };
    const auto other = [&](const char* key, const auto& value) {
        if (value) out += fmt::format("  {}: {}\n", key, *value);
    };
    word("kind", schedule.kind);
    out += fmt::format("  fixed: {}\n", schedule.fixed);
    word("order", schedule.order);
    word("halo", schedule.halo);
    other("lookahead", schedule.lookahead);
    other("prefetch", schedule.prefetch);
    other("fill_gaps", schedule.fillGaps);
    other("multicast", schedule.multicast);
    word("objective", schedule.objective);
    other("lpf_limit", schedule.lpfLimit);
}

}  // namespace

bool Schedule::orderIsFile() const {
    return order && *order != "depth-first" && *order != "breadth-first" && *order != "earliest-ready";
}

bool Schedule::operator==(const Schedule& other) const {
    return kind == other.kind && fixed == other.fixed && order == other.order && halo == other.halo &&
           lookahead == other.lookahead && prefetch == other.prefetch && fillGaps == other.fillGaps &&
           multicast == other.multicast && objective == other.objective && lpfLimit == other.lpfLimit;
}

bool MappingEntry::operator==(const MappingEntry& other) const {
    return name == other.name && coreAllocation == other.coreAllocation &&
           allocationIsFixed == other.allocationIsFixed && spatial == other.spatial &&
           spatialHint == other.spatialHint && memoryOperandLinks == other.memoryOperandLinks &&
           temporalOrdering == other.temporalOrdering && intraCoreTiling == other.intraCoreTiling &&
           interCoreTiling == other.interCoreTiling && layerDimensionNames == other.layerDimensionNames;
}

const MappingEntry* Mapping::find(std::string_view layerName, std::string_view layerType) const {
    for (const std::string_view wanted : {layerName, layerType, std::string_view("default")}) {
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [&](const MappingEntry& entry) { return entry.name == wanted; });
        if (found != entries.end()) return &*found;
    }
    return nullptr;
}

bool check(const Mapping& mapping, const hardware::Chip& chip, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (const MappingEntry& entry : mapping.entries) {
        checkCores(entry, chip, diagnostics);
        const std::vector<hardware::CoreId> cores = coresOf(mapping, entry, chip);
        for (const SpatialMapping& spatial : entry.spatial) {
            if (cores.empty() || anyHas(cores, chip, spatial.arrayDimension)) continue;
            diagnostics.error(entry.where, fmt::format("entry '{}' unrolls over {}, which no core that it allows has",
                                                       entry.name, spatial.arrayDimension));
        }
        for (const SpatialHint& hint : entry.spatialHint) {
            if (cores.empty() || anyHas(cores, chip, hint.arrayDimension)) continue;
            diagnostics.warning(
                entry.where, fmt::format("entry '{}' has a hint for {}, which no core that it allows has", entry.name,
                                         hint.arrayDimension));
        }
    }
    return diagnostics.failures() == before;
}

std::string print(const Mapping& mapping) {
    const bool groups = !mapping.fusedGroups.empty();
    const bool sections = groups || mapping.schedule;
    if (mapping.entries.empty() && !sections) return "[]\n";
    std::string out = !sections ? "" : mapping.entries.empty() ? "layers: []\n" : "layers:\n";
    for (const MappingEntry& entry : mapping.entries) {
        if (&entry != &mapping.entries.front()) out += "\n";
        printEntry(out, entry);
    }
    if (groups) out += "\nfused_groups:\n";
    for (const FusedGroup& group : mapping.fusedGroups) printGroup(out, group);
    if (mapping.schedule) printSchedule(out, *mapping.schedule);
    return out;
}

}  // namespace millrace::mapping
