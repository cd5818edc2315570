#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/fusion/nextuse.h"
#include "explore/fusion/setup.h"
#include "schedule/schedule.h"
#include "schedule/timeline.h"

/// Schedules tiles one after another on cores, links and memories.
///
/// A tile is committed once and for good, in an order that the caller chooses (producers first). Committing it books
/// what it takes at the earliest times that are left: for each range of cells that is missing at its core, a transfer
/// from the nearest copy, in a gap of all links of the way, once there is room for it from then on for ever; then the
/// core, in a gap too, once all is there and its result has room. Data leave a memory at the end of their last use; if
/// room lacks, those go first whose next use is farthest (Belady), written off-chip unless another copy exists. As room
/// is only ever taken where it is free for ever, nothing that was committed is disturbed, and there are no deadlocks: a
/// tile that fits a memory by itself can always be committed.
///
/// With `mark` and `undo` a search tries commits and takes them back; nothing is copied.
namespace millrace::fusion {

/// Start of tiles that write nothing: they are left out.
inline constexpr Cycles kSkipped{-1};
inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Room for cells of a tensor in a memory, as booked.
struct Held {
    workload::TensorId tensor;
    Site site = 0;
    bool permanent = false;  ///< stays to the end: an output that went off-chip
    bool keeper = false;     ///< the copy that waits until all other sites have been served
    std::uint32_t box = 0;   ///< into `Record::boxes`
    std::int64_t bits = 0;
    Cycles start;
    Cycles valid = schedule::kForever;  ///< from when on it can be read
    Cycles last;                        ///< end of its last use so far
    Cycles end = schedule::kForever;
    std::uint32_t pending = 0;  ///< uses to come, counted by cell: reads here; of a keeper also fetches by other sites
    std::uint32_t transfer = kNone;  ///< that filled it
    std::uint32_t pinned = 0;        ///< the last commit that needs it
    std::uint32_t sum = kNone;       ///< into `Record::sums`
    std::uint32_t nextTile = kNone;  ///< as last asked for: the next tile that uses it, `kNone` if none does
    std::uint32_t asked = 0;         ///< when that was: `Engine::era_`; 0: never
    std::uint32_t next = kNone;      ///< in the list of what a memory holds now
    std::uint32_t previous = kNone;
};

/// A transfer, as booked. Its destination is the site of `buffer`.
struct Sent {
    workload::TensorId tensor;
    std::uint32_t box = 0;
    Site from = 0;
    schedule::TransferCause cause = schedule::TransferCause::forward;
    std::uint32_t buffer = kNone;
    Cycles start;
    Cycles end;
    std::int64_t bandwidth = 0;
    std::uint32_t leader = kNone;    ///< the transfer that carries this one too
    std::uint32_t follower = kNone;  ///< the next of those that share the words
    WorkId work;                     ///< whose tile asked for it
};

/// Partial sums beyond the width of results: room while a sum is under way.
struct SumRoom {
    workload::TensorId tensor;  ///< the result
    std::uint32_t box = 0;
    schedule::MemoryId memory;
    std::int64_t bits = 0;
    Cycles start;
    Cycles end = schedule::kForever;
};

/// What was scheduled so far.
struct Record {
    std::vector<Cycles> starts;  ///< by tile
    std::vector<Held> buffers;
    std::vector<Sent> transfers;
    std::vector<SumRoom> sums;
    std::vector<std::uint32_t> boxes;  ///< ranges of cells: begin and end on each cut axis of the tensor
};

class Engine {
public:
    Engine(const Setup& setup, const Policy& policy);

    /// Schedules a tile (its number within the work) whose producers are committed. False if it can never fit;
    /// `reason()` says why, and the engine is not to be used further than `undo` to a mark.
    bool commit(WorkId work, std::uint32_t tile);
    const std::string& reason() const { return reason_; }

    /// When the data of a tile whose producers are committed will be made, wherever they are.
    Cycles ready(WorkId work, std::uint32_t tile) const;
    /// End of a committed tile.
    Cycles end(WorkId work, std::uint32_t tile) const;
    /// Most bits that are held in a memory at any time.
    std::int64_t peak(schedule::MemoryId memory) const;
    /// Last end of a tile or transfer so far.
    Cycles latency() const { return latency_; }
    const Record& record() const { return record_; }
    const Setup& setup() const { return setup_; }
    const Policy& policy() const { return policy_; }
    tiling::CellBox box(workload::TensorId tensor, std::uint32_t index) const;
    /// Tells the order in which tiles will be committed, for the choice of what leaves a full memory: for each tile (of
    /// all works, numbered through) its position. Without it works in order.
    void follow(std::vector<std::uint32_t> positions) { positions_ = std::move(positions); }

    /// Where the logs stand. From the first mark on changes are logged.
    struct Mark {
        std::size_t holders = 0, uses = 0, buffers = 0, rooms = 0, sums = 0, followers = 0, tiles = 0, brought = 0;
        std::size_t bookings = 0, bufferCount = 0, transferCount = 0, sumCount = 0, boxCount = 0;
        Cycles latency;
    };
    Mark mark();
    /// Takes back all that was committed since; marks nest.
    void undo(const Mark& mark);

private:
    /// A part of a tensor that the tile under work reads or writes, and where.
    struct Input {
        workload::TensorId tensor;
        tiling::CellBox box;
        Site site;
        schedule::MemoryId memory;
    };
    /// The tile under work.
    struct Step {
        WorkId id;
        const Work* work = nullptr;
        std::uint32_t tile = 0;
        const explore::TileKind* kind = nullptr;  ///< null: a host operator
        std::int64_t outputBits = 0;              ///< room for its result that is not there yet
        std::int64_t scratchBits = 0;             ///< only while it runs
        bool starts = true;                       ///< the first of its sum
        bool ends = true;                         ///< the last
    };
    /// Data that a tile had brought for itself (`Halo::again`).
    struct Brought {
        workload::TensorId tensor;
        tiling::CellBox box;
        Site site;
        std::uint32_t buffer;
    };
    struct Booking {
        schedule::Timeline* timeline;
        schedule::Span span;
        std::int64_t amount;
    };

    /// For taking back.
    struct OldTile {
        WorkId work;
        std::uint32_t tile = 0;
        bool ran = false;
        Cycles recent;   ///< what stood where the start of the tile is now
        Cycles lastEnd;  ///< of its core, before
    };
    struct OldRoom {
        std::size_t memory = 0;
        std::uint32_t head = kNone;
        std::int64_t bits = 0;
    };

    void countUses();
    void gather(const Work& work, const tiling::Coordinates& coordinates, std::uint32_t part);
    void countMissing();
    bool isNeeded(const Input& where, const tiling::CellPlace& at, const Input* end) const;
    void dropBrought(std::size_t core);
    void measure(Step& step, const tiling::Coordinates& coordinates);
    bool makeRoom(const Step& step);
    std::optional<Cycles> startOf(const Step& step, Cycles ready);
    bool run(const Step& step, Cycles ready);
    void finishInputs(Cycles end);
    bool deliver(workload::TensorId tensor, std::uint32_t buffer);

    bool fetch(const Input& input, Cycles from, Cycles& ready);
    bool fetchBox(const Input& input, std::uint32_t cell, const tiling::CellPlace& at, Cycles from);
    schedule::TransferCause causeOf(const Input& input, Site source) const;
    std::optional<Site> sourceOf(const Input& input, std::uint32_t cell) const;
    bool fits(const Input& input, std::uint32_t cell, Site source, std::uint32_t buffer, Cycles from) const;
    tiling::CellBox grow(const Input& input, const tiling::CellPlace& at, std::uint32_t cell, Site source,
                         Cycles from) const;
    std::uint32_t join(const Input& input, std::uint32_t cell, Site nearest, Cycles from);
    std::optional<std::vector<schedule::LinkId>> linksOf(std::uint32_t leader, Site site) const;
    std::uint32_t send(workload::TensorId tensor, const tiling::CellBox& box, Site from, Site to, Cycles earliest,
                       schedule::TransferCause cause);
    void serve(workload::TensorId tensor, std::uint32_t cell, Site to);
    void arrived(std::uint32_t buffer, const tiling::CellBox& box, Site from);

    std::uint32_t open(workload::TensorId tensor, const tiling::CellBox& box, Site site, Cycles start);
    void settle(std::uint32_t buffer, const tiling::CellBox& box);
    std::uint32_t owed(workload::TensorId tensor, std::uint32_t cell, Site site) const;
    void close(std::uint32_t buffer, Cycles end);
    void use(std::uint32_t buffer, Cycles until, std::uint32_t cells);
    void openSum(const Step& step, const Input& output, std::uint32_t buffer, Cycles start);
    void closeSum(std::uint32_t sum, Cycles end);
    std::uint32_t nextUse(Held& held);
    bool evict(schedule::MemoryId memory);
    bool trim(schedule::MemoryId memory);
    bool drop(std::uint32_t buffer);
    bool isKept(const Held& held, std::uint32_t cell) const;
    void leaveToKeepers(const Held& held, const tiling::CellBox& box);
    std::vector<tiling::CellBox> onlyHere(const Held& held, const tiling::CellBox& box) const;
    static tiling::CellBox takeBox(const tiling::TensorCells& cells, std::set<tiling::CellPlace>& places);
    bool isOpen(std::uint32_t buffer) const {
        return buffer != kNone && record_.buffers[buffer].end == schedule::kForever;
    }

    void takeBack(const OldTile& old);
    void ranTile(WorkId work, std::uint32_t tile, std::optional<Cycles> start);
    Held& change(std::uint32_t buffer);
    void setRoom(std::size_t memory, std::uint32_t head, std::int64_t bits);
    void setHolder(std::uint64_t index, std::uint32_t value);
    void setUses(std::uint64_t index, std::uint32_t value);
    void book(schedule::Timeline& timeline, schedule::Span span, std::int64_t amount);
    std::uint32_t store(workload::TensorId tensor, const tiling::CellBox& box);
    bool fail(std::string reason);

    const Setup& setup_;
    const Policy& policy_;
    std::optional<NextUse> next_;  ///< made when it is first asked
    Record record_;
    std::vector<schedule::Timeline> cores_;
    std::vector<schedule::Timeline> links_;
    std::vector<schedule::Timeline> memories_;
    std::vector<std::uint32_t> holders_;  ///< by site and cell: the buffer that holds it
    std::vector<std::uint32_t> uses_;     ///< by site and cell: reads to come there
    std::vector<std::uint32_t> heads_;    ///< by memory: what it holds now, latest first
    std::vector<std::int64_t> heldBits_;  ///< by memory
    std::size_t lookahead_ = 0;
    std::vector<Cycles> recent_;                    ///< by core: starts of its last tiles, in turn
    std::vector<Cycles> lastEnds_;                  ///< by core: of its tiles
    std::vector<std::size_t> turns_;                ///< by core
    std::vector<std::vector<std::uint32_t>> done_;  ///< by work and part: tiles committed
    std::vector<std::uint32_t> positions_;
    std::vector<std::vector<Brought>> brought_;  ///< by core

    std::size_t currentCore_ = 0;  ///< of the tile under work
    WorkId currentWork_;
    std::vector<Input> inputs_;  ///< of the tile under work
    std::vector<Input> outputs_;
    std::vector<std::int64_t> missing_;  ///< by memory: bits to be brought
    std::vector<schedule::Demand> way_;  ///< links of the transfer under work
    std::uint32_t era_ = 1;              ///< of what is known of next uses: another one after each `undo`
    std::uint32_t serial_ = 0;           ///< of commits
    Cycles latency_;
    std::string reason_;

    bool logging_ = false;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> oldHolders_;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> oldUses_;
    std::vector<std::pair<std::uint32_t, Held>> oldBuffers_;
    std::vector<OldRoom> oldRooms_;
    std::vector<std::pair<std::uint32_t, SumRoom>> oldSums_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> oldFollowers_;
    std::vector<OldTile> oldTiles_;
    std::vector<std::pair<std::size_t, std::vector<Brought>>> oldBrought_;
    std::vector<Booking> bookings_;
};

}  // namespace millrace::fusion
