#include <algorithm>
#include <limits>

#include "explore/steady/loads.h"
#include "explore/steady/problem.h"

namespace millrace::steady {

namespace {

void add(const std::vector<Load>& loads, std::vector<double>& sums) {
    for (const Load& load : loads) sums[load.resource] += load.cycles;
}

/// The inequalities of docs/steady.md, numbered as there.
class Evaluator {
public:
    Evaluator(const Problem& problem, const Choice& choice, Overlap overlap)
        : problem_(problem), choice_(choice), overlap_(overlap) {
        result_.starts.assign(problem.nodes.size(), 0);
        result_.ends.assign(problem.nodes.size(), 0);
        result_.phases.resize(problem.phases());
        result_.work.assign(problem.cores.size(), 0);
        free_.assign(problem.cores.size(), 0);
        fetched_.assign(problem.links.size(), 0);
        carried_.assign(problem.links.size(), 0);
    }

    Evaluation run() {
        std::size_t node = 0;
        for (std::size_t k = 0; k < problem_.phases(); ++k) {
            const std::size_t first = node;
            while (node < problem_.nodes.size() && problem_.nodes[node].phase == k) ++node;
            phase(k, first, node);
        }
        for (const double cycles : free_) result_.latency = std::max(result_.latency, cycles);
        for (const double cycles : carried_) {
            result_.latency = std::max(result_.latency, cycles);
            result_.traffic += cycles;
        }
        result_.value = result_.latency + problem_.trafficWeight * result_.traffic;
        return std::move(result_);
    }

private:
    const Option& option(std::size_t node) const { return problem_.nodes[node].options[choice_[node]]; }
    const Passing& passing(const Edge& edge) const {
        return problem_.passing(edge, choice_[edge.from], choice_[edge.to]);
    }

    void phase(std::size_t k, std::size_t first, std::size_t last) {
        std::vector<double> work(problem_.cores.size(), 0);
        std::vector<double> coming(problem_.links.size(), 0);
        std::vector<double> fetches(problem_.links.size(), 0);
        std::vector<double> going(problem_.links.size(), 0);
        for (std::size_t n = first; n < last; ++n) {
            add(option(n).work, work);
            add(option(n).streams, coming);
            add(option(n).fetches, fetches);
            add(option(n).leavings, going);
        }
        for (const Edge& edge : problem_.edges) {
            if (edge.to >= first && edge.to < last) add(passing(edge).streams, coming);
        }
        PhaseTimes& times = result_.phases[k];
        pace(work, coming, going, times);
        std::vector<double> opened = fetched_;
        if (problem_.hasOpener(k)) {
            for (double& time : opened) time = std::max(time, result_.starts[firstOf(problem_.opener(k))]);
        }
        for (std::size_t n = first; n < last; ++n) start(n, opened, times);
        if (overlap_ == Overlap::span) widen(first, last, times);
        for (std::size_t r = 0; r < fetched_.size(); ++r) {
            const double load = fetches[r] + coming[r];
            const std::size_t ahead = problem_.ahead[k];
            carried_[r] += load + going[r];
            if (!problem_.carries[k][r]) continue;
            if (ahead <= k) fetched_[r] = std::max(fetched_[r], result_.starts[firstOf(k - ahead)]);
            fetched_[r] += load;
        }
        for (std::size_t n = first; n < last; ++n) end(n, first, last, times);
        for (std::size_t c = 0; c < free_.size(); ++c) {
            free_[c] += work[c];
            result_.work[c] += work[c];
        }
        for (std::size_t n = first; n < last; ++n) {
            for (const Load& load : option(n).work)
                free_[load.resource] = std::max(free_[load.resource], result_.ends[n]);
        }
        memories(k);
    }

    void pace(const std::vector<double>& work, const std::vector<double>& coming, const std::vector<double>& going,
              PhaseTimes& times) const {
        for (std::size_t c = 0; c < work.size(); ++c) {
            if (work[c] <= times.taken) continue;
            times.taken = work[c];
            times.limiter = problem_.cores[c];
        }
        for (std::size_t r = 0; r < coming.size(); ++r) {
            if (coming[r] + going[r] <= times.taken) continue;
            times.taken = coming[r] + going[r];
            times.limiter = problem_.links[r];
        }
    }

    /// (5) to (7).
    void start(std::size_t n, std::vector<double>& opened, PhaseTimes& times) {
        double& begin = result_.starts[n];
        begin = option(n).arrives;
        add(option(n).opens, opened);
        for (std::size_t r = 0; r < opened.size(); ++r) {
            if (problem_.mayOpen[n][r]) begin = std::max(begin, opened[r]);
        }
        for (const Load& load : option(n).work) begin = std::max(begin, free_[load.resource]);
        for (const Edge& edge : problem_.edges) {
            if (edge.to != n) continue;
            // Of a whole edge the producer is in an earlier phase, so that its end is known.
            const double from = edge.whole ? result_.ends[edge.from] : result_.starts[edge.from];
            begin = std::max(begin, from + passing(edge).head);
        }
        const bool isFirst = n == 0 || problem_.nodes[n - 1].phase != problem_.nodes[n].phase;
        times.start = isFirst ? begin : std::min(times.start, begin);
        times.iterations = std::max(times.iterations, problem_.nodes[n].steps);
    }

    /// The safe pace: no two iterations share the time from a core's first tile of an iteration to its last.
    void widen(std::size_t first, std::size_t last, PhaseTimes& times) const {
        for (std::size_t c = 0; c < problem_.cores.size(); ++c) {
            double begin = std::numeric_limits<double>::infinity();
            double end = 0;
            for (std::size_t n = first; n < last; ++n) {
                for (const Load& load : option(n).work) {
                    if (load.resource != c) continue;
                    begin = std::min(begin, result_.starts[n]);
                    end = std::max(end, result_.starts[n] + load.cycles / times.iterations);
                }
            }
            if ((end - begin) * times.iterations <= times.taken) continue;
            times.taken = (end - begin) * times.iterations;
            times.limiter = problem_.cores[c];
        }
    }

    /// (8) to (10).
    void end(std::size_t n, std::size_t first, std::size_t last, PhaseTimes& times) {
        const Node& node = problem_.nodes[n];
        double end = result_.starts[n] + (1 - 1 / node.steps) * times.taken + option(n).tile;
        bool sink = true;
        for (const Edge& edge : problem_.edges) {
            if (edge.to == n) end = std::max(end, result_.ends[edge.from] + passing(edge).tail);
            sink = sink && !(edge.from == n && edge.to >= first && edge.to < last);
        }
        for (std::size_t r = 0; sink && r < fetched_.size(); ++r) {
            if (problem_.carries[node.phase][r]) end = std::max(end, fetched_[r] + option(n).tile);
        }
        result_.ends[n] = end;
        times.end = std::max(times.end, end);
        result_.latency = std::max(result_.latency, end + option(n).leaves);
    }

    std::size_t firstOf(std::size_t phase) const {
        std::size_t n = 0;
        while (problem_.nodes[n].phase != phase) ++n;
        return n;
    }

    void memories(std::size_t phase) {
        for (std::size_t m = 0; m < problem_.memories.size(); ++m) {
            result_.excess += std::max(0.0, demand(problem_, choice_, phase, m) - problem_.memories[m].bits);
        }
    }

    const Problem& problem_;
    const Choice& choice_;
    Overlap overlap_;
    Evaluation result_;
    std::vector<double> free_;     ///< by core: end of what runs there so far
    std::vector<double> fetched_;  ///< by link: end of what came so far
    std::vector<double> carried_;  ///< by link: all that it carries
};

}  // namespace

void complete(Problem& problem) {
    problem.carries.assign(problem.phases(), std::vector<bool>(problem.links.size(), false));
    problem.mayOpen.assign(problem.nodes.size(), std::vector<bool>(problem.links.size(), false));
    for (std::size_t n = 0; n < problem.nodes.size(); ++n) {
        for (const Option& option : problem.nodes[n].options) {
            for (const Load& load : option.opens) problem.mayOpen[n][load.resource] = true;
        }
    }
    const auto mark = [&](std::size_t phase, const std::vector<Load>& loads) {
        for (const Load& load : loads) problem.carries[phase][load.resource] = true;
    };
    for (const Node& node : problem.nodes) {
        for (const Option& option : node.options) {
            mark(node.phase, option.fetches);
            mark(node.phase, option.streams);
        }
    }
    for (const Edge& edge : problem.edges) {
        for (const Passing& passing : edge.passings) mark(problem.nodes[edge.to].phase, passing.streams);
    }
}

double demand(const Problem& problem, const Choice& choice, std::size_t phase, std::size_t memory) {
    double kept = 0;
    double used = 0;
    for (std::size_t n = 0; n < problem.nodes.size(); ++n) {
        if (problem.nodes[n].phase != phase) continue;
        const Option& option = problem.nodes[n].options[choice[n]];
        kept += bitsIn(option.keeps, memory);
        used = std::max(used, bitsIn(option.uses, memory));
    }
    return kept + used;
}

Evaluation evaluate(const Problem& problem, const Choice& choice, Overlap overlap) {
    return Evaluator(problem, choice, overlap).run();
}

Choice improve(const Problem& problem, Choice choice) {
    static constexpr int kSweeps = 8;
    const auto better = [](const Evaluation& a, const Evaluation& b) {
        return a.excess < b.excess || (a.excess == b.excess && a.value < b.value);
    };
    Evaluation best = evaluate(problem, choice);
    bool changed = true;
    for (int sweep = 0; sweep < kSweeps && changed; ++sweep) {
        changed = false;
        for (std::size_t n = 0; n < choice.size(); ++n) {
            std::size_t chosen = choice[n];
            for (std::size_t i = 0; i < problem.nodes[n].options.size(); ++i) {
                choice[n] = i;
                Evaluation next = evaluate(problem, choice);
                if (!better(next, best)) continue;
                best = std::move(next);
                chosen = i;
                changed = true;
            }
            choice[n] = chosen;
        }
    }
    return choice;
}

}  // namespace millrace::steady
