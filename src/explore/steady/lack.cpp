#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "explore/steady/loads.h"
#include "explore/steady/steady.h"

namespace millrace::steady {

namespace {

struct Lack {
    std::size_t phase = 0;
    std::size_t memory = 0;
    double need = 0;
    double over = 0;
};

Lack largest(const Problem& problem, const Choice& choice) {
    Lack worst;
    for (std::size_t k = 0; k < problem.phases(); ++k) {
        for (std::size_t m = 0; m < problem.memories.size(); ++m) {
            const double need = demand(problem, choice, k, m);
            const double over = need - problem.memories[m].bits;
            if (over > worst.over) worst = {k, m, need, over};
        }
    }
    return worst;
}

struct Share {
    std::size_t node = 0;
    double keeps = 0;
    double uses = 0;
};

std::vector<Share> sharesOf(const Problem& problem, const Choice& choice, const Lack& lack) {
    std::vector<Share> shares;
    for (std::size_t n = 0; n < problem.nodes.size(); ++n) {
        if (problem.nodes[n].phase != lack.phase) continue;
        const Option& option = problem.nodes[n].options[choice[n]];
        const Share share{n, bitsIn(option.keeps, lack.memory), bitsIn(option.uses, lack.memory)};
        if (share.keeps + share.uses > 0) shares.push_back(share);
    }
    std::stable_sort(shares.begin(), shares.end(),
                     [](const Share& a, const Share& b) { return a.keeps + a.uses > b.keeps + b.uses; });
    return shares;
}

/// The tensors of a layer, by name.
std::string tensorsOf(const workload::Workload& workload, workload::LayerId id) {
    const workload::Layer& layer = workload.layers[id];
    std::string text;
    std::set<std::string> seen;
    for (const workload::Operand& operand : layer.inputs) {
        for (const workload::Need& need : tiling::tileNeeds(workload, operand, tiling::wholeLayer(layer))) {
            if (seen.insert(workload.tensors[need.tensor].name).second)
                text += "'" + workload.tensors[need.tensor].name + "', ";
        }
    }
    return text + "'" + workload.tensors[layer.result].name + "'";
}

}  // namespace

void explainLack(const Built& built, const workload::Workload& workload, const Choice& choice,
                 Diagnostics& diagnostics) {
    static constexpr std::size_t kMostNamed = 4;
    const Problem& problem = built.problem;
    const Lack lack = largest(problem, choice);
    const std::vector<Share> shares = sharesOf(problem, choice, lack);
    std::string text = fmt::format(
        "{} has {:.0f} bits, and the layers that run side by side need {:.0f} there, {:.0f} "
        "too many, in the choice of cores and cuts that needs least:",
        problem.memories[lack.memory].name, problem.memories[lack.memory].bits, std::ceil(lack.need),
        std::ceil(lack.over));
    for (std::size_t i = 0; i < shares.size() && i < kMostNamed; ++i) {
        const Share& share = shares[i];
        text += fmt::format("{} layer '{}' {:.0f} bits all the time and {:.0f} while its tile runs (tensors {})",
                            i == 0 ? "" : ";", problem.nodes[share.node].name, share.keeps, share.uses,
                            tensorsOf(workload, built.layers[share.node]));
    }
    if (shares.size() > kMostNamed) text += fmt::format("; and {} more", shares.size() - kMostNamed);
    std::string hint = fmt::format("more and smaller tiles (--tile), or a memory of {:.0f} bits", std::ceil(lack.need));
    if (shares.size() > 1) {
        std::size_t middle = 0;
        for (const Share& share : shares) middle = std::max(middle, share.node);
        std::size_t before = middle;
        for (std::size_t n = 0; n < middle; ++n) {
            if (problem.nodes[n].phase == lack.phase) before = n;
        }
        hint = fmt::format("fewer layers side by side (--cut-after {}), ", problem.nodes[before].name) + hint;
    }
    diagnostics.infeasible({"--method steady"}, text, hint);
}

}  // namespace millrace::steady
