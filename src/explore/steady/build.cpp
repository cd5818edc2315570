#include "explore/steady/build.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/fusion/reads.h"
#include "explore/steady/passings.h"

namespace millrace::steady {

using fusion::LayerPlan;
using workload::LayerId;
using workload::TensorId;
using workload::TensorOrigin;

namespace {

/// Share of each memory that weights fetched ahead may take.
constexpr double kAheadShare = 0.75;

class Builder {
public:
    Builder(const Question& question, Diagnostics& diagnostics)
        : question_(question),
          diagnostics_(diagnostics),
          memories_(question.chip),
          carrier_(question.platform, question.resources),
          nodeOf_(question.workload.layers.size(), 0),
          readByHost_(question.workload.tensors.size(), false) {
        for (const workload::HostOperator& host : question.workload.hostOperators) {
            for (const TensorId tensor : host.inputs) readByHost_[tensor.index()] = true;
        }
    }

    std::optional<Built> run() {
        resources();
        for (const LayerId id : question_.workload.layers.ids()) {
            if (!trace(id)) return std::nullopt;
        }
        Passings passings(question_, carrier_, memories_, traced_, rooms_);
        const auto phases = passings.phases();
        dropLevels(phases);
        nodes(phases);
        passings.addEdges(nodeOf_, phases, built_.problem);
        ahead();
        complete(built_.problem);
        return std::move(built_);
    }

private:
    void resources() {
        Problem& problem = built_.problem;
        for (const schedule::Core& core : question_.resources.cores) problem.cores.push_back(core.name);
        for (const schedule::Link& link : question_.resources.links) problem.links.push_back(link.name);
        for (const schedule::Memory& memory : question_.resources.memories) {
            // What lies off-chip is not counted.
            const double bits = memory.offchip ? 1e18 : static_cast<double>(memory.capacity.value());
            problem.memories.push_back({memory.name, bits});
        }
    }

    bool trace(LayerId id) {
        std::vector<Traced> mine;
        std::vector<fusion::LayerRoom> rooms;
        for (const LayerPlan& plan : question_.ways[id]) {
            if (!mine.empty() && question_.late && question_.late()) break;
            Footprint footprint = footprintOf(question_.workload, id, plan, memories_, question_.cost);
            if (!footprint.runs) continue;
            mine.push_back({plan, std::move(footprint)});
            rooms.push_back(fusion::roomOf(question_.workload, id, plan, memories_));
        }
        if (mine.empty()) {
            const workload::Layer& layer = question_.workload.layers[id];
            diagnostics_.infeasible(layer.where,
                                    fmt::format("layer '{}' has no mapping on any of its cores", layer.name),
                                    "allow other cores in the mapping file, or cut it into other tiles (--tile)");
            return false;
        }
        // Options: each way with each level that its weights may have.
        traced_.add({});
        rooms_.add({});
        levels_.add({});
        for (std::size_t i = 0; i < mine.size(); ++i) {
            for (const Level& level : levels(id, mine[i].plan)) {
                traced_[id].push_back(mine[i]);
                rooms_[id].push_back(rooms[i]);
                levels_[id].push_back(level);
            }
        }
        return true;
    }

    std::vector<TemporalLoop> loops(LayerId id, const LayerPlan& plan) const {
        const workload::Layer& layer = question_.workload.layers[id];
        std::vector<TemporalLoop> result;
        for (const tiling::Split& split : plan.intra) {
            const bool varies =
                std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](const workload::Operand& operand) {
                    return fusion::isConstant(question_.workload, operand) && tiling::uses(operand, split.dim);
                });
            result.push_back({split.parts, varies});
        }
        return result;
    }

    std::vector<Level> levels(LayerId id, const LayerPlan& plan) const {
        const workload::Layer& layer = question_.workload.layers[id];
        const bool weights = std::any_of(
            layer.inputs.begin(), layer.inputs.end(),
            [&](const workload::Operand& operand) { return fusion::isConstant(question_.workload, operand); });
        if (!weights) return {Level{}};
        return usefulLevels(levelsOf(loops(id, plan), false));
    }

    /// Where the weights of a phase all fit whatever is chosen, they stay.
    void dropLevels(const Table<LayerId, std::size_t>& phases) {
        const std::size_t count = *std::max_element(phases.begin(), phases.end()) + 1;
        const fusion::RoomTable none(memories_.size(), 0);
        std::vector<fusion::RoomTable> keeps(count, none), uses(count, none);
        for (const LayerId id : phases.ids()) {
            for (const schedule::MemoryId memory : none.ids()) {
                std::int64_t most = 0;
                for (const fusion::LayerRoom& room : rooms_[id]) {
                    most = std::max(most, room.constants[memory] + room.waiting[memory]);
                    uses[phases[id]][memory] = std::max(uses[phases[id]][memory], room.working[memory]);
                }
                keeps[phases[id]][memory] += most;
            }
        }
        for (const LayerId id : phases.ids()) {
            const auto all = none.ids();
            const bool fits = std::all_of(all.begin(), all.end(), [&](schedule::MemoryId memory) {
                const std::int64_t need = keeps[phases[id]][memory] + uses[phases[id]][memory];
                return memory.index() == carrier_.offchip() || need <= memories_.capacity(memory);
            });
            if (fits) keepStaying(id);
        }
    }

    void keepStaying(LayerId id) {
        std::vector<Traced> traced;
        std::vector<fusion::LayerRoom> rooms;
        std::vector<Level> levels;
        for (std::size_t i = 0; i < levels_[id].size(); ++i) {
            if (levels_[id][i].fetches > 1) continue;
            traced.push_back(std::move(traced_[id][i]));
            rooms.push_back(std::move(rooms_[id][i]));
            levels.push_back(levels_[id][i]);
        }
        traced_[id] = std::move(traced);
        rooms_[id] = std::move(rooms);
        levels_[id] = std::move(levels);
    }

    void nodes(const Table<LayerId, std::size_t>& phases) {
        std::vector<LayerId> order;
        for (const auto& stack : question_.plan.stacks) order.insert(order.end(), stack.begin(), stack.end());
        std::stable_sort(order.begin(), order.end(), [&](LayerId a, LayerId b) { return phases[a] < phases[b]; });
        std::vector<std::size_t> layers(question_.workload.layers.size(), 0);
        for (const std::size_t phase : phases) ++layers[phase];
        for (const LayerId id : phases.ids()) alone_.push_back(layers[phases[id]] == 1);
        for (const LayerId id : order) {
            nodeOf_[id] = built_.layers.size();
            built_.layers.push_back(id);
            Node node;
            node.name = question_.workload.layers[id].name;
            node.phase = phases[id];
            node.steps = traced_[id].front().footprint.steps;
            built_.ways.emplace_back();
            for (std::size_t i = 0; i < traced_[id].size(); ++i) {
                node.options.push_back(option(id, i, node.steps));
                built_.ways.back().push_back({traced_[id][i].plan, levels_[id][i]});
            }
            built_.problem.nodes.push_back(std::move(node));
        }
        built_.problem.ahead.assign(built_.problem.nodes.back().phase + 1, 0);
    }

    Option option(LayerId id, std::size_t i, double steps) const {
        const Footprint& footprint = traced_[id][i].footprint;
        const Level& level = levels_[id][i];
        Option option;
        option.work = footprint.work;
        // So that the tiles of a node that counts with other steps still add up to its work.
        option.tile = std::max(footprint.tile, longest(footprint.work) / steps);
        std::vector<Move> first, opens, constants, inputs;
        for (const auto& [tensor, regions] : footprint.needs) {
            const TensorOrigin origin = question_.workload.tensors[tensor].origin;
            if (origin == TensorOrigin::layer) continue;
            addMoves(tensor, regions, origin == TensorOrigin::constant ? constants : inputs);
            const auto start = footprint.firstNeeds.find(tensor);
            if (start == footprint.firstNeeds.end()) continue;
            addMoves(tensor, start->second, first);
            if (origin == TensorOrigin::constant) addMoves(tensor, start->second, opens);
        }
        option.streams = carrier_.loads(inputs);
        for (Load load : carrier_.loads(constants)) {
            load.cycles *= static_cast<double>(level.fetches);
            (level.fetches > 1 ? option.streams : option.fetches).push_back(load);
        }
        option.opens = carrier_.loads(opens);
        option.arrives = longest(carrier_.loads(first));
        option.leavings = leavings(id, footprint);
        option.leaves = longest(option.leavings) / std::max(footprint.steps, 1.0);
        room(id, i, option);
        return option;
    }

    void addMoves(TensorId tensor, const Regions& regions, std::vector<Move>& moves) const {
        const int bits = question_.workload.tensors[tensor].bits;
        for (const auto& [memory, region] : regions) {
            if (memory != carrier_.offchip())
                moves.push_back({carrier_.offchip(), memory, region.elements() * bits, region});
        }
    }

    std::vector<Load> leavings(LayerId id, const Footprint& footprint) const {
        const TensorId result = question_.workload.layers[id].result;
        const workload::Tensor& tensor = question_.workload.tensors[result];
        if (!tensor.isOutput && !readByHost_[result.index()]) return {};
        std::vector<Move> moves;
        for (const auto& [memory, region] : footprint.written) {
            if (memory != carrier_.offchip())
                moves.push_back({memory, carrier_.offchip(), region.elements() * tensor.bits, region});
        }
        return carrier_.loads(moves);
    }

    void room(LayerId id, std::size_t i, Option& option) const {
        const fusion::LayerRoom& room = rooms_[id][i];
        const Level& level = levels_[id][i];
        double all = 1;
        for (const TemporalLoop& loop : loops(id, traced_[id][i].plan)) {
            if (loop.varies) all *= static_cast<double>(loop.size);
        }
        const double share = static_cast<double>(level.tiles) / all;
        const bool stays = level.level >= 0 || traced_[id][i].plan.intra.empty();
        for (const schedule::MemoryId memory : room.constants.ids()) {
            if (memory.index() == carrier_.offchip()) continue;
            const double weights = static_cast<double>(room.constants[memory]) * share;
            // A layer by itself has no other tiles to wait for.
            const double waiting = alone_[id.index()] ? 0 : static_cast<double>(room.waiting[memory]);
            const double keeps = waiting + (stays ? weights : 0);
            const double uses = static_cast<double>(room.working[memory]) + (stays ? 0 : weights);
            if (keeps > 0) option.keeps.push_back({memory.index(), keeps});
            if (uses > 0) option.uses.push_back({memory.index(), uses});
        }
    }

    /// Weights of a phase may come while earlier ones run, as far as all of them fit, laid out as the plan has them.
    void ahead() {
        Problem& problem = built_.problem;
        const std::vector<double> none(problem.memories.size(), 0);
        std::vector<std::vector<double>> weights(problem.phases(), none);
        for (std::size_t n = 0; n < problem.nodes.size(); ++n) {
            for (const auto& [tensor, regions] : traced_[built_.layers[n]].front().footprint.needs) {
                const workload::Tensor& read = question_.workload.tensors[tensor];
                if (read.origin != TensorOrigin::constant) continue;
                for (const auto& [memory, region] : regions)
                    weights[problem.nodes[n].phase][memory] += region.elements() * read.bits;
            }
        }
        const auto fit = [&](const std::vector<double>& sums) {
            for (std::size_t m = 0; m < sums.size(); ++m) {
                if (sums[m] > kAheadShare * problem.memories[m].bits) return false;
            }
            return true;
        };
        for (std::size_t k = 0; k < problem.phases(); ++k) {
            std::vector<double> sums = weights[k];
            std::size_t& ahead = problem.ahead[k];
            while (ahead <= k) {
                for (std::size_t m = 0; m < sums.size() && ahead < k; ++m) sums[m] += weights[k - ahead - 1][m];
                if (!fit(sums)) break;
                ++ahead;
            }
        }
    }

    const Question& question_;
    Diagnostics& diagnostics_;
    fusion::Memories memories_;
    Carrier carrier_;
    Built built_;
    Table<LayerId, std::vector<Traced>> traced_;            ///< by layer and option
    Table<LayerId, std::vector<fusion::LayerRoom>> rooms_;  ///< the same
    Table<LayerId, std::vector<Level>> levels_;             ///< the same
    Table<LayerId, std::size_t> nodeOf_;
    std::vector<bool> alone_;       ///< by layer: the only one of its phase
    std::vector<bool> readByHost_;  ///< by tensor
};

}  // namespace

std::optional<Built> build(const Question& question, Diagnostics& diagnostics) {
    return Builder(question, diagnostics).run();
}

}  // namespace millrace::steady
