#include "hardware/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "hardware/check.h"
#include "hardware/inmemoryrules.h"
#include "hardware/quantity.h"

namespace millrace::hardware {
namespace {

constexpr std::int64_t kMostUnits = std::int64_t{1} << 40;
constexpr std::int64_t kMostBits = std::int64_t{1} << 60;

std::string called(const Core& core, const Memory& memory) {
    return fmt::format("memory '{}' of core '{}'", memory.name, core.name);
}

std::string movement(const PortUse& use) { return fmt::format("{}, {}", name(use.operand), name(use.direction)); }

template <class T>
bool repeats(const std::vector<T>& list, std::size_t index) {
    return std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(index), list[index]) !=
           list.begin() + static_cast<std::ptrdiff_t>(index);
}

/// The directions that an operand needs of a memory, with or without a memory above.
std::vector<Direction> needed(MemoryOperand operand, bool hasHigher) {
    if (operand != MemoryOperand::O) {
        return hasHigher ? std::vector{Direction::tl, Direction::fh} : std::vector{Direction::tl};
    }
    return hasHigher ? std::vector{Direction::tl, Direction::fl, Direction::th, Direction::fh}
                     : std::vector{Direction::tl, Direction::fl};
}

std::string_view meaning(Direction direction) {
    switch (direction) {
        case Direction::tl: return "read out to the lower level";
        case Direction::fl: return "written by the lower level";
        case Direction::th: return "read out to the higher level";
        case Direction::fh: return "written by the higher level";
    }
    return "";
}

void checkUse(const Core& core, const Memory& memory, const Port& port, std::size_t index, const SourceLocation& where,
              Diagnostics& diagnostics) {
    const PortUse& use = port.uses[index];
    const std::string subject = fmt::format("port '{}' of {}", port.name, called(core, memory));
    const bool writes = use.direction == Direction::fh || use.direction == Direction::fl;
    if (!memory.serves(use.operand)) {
        diagnostics.error(where, fmt::format("{} moves {}, which the memory does not hold", subject, name(use.operand)),
                          fmt::format("add {} to 'operands', or take '{}' away", name(use.operand), movement(use)));
    } else if (port.type == PortType::read && writes) {
        diagnostics.error(where, fmt::format("{} only reads, but '{}' writes", subject, movement(use)),
                          "make it read_write, or give the movement to a write port");
    } else if (port.type == PortType::write && !writes) {
        diagnostics.error(where, fmt::format("{} only writes, but '{}' reads", subject, movement(use)),
                          "make it read_write, or give the movement to a read port");
    } else if (repeats(port.uses, index)) {
        diagnostics.error(where, fmt::format("{} has '{}' twice", subject, movement(use)));
    } else if (use.operand != MemoryOperand::O && (use.direction == Direction::th || use.direction == Direction::fl)) {
        diagnostics.warning(where, fmt::format("{} has '{}', but inputs never move up", subject, movement(use)));
    }
}

void checkPorts(const Core& core, const Memory& memory, const MemorySite& site, Diagnostics& diagnostics) {
    if (memory.ports.empty()) diagnostics.error(site.memory, fmt::format("{} has no port", called(core, memory)));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < memory.ports.size(); ++i) {
        const Port& port = memory.ports[i];
        const std::string subject = fmt::format("port '{}' of {}", port.name, called(core, memory));
        names.push_back(port.name);
        if (repeats(names, i)) diagnostics.error(site.ports[i].port, fmt::format("{} is listed twice", subject));
        if (port.bandwidthMin < 1 || port.bandwidthMin > port.bandwidthMax) {
            diagnostics.error(site.ports[i].port,
                              fmt::format("{} has bandwidth_min {} and bandwidth_max {}: it must be 1 <= min <= max",
                                          subject, port.bandwidthMin, port.bandwidthMax));
        }
        if (port.uses.empty()) diagnostics.error(site.ports[i].port, subject + " moves nothing");
        for (std::size_t u = 0; u < port.uses.size(); ++u) {
            checkUse(core, memory, port, u, site.ports[i].uses[u], diagnostics);
        }
    }
}

void checkServed(const Core& core, const Memory& memory, const MemorySite& site, Diagnostics& diagnostics) {
    const std::size_t count = core.array.dimensions.size();
    for (std::size_t i = 0; i < memory.servedDimensions.size(); ++i) {
        if (memory.servedDimensions[i] >= count) {
            diagnostics.error(site.served, fmt::format("{} serves dimension number {}, but the array has {}",
                                                       called(core, memory), memory.servedDimensions[i] + 1, count));
        } else if (repeats(memory.servedDimensions, i)) {
            diagnostics.error(site.served, fmt::format("{} serves {} twice", called(core, memory),
                                                       core.array.dimensions[memory.servedDimensions[i]].name));
        }
    }
}

}  // namespace

CoreSites sitesOf(const Core& core, const SourceLocation& where) {
    CoreSites sites{where, where, {}, {}, {}};
    sites.dimensions.assign(core.array.dimensions.size(), where);
    sites.dataflows.assign(core.dataflows.size(), where);
    for (const Memory& memory : core.memories) {
        MemorySite site{where, where, where, where, {}};
        for (const Port& port : memory.ports) {
            site.ports.push_back({where, std::vector<SourceLocation>(port.uses.size(), where)});
        }
        sites.memories.push_back(std::move(site));
    }
    return sites;
}

void checkArray(const Core& core, const CoreSites& sites, Diagnostics& diagnostics) {
    const OperationalArray& array = core.array;
    const std::string subject = fmt::format("the array of core '{}'", core.name);
    std::vector<std::string> names;
    bool empty = false;
    bool full = false;
    for (std::size_t i = 0; i < array.dimensions.size(); ++i) {
        const ArrayDimension& dimension = array.dimensions[i];
        names.push_back(dimension.name);
        if (!isArrayDimensionName(dimension.name)) {
            diagnostics.error(sites.dimensions[i], fmt::format("{} has a dimension '{}'", subject, dimension.name),
                              "dimensions are called D1, D2, ...");
        } else if (repeats(names, i)) {
            diagnostics.error(sites.dimensions[i], fmt::format("{} has dimension {} twice", subject, dimension.name));
        }
        if (dimension.size < 0) {
            diagnostics.error(sites.dimensions[i],
                              fmt::format("{}: the size of {} is {}", subject, dimension.name, dimension.size));
        }
        (dimension.size != 0 ? full : empty) = true;
    }
    if (array.dimensions.empty()) diagnostics.error(sites.array, subject + " has no dimension");
    if (empty && full) {
        diagnostics.error(sites.array, subject + " has sizes of 0 and others",
                          "an off-chip memory has sizes of 0 only");
    }
    if (array.units() > kMostUnits) diagnostics.error(sites.array, subject + " has more than 2^40 units");
    if (array.unitEnergy < 0 || array.unitArea < 0) {
        diagnostics.error(sites.array, fmt::format("{}: unit_energy {} and unit_area {} must not be negative", subject,
                                                   array.unitEnergy, array.unitArea));
    }
    if (array.inMemoryComputing) checkInMemory(core, sites, diagnostics);
}

void checkMemory(const Core& core, MemoryIndex index, const CoreSites& sites, Diagnostics& diagnostics) {
    const Memory& memory = core.memories[index];
    const MemorySite& site = sites.memories[index];
    const std::string subject = called(core, memory);
    if (memory.size.value() < 1 || memory.size.value() > kMostBits) {
        diagnostics.error(site.size, fmt::format("the size of {} must be from 1 to 2^60 bits, but is {}", subject,
                                                 memory.size.value()));
    }
    if (memory.readCost < 0 || memory.writeCost < 0 || memory.area < 0 || memory.latency < 0) {
        diagnostics.error(site.memory,
                          fmt::format("{}: r_cost {}, w_cost {}, area {} and latency {} must not be negative", subject,
                                      memory.readCost, memory.writeCost, memory.area, memory.latency));
    }
    if (memory.operands.empty()) diagnostics.error(site.operands, subject + " holds no operand");
    for (std::size_t i = 0; i < memory.operands.size(); ++i) {
        if (!repeats(memory.operands, i)) continue;
        diagnostics.error(site.operands, fmt::format("{} lists {} twice", subject, name(memory.operands[i])));
    }
    const auto first = std::find_if(core.memories.begin(), core.memories.end(),
                                    [&](const Memory& other) { return other.name == memory.name; });
    if (&*first != &memory) diagnostics.error(site.memory, subject + " is listed twice");
    checkPorts(core, memory, site, diagnostics);
    checkServed(core, memory, site, diagnostics);
}

void checkHierarchy(const Core& core, const CoreSites& sites, Diagnostics& diagnostics) {
    if (core.memories.empty()) {
        diagnostics.error(sites.core, fmt::format("core '{}' has no memory", core.name));
        return;
    }
    for (const MemoryOperand operand : kMemoryOperands) {
        const std::vector<MemoryIndex> levels = core.levels(operand);
        if (levels.empty()) {
            diagnostics.error(sites.core, fmt::format("core '{}' has no memory for {}", core.name, name(operand)),
                              "each of I1, I2 and O needs at least one");
        }
        for (const MemoryIndex index : levels) {
            const Memory& memory = core.memories[index];
            for (const Direction direction : needed(operand, index != *core.top(operand))) {
                if (memory.port(operand, direction) != nullptr) continue;
                diagnostics.error(sites.memories[index].memory,
                                  fmt::format("{} has no port for '{}, {}' ({} {})", called(core, memory),
                                              name(operand), name(direction), name(operand), meaning(direction)),
                                  "add it to the allocation of a port");
            }
        }
    }
}

void checkDataflows(const Core& core, const CoreSites& sites, Diagnostics& diagnostics) {
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < core.dataflows.size(); ++i) {
        const Dataflow& dataflow = core.dataflows[i];
        used.push_back(dataflow.dimension);
        if (dataflow.dimension >= core.array.dimensions.size()) {
            diagnostics.error(sites.dataflows[i],
                              fmt::format("the dataflows of core '{}' name dimension number {}, but its array has {}",
                                          core.name, dataflow.dimension + 1, core.array.dimensions.size()));
            continue;
        }
        const ArrayDimension& dimension = core.array.dimensions[dataflow.dimension];
        if (repeats(used, i)) {
            diagnostics.error(sites.dataflows[i],
                              fmt::format("the dataflows of core '{}' name {} twice", core.name, dimension.name));
        }
        double product = 1;
        for (const Unrolling& unrolling : dataflow.unrollings) product *= static_cast<double>(unrolling.factor);
        if (product > static_cast<double>(dimension.size)) {
            diagnostics.warning(
                sites.dataflows[i],
                fmt::format("core '{}' unrolls {} times over {}, which has {} units: the factors are cut to fit",
                            core.name, product, dimension.name, dimension.size));
        }
    }
}

bool check(const Core& core, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    const CoreSites sites = sitesOf(core, {core.file});
    checkArray(core, sites, diagnostics);
    for (MemoryIndex i = 0; i < core.memories.size(); ++i) checkMemory(core, i, sites, diagnostics);
    checkHierarchy(core, sites, diagnostics);
    checkDataflows(core, sites, diagnostics);
    return diagnostics.failures() == before;
}

}  // namespace millrace::hardware
