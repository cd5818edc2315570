#include "search/searching.h"

#include <map>
#include <stdexcept>

#include "fusion/random_case.h"
#include "search/networks.h"
#include "tiling/random_workload.h"

namespace millrace::test {

using search::Candidate;

static workload::Workload fewLayers(Rng& rng, std::size_t most) {
    for (;;) {
        workload::Workload workload = rng.below(3) == 0 ? randomWorkload(rng) : randomSmallWorkload(rng);
        if (workload.layers.size() <= most) return workload;
    }
}

SearchCase randomSearchCase(Rng& rng, std::size_t layers, std::size_t cores) {
    SearchCase result;
    result.workload = fewLayers(rng, layers);
    const double share = rng.below(2) == 0 ? 2 : randomShare(rng);
    const auto bits = static_cast<std::int64_t>(share * static_cast<double>(allBits(result.workload)));
    do {
        result.chip = randomChip(rng, std::max<std::int64_t>(bits, 64));
    } while (result.chip.cores.size() - 1 > cores);
    result.options.objective = static_cast<explore::Objective>(rng.below(3));
    result.options.lpfLimit = 4;
    result.rules.tilesPerLayer = rng.between(1, 12);
    result.policy = randomPolicy(rng);
    return result;
}

Searching::Searching(SearchCase given) : given_(std::move(given)) {
    Diagnostics diagnostics;
    scene_ = search::Scene::make(given_.workload, given_.chip, given_.file(), given_.options, diagnostics);
    if (!scene_) throw std::logic_error(diagnostics.text());
    workshop_.emplace(*scene_, given_.rules);
    seeds_ = search::ruleSeeds(*workshop_, given_.policy, fusion::ownOrders(), diagnostics);
}

std::optional<fusion::Tally> Searching::score(const Candidate& candidate) const {
    Diagnostics diagnostics;
    return scene_->score(candidate, {}, diagnostics);
}

Candidate randomCandidate(const Searching& searching, Rng& rng, int moves) {
    const search::Moves all(searching.workshop());
    Candidate candidate = searching.seeds().at(rng.below(searching.seeds().size()));
    for (int i = 0; i < moves; ++i) {
        search::Moves::Kind kind{};
        if (auto child = all.mutate(candidate, rng, kind)) candidate = std::move(*child);
    }
    return candidate;
}

std::int64_t peakMemoryOf(const explore::Result& result) {
    std::map<schedule::MemoryId, std::map<Cycles, std::int64_t>> changes;
    const auto hold = [&](schedule::MemoryId memory, schedule::Span span, Bits bits) {
        if (span.length() <= Cycles(0)) return;
        changes[memory][span.start] += bits.value();
        changes[memory][span.end] -= bits.value();
    };
    const schedule::Problem& problem = result.problem;
    for (const schedule::Buffer& buffer : result.schedule.buffers) {
        hold(buffer.memory, buffer.span, problem.tensors[buffer.tensor].size(buffer.box));
    }
    for (const schedule::TaskId task : problem.tasks.ids()) {
        const schedule::Placement& placement = result.schedule.placements[task];
        for (const schedule::Scratch& scratch : problem.tasks[task].options.at(placement.option).scratch) {
            hold(scratch.memory, placement.span, scratch.bits);
        }
    }
    std::int64_t sum = 0;
    for (const auto& [memory, byTime] : changes) {
        if (problem.memories[memory].offchip) continue;
        std::int64_t held = 0;
        std::int64_t most = 0;
        for (const auto& [time, change] : byTime) most = std::max(most, held += change);
        sum += most;
    }
    return sum;
}

}  // namespace millrace::test
