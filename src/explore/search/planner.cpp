#include "explore/search/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace millrace::search {

using hardware::CoreId;
using schedule::BufferId;
using schedule::MemoryId;
using schedule::TransferCause;
using workload::LayerId;
using workload::Need;

static schedule::TensorId scheduled(workload::TensorId id) { return schedule::TensorId(id.index()); }

static std::optional<hardware::MemoryOperand> roleOf(const workload::Operand& operand) {
    for (const hardware::MemoryOperand role : hardware::kMemoryOperands) {
        if (hardware::name(role) == operand.memoryOperand) return role;
    }
    return std::nullopt;
}

bool Planner::fail(std::string reason) {
    reason_ = std::move(reason);
    return false;
}

std::vector<Planner::CoreWork> Planner::divide(const Allocation& allocation) const {
    std::vector<CoreWork> result;
    for (const Part& part : allocation.parts) {
        auto work = std::find_if(result.begin(), result.end(), [&](const CoreWork& w) { return w.core == part.core; });
        if (work == result.end()) work = result.insert(result.end(), CoreWork{});
        work->core = part.core;
        work->regions.push_back(part.region);
    }
    return result;
}

bool Planner::findMemories(CoreWork& work) {
    const auto find = [&](const workload::Operand& operand, MemoryId& memory) {
        const auto role = roleOf(operand);
        if (role) memory = state_.platform().memory(work.core, *role);
        return memory.valid() || fail(fmt::format("core {} has no memory for operand {} ({})", work.core.index(),
                                                  operand.name, operand.memoryOperand));
    };
    for (const workload::Operand& operand : layer().inputs) {
        if (!find(operand, work.inputMemories.emplace_back())) return false;
    }
    work.loaded.resize(layer().inputs.size());
    return find(layer().output, work.outputMemory);
}

bool Planner::inPlace(const workload::Operand& operand, MemoryId memory, const tiling::Tile& region) const {
    for (const Need& need : tiling::tileNeeds(workload_, operand, region)) {
        std::vector<Box> here;
        for (const Resident& resident : state_.residents(scheduled(need.tensor))) {
            if (resident.memory == memory) here.push_back(resident.box);
        }
        if (!subtract(need.box, here).empty()) return false;
    }
    return true;
}

std::int64_t Planner::outputBits(const CoreWork& work) const {
    std::int64_t elements = 0;
    for (const tiling::Tile& region : work.regions) elements += volume(tiling::writtenBox(layer(), region));
    return elements * layer().outputFinalBits;
}

tiling::Room Planner::roomFor(const CoreWork& work, const tiling::Tile& region, bool stays, CutMode mode) const {
    tiling::Room room;
    room.inputMemories = work.inputMemories;
    room.outputMemory = work.outputMemory;
    room.outputStays = stays;
    room.doubleBuffer = mode.doubleBuffer;
    for (std::size_t i = 0; i < work.inputMemories.size(); ++i) {
        room.inPlace.push_back(inPlace(layer().inputs[i], work.inputMemories[i], region));
    }
    for (const MemoryId memory : reserved_.ids()) room.freeBits.add(state_.freeForever(memory) - reserved_[memory]);
    for (std::int64_t& bits : room.freeBits) bits >>= mode.tighten;
    if (stays) {
        room.freeBits[work.outputMemory] -=
            outputBits(work) - volume(tiling::writtenBox(layer(), region)) * layer().outputFinalBits;
    }
    return room;
}

static std::int64_t nextDivisor(std::int64_t parts, std::int64_t size) {
    while (size % parts != 0) ++parts;
    return parts;
}

bool Planner::cutToFit(CoreWork& work, bool stays, CutMode mode, tiling::Shortage& shortage) {
    work.tiles.clear();
    Table<MemoryId, std::int64_t> needed(reserved_.size(), 0);
    for (const tiling::Tile& region : work.regions) {
        const tiling::Room room = roomFor(work, region, stays, mode);
        auto splits = tiling::fit(workload_, layer(), region, room, shortage);
        if (!splits) return false;
        const auto demand = tiling::demand(workload_, layer(), region, *splits, room);
        for (const MemoryId memory : demand.ids()) needed[memory] = std::max(needed[memory], demand[memory]);
        if (mode.aligned) {
            for (tiling::Split& split : *splits) split.parts = nextDivisor(split.parts, region[split.dim].size());
        }
        for (tiling::Tile& tile : tiling::grid(region, *splits)) {
            if (volume(tiling::writtenBox(layer(), tile)) > 0) work.tiles.push_back(std::move(tile));
        }
    }
    if (stays) needed[work.outputMemory] = std::max(needed[work.outputMemory], outputBits(work));
    for (const MemoryId memory : needed.ids()) reserved_[memory] += needed[memory];
    return true;
}

std::optional<MemoryId> Planner::otherHome(const CoreWork& work, const std::vector<CoreWork>& all) const {
    const std::int64_t bits = outputBits(work);
    std::optional<MemoryId> best;
    std::pair<std::size_t, std::int64_t> bestKey;
    for (const MemoryId memory : state_.platform().resultMemories()) {
        const bool busy = std::any_of(all.begin(), all.end(), [&](const CoreWork& other) {
            const auto& inputs = other.inputMemories;
            return other.outputMemory == memory || std::find(inputs.begin(), inputs.end(), memory) != inputs.end();
        });
        const platform::Route* route = state_.platform().route(work.outputMemory, memory);
        const std::int64_t free = state_.freeForever(memory) - reserved_[memory];
        if (busy || route == nullptr || free < bits) continue;
        const std::pair key{route->links.size(), -free};
        if (!best || key < bestKey) {
            best = memory;
            bestKey = key;
        }
    }
    return best;
}

bool Planner::evictOne(MemoryId memory, Cycles from) {
    std::optional<schedule::TensorId> victim;
    std::pair<bool, std::size_t> victimKey;
    for (const workload::TensorId id : workload_.tensors.ids()) {
        const auto& residents = state_.residents(scheduled(id));
        const bool here = std::any_of(residents.begin(), residents.end(),
                                      [&](const Resident& resident) { return resident.memory == memory; });
        if (!here) continue;
        const auto& readers = lifetimes_.readers[id.index()];
        const bool readNow = std::find(readers.begin(), readers.end(), layer_) != readers.end();
        const LayerId next = lifetimes_.nextReader(id, layer_);
        const std::pair key{!readNow, next.valid() ? next.index() : std::numeric_limits<std::size_t>::max()};
        if (!victim || key > victimKey) {
            victim = scheduled(id);
            victimKey = key;
        }
    }
    if (!victim) return false;
    const std::vector<Resident> before = state_.residents(*victim);
    std::vector<Resident> after;
    for (const Resident& resident : before) {
        if (resident.memory != memory) {
            after.push_back(resident);
            continue;
        }
        const auto sent = state_.transfer(*victim, resident.box, memory, state_.platform().offchip(),
                                          std::max(from, resident.validFrom), TransferCause::spill);
        if (!sent) return false;
        const Cycles end = state_.schedule().transfers[*sent].span.end;
        for (const BufferId buffer : resident.buffers) state_.close(buffer, end);
        after.push_back({state_.platform().offchip(), resident.box, end, {state_.arrivalBuffer(*sent)}});
    }
    state_.setResidents(*victim, std::move(after));
    return true;
}

bool Planner::arrange(CoreWork& work, const std::vector<CoreWork>& all, CutMode mode, Cycles phaseStart) {
    const workload::TensorId result = layer().result;
    const bool isRead = lifetimes_.nextReader(result, layer_).valid();
    tiling::Shortage shortage;
    if (isRead && cutToFit(work, true, mode, shortage)) {
        work.home = work.outputMemory;
        return true;
    }
    if (isRead) {
        work.home = otherHome(work, all).value_or(state_.platform().offchip());
        reserved_[work.home] += outputBits(work);
    }
    if (!isRead && (workload_.tensors[result].isOutput || lifetimes_.readByHost[result.index()])) {
        work.home = state_.platform().offchip();
    }
    while (!cutToFit(work, false, mode, shortage)) {
        if (!evictOne(shortage.memory, phaseStart)) {
            return fail(
                fmt::format("the smallest tile (a single result, with all that is summed into it) needs {} bits in {}, "
                            "which has {} free of {}",
                            shortage.neededBits, state_.problem().memories[shortage.memory].name, shortage.freeBits,
                            state_.problem().memories[shortage.memory].capacity.value()));
        }
    }
    return true;
}

bool Planner::fetch(const Need& need, MemoryId memory, Cycles phaseStart, Loaded& loaded) {
    const schedule::TensorId tensor = scheduled(need.tensor);
    const workload::Tensor& info = workload_.tensors[need.tensor];
    const bool constant = info.origin == workload::TensorOrigin::constant;
    const Cycles from = constant && prefetch_ ? Cycles(0) : phaseStart;
    std::vector<Resident> sources = state_.residents(tensor);
    std::vector<Box> here;
    for (const Resident& resident : sources) {
        if (resident.memory != memory || !overlaps(resident.box, need.box)) continue;
        here.push_back(resident.box);
        loaded.arrival = std::max(loaded.arrival, resident.validFrom);
    }
    std::vector<Box> missing = subtract(need.box, here);
    const auto distance = [&](const Resident& resident) {
        const platform::Route* route = state_.platform().route(resident.memory, memory);
        const bool offchip = resident.memory == state_.platform().offchip();
        return std::pair(offchip, route == nullptr ? std::numeric_limits<std::size_t>::max() : route->links.size());
    };
    std::stable_sort(sources.begin(), sources.end(),
                     [&](const Resident& a, const Resident& b) { return distance(a) < distance(b); });
    for (const Resident& source : sources) {
        if (source.memory == memory) continue;
        std::vector<Box> left;
        for (const Box& box : missing) {
            const Box part = intersect(box, source.box);
            if (volume(part) == 0) {
                left.push_back(box);
                continue;
            }
            TransferCause cause = TransferCause::forward;
            if (constant)
                cause = TransferCause::weight;
            else if (source.memory == state_.platform().offchip()) {
                cause = info.origin == workload::TensorOrigin::layer ? TransferCause::reload : TransferCause::input;
            }
            const auto sent =
                state_.transfer(tensor, part, source.memory, memory, std::max(from, source.validFrom), cause);
            if (!sent) {
                return fail(fmt::format("tensor {} finds no room or no way from {} to {}", info.name,
                                        state_.problem().memories[source.memory].name,
                                        state_.problem().memories[memory].name));
            }
            loaded.buffers.push_back(state_.arrivalBuffer(*sent));
            loaded.arrival = std::max(loaded.arrival, state_.schedule().transfers[*sent].span.end);
            for (Box& rest : subtract(box, {part})) left.push_back(std::move(rest));
        }
        missing = std::move(left);
    }
    return missing.empty() || fail(fmt::format("no memory holds all of tensor {} that is needed", info.name));
}

bool Planner::load(Loaded& loaded, std::vector<Need> needs, MemoryId memory, Cycles phaseStart) {
    const bool same = loaded.needs.size() == needs.size() &&
                      std::equal(needs.begin(), needs.end(), loaded.needs.begin(),
                                 [](const Need& a, const Need& b) { return a.tensor == b.tensor && a.box == b.box; });
    if (same) return true;
    for (const BufferId buffer : loaded.buffers) state_.close(buffer, loaded.lastUse);
    loaded = Loaded{};
    loaded.arrival = phaseStart;
    for (const Need& need : needs) {
        if (!fetch(need, memory, phaseStart, loaded)) return false;
    }
    loaded.needs = std::move(needs);
    return true;
}

bool Planner::deliver(const CoreWork& work, const Box& box, BufferId buffer, Cycles from) {
    const schedule::TensorId tensor = scheduled(layer().result);
    const MemoryId offchip = state_.platform().offchip();
    const bool out = workload_.tensors[layer().result].isOutput || lifetimes_.readByHost[layer().result.index()];
    Cycles done = from;
    const auto send = [&](MemoryId to, TransferCause cause) -> bool {
        const auto sent = state_.transfer(tensor, box, work.outputMemory, to, from, cause);
        if (!sent) {
            return fail(fmt::format("the result of {} finds no room or no way to {}", layer().name,
                                    state_.problem().memories[to].name));
        }
        const Cycles end = state_.schedule().transfers[*sent].span.end;
        done = std::max(done, end);
        state_.addResident(tensor, {to, box, end, {state_.arrivalBuffer(*sent)}});
        return true;
    };
    if (out && work.outputMemory != offchip && !send(offchip, TransferCause::output)) return false;
    if (work.home.valid() && work.home != work.outputMemory && !(out && work.home == offchip)) {
        if (!send(work.home, work.home == offchip ? TransferCause::spill : TransferCause::forward)) return false;
    }
    if (work.home == work.outputMemory) {
        state_.addResident(tensor, {work.outputMemory, box, from, {buffer}, done});
    } else {
        state_.close(buffer, done);
    }
    return true;
}

bool Planner::runTile(CoreWork& work, const tiling::Tile& tile, Cycles phaseStart, Placed& placed) {
    const explore::TileKind* kind = costs_.cost(layer_, tile, work.core);
    if (kind == nullptr) return fail(costs_.reason());
    schedule::Task task;
    task.name = layer().name;
    task.group = schedule::GroupId(layer_.index());
    schedule::Option option;
    option.core = schedule::CoreId(work.core.index());
    option.duration = kind->duration;
    option.energy = kind->energy;
    Cycles ready = phaseStart;
    for (std::size_t i = 0; i < layer().inputs.size(); ++i) {
        std::vector<Need> needs = tiling::tileNeeds(workload_, layer().inputs[i], tile);
        for (const Need& need : needs) {
            task.reads.push_back({scheduled(need.tensor), need.box});
            option.readMemories.push_back(work.inputMemories[i]);
        }
        if (!load(work.loaded[i], std::move(needs), work.inputMemories[i], phaseStart)) return false;
        ready = std::max(ready, work.loaded[i].arrival);
    }
    const Box written = tiling::writtenBox(layer(), tile);
    task.writes.push_back({scheduled(layer().result), written});
    option.writeMemories.push_back(work.outputMemory);
    const std::int64_t partial = tiling::partialSumBits(layer(), tile);
    if (partial > 0) option.scratch.push_back({work.outputMemory, Bits(partial)});
    task.options.push_back(std::move(option));
    const auto ran = state_.run(std::move(task), ready);
    if (!ran) {
        return fail(
            fmt::format("the result of a tile finds no room in {}", state_.problem().memories[work.outputMemory].name));
    }
    for (Loaded& loaded : work.loaded) loaded.lastUse = std::max(loaded.lastUse, ran->span.end);
    placed.tasks.push_back(ran->task);
    placed.cores.push_back(work.core);
    placed.kinds.push_back(kind);
    placed.end = std::max(placed.end, ran->span.end);
    return deliver(work, written, ran->outputs.front(), ran->span.end);
}

/// Rounds of tiles, one a core, between two looks at the patience.
static constexpr std::size_t kLook = 64;

bool Planner::tooLong(Cycles end) {
    if (end <= patience_.latency && !patience_.limits.reached()) return false;
    gaveUp_ = true;
    return true;
}

std::optional<Placed> Planner::place(LayerId layer, const Allocation& allocation, CutMode mode, Cycles phaseStart) {
    layer_ = layer;
    reserved_ = Table<MemoryId, std::int64_t>(state_.problem().memories.size(), 0);
    std::vector<CoreWork> works = divide(allocation);
    for (CoreWork& work : works) {
        if (!findMemories(work)) return std::nullopt;
    }
    for (CoreWork& work : works) {
        if (!arrange(work, works, mode, phaseStart)) return std::nullopt;
    }
    Placed placed;
    placed.start = phaseStart;
    placed.end = phaseStart;
    std::size_t most = 0;
    for (const CoreWork& work : works) most = std::max(most, work.tiles.size());
    for (std::size_t i = 0; i < most; ++i) {
        if (i % kLook == 0 && tooLong(placed.end)) return std::nullopt;
        for (CoreWork& work : works) {
            if (i < work.tiles.size() && !runTile(work, work.tiles[i], phaseStart, placed)) return std::nullopt;
        }
    }
    for (CoreWork& work : works) {
        for (Loaded& loaded : work.loaded) {
            for (const BufferId buffer : loaded.buffers) state_.close(buffer, loaded.lastUse);
        }
    }
    return placed;
}

/// Joins residents that lie side by side in one memory into one box each.
static std::vector<Resident> joined(std::vector<Resident> residents) {
    const auto join = [](Resident& a, const Resident& b) {
        if (a.memory != b.memory || a.buffers.empty() || b.buffers.empty()) return false;
        std::size_t differing = 0;
        std::size_t axis = 0;
        for (std::size_t i = 0; i < a.box.size(); ++i) {
            if (a.box[i] == b.box[i]) continue;
            ++differing;
            axis = i;
        }
        if (differing != 1 || a.box[axis].end != b.box[axis].begin) return false;
        a.box[axis].end = b.box[axis].end;
        a.validFrom = std::max(a.validFrom, b.validFrom);
        a.busyUntil = std::max(a.busyUntil, b.busyUntil);
        a.buffers.insert(a.buffers.end(), b.buffers.begin(), b.buffers.end());
        return true;
    };
    for (bool changed = true; changed;) {
        std::vector<Resident> next;
        for (Resident& resident : residents) {
            const bool merged = std::any_of(next.begin(), next.end(), [&](Resident& r) { return join(r, resident); });
            if (!merged) next.push_back(std::move(resident));
        }
        changed = next.size() < residents.size();
        residents = std::move(next);
    }
    return residents;
}

void Planner::settle(LayerId layer, Cycles end) {
    const workload::TensorId result = workload_.layers[layer].result;
    state_.setResidents(scheduled(result), joined(state_.residents(scheduled(result))));
    for (const workload::TensorId id : workload_.tensors.ids()) {
        const bool mine =
            id == result || std::find(lifetimes_.readers[id.index()].begin(), lifetimes_.readers[id.index()].end(),
                                      layer) != lifetimes_.readers[id.index()].end();
        if (!mine || lifetimes_.nextReader(id, layer).valid()) continue;
        const bool kept = workload_.tensors[id].isOutput || lifetimes_.readByHost[id.index()];
        std::vector<Resident> staying;
        for (const Resident& resident : state_.residents(scheduled(id))) {
            if (resident.buffers.empty() || (kept && resident.memory == state_.platform().offchip())) {
                staying.push_back(resident);
                continue;
            }
            const Cycles close = std::max({end, resident.validFrom, resident.busyUntil});
            for (const BufferId buffer : resident.buffers) state_.close(buffer, close);
        }
        state_.setResidents(scheduled(id), std::move(staying));
    }
}

}  // namespace millrace::search
