#include <algorithm>
#include <map>
#include <utility>

#include "explore/fusion/order.h"
#include "explore/search/methods.h"

namespace millrace::search {

using fusion::Engine;
using fusion::Setup;
using fusion::Work;
using fusion::WorkId;

namespace {

/// Tiles that are tried at a time, those of them that are then committed for good, and orders tried of them.
constexpr std::size_t kWindow = 96;
constexpr std::size_t kStride = 48;
constexpr int kTrials = 8;
/// Tiles that change places in one trial.
constexpr std::uint64_t kMostMoved = 6;

/// How far a schedule is: less is better.
struct Course {
    Cycles latency;
    Cycles sum;  ///< of the ends of the tiles that were tried
    auto operator<=>(const Course&) const = default;
};

/// An order of tiles in which each has its producers before it.
class TileList {
public:
    TileList(const Setup& setup, std::vector<std::uint32_t> order)
        : setup_(setup), order_(std::move(order)), positions_(fusion::positionsOf(order_)) {
        for (const WorkId id : setup.works().ids()) {
            const Work& work = setup.works()[id];
            if (work.layer.valid()) producers_[setup.workload().layers[work.layer].result.index()] = id;
        }
    }

    const std::vector<std::uint32_t>& order() const { return order_; }

    /// The first place, not before `least`, to which the tile at `from` can move.
    std::size_t earliest(std::size_t from, std::size_t least) const {
        const std::uint32_t tile = order_[from];
        const WorkId id = setup_.workOf(tile);
        const Work& work = setup_.works()[id];
        const std::uint32_t number = tile - work.firstTile;
        std::size_t place = least;
        // Tiles of a part stay in their order.
        if (number >= work.parts) place = std::max<std::size_t>(place, positions_[tile - work.parts] + 1);
        if (!work.layer.valid()) return from;
        setup_.needs(work, setup_.at(work, number),
                     [&](workload::TensorId tensor, const tiling::CellBox& box, std::size_t) {
                         const auto producer = producers_.find(tensor.index());
                         if (producer != producers_.end())
                             place = std::max(place, after(producer->second, tensor, box));
                     });
        return std::min(place, from);
    }

    void move(std::size_t from, std::size_t to) {
        const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(to);
        const auto end = order_.begin() + static_cast<std::ptrdiff_t>(from);
        std::rotate(begin, end, end + 1);
        for (std::size_t i = to; i <= from; ++i) positions_[order_[i]] = static_cast<std::uint32_t>(i);
    }

    /// Undoes `move(from, to)`.
    void moveBack(std::size_t from, std::size_t to) {
        const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(to);
        const auto end = order_.begin() + static_cast<std::ptrdiff_t>(from);
        std::rotate(begin, begin + 1, end + 1);
        for (std::size_t i = to; i <= from; ++i) positions_[order_[i]] = static_cast<std::uint32_t>(i);
    }

private:
    /// The place behind the last tile that writes some of this.
    std::size_t after(WorkId id, workload::TensorId tensor, const tiling::CellBox& box) const {
        const Work& work = setup_.works()[id];
        const std::uint32_t steps = fusion::neededSteps(setup_, id, tensor, box);
        std::size_t place = 0;
        for (std::uint32_t part = 0; part < work.parts; ++part) {
            const std::uint32_t tile = work.firstTile + (steps - 1) * work.parts + part;
            place = std::max<std::size_t>(place, positions_[tile] + 1);
        }
        return place;
    }

    const Setup& setup_;
    std::vector<std::uint32_t> order_;
    std::vector<std::uint32_t> positions_;
    std::map<std::size_t, WorkId> producers_;  ///< by tensor
};

class Sweep {
public:
    Sweep(const Setup& setup, Engine& engine, std::vector<std::uint32_t> order, Rng& rng)
        : setup_(setup), engine_(engine), list_(setup, std::move(order)), rng_(rng) {}

    /// False if a tile that was moved fits nowhere.
    bool run() {
        engine_.follow(fusion::positionsOf(list_.order()));
        const std::size_t tiles = list_.order().size();
        for (std::size_t at = 0; at < tiles;) {
            improve(at, std::min(at + kWindow, tiles));
            const std::size_t end = std::min(at + kStride, tiles);
            for (; at < end; ++at) {
                if (!commit(list_.order()[at])) return false;
            }
        }
        return true;
    }

    const std::vector<std::uint32_t>& order() const { return list_.order(); }

private:
    bool commit(std::uint32_t tile) {
        const WorkId work = setup_.workOf(tile);
        return engine_.commit(work, tile - setup_.works()[work].firstTile);
    }

    /// What comes of the window as the list has it; nothing is left of it.
    std::optional<Course> tried(std::size_t begin, std::size_t end) {
        const Engine::Mark mark = engine_.mark();
        Course course;
        bool fits = true;
        for (std::size_t i = begin; i < end && fits; ++i) {
            const std::uint32_t tile = list_.order()[i];
            fits = commit(tile);
            const WorkId work = setup_.workOf(tile);
            if (fits && engine_.record().starts[tile] != fusion::kSkipped)
                course.sum += engine_.end(work, tile - setup_.works()[work].firstTile);
        }
        course.latency = engine_.latency();
        engine_.undo(mark);
        return fits ? std::optional(course) : std::nullopt;
    }

    void improve(std::size_t begin, std::size_t end) {
        auto best = tried(begin, end);
        for (int trial = 0; trial < kTrials; ++trial) {
            std::vector<std::pair<std::size_t, std::size_t>> moves;
            for (std::uint64_t i = rng_.below(kMostMoved) + 1; i > 0; --i) {
                const std::size_t from = begin + rng_.below(end - begin);
                const std::size_t least = list_.earliest(from, begin);
                if (least == from) continue;
                const std::size_t to = least + rng_.below(from - least);
                list_.move(from, to);
                moves.emplace_back(from, to);
            }
            if (moves.empty()) continue;
            const auto course = tried(begin, end);
            if (course && (!best || *course < *best)) {
                best = course;
                continue;
            }
            for (auto move = moves.rbegin(); move != moves.rend(); ++move) list_.moveBack(move->first, move->second);
        }
    }

    const Setup& setup_;
    Engine& engine_;
    TileList list_;
    Rng& rng_;
};

/// The tiles in the order in which the candidate's are committed.
std::optional<std::vector<std::uint32_t>> orderOf(Stage& stage) {
    Diagnostics diagnostics;
    const auto order = fusion::run(*stage.engine, diagnostics);
    if (!order) return std::nullopt;
    std::vector<std::uint32_t> firstOf(stage.workload->layers.size(), 0);
    for (const Work& work : stage.setup->works()) {
        if (!work.layer.valid()) return std::nullopt;
        firstOf[work.layer.index()] = work.firstTile;
    }
    std::vector<std::uint32_t> result;
    for (const auto& [layer, tile] : *order) result.push_back(firstOf[layer.index()] + tile);
    return result;
}

}  // namespace

bool reorder(Search& search, int sweeps) {
    bool scheduled = false;
    search.judge.setMethod("reorder");
    for (int i = 0; i < sweeps && search.judge.best() != nullptr && !search.judge.ended(); ++i) {
        const Candidate start = search.judge.best()->candidate;
        Diagnostics diagnostics;
        const auto first = search.judge.scene().stage(start, diagnostics);
        const auto order = first ? orderOf(*first) : std::nullopt;
        // Host operators have no place in a list of tiles.
        if (!order) return scheduled;
        const auto stage = search.judge.scene().stage(start, diagnostics);
        Sweep sweep(*stage->setup, *stage->engine, *order, search.rng);
        if (!sweep.run()) continue;
        Candidate next = start;
        next.policy.order = fusion::Order::given;
        next.policy.given.clear();
        for (const std::uint32_t tile : sweep.order()) {
            const Work& work = stage->setup->works()[stage->setup->workOf(tile)];
            next.policy.given.emplace_back(work.layer, tile - work.firstTile);
        }
        const std::int64_t before = search.judge.evaluations();
        search.judge.scores({next}, search.judge.slowestUseful());
        scheduled = scheduled || search.judge.evaluations() > before;
    }
    return scheduled;
}

}  // namespace millrace::search
