#include <fmt/format.h>

#include <algorithm>

#include "explore/bounds/bounds.h"
#include "explore/explore.h"
#include "explore/fusion/found.h"
#include "explore/platform/binding.h"
#include "explore/platform/peak.h"
#include "explore/platform/platform.h"
#include "explore/platform/summary.h"
#include "explore/platform/tensors.h"
#include "explore/search/allocation.h"
#include "explore/search/offchipincore.h"
#include "explore/search/planner.h"
#include "explore/tiling/splits.h"
#include "schedule/verify.h"

namespace millrace::explore {

using schedule::GroupId;
using search::CutMode;
using search::Placed;
using search::State;
using workload::LayerId;

namespace {

constexpr int kMostTightening = 10;

class Run {
public:
    /// `fixed`: how layers are split over cores, if that is not to be decided.
    Run(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
        const std::optional<fusion::Plan>& fixed, const Options& options, State& state,
        const fusion::Patience& patience, Diagnostics& diagnostics)
        : workload_(workload),
          chip_(chip),
          mapping_(mapping),
          fixed_(fixed),
          diagnostics_(diagnostics),
          state_(state),
          lifetimes_(workload),
          costs_(workload, chip, mapping, options.objective, options.lpfLimit, nullptr, options.corrections),
          planner_(workload, lifetimes_, costs_, state_, options.prefetch, patience),
          hostDone_(workload.hostOperators.size(), false) {}

    bool all(Table<LayerId, LayerResult>& results) {
        for (const LayerId id : workload_.layers.ids()) {
            runReadyHosts(id);
            std::optional<LayerResult> result = layer(id);
            if (!result) return false;
            results.add(std::move(*result));
        }
        runReadyHosts(LayerId(workload_.layers.size()));
        return true;
    }
    std::int64_t evaluations() const { return costs_.evaluations(); }
    /// How each layer was split over cores.
    const fusion::Plan& taken() const { return taken_; }

private:
    struct Candidate {
        const search::Allocation* allocation = nullptr;
        CutMode mode;
        Cycles end;
        std::size_t tasks = 0;
    };

    std::optional<LayerResult> layer(LayerId id) {
        const workload::Layer& layer = workload_.layers[id];
        const auto allocations = allocationsOf(id);
        std::optional<Candidate> best;
        std::string reason;
        for (int tighten = 0; tighten <= kMostTightening && !best; ++tighten) {
            for (const search::Allocation& allocation : allocations) tryModes(id, allocation, tighten, best);
            if (reason.empty()) reason = planner_.reason();
            if (!best && planner_.gaveUp()) return std::nullopt;
        }
        if (!best) {
            diagnostics_.infeasible(
                layer.where,
                fmt::format("layer '{}' ({}) fits no core that it may run on: {}", layer.name, layer.type, reason),
                "a larger memory, other cores in the mapping, or a smaller layer; sums are not cut into parts");
            return std::nullopt;
        }
        const std::size_t firstTransfer = state_.schedule().transfers.size();
        const std::optional<Placed> placed = planner_.place(id, *best->allocation, best->mode, phaseStart_);
        if (!placed) {
            diagnostics_.error(layer.where,
                               fmt::format("layer '{}' could be placed only once: {}", layer.name, planner_.reason()));
            return std::nullopt;
        }
        planner_.settle(id, placed->end);
        take(id, *best->allocation);
        LayerResult result = summarise(id, *placed, firstTransfer);
        phaseStart_ = placed->end;
        return result;
    }

    std::vector<search::Allocation> allocationsOf(LayerId id) const {
        const workload::Layer& layer = workload_.layers[id];
        if (!fixed_) return search::allocations(layer, chip_, mapping_);
        return {search::splitOver(layer, fixed_->layers[id].inter, fixed_->layers[id].cores)};
    }

    void take(LayerId id, const search::Allocation& allocation) {
        fusion::LayerPlan plan;
        plan.stack = taken_.stacks.size();
        plan.cores = allocation.cores;
        for (const tiling::Split& split : allocation.splits)
            tiling::addSplit(plan.inter, split.dim, split.parts, workload_.layers[id].dims[split.dim].size);
        taken_.stacks.push_back({id});
        taken_.layers.add(std::move(plan));
    }

    /// Layers that fit are not cut, so that most are tried once.
    void tryModes(LayerId id, const search::Allocation& allocation, int tighten, std::optional<Candidate>& best) {
        const std::size_t uncut = allocation.parts.size();
        for (const auto& [doubleBuffer, aligned] :
             {std::pair(false, false), {true, false}, {false, true}, {true, true}}) {
            const CutMode mode{doubleBuffer, tighten, aligned};
            const State::Mark mark = state_.mark();
            const std::optional<Placed> placed = planner_.place(id, allocation, mode, phaseStart_);
            state_.undo(mark);
            if (!placed) continue;
            const Candidate candidate{&allocation, mode, placed->end, placed->tasks.size()};
            const auto key = [](const Candidate& c) { return std::pair(c.end, c.tasks); };
            if (!best || key(candidate) < key(*best)) best = candidate;
            if (candidate.tasks <= uncut) break;
        }
    }

    bool available(workload::TensorId id, LayerId next) const {
        const workload::Tensor& tensor = workload_.tensors[id];
        if (tensor.origin == workload::TensorOrigin::layer) return tensor.producer < next;
        if (tensor.origin != workload::TensorOrigin::host) return true;
        return !state_.residents(schedule::TensorId(id.index())).empty();
    }

    void runReadyHosts(LayerId next) {
        for (bool again = true; again;) {
            again = false;
            for (std::size_t i = 0; i < workload_.hostOperators.size(); ++i) {
                const workload::HostOperator& host = workload_.hostOperators[i];
                const bool ready = std::all_of(host.inputs.begin(), host.inputs.end(),
                                               [&](workload::TensorId tensor) { return available(tensor, next); });
                if (hostDone_[i] || !ready) continue;
                runHost(host, next);
                hostDone_[i] = true;
                again = true;
            }
        }
    }

    /// Zero cycles on the host, from off-chip memory to off-chip memory.
    void runHost(const workload::HostOperator& host, LayerId next) {
        schedule::Problem& problem = state_.problem();
        const schedule::MemoryId offchip = state_.platform().offchip();
        schedule::Task task;
        task.name = host.name;
        task.group = problem.groups.add({host.name, static_cast<std::int64_t>(next.index())});
        schedule::Option option;
        option.core = schedule::CoreId(problem.cores.size() - 1);
        Cycles ready = phaseStart_;
        for (const workload::TensorId id : host.inputs) {
            const schedule::TensorId tensor(id.index());
            task.reads.push_back({tensor, problem.tensors[tensor].whole()});
            option.readMemories.push_back(offchip);
            for (const search::Resident& resident : state_.residents(tensor)) {
                if (resident.memory == offchip) ready = std::max(ready, resident.validFrom);
            }
        }
        for (const workload::TensorId id : host.outputs) {
            const schedule::TensorId tensor(id.index());
            task.writes.push_back({tensor, problem.tensors[tensor].whole()});
            option.writeMemories.push_back(offchip);
        }
        const auto writes = task.writes;
        task.options.push_back(std::move(option));
        const auto ran = state_.run(std::move(task), ready);
        for (std::size_t i = 0; i < writes.size(); ++i) {
            state_.addResident(writes[i].tensor, {offchip, writes[i].box, ran->span.end, {ran->outputs[i]}, Cycles(0)});
        }
    }

    LayerResult summarise(LayerId id, const Placed& placed, std::size_t firstTransfer) const {
        const schedule::Schedule& schedule = state_.schedule();
        platform::LayerSummary summary(GroupId(id.index()), chip_);
        for (std::size_t i = 0; i < placed.tasks.size(); ++i) {
            summary.addTask(placed.tasks[i], schedule.placements[placed.tasks[i]].span, placed.cores[i],
                            *placed.kinds[i]);
        }
        for (std::size_t i = firstTransfer; i < schedule.transfers.size(); ++i) {
            summary.addTransfer(schedule.transfers[schedule::TransferId(i)].span);
        }
        return summary.take();
    }

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    const mapping::Mapping* mapping_;
    const std::optional<fusion::Plan>& fixed_;
    Diagnostics& diagnostics_;
    State& state_;
    platform::Lifetimes lifetimes_;
    platform::TileCosts costs_;
    search::Planner planner_;
    std::vector<bool> hostDone_;
    Cycles phaseStart_;
    fusion::Plan taken_;
};

mapping::Mapping found(const workload::Workload& workload, const fusion::Plan& plan, const Options& options,
                       const mapping::Mapping* given) {
    mapping::Mapping mapping = fusion::mappingOf(workload, plan, {}, given);
    mapping::Schedule schedule;
    schedule.kind = "layer-by-layer";
    schedule.fixed = true;
    schedule.prefetch = options.prefetch;
    schedule.objective = mapper::name(options.objective);
    schedule.lpfLimit = options.lpfLimit;
    mapping.schedule = std::move(schedule);
    mapping.fusedGroups.clear();
    return mapping;
}

}  // namespace

std::optional<Result> exploreLayerByLayer(const workload::Workload& given, const hardware::Chip& chip,
                                          const mapping::Mapping* mapping, const Options& options,
                                          Diagnostics& diagnostics, const fusion::Patience& patience) {
    const bool bound = platform::checkBindings(given, chip, mapping, diagnostics);
    if (!platform::checkNoSumOverCores(given, mapping, diagnostics) || !bound) return std::nullopt;
    std::optional<fusion::Plan> fixed;
    if (mapping != nullptr && mapping->isFixed()) {
        fixed = fusion::fixedPlan(given, *mapping, diagnostics);
        if (!fixed) return std::nullopt;
    }
    Result result;
    result.chip = options.offchipInCore ? search::withOffchipInCores(chip) : chip;
    result.workload = platform::withLinks(given, mapping);
    result.policy = "layer-by-layer";
    result.objective = options.objective;
    schedule::Problem problem;
    problem.weightsWaitForPhase = !options.prefetch;
    const auto platform = platform::Platform::make(result.chip, problem, diagnostics);
    if (!platform) return std::nullopt;
    if (!result.workload.hostOperators.empty()) {
        problem.memories[platform->offchip()].cores.push_back(problem.cores.add({"host"}));
    }
    platform::addTensors(result.workload, platform->offchip(), problem);
    for (const LayerId id : result.workload.layers.ids()) {
        problem.groups.add({result.workload.layers[id].name, static_cast<std::int64_t>(id.index())});
    }
    State state(std::move(problem), *platform);
    Run run(result.workload, result.chip, mapping, fixed, options, state, patience, diagnostics);
    if (!run.all(result.layers)) return std::nullopt;
    result.evaluations = run.evaluations();
    result.found = found(given, run.taken(), options, mapping);
    result.schedule = state.finish();
    result.problem = state.problem();
    result.offchipTraffic = schedule::offchipTraffic(result.problem, result.schedule);
    result.bounds = bounds::boundsOf(result.workload, result.chip, mapping);
    result.peakMemory = peakMemory(result.problem, result.schedule);
    result.verified =
        schedule::check(result.problem, diagnostics) && schedule::verify(result.problem, result.schedule, diagnostics);
    if (!result.verified) return std::nullopt;
    return result;
}

}  // namespace millrace::explore
