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
    look(index, readyAt);
}

std::optional<Lanes::Tile> Lanes::next(const std::function<Cycles(Tile)>& readyAt) {
    if (!started_) {
        started_ = true;
        for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) look(lane, readyAt);
    } else if (running_) {
        advance(*running_, readyAt);
    }
    running_.reset();
    if (ready_.empty()) return std::nullopt;
    running_ = ready_.top().lane;
    ready_.pop();
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
