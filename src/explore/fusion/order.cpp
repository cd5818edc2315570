#include "explore/fusion/order.h"

#include <algorithm>

namespace millrace::fusion {

using tiling::CellBox;
using workload::TensorId;

const char* name(Order order) {
    switch (order) {
        case Order::depthFirst: return "depth-first";
        case Order::breadthFirst: return "breadth-first";
        case Order::earliestReady: return "earliest-ready";
        case Order::given: return "given";
    }
    return "";
}

const char* name(Halo halo) {
    switch (halo) {
        case Halo::keep: return "keep";
        case Halo::again: return "again";
        case Halo::recompute: return "recompute";
    }
    return "";
}

std::vector<Order> ownOrders() { return {Order::depthFirst, Order::breadthFirst, Order::earliestReady}; }

Lanes::Lanes(const Setup& setup, Order order)
    : setup_(setup), order_(order), producers_(setup.workload().tensors.size()) {
    for (const WorkId id : setup.works().ids()) {
        const Work& work = setup.works()[id];
        firstLane_.add(static_cast<std::uint32_t>(lanes_.size()));
        done_.add(0);
        behind_.add(work.parts);
        waiting_.add({});
        for (std::uint32_t part = 0; part < work.parts; ++part) lanes_.push_back({id, part, 0});
        if (work.layer.valid()) {
            producers_[setup.workload().layers[work.layer].result] = id;
        } else {
            for (const TensorId tensor : setup.workload().hostOperators[work.host].outputs) producers_[tensor] = id;
        }
    }
    if (order != Order::given) measureSums();
}

void Lanes::measureSums() {
    for (const Work& work : setup_.works()) sums_.add(sumsOf(work));
    if (std::all_of(sums_.begin(), sums_.end(), [](const Sums& sums) { return sums.steps == 1; })) return;
    const std::size_t memories = setup_.resources().memories.size();
    open_ = largest_ = Table<schedule::MemoryId, std::int64_t>(memories, 0);
    for (const WorkId id : setup_.works().ids()) measureTiles(setup_.works()[id], sums_[id]);
}

/// Cuts that vary faster than one along a sum leave several sums under way.
Lanes::Sums Lanes::sumsOf(const Work& work) const {
    Sums sums;
    if (!work.layer.valid()) return sums;
    const tiling::TileGrid& grid = setup_.cells().grid(work.layer);
    std::int64_t number = 1;
    std::int64_t others = 1;
    std::uint32_t steps = 1;
    for (const tiling::TileGrid::Loop& loop : grid.loops()) {
        if (loop.overCores) continue;
        steps *= loop.parts;
        const bool summed = grid.slots()[loop.slot].summed;
        if (summed) sums.steps = steps;
        if (summed) number = others;
        if (!summed) others *= loop.parts;
    }
    const TensorId result = setup_.workload().layers[work.layer].result;
    std::int64_t most = 0;
    for (std::uint32_t tile = 0; tile < work.parts * work.steps && sums.steps > 1; ++tile) {
        setup_.writes(work, setup_.at(work, tile), [&](TensorId tensor, const CellBox& box) {
            most = std::max(most, setup_.cells().elements(tensor, box));
        });
    }
    sums.bits = number * most * (setup_.sites(result).bits + work.sumBits);
    return sums;
}

/// What the tiles of a work need in each memory; of sums, all that are under way with them.
void Lanes::measureTiles(const Work& work, const Sums& sums) {
    std::vector<std::int64_t> bits(largest_.size(), 0);
    for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
        const tiling::Coordinates coordinates = setup_.at(work, tile);
        const Work::Place& place = work.places[tile % work.parts];
        std::fill(bits.begin(), bits.end(), 0);
        setup_.needs(work, coordinates, [&](TensorId tensor, const CellBox& box, std::size_t input) {
            const schedule::MemoryId memory = place.inputs[work.layer.valid() ? input : 0];
            if (setup_.sites(tensor).initial != memory) bits[memory.index()] += setup_.bits(tensor, box);
        });
        bits[place.output.index()] += sums.bits;
        setup_.writes(work, coordinates, [&](TensorId tensor, const CellBox& box) {
            if (sums.steps > 1) return;
            bits[place.output.index()] +=
                setup_.bits(tensor, box) + setup_.cells().elements(tensor, box) * work.scratchBits;
        });
        for (const schedule::MemoryId memory : largest_.ids())
            largest_[memory] = std::max(largest_[memory], bits[memory.index()]);
    }
}

/// May this lane, whose next tile is ready, run it? If not, it waits for what its sums need.
bool Lanes::begin(std::uint32_t index) {
    const Lane& lane = lanes_[index];
    const Sums& sums = sums_[lane.work];
    if (sums.steps == 1 || lane.step % sums.steps != 0) return true;
    const schedule::MemoryId memory = setup_.works()[lane.work].places[lane.part].output;
    const std::int64_t capacity = setup_.resources().memories[memory].capacity.value();
    if (open_[memory] + sums.bits + largest_[memory] > capacity) {
        for (Lane next = lane; next.step < lane.step + sums.steps; ++next.step) {
            const auto wait = missing(next);
            if (!wait) continue;
            waiting_[wait->first].push_back({wait->second, index});
            return false;
        }
        summing_ = index;
    }
    open_[memory] += sums.bits;
    return true;
}

std::uint32_t Lanes::tileOf(const Lane& lane) const { return lane.step * setup_.works()[lane.work].parts + lane.part; }

std::uint32_t neededSteps(const Setup& setup, WorkId producer, TensorId tensor, const CellBox& box) {
    const Work& work = setup.works()[producer];
    if (!work.layer.valid()) return 1;
    const tiling::TileGrid& grid = setup.cells().grid(work.layer);
    tiling::Coordinates last{};
    for (std::size_t slot = 0; slot < grid.slots().size(); ++slot) {
        last[slot] = static_cast<std::uint32_t>(grid.slots()[slot].intervals.size()) - 1;
    }
    const tiling::TensorCells& cells = setup.cells().cells(tensor);
    for (std::size_t i = 0; i < cells.axes().size(); ++i) {
        const tiling::TensorCells::Axis& axis = cells.axes()[i];
        if (axis.slot) last[*axis.slot] = axis.coordinates[box.end[i] - 1];
    }
    return grid.lastStep(last) + 1;
}

std::optional<std::pair<WorkId, std::uint32_t>> Lanes::missing(const Lane& lane) const {
    std::optional<std::pair<WorkId, std::uint32_t>> result;
    const Work& work = setup_.works()[lane.work];
    setup_.needs(work, setup_.at(work, tileOf(lane)), [&](TensorId tensor, const CellBox& box, std::size_t) {
        const WorkId producer = producers_[tensor];
        if (result || !producer.valid()) return;
        const std::uint32_t steps = neededSteps(setup_, producer, tensor, box);
        if (done_[producer] < steps) result = {producer, steps};
    });
    return result;
}

void Lanes::look(std::uint32_t index, const std::function<Cycles(Tile)>& readyAt) {
    const Lane& lane = lanes_[index];
    const Work& work = setup_.works()[lane.work];
    if (lane.step == work.steps) return;
    if (const auto wait = missing(lane)) {
        waiting_[wait->first].push_back({wait->second, index});
        return;
    }
    Entry entry{work.stack, 0, lane.step, index};
    const auto number = static_cast<std::int64_t>(lane.work.index());
    if (order_ == Order::depthFirst) entry.rank = -number;
    if (order_ == Order::breadthFirst || order_ == Order::given) entry.rank = number;
    if (order_ == Order::earliestReady) entry.rank = readyAt({lane.work, tileOf(lane)}).value();
    ready_.push(entry);
}

void Lanes::advance(std::uint32_t index, const std::function<Cycles(Tile)>& readyAt) {
    Lane& lane = lanes_[index];
    const WorkId id = lane.work;
    const Work& work = setup_.works()[id];
    ++lane.step;
    if (!sums_.empty() && sums_[id].steps > 1 && lane.step % sums_[id].steps == 0) {
        open_[work.places[lane.part].output] -= sums_[id].bits;
        summing_.reset();
    }
    if (lane.step == done_[id] + 1 && --behind_[id] == 0) {
        std::uint32_t least = work.steps;
        for (std::uint32_t part = 0; part < work.parts; ++part) {
            least = std::min(least, lanes_[firstLane_[id] + part].step);
        }
        done_[id] = least;
        for (std::uint32_t part = 0; part < work.parts; ++part) {
            if (lanes_[firstLane_[id] + part].step == least) ++behind_[id];
        }
        std::vector<Wait> waiting;
        waiting.swap(waiting_[id]);
        for (const Wait& wait : waiting) {
            if (wait.steps > least) {
                waiting_[id].push_back(wait);
            } else {
                look(wait.lane, readyAt);
            }
        }
    }
    if (summing_ != index) look(index, readyAt);
}

std::optional<Lanes::Tile> Lanes::next(const std::function<Cycles(Tile)>& readyAt) {
    if (!started_) {
        started_ = true;
        for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) look(lane, readyAt);
    } else if (running_) {
        advance(*running_, readyAt);
    }
    running_ = summing_;
    while (!running_ && !ready_.empty()) {
        const std::uint32_t lane = ready_.top().lane;
        ready_.pop();
        if (begin(lane)) running_ = lane;
    }
    if (!running_) return std::nullopt;
    return Tile{lanes_[*running_].work, tileOf(lanes_[*running_])};
}

bool Lanes::take(Tile tile) {
    const Work& work = setup_.works()[tile.work];
    const std::uint32_t index = firstLane_[tile.work] + tile.tile % work.parts;
    const Lane& lane = lanes_[index];
    if (lane.step == work.steps || lane.step != tile.tile / work.parts || missing(lane)) return false;
    advance(index, {});
    return true;
}

std::vector<std::uint32_t> orderOf(const Setup& setup, Order order) {
    Lanes lanes(setup, order);
    std::vector<std::uint32_t> result;
    result.reserve(setup.tiles());
    while (const auto tile = lanes.next()) result.push_back(setup.works()[tile->work].firstTile + tile->tile);
    return result;
}

std::vector<std::uint32_t> positionsOf(const std::vector<std::uint32_t>& order) {
    std::vector<std::uint32_t> result(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) result[order[i]] = i;
    return result;
}

}  // namespace millrace::fusion
