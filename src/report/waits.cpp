#include "report/waits.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

namespace millrace::report {
namespace {

using schedule::IdleCause;
using Key = std::tuple<IdleCause, Wait::Kind, std::size_t>;

Key forTransfer(const Result& result, schedule::TransferId id) {
    const schedule::Transfer& transfer = result.schedule.transfers[id];
    if (transfer.route.empty()) return {IdleCause::input, Wait::Kind::memory, transfer.to.index()};
    const auto narrower = [&](schedule::LinkId a, schedule::LinkId b) {
        return result.problem.links[a].bandwidth < result.problem.links[b].bandwidth;
    };
    const auto link = std::min_element(transfer.route.begin(), transfer.route.end(), narrower);
    return {IdleCause::input, Wait::Kind::link, link->index()};
}

/// Sums over cores of a schedule near the end of time stay at the largest number.
void grow(Cycles& sum, Cycles part) {
    sum = std::min(part, Cycles(std::numeric_limits<Cycles::rep>::max()) - sum) + sum;
}

std::optional<Key> waitedFor(const Result& result, const schedule::IdlePart& part) {
    switch (part.cause) {
        case IdleCause::input: return forTransfer(result, part.transfer);
        case IdleCause::link: return Key{part.cause, Wait::Kind::link, part.link.index()};
        case IdleCause::space: return Key{part.cause, Wait::Kind::memory, part.memory.index()};
        case IdleCause::predecessor:
            return Key{part.cause, Wait::Kind::core, result.schedule.placements[part.task].core.index()};
        case IdleCause::order:
        case IdleCause::nothing: break;
    }
    return std::nullopt;
}

}  // namespace

Waits waits(const Result& result) {
    Waits all;
    if (!result.verified) return all;
    all.known = true;
    all.cores = schedule::idleTimes(result.problem, result.schedule);
    all.layers.resize(result.layers.size());
    const Owners owners(result);
    std::map<Key, Cycles> cycles;
    for (const schedule::CoreId core : result.problem.cores.ids()) {
        if (!computes(result, core)) continue;
        ++all.computing;
        for (const schedule::IdlePart& part : all.cores[core].parts) {
            const auto cause = static_cast<std::size_t>(part.cause);
            grow(all.sums[cause], part.span.length());
            const LayerId layer = part.next.valid() ? owners.layer(part.next) : LayerId();
            if (layer.valid()) grow(all.layers[layer.index()][cause], part.span.length());
            if (const auto key = waitedFor(result, part)) grow(cycles[*key], part.span.length());
        }
    }
    for (const auto& [key, sum] : cycles) {
        all.waits.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), sum});
    }
    std::stable_sort(all.waits.begin(), all.waits.end(),
                     [](const Wait& a, const Wait& b) { return a.cycles > b.cycles; });
    return all;
}

const char* kindName(Wait::Kind kind) {
    switch (kind) {
        case Wait::Kind::link: return "link";
        case Wait::Kind::memory: return "memory";
        case Wait::Kind::core: break;
    }
    return "core";
}

const std::string& nameOf(const Result& result, const Wait& wait) {
    switch (wait.kind) {
        case Wait::Kind::link: return result.problem.links[schedule::LinkId(wait.index)].name;
        case Wait::Kind::memory: return result.problem.memories[schedule::MemoryId(wait.index)].name;
        case Wait::Kind::core: break;
    }
    return result.problem.cores[schedule::CoreId(wait.index)].name;
}

const char* causeText(IdleCause cause) {
    switch (cause) {
        case IdleCause::input: return "waiting for data on their way";
        case IdleCause::link: return "waiting for a link that is taken";
        case IdleCause::space: return "waiting for room in a memory";
        case IdleCause::predecessor: return "waiting for tiles of other cores";
        case IdleCause::order: return "held back by the order of tiles";
        case IdleCause::nothing: break;
    }
    return "no more tiles to run";
}

}  // namespace millrace::report
