#include "explore/platform/platform.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace millrace::platform {

using schedule::CoreId;
using schedule::LinkId;
using schedule::MemoryId;

/// All instances of a memory in a core as one.
static schedule::Memory memoryOf(const hardware::Core& core, std::size_t coreIndex, hardware::MemoryIndex index) {
    const hardware::Memory& memory = core.memories[index];
    schedule::Memory result;
    result.name = "core " + std::to_string(coreIndex) + " (" + core.name + ") " + memory.name;
    result.capacity = memory.size * core.instances(index);
    result.readWordBits = memory.readWidth();
    result.writeWordBits = memory.writeWidth();
    result.readEnergy = memory.readCost;
    result.writeEnergy = memory.writeCost;
    return result;
}

/// The first core of the group of cores that share their memories with `core`, or `core` itself.
static hardware::CoreId owner(const hardware::Chip& chip, hardware::CoreId core) {
    for (const std::vector<hardware::CoreId>& group : chip.sharedMemories) {
        if (std::find(group.begin(), group.end(), core) != group.end()) {
            return *std::min_element(group.begin(), group.end());
        }
    }
    return core;
}

void Platform::addMemories(const hardware::Chip& chip, schedule::Problem& problem) {
    std::map<std::pair<std::size_t, hardware::MemoryIndex>, MemoryId> known;
    memories_.resize(chip.cores.size());
    std::set<MemoryId> results;
    for (const hardware::CoreId id : chip.cores.ids()) {
        const hardware::CoreId home = owner(chip, id);
        const hardware::Core& core = chip.cores[home];
        for (const hardware::MemoryOperand operand : hardware::kMemoryOperands) {
            const std::optional<hardware::MemoryIndex> top = core.top(operand);
            if (!top) continue;
            const auto [entry, isNew] = known.try_emplace({home.index(), *top});
            if (isNew) {
                entry->second = problem.memories.add(memoryOf(core, home.index(), *top));
            }
            const MemoryId memory = entry->second;
            std::vector<CoreId>& cores = problem.memories[memory].cores;
            const CoreId self(id.index());
            if (std::find(cores.begin(), cores.end(), self) == cores.end()) cores.push_back(self);
            memories_[id.index()][static_cast<std::size_t>(operand)] = memory;
            if (chip.isOffchip(id)) {
                offchip_ = memory;
                problem.memories[memory].offchip = true;
            } else if (operand == hardware::MemoryOperand::O && results.insert(memory).second) {
                resultMemories_.push_back(memory);
            }
        }
    }
}

std::optional<Platform> Platform::make(const hardware::Chip& chip, schedule::Problem& problem,
                                       Diagnostics& diagnostics) {
    Platform platform;
    for (const hardware::CoreId id : chip.cores.ids()) {
        problem.cores.add(
            {(chip.isOffchip(id) ? "" : "core " + std::to_string(id.index()) + " ") + chip.cores[id].name});
    }
    for (const hardware::Link& link : chip.links) {
        schedule::Link copy;
        copy.name = link.name;
        copy.bus = link.bus;
        for (const hardware::CoreId core : link.cores) copy.cores.push_back(CoreId(core.index()));
        if (link.hub.valid()) copy.hub = CoreId(link.hub.index());
        copy.hubTransfers = static_cast<schedule::HubTransfers>(link.hubTransfers);
        copy.bandwidth = link.bandwidth;
        copy.energyPerBit = link.energyPerBit;
        problem.links.add(std::move(copy));
    }
    platform.addMemories(chip, problem);
    if (!platform.offchip_.valid()) {
        diagnostics.error({chip.file}, "the chip '" + chip.name + "' has no off-chip memory to take the network from",
                          "name one with offchip_core");
        return std::nullopt;
    }
    platform.findRoutes(problem, CoreId(chip.offchip.index()));
    return platform;
}

MemoryId Platform::memory(hardware::CoreId core, hardware::MemoryOperand operand) const {
    return memories_[core.index()][static_cast<std::size_t>(operand)];
}

const Route* Platform::route(MemoryId from, MemoryId to) const {
    const std::optional<Route>& route = routes_[from.index()][to.index()];
    return route ? &*route : nullptr;
}

namespace {

/// Breadth-first search from one core; the off-chip core is an end, never a stop on the way.
struct Search {
    const schedule::Problem& problem;
    CoreId offchip;
    std::vector<std::optional<std::vector<LinkId>>> paths;

    void run(CoreId start) {
        paths.assign(problem.cores.size(), std::nullopt);
        paths[start.index()] = std::vector<LinkId>{};
        std::deque<CoreId> open{start};
        while (!open.empty()) {
            const CoreId at = open.front();
            open.pop_front();
            if (at == offchip && at != start) continue;
            for (const LinkId id : problem.links.ids()) {
                for (const CoreId next : problem.links[id].cores) {
                    if (paths[next.index()] || !problem.links[id].connects(at, next)) continue;
                    paths[next.index()] = paths[at.index()];
                    paths[next.index()]->push_back(id);
                    open.push_back(next);
                }
            }
        }
    }
};

}  // namespace

static Route routeOver(const schedule::Problem& problem, std::vector<LinkId> links, MemoryId from, MemoryId to) {
    Route route{std::move(links), std::min(problem.memories[from].readWordBits, problem.memories[to].writeWordBits)};
    for (const LinkId link : route.links) route.bandwidth = std::min(route.bandwidth, problem.links[link].bandwidth);
    return route;
}

void Platform::findRoutes(const schedule::Problem& problem, CoreId offchipCore) {
    std::vector<Search> searches;
    for (const CoreId core : problem.cores.ids()) {
        searches.push_back({problem, offchipCore, {}});
        searches.back().run(core);
    }
    routes_.assign(problem.memories.size(), std::vector<std::optional<Route>>(problem.memories.size()));
    for (const MemoryId from : problem.memories.ids()) {
        for (const MemoryId to : problem.memories.ids()) {
            const std::vector<LinkId>* best = nullptr;
            for (const CoreId a : problem.memories[from].cores) {
                for (const CoreId b : problem.memories[to].cores) {
                    const auto& path = searches[a.index()].paths[b.index()];
                    if (path && (best == nullptr || path->size() < best->size())) best = &*path;
                }
            }
            if (best != nullptr) routes_[from.index()][to.index()] = routeOver(problem, *best, from, to);
        }
    }
}

}  // namespace millrace::platform
