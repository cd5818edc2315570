#include "explore/fusion/engine.h"

namespace millrace::fusion {

using tiling::CellBox;
using workload::TensorId;

/// No start: left out.
void Engine::ranTile(WorkId id, std::uint32_t tile, std::optional<Cycles> start) {
    const Work& work = setup_.works()[id];
    Cycles* recent =
        lookahead_ == 0 ? nullptr : &recent_[currentCore_ * lookahead_ + turns_[currentCore_] % lookahead_];
    if (logging_) {
        const Cycles before = recent == nullptr ? Cycles(0) : *recent;
        oldTiles_.push_back({id, tile, start.has_value(), before, lastEnds_[currentCore_]});
    }
    ++done_[id.index()][tile % work.parts];
    if (!start) return;
    record_.starts[work.firstTile + tile] = *start;
    if (recent != nullptr) *recent = *start;
    ++turns_[currentCore_];
}

void Engine::setRoom(std::size_t memory, std::uint32_t head, std::int64_t bits) {
    if (logging_) oldRooms_.push_back({memory, heads_[memory], heldBits_[memory]});
    heads_[memory] = head;
    heldBits_[memory] = bits;
}

Held& Engine::change(std::uint32_t buffer) {
    Held& held = record_.buffers[buffer];
    if (logging_) oldBuffers_.emplace_back(buffer, held);
    return held;
}

void Engine::setHolder(std::uint64_t index, std::uint32_t value) {
    if (logging_) oldHolders_.emplace_back(index, holders_[index]);
    holders_[index] = value;
}

void Engine::setUses(std::uint64_t index, std::uint32_t value) {
    if (logging_) oldUses_.emplace_back(index, uses_[index]);
    uses_[index] = value;
}

void Engine::book(schedule::Timeline& timeline, schedule::Span span, std::int64_t amount) {
    timeline.book(span, amount);
    if (logging_) bookings_.push_back({&timeline, span, amount});
}

std::uint32_t Engine::store(TensorId tensor, const CellBox& box) {
    const auto index = static_cast<std::uint32_t>(record_.boxes.size());
    for (std::size_t i = 0; i < setup_.cells().cells(tensor).axes().size(); ++i) {
        record_.boxes.push_back(box.begin[i]);
        record_.boxes.push_back(box.end[i]);
    }
    return index;
}

Engine::Mark Engine::mark() {
    logging_ = true;
    return {
        oldHolders_.size(),       oldUses_.size(),     oldBuffers_.size(),   oldRooms_.size(), oldSums_.size(),
        oldFollowers_.size(),     oldTiles_.size(),    oldBrought_.size(),   bookings_.size(), record_.buffers.size(),
        record_.transfers.size(), record_.sums.size(), record_.boxes.size(), latency_};
}

template <class Log, class Restore>
static void unwind(Log& log, std::size_t size, Restore&& restore) {
    while (log.size() > size) {
        restore(log.back());
        log.pop_back();
    }
}

void Engine::undo(const Mark& mark) {
    unwind(oldHolders_, mark.holders, [&](const auto& old) { holders_[old.first] = old.second; });
    unwind(oldUses_, mark.uses, [&](const auto& old) { uses_[old.first] = old.second; });
    unwind(oldRooms_, mark.rooms, [&](const OldRoom& old) {
        heads_[old.memory] = old.head;
        heldBits_[old.memory] = old.bits;
    });
    unwind(oldBuffers_, mark.buffers, [&](const auto& old) { record_.buffers[old.first] = old.second; });
    unwind(oldSums_, mark.sums, [&](const auto& old) { record_.sums[old.first] = old.second; });
    unwind(oldFollowers_, mark.followers, [&](const auto& old) { record_.transfers[old.first].follower = old.second; });
    unwind(oldTiles_, mark.tiles, [&](const OldTile& old) { takeBack(old); });
    unwind(oldBrought_, mark.brought, [&](auto& old) { brought_[old.first] = std::move(old.second); });
    unwind(bookings_, mark.bookings,
           [&](const Booking& booking) { booking.timeline->book(booking.span, -booking.amount); });
    record_.buffers.resize(mark.bufferCount);
    record_.transfers.resize(mark.transferCount);
    record_.sums.resize(mark.sumCount);
    record_.boxes.resize(mark.boxCount);
    latency_ = mark.latency;
    ++era_;
}

void Engine::takeBack(const OldTile& old) {
    const Work& work = setup_.works()[old.work];
    --done_[old.work.index()][old.tile % work.parts];
    if (!old.ran) return;
    record_.starts[work.firstTile + old.tile] = kSkipped;
    const std::size_t core = work.places[old.tile % work.parts].core.index();
    --turns_[core];
    if (lookahead_ > 0) recent_[core * lookahead_ + turns_[core] % lookahead_] = old.recent;
    lastEnds_[core] = old.lastEnd;
}

}  // namespace millrace::fusion
