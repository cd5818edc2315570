#include "explore/fusion/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "explore/fusion/axes.h"
#include "explore/mapping/loops.h"
#include "explore/tiling/splits.h"

namespace millrace::fusion {

using workload::DimIndex;
using workload::Layer;
using workload::LayerId;

static std::int64_t ceilDiv(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

static std::int64_t mostSteps(const Layer& layer, const LayerPlan& plan, DimIndex dim) {
    return layer.dims[dim].size / tiling::partsOf(plan.inter, dim);
}

/// The loop that a group's tiling means in one of its layers.
static std::optional<DimIndex> loopOf(const Layer& layer, const mapping::GroupTiling& tiling,
                                      Diagnostics& diagnostics) {
    const auto dim = mapping::resolve(layer, {}, tiling.loop);
    if (!dim) {
        diagnostics.error(
            tiling.where,
            fmt::format("layer '{}' ({}) has no loop {} to give a tile of", layer.name, layer.type, tiling.loop.dim),
            fmt::format("its loops are {}", mapping::placesText(layer)));
    }
    return dim;
}

void cutAsGroup(const workload::Workload& workload, const mapping::FusedGroup& group, const std::vector<LayerId>& stack,
                Plan& plan, Diagnostics& diagnostics) {
    const SharedAxes axes(workload, stack);
    struct Cut {
        std::int64_t parts = 1;
        bool own = false;
    };
    std::map<LayerId, std::vector<std::pair<DimIndex, Cut>>> cuts;
    const auto cut = [&](LayerId id, DimIndex dim, std::int64_t parts, bool own) {
        auto& list = cuts[id];
        auto known = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == dim; });
        if (known == list.end()) known = list.insert(list.end(), {dim, {}});
        if (own || !known->second.own) known->second = {parts, own || known->second.own};
    };
    for (const mapping::GroupTiling& tiling : group.tilings) {
        for (const LayerId named : layersOf(workload, tiling, stack)) {
            const Layer& layer = workload.layers[named];
            const auto dim = loopOf(layer, tiling, diagnostics);
            if (!dim) return;
            const std::size_t axis = axes.classOf(named, *dim);
            std::int64_t overCores = 1;
            for (const LayerId id : stack) {
                if (const auto loop = axes.loop(id, axis))
                    overCores = std::max(overCores, tiling::partsOf(plan.layers[id].inter, *loop));
            }
            const std::int64_t size = layer.dims[*dim].size;
            const std::int64_t block = tiling.tile > size / overCores ? size : tiling.tile * overCores;
            const std::int64_t parts = ceilDiv(size, block);
            for (const LayerId id : stack) {
                const auto loop = id == named ? dim : axes.loop(id, axis);
                if (loop) cut(id, *loop, parts, id == named);
            }
        }
    }
    for (const auto& [id, list] : cuts) {
        LayerPlan& mine = plan.layers[id];
        for (const auto& [dim, what] : list)
            tiling::addSplit(mine.intra, dim, what.parts, mostSteps(workload.layers[id], mine, dim));
    }
}

/// Rows of images or matrices, then other loops.
static int rank(std::string_view name) {
    static constexpr std::string_view kOrder[] = {"OY", "D", "B", "OX", "H"};
    const auto found = std::find(std::begin(kOrder), std::end(kOrder), name);
    if (found != std::end(kOrder)) return static_cast<int>(found - std::begin(kOrder));
    return static_cast<int>(std::size(kOrder));
}

/// Loops of the result that a layer may be cut along freely: PX and PY of transposed convolutions are not.
static bool isFree(const Layer& layer, DimIndex dim) {
    const workload::LoopDim& loop = layer.dims[dim];
    return loop.size > 1 && loop.kind == workload::DimKind::parallel && tiling::writes(layer, dim) &&
           loop.name[0] != 'P';
}

static bool isChannel(const Layer& layer, DimIndex dim) {
    return layer.dims[dim].name == "K" || layer.dims[dim].name == "G";
}

LayerPlan finest(const Layer& layer, LayerPlan plan) {
    std::optional<DimIndex> rows;
    for (DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        if (!isFree(layer, dim) || isChannel(layer, dim)) continue;
        if (!rows || rank(layer.dims[dim].name) < rank(layer.dims[*rows].name)) rows = dim;
    }
    plan.intra.clear();
    if (rows) tiling::addSplit(plan.intra, *rows, mostSteps(layer, plan, *rows), mostSteps(layer, plan, *rows));
    return plan;
}

namespace {

/// Finds the cut of a stack's free layers along axes that they share.
class StackCut {
public:
    StackCut(const workload::Workload& workload, const Memories& memories, const PlanOptions& options,
             const std::vector<LayerId>& stack, const std::vector<LayerId>& free, Plan& plan)
        : workload_(workload),
          memories_(memories),
          options_(options),
          free_(free),
          plan_(plan),
          axes_(workload, stack),
          limit_(memories.size(), 0),
          fixed_(memories.size()) {
        StackRoom all(memories.size());
        for (const LayerId id : stack) {
            const LayerRoom room = roomOf(workload, id, plan.layers[id], memories);
            all.add(room);
            if (std::find(free.begin(), free.end(), id) == free.end()) fixed_.add(room);
        }
        for (const schedule::MemoryId memory : limit_.ids()) {
            const std::int64_t capacity = memories.capacity(memory);
            const auto share = static_cast<std::int64_t>((1 - options.fill) * static_cast<double>(capacity));
            limit_[memory] = std::max(capacity - all.constants(memory), share);
        }
    }

    void run() {
        const std::vector<std::size_t> ladder = candidates();
        std::vector<std::int64_t> parts;
        for (const std::size_t axis : ladder) {
            const std::int64_t most = longest(axis);
            const std::int64_t wish = std::min(options_.tilesPerLayer, most);
            parts.push_back(most);
            if (!fits(ladder, parts)) continue;
            const std::int64_t least = fewest(ladder, parts, most);
            parts.back() = parts.size() > 1 ? least : even(ladder.front(), least, wish, most);
            break;
        }
        if (!ladder.empty() && !fits(ladder, parts)) parts.resize(1);
        apply(ladder, parts);
    }

private:
    /// The loop along which a layer takes part in the cut of an axis.
    std::optional<DimIndex> loop(LayerId id, std::size_t axis) const {
        const auto dim = axes_.loop(id, axis);
        return dim && isFree(workload_.layers[id], *dim) ? dim : std::nullopt;
    }

    std::int64_t longest(std::size_t axis) const {
        std::int64_t most = 1;
        for (const LayerId id : free_) {
            if (const auto dim = loop(id, axis))
                most = std::max(most, mostSteps(workload_.layers[id], plan_.layers[id], *dim));
        }
        return most;
    }

    struct Candidate {
        std::size_t axis;
        std::size_t layers = 0;
        int rank = 1000;
        bool channels = false;
    };

    std::optional<Candidate> candidate(std::size_t axis) const {
        Candidate result{axis};
        for (const LayerId id : free_) {
            const auto dim = loop(id, axis);
            if (!dim) continue;
            ++result.layers;
            result.rank = std::min(result.rank, rank(workload_.layers[id].dims[*dim].name));
            result.channels = result.channels || isChannel(workload_.layers[id], *dim);
        }
        return result.layers > 0 ? std::optional(result) : std::nullopt;
    }

    /// Axes shared by most layers, rows first; channels only if there is nothing else.
    std::vector<std::size_t> candidates() const {
        std::vector<Candidate> found;
        for (const std::size_t axis : axes_.classes()) {
            if (const auto one = candidate(axis)) found.push_back(*one);
        }
        std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
            return std::tuple(a.channels, b.layers, a.rank) < std::tuple(b.channels, a.layers, b.rank);
        });
        std::vector<std::size_t> ladder;
        for (const Candidate& one : found) {
            const bool same = one.layers == found.front().layers && one.channels == found.front().channels;
            if (same && (ladder.empty() || !one.channels)) ladder.push_back(one.axis);
        }
        return ladder;
    }

    /// Later axes of the ladder vary more slowly: rows of one image before the next.
    void apply(const std::vector<std::size_t>& ladder, const std::vector<std::int64_t>& parts) {
        for (const LayerId id : free_) {
            LayerPlan& mine = plan_.layers[id];
            mine.intra.clear();
            for (std::size_t i = 0; i < parts.size(); ++i) {
                if (const auto dim = loop(id, ladder[i]))
                    tiling::addSplit(mine.intra, *dim, parts[i], mostSteps(workload_.layers[id], mine, *dim));
            }
        }
    }

    bool fits(const std::vector<std::size_t>& ladder, const std::vector<std::int64_t>& parts) {
        apply(ladder, parts);
        StackRoom room = fixed_;
        for (const LayerId id : free_) room.add(roomOf(workload_, id, plan_.layers[id], memories_));
        for (const schedule::MemoryId memory : limit_.ids()) {
            if (room.moving(memory, options_.doubleBuffer) > limit_[memory]) return false;
        }
        return true;
    }

    /// Fewest parts of the last axis that fit; as many as there are do.
    std::int64_t fewest(const std::vector<std::size_t>& ladder, std::vector<std::int64_t> parts, std::int64_t most) {
        std::int64_t low = 1;
        std::int64_t high = most;
        while (low < high) {
            const std::int64_t middle = low + (high - low) / 2;
            parts.back() = middle;
            if (fits(ladder, parts)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /// Of the numbers around the wish the one that leaves the smallest tiles least short of the others.
    std::int64_t even(std::size_t axis, std::int64_t least, std::int64_t wish, std::int64_t most) const {
        const auto ragged = [&](std::int64_t parts) {
            double sum = 0;
            for (const LayerId id : free_) {
                const auto dim = loop(id, axis);
                if (!dim) continue;
                const std::int64_t size = mostSteps(workload_.layers[id], plan_.layers[id], *dim);
                const std::int64_t mine = std::min(parts, size);
                sum += static_cast<double>(ceilDiv(size, mine) * mine) / static_cast<double>(size) - 1;
            }
            return sum;
        };
        const std::int64_t around = std::max(least, wish);
        std::int64_t best = around;
        double bestRagged = ragged(around);
        for (std::int64_t parts = std::max(least, around - around / 4); parts <= std::min(around + around / 2, most);
             ++parts) {
            const double now = ragged(parts);
            if (std::pair(now, std::abs(parts - around)) >= std::pair(bestRagged, std::abs(best - around))) continue;
            best = parts;
            bestRagged = now;
        }
        return best;
    }

    const workload::Workload& workload_;
    const Memories& memories_;
    const PlanOptions& options_;
    const std::vector<LayerId>& free_;
    Plan& plan_;
    SharedAxes axes_;
    RoomTable limit_;  ///< for activations: what weights leave, but no less than the share that is theirs
    StackRoom fixed_;  ///< of the layers that are not free
};

}  // namespace

void cutByMemory(const workload::Workload& workload, const Memories& memories, const PlanOptions& options,
                 const std::vector<LayerId>& stack, const std::vector<LayerId>& free, Plan& plan) {
    if (!free.empty()) StackCut(workload, memories, options, stack, free, plan).run();
}

}  // namespace millrace::fusion
