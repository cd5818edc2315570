#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "explore/fusion/kinds.h"
#include "explore/fusion/plan.h"
#include "explore/platform/costs.h"
#include "explore/platform/platform.h"
#include "explore/tiling/cells.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "schedule/problem.h"

/// All that does not change while a plan is scheduled: what runs where, what it needs, and where that can lie.
namespace millrace::fusion {

/// Which tile is scheduled next.
enum class Order : std::uint8_t {
    depthFirst,     ///< of the tiles whose data are made, one of the last layer; stack by stack
    breadthFirst,   ///< layer by layer
    earliestReady,  ///< the one whose data are there first; stack by stack
    given,          ///< `Policy::given`
};

/// "depth-first", "breadth-first", "earliest-ready" or "given".
const char* name(Order order);
/// All but `given`.
std::vector<Order> ownOrders();

/// What becomes of data that a neighbouring tile needs too.
enum class Halo : std::uint8_t {
    keep,       ///< they stay in the core's memory until its last tile that needs them
    again,      ///< they are sent again for each tile
    recompute,  ///< each tile computes them itself; only inside of a stack
};

/// "keep", "again" or "recompute".
const char* name(Halo halo);

struct Policy {
    Order order = Order::depthFirst;
    Halo halo = Halo::keep;
    /// Above 0: data of a tile come in only once the tile that stands this many places before it on its core has
    /// started. 0: as early as they are made and their memory has room (`Halo::again`: 8).
    int lookahead = 0;
    /// Weights come in as early as memory allows, whatever `lookahead` says.
    bool prefetch = false;
    /// A tile may start in a gap before tiles of its core that were scheduled earlier.
    bool fillGaps = true;
    /// One transfer serves several cores where their data and ways allow it.
    bool multicast = true;
    /// Tiles in order (layer, tile number), all of them: only for `Order::given`.
    std::vector<std::pair<workload::LayerId, std::uint32_t>> given = {};
    std::vector<int> givenLines = {};  ///< where each of them stands in `givenFile`; for messages, may be empty
    std::string givenFile = {};
};

/// What of a policy a user has said: a search leaves it as it is.
struct Said {
    bool order = false;
    bool halo = false;
    bool lookahead = false;
    bool prefetch = false;
};

using WorkId = Id<struct WorkTag>;

/// What runs: a layer, tile by tile, or a host operator.
struct Work {
    workload::LayerId layer;  ///< invalid: a host operator
    std::size_t host = 0;     ///< into `Workload::hostOperators`
    std::size_t stack = 0;
    std::uint32_t parts = 1;
    std::uint32_t steps = 1;
    std::uint32_t firstTile = 0;  ///< tiles of all works are numbered through

    /// Where a part runs, and where it keeps its data.
    struct Place {
        schedule::CoreId core;
        std::vector<schedule::MemoryId> inputs;  ///< by operand; a host operator: one, off-chip
        schedule::MemoryId output;
    };
    std::vector<Place> places;
    std::optional<std::size_t> kinds;  ///< into `Setup::kinds`
    /// Of layers that are cut along sums: bits of partial sums beyond those of results, for each element.
    int sumBits = 0;
    /// Of layers that sum in one tile: the same, while the tile runs.
    int scratchBits = 0;
};

/// A place where a tensor can lie: an index into `Sites::memories`.
using Site = std::uint16_t;

/// Where a tensor can lie. `Setup::base` and the tensor's number of cells address tables of all cells.
struct Sites {
    schedule::MemoryId initial;                ///< holds all of it from the start; invalid: tiles make it
    std::vector<schedule::MemoryId> memories;  ///< that tiles write it to or read it from, and the off-chip memory
    std::vector<bool> reads;                   ///< by site: tiles read it there
    std::vector<std::uint64_t> base;           ///< by site: where its cells begin in tables of all sites
    std::vector<std::uint64_t> uses;           ///< by site that tiles read: the same in tables of those sites
    /// By site: the other sites, those from which it is brought best first (on-chip, then fewest links).
    std::vector<std::vector<Site>> sources;
    bool leaves = false;  ///< an output of the network: must be off-chip in the end
    int bits = 8;         ///< of an element
};

class Setup {
public:
    /// Empty with an error if a core lacks a memory that a layer of it needs, and with an `infeasible` entry for more
    /// than 2^31 tiles. Everything given must outlive it.
    static std::optional<Setup> make(const workload::Workload& workload, const hardware::Chip& chip,
                                     const platform::Platform& platform, const schedule::Problem& resources,
                                     const Plan& plan, const tiling::Cells& cells, platform::TileCosts& costs,
                                     Diagnostics& diagnostics);

    const workload::Workload& workload() const { return *workload_; }
    const platform::Platform& platform() const { return *platform_; }
    /// Cores, links and memories; no tasks or tensors.
    const schedule::Problem& resources() const { return *resources_; }
    const tiling::Cells& cells() const { return *cells_; }
    const Table<WorkId, Work>& works() const { return works_; }
    WorkId workOf(std::uint32_t tile) const;
    WorkId workOf(workload::LayerId layer) const { return workOfLayer_[layer]; }
    std::uint32_t tiles() const { return tiles_; }
    /// Cells of all sites, and of those that tiles read.
    std::uint64_t tableSize() const { return tableSize_; }
    std::uint64_t usesSize() const { return usesSize_; }
    const Sites& sites(workload::TensorId tensor) const { return sites_[tensor]; }
    /// The site of a tensor that is this memory.
    Site site(workload::TensorId tensor, schedule::MemoryId memory) const {
        return siteOf_[tensor.index() * memories_ + memory.index()];
    }
    const explore::TileKind* kind(const Work& work, const tiling::Coordinates& coordinates, std::uint32_t part) const {
        return (*kinds_)[*work.kinds].cost(coordinates, hardware::CoreId(work.places[part].core.index()));
    }
    /// Why `kind` was null.
    std::string costReason() const { return costs_->reason(); }
    tiling::Coordinates at(const Work& work, std::uint32_t tile) const {
        return work.layer.valid() ? cells_->grid(work.layer).at(tile) : tiling::Coordinates{};
    }
    std::int64_t bits(workload::TensorId tensor, const tiling::CellBox& box) const {
        return cells_->elements(tensor, box) * sites_[tensor].bits;
    }
    /// Calls `visit(tensor, cells, input)` for all that a tile needs.
    template <class Visit>
    void needs(const Work& work, const tiling::Coordinates& coordinates, Visit&& visit) const {
        if (work.layer.valid()) {
            cells_->needs(work.layer, coordinates, visit);
            return;
        }
        for (const workload::TensorId tensor : workload_->hostOperators[work.host].inputs) {
            visit(tensor, cells_->cells(tensor).whole(), std::size_t{0});
        }
    }
    /// Calls `visit(tensor, cells)` for all that a tile writes.
    template <class Visit>
    void writes(const Work& work, const tiling::Coordinates& coordinates, Visit&& visit) const {
        if (work.layer.valid()) {
            tiling::CellBox box;
            if (cells_->written(work.layer, coordinates, box)) visit(workload_->layers[work.layer].result, box);
            return;
        }
        for (const workload::TensorId tensor : workload_->hostOperators[work.host].outputs) {
            visit(tensor, cells_->cells(tensor).whole());
        }
    }

private:
    Setup() = default;
    void addHosts(std::size_t next, std::vector<bool>& done);
    bool addLayer(workload::LayerId layer, const LayerPlan& plan, Diagnostics& diagnostics);
    void findSites();
    void addSite(workload::TensorId tensor, schedule::MemoryId memory, bool read);

    const workload::Workload* workload_ = nullptr;
    const hardware::Chip* chip_ = nullptr;
    const platform::Platform* platform_ = nullptr;
    const schedule::Problem* resources_ = nullptr;
    const tiling::Cells* cells_ = nullptr;
    const platform::TileCosts* costs_ = nullptr;
    Table<WorkId, Work> works_;
    Table<workload::LayerId, WorkId> workOfLayer_;
    std::shared_ptr<std::deque<Kinds>> kinds_;
    Table<workload::TensorId, Sites> sites_;
    std::vector<Site> siteOf_;
    std::size_t memories_ = 0;
    std::uint32_t tiles_ = 0;
    std::uint64_t tableSize_ = 0;
    std::uint64_t usesSize_ = 0;
};

}  // namespace millrace::fusion
