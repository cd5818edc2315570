#include <algorithm>
#include <set>

#include "explore/fusion/engine.h"

namespace millrace::fusion {

using schedule::kForever;
using schedule::MemoryId;
using schedule::TransferCause;
using tiling::CellBox;
using tiling::CellPlace;
using workload::TensorId;

std::uint32_t Engine::open(TensorId tensor, const CellBox& box, Site site, Cycles start) {
    const Sites& sites = setup_.sites(tensor);
    const std::size_t memory = sites.memories[site].index();
    const auto id = static_cast<std::uint32_t>(record_.buffers.size());
    Held held;
    held.tensor = tensor;
    held.site = site;
    held.box = store(tensor, box);
    held.bits = setup_.bits(tensor, box);
    held.start = start;
    held.pinned = serial_;
    held.next = heads_[memory];
    record_.buffers.push_back(held);
    if (held.next != kNone) change(held.next).previous = id;
    setRoom(memory, id, heldBits_[memory] + held.bits);
    book(memories_[memory], {start, kForever}, held.bits);
    setup_.cells().cells(tensor).each(box, [&](std::uint32_t cell, const CellPlace&) {
        setHolder(sites.base[site] + cell, id);
        return true;
    });
    return id;
}

/// Fetches from a copy elsewhere that a site still needs for a cell.
std::uint32_t Engine::owed(TensorId tensor, std::uint32_t cell, Site site) const {
    const Sites& sites = setup_.sites(tensor);
    if (!sites.reads[site] || uses_[sites.uses[site] + cell] == 0) return 0;
    return policy_.halo == Halo::again || !isOpen(holders_[sites.base[site] + cell]) ? 1 : 0;
}

/// Counts the uses to come of a copy that has just been made.
void Engine::settle(std::uint32_t buffer, const CellBox& box) {
    Held& held = change(buffer);
    const Sites& sites = setup_.sites(held.tensor);
    std::uint32_t pending = 0;
    setup_.cells().cells(held.tensor).each(box, [&](std::uint32_t cell, const CellPlace&) {
        if (sites.reads[held.site]) pending += uses_[sites.uses[held.site] + cell];
        for (std::size_t site = 0; held.keeper && site < sites.memories.size(); ++site) {
            if (site != held.site) pending += owed(held.tensor, cell, static_cast<Site>(site));
        }
        return true;
    });
    held.pending = pending;
}

void Engine::close(std::uint32_t buffer, Cycles end) {
    Held& held = change(buffer);
    const std::size_t memory = setup_.sites(held.tensor).memories[held.site].index();
    held.end = end;
    setRoom(memory, held.previous == kNone ? held.next : heads_[memory], heldBits_[memory] - held.bits);
    if (held.previous != kNone) change(held.previous).next = held.next;
    if (held.next != kNone) change(held.next).previous = held.previous;
    book(memories_[memory], {end, kForever}, -held.bits);
    latency_ = std::max(latency_, end);
}

void Engine::use(std::uint32_t buffer, Cycles until, std::uint32_t cells) {
    Held& held = change(buffer);
    held.last = std::max(held.last, until);
    held.pending -= cells;
    if (held.pending == 0 && !held.permanent) close(buffer, std::max(held.last, held.valid));
}

void Engine::openSum(const Step& step, const Input& output, std::uint32_t buffer, Cycles start) {
    SumRoom room;
    room.tensor = output.tensor;
    room.box = record_.buffers[buffer].box;
    room.memory = output.memory;
    room.bits = setup_.cells().elements(output.tensor, output.box) * step.work->sumBits;
    room.start = start;
    const std::size_t memory = output.memory.index();
    setRoom(memory, heads_[memory], heldBits_[memory] + room.bits);
    book(memories_[memory], {start, kForever}, room.bits);
    change(buffer).sum = static_cast<std::uint32_t>(record_.sums.size());
    record_.sums.push_back(room);
}

void Engine::closeSum(std::uint32_t sum, Cycles end) {
    SumRoom& room = record_.sums[sum];
    if (logging_) oldSums_.emplace_back(sum, room);
    room.end = end;
    const std::size_t memory = room.memory.index();
    setRoom(memory, heads_[memory], heldBits_[memory] - room.bits);
    book(memories_[memory], {end, kForever}, -room.bits);
}

/// What of a box a tile still reads, here or elsewhere, and no other copy keeps.
std::vector<CellBox> Engine::onlyHere(const Held& held, const CellBox& box) const {
    const Sites& sites = setup_.sites(held.tensor);
    const tiling::TensorCells& cells = setup_.cells().cells(held.tensor);
    std::set<CellPlace> places;
    cells.each(box, [&](std::uint32_t cell, const CellPlace& at) {
        bool needed = sites.reads[held.site] && uses_[sites.uses[held.site] + cell] > 0;
        for (std::size_t site = 0; !needed && site < sites.memories.size(); ++site) {
            needed = owed(held.tensor, cell, static_cast<Site>(site)) > 0;
        }
        if (needed && !isKept(held, cell)) places.insert(at);
        return true;
    });
    std::vector<CellBox> result;
    while (!places.empty()) result.push_back(takeBox(cells, places));
    return result;
}

/// Takes the first place out and all that lie with it in a box, as large as it can grow axis by axis.
CellBox Engine::takeBox(const tiling::TensorCells& cells, std::set<CellPlace>& places) {
    CellBox box;
    const std::size_t axes = cells.axes().size();
    box.begin = box.end = *places.begin();
    for (std::size_t i = 0; i < axes; ++i) ++box.end[i];
    const auto has = [&](std::uint32_t, const CellPlace& at) { return places.count(at) > 0; };
    for (std::size_t axis = axes; axis-- > 0;) {
        for (CellBox slab = box;; ++box.end[axis]) {
            slab.begin[axis] = box.end[axis];
            slab.end[axis] = box.end[axis] + 1;
            if (box.end[axis] == cells.whole().end[axis] || !cells.each(slab, has)) break;
        }
    }
    cells.each(box, [&](std::uint32_t, const CellPlace& at) {
        places.erase(at);
        return true;
    });
    return box;
}

/// Does a cell have another copy that stays?
bool Engine::isKept(const Held& held, std::uint32_t cell) const {
    const Sites& sites = setup_.sites(held.tensor);
    if (sites.initial.valid()) return true;
    for (std::size_t site = 0; site < sites.memories.size(); ++site) {
        const std::uint32_t holder = holders_[sites.base[site] + cell];
        if (site == held.site || !isOpen(holder)) continue;
        if (record_.buffers[holder].permanent || record_.buffers[holder].keeper) return true;
    }
    return false;
}

/// A copy goes: those who keep the data have to serve this site once more.
void Engine::leaveToKeepers(const Held& held, const CellBox& box) {
    const Sites& sites = setup_.sites(held.tensor);
    if (sites.initial.valid() || held.keeper || policy_.halo == Halo::again) return;
    setup_.cells().cells(held.tensor).each(box, [&](std::uint32_t cell, const CellPlace&) {
        if (!sites.reads[held.site] || uses_[sites.uses[held.site] + cell] == 0) return true;
        for (std::size_t site = 0; site < sites.memories.size(); ++site) {
            const std::uint32_t holder = holders_[sites.base[site] + cell];
            if (site == held.site || !isOpen(holder) || !record_.buffers[holder].keeper) continue;
            ++change(holder).pending;
            break;
        }
        return true;
    });
}

/// Data leave a memory; what is only there goes off-chip.
bool Engine::drop(std::uint32_t buffer) {
    const Held held = record_.buffers[buffer];
    const CellBox cells = box(held.tensor, held.box);
    const std::vector<CellBox> boxes = onlyHere(held, cells);
    const Site offchip = setup_.site(held.tensor, setup_.platform().offchip());
    leaveToKeepers(held, cells);
    std::vector<std::uint32_t> copies;
    Cycles end = std::max(held.last, held.valid);
    for (const CellBox& box : boxes) {
        copies.push_back(send(held.tensor, box, held.site, offchip, held.valid, TransferCause::spill));
        if (copies.back() == kNone) return false;
        change(copies.back()).keeper = true;
        end = std::max(end, record_.buffers[copies.back()].valid);
    }
    change(buffer).keeper = false;
    close(buffer, end);
    for (std::size_t i = 0; i < boxes.size(); ++i) settle(copies[i], boxes[i]);
    return true;
}

/// The place in the order of the next tile that uses it. An answer holds until that tile is committed.
std::uint32_t Engine::nextUse(Held& held) {
    const bool stale = held.asked != era_ || (held.nextTile != kNone && record_.starts[held.nextTile] != kSkipped);
    if (stale) {
        const CellBox cells = box(held.tensor, held.box);
        held.nextTile = next_->tile(held.tensor, cells, held.site, held.keeper, done_, positions_).value_or(kNone);
        held.asked = era_;
    }
    return held.nextTile == kNone || positions_.empty() ? held.nextTile : positions_[held.nextTile];
}

bool Engine::evict(MemoryId memory) {
    std::uint32_t victim = kNone;
    std::uint32_t farthest = 0;
    if (!next_) next_.emplace(setup_);
    for (std::uint32_t i = heads_[memory.index()]; i != kNone; i = record_.buffers[i].next) {
        Held& held = record_.buffers[i];
        if (held.pinned == serial_ || held.valid == kForever || held.permanent) continue;
        const std::uint32_t next = nextUse(held);
        if (victim != kNone && next <= farthest) continue;
        victim = i;
        farthest = next;
    }
    return victim != kNone && drop(victim);
}

/// If all is needed that is in a memory, but not in whole: what the tile needs of such data comes again by itself.
bool Engine::trim(MemoryId memory) {
    std::uint32_t victim = kNone;
    std::int64_t most = 0;
    for (std::uint32_t i = heads_[memory.index()]; i != kNone; i = record_.buffers[i].next) {
        const Held& held = record_.buffers[i];
        if (held.valid == kForever || held.permanent) continue;
        const Input where{held.tensor, box(held.tensor, held.box), held.site, memory};
        const tiling::TensorCells& cells = setup_.cells().cells(held.tensor);
        std::int64_t spare = 0;
        cells.each(where.box, [&](std::uint32_t, const CellPlace& at) {
            if (!isNeeded(where, at, inputs_.data() + inputs_.size())) spare += cells.elementsAt(at);
            return true;
        });
        spare *= setup_.sites(held.tensor).bits;
        if (spare <= most) continue;
        victim = i;
        most = spare;
    }
    if (victim == kNone || !drop(victim)) return false;
    countMissing();
    return true;
}

}  // namespace millrace::fusion
