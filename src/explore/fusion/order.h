#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "explore/fusion/setup.h"
#include "support/diagnostics.h"

/// Which tile comes next.
namespace millrace::fusion {

/// The tiles of each part of a work run in the order of their numbers: a lane. A lane is ready when all that its next
/// tile needs has been computed; that is when, in each work that it needs something of, all lanes have passed the last
/// tile of which it needs something (a little more than needed if the work is cut over cores). Of the ready lanes the
/// one of smallest rank goes first.
///
/// Sums under way cannot leave a memory. A lane begins sums only if, beside all that are under way then, every tile
/// still fits their memory; or else once all is computed that these sums need, and then goes on until they are done. So
/// no memory is ever filled by unfinished sums, if each tile fits by itself.
class Lanes {
public:
    Lanes(const Setup& setup, Order order);

    struct Tile {
        WorkId work;
        std::uint32_t tile = 0;
    };
    /// The tile to run next, or nothing once all have run. `readyAt`: only for `Order::earliestReady`, when the data of
    /// a tile are there.
    std::optional<Tile> next(const std::function<Cycles(Tile)>& readyAt = {});
    /// Is this tile one that may run now? Takes it then. For orders that are given.
    bool take(Tile tile);

private:
    struct Lane {
        WorkId work;
        std::uint32_t part = 0;
        std::uint32_t step = 0;
    };
    /// Waits for all lanes of a work to have done this many steps.
    struct Wait {
        std::uint32_t steps = 0;
        std::uint32_t lane = 0;
    };
    struct Entry {
        std::size_t stack = 0;
        std::int64_t rank = 0;
        std::int64_t step = 0;
        std::uint32_t lane = 0;
        auto operator<=>(const Entry&) const = default;
    };

    /// The sums of a work that is cut in time along sums.
    struct Sums {
        std::uint32_t steps = 1;  ///< from the first tile of some sums to the last; 1: there are none
        std::int64_t bits = 0;    ///< that those take
    };

    void measureSums();
    Sums sumsOf(const Work& work) const;
    void measureTiles(const Work& work, const Sums& sums);
    bool begin(std::uint32_t lane);
    std::optional<std::pair<WorkId, std::uint32_t>> missing(const Lane& lane) const;
    void look(std::uint32_t lane, const std::function<Cycles(Tile)>& readyAt);
    void advance(std::uint32_t lane, const std::function<Cycles(Tile)>& readyAt);
    std::uint32_t tileOf(const Lane& lane) const;

    const Setup& setup_;
    Order order_;
    std::vector<Lane> lanes_;
    Table<WorkId, std::uint32_t> firstLane_;
    Table<WorkId, std::uint32_t> done_;    ///< steps that all lanes of a work have done
    Table<WorkId, std::uint32_t> behind_;  ///< lanes that have done no more
    Table<WorkId, std::vector<Wait>> waiting_;
    Table<workload::TensorId, WorkId> producers_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready_;
    bool started_ = false;
    std::optional<std::uint32_t> running_;  ///< the lane whose tile was given out last
    std::optional<std::uint32_t> summing_;  ///< the lane that goes on until its sums are done
    Table<WorkId, Sums> sums_;
    Table<schedule::MemoryId, std::int64_t> open_;     ///< bits of sums under way
    Table<schedule::MemoryId, std::int64_t> largest_;  ///< bits that some tile needs at most; only if there are sums
};

/// Steps of each part of a work after which this range of cells of its result is made (a little more than needed if the
/// work is cut over cores). A host operator has one.
std::uint32_t neededSteps(const Setup& setup, WorkId producer, workload::TensorId tensor, const tiling::CellBox& box);

/// All tiles (of all works, numbered through) in the order in which depth first or breadth first takes them.
std::vector<std::uint32_t> orderOf(const Setup& setup, Order order);

/// The place of each tile in an order.
std::vector<std::uint32_t> positionsOf(const std::vector<std::uint32_t>& order);

}  // namespace millrace::fusion
