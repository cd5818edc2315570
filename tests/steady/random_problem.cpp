#include "steady/random_problem.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

namespace millrace::test {

using namespace steady;

static std::vector<Load> randomLoads(Rng& rng, std::size_t resources, bool some) {
    std::vector<Load> loads;
    for (std::size_t i = 0; i < resources; ++i) {
        if (rng.below(2) == 0) loads.push_back({i, static_cast<double>(rng.between(1, 100))});
    }
    if (some && loads.empty()) {
        const std::size_t resource = rng.below(resources);
        loads.push_back({resource, static_cast<double>(rng.between(1, 100))});
    }
    return loads;
}

static std::vector<Room> randomRooms(Rng& rng, std::size_t memories) {
    std::vector<Room> rooms;
    for (std::size_t i = 0; i < memories; ++i) {
        if (rng.below(2) == 0) rooms.push_back({i, static_cast<double>(rng.between(1, 60))});
    }
    return rooms;
}

static Option randomOption(Rng& rng, const Problem& problem) {
    Option option;
    option.work = randomLoads(rng, problem.cores.size(), true);
    option.tile = static_cast<double>(rng.between(1, 30));
    option.fetches = randomLoads(rng, problem.links.size(), false);
    option.streams = randomLoads(rng, problem.links.size(), false);
    option.leavings = randomLoads(rng, problem.links.size(), false);
    option.opens = randomLoads(rng, problem.links.size(), false);
    option.arrives = static_cast<double>(rng.between(0, 20));
    option.leaves = static_cast<double>(rng.between(0, 20));
    option.keeps = randomRooms(rng, problem.memories.size());
    option.uses = randomRooms(rng, problem.memories.size());
    return option;
}

Problem randomProblem(Rng& rng) {
    Problem problem;
    const std::int64_t cores = rng.between(1, 3);
    const std::int64_t links = rng.between(1, 3);
    const std::int64_t memories = rng.between(1, 2);
    for (std::int64_t i = 0; i < cores; ++i) problem.cores.push_back("core " + std::to_string(i));
    for (std::int64_t i = 0; i < links; ++i) problem.links.push_back("link " + std::to_string(i));
    for (std::int64_t i = 0; i < memories; ++i) {
        const auto bits = static_cast<double>(rng.between(60, 400));
        problem.memories.push_back({"memory " + std::to_string(i), bits});
    }
    const std::int64_t nodes = rng.between(1, 5);
    std::size_t phase = 0;
    for (std::int64_t i = 0; i < nodes; ++i) {
        if (i > 0 && rng.below(3) == 0) ++phase;
        Node node{"layer" + std::to_string(i), phase, static_cast<double>(rng.between(1, 8)), {}};
        const std::int64_t options = rng.between(1, 3);
        for (std::int64_t k = 0; k < options; ++k) node.options.push_back(randomOption(rng, problem));
        problem.nodes.push_back(std::move(node));
    }
    for (std::size_t to = 1; to < problem.nodes.size(); ++to) {
        for (std::size_t from = 0; from < to; ++from) {
            if (rng.below(2) == 0) continue;
            Edge edge{from, to, false, {}};
            edge.whole = problem.nodes[from].phase < problem.nodes[to].phase && rng.below(2) == 0;
            const std::size_t pairs = problem.nodes[from].options.size() * problem.nodes[to].options.size();
            for (std::size_t i = 0; i < pairs; ++i) {
                Passing passing;
                passing.streams = randomLoads(rng, problem.links.size(), false);
                passing.head = static_cast<double>(rng.between(0, 40));
                passing.tail = static_cast<double>(rng.between(0, 40));
                edge.passings.push_back(std::move(passing));
            }
            problem.edges.push_back(std::move(edge));
        }
    }
    for (std::size_t k = 0; k <= phase; ++k) problem.ahead.push_back(rng.below(k + 2));
    complete(problem);
    return problem;
}

static double sum(const std::vector<Load>& loads, std::size_t resource) {
    double cycles = 0;
    for (const Load& load : loads) {
        if (load.resource == resource) cycles += load.cycles;
    }
    return cycles;
}

static double sum(const std::vector<Room>& rooms, std::size_t memory) {
    double bits = 0;
    for (const Room& room : rooms) {
        if (room.memory == memory) bits += room.bits;
    }
    return bits;
}

Meaning meaningOf(const Problem& problem, const Choice& choice) {
    const std::size_t count = problem.nodes.size();
    const auto option = [&](std::size_t n) -> const Option& { return problem.nodes[n].options[choice[n]]; };
    const auto phaseOf = [&](std::size_t n) { return problem.nodes[n].phase; };
    const auto passing = [&](const Edge& edge) -> const Passing& {
        return edge.passings[choice[edge.from] * problem.nodes[edge.to].options.size() + choice[edge.to]];
    };
    const auto runsOn = [&](std::size_t n, std::size_t core) {
        return std::any_of(option(n).work.begin(), option(n).work.end(),
                           [&](const Load& load) { return load.resource == core; });
    };
    Meaning meaning;
    for (std::size_t k = 0; k < problem.phases(); ++k) {
        for (std::size_t m = 0; m < problem.memories.size(); ++m) {
            double need = 0;
            for (std::size_t n = 0; n < count; ++n) {
                double others = 0;
                for (std::size_t i = 0; i < count; ++i) {
                    if (phaseOf(i) == k) others += sum(option(i).keeps, m);
                }
                if (phaseOf(n) == k) need = std::max(need, others + sum(option(n).uses, m));
            }
            if (need > problem.memories[m].bits) meaning.fits = false;
        }
    }
    std::vector<double> a(count, 0), e(count, 0), z(problem.phases(), 0);
    std::map<std::pair<std::size_t, std::size_t>, double> free, fetched;
    std::vector<std::vector<double>> work(problem.phases(), std::vector<double>(problem.cores.size(), 0));
    std::vector<std::vector<double>> come(problem.phases(), std::vector<double>(problem.links.size(), 0));
    std::vector<std::vector<double>> go = come, early = come;
    for (std::size_t n = 0; n < count; ++n) {
        for (std::size_t c = 0; c < problem.cores.size(); ++c) work[phaseOf(n)][c] += sum(option(n).work, c);
        for (std::size_t r = 0; r < problem.links.size(); ++r) {
            come[phaseOf(n)][r] += sum(option(n).streams, r);
            go[phaseOf(n)][r] += sum(option(n).leavings, r);
            early[phaseOf(n)][r] += sum(option(n).fetches, r);
        }
    }
    for (const Edge& edge : problem.edges) {
        for (std::size_t r = 0; r < problem.links.size(); ++r)
            come[phaseOf(edge.to)][r] += sum(passing(edge).streams, r);
    }
    double traffic = 0;
    for (std::size_t k = 0; k < problem.phases(); ++k) {
        for (const double cycles : work[k]) z[k] = std::max(z[k], cycles);
        for (std::size_t r = 0; r < problem.links.size(); ++r) {
            z[k] = std::max(z[k], come[k][r] + go[k][r]);
            traffic += come[k][r] + go[k][r] + early[k][r];
        }
    }
    bool changed = true;
    const auto raise = [&](double& value, double to) {
        if (to <= value) return;
        value = to;
        changed = true;
    };
    while (changed) {
        changed = false;
        for (std::size_t n = 0; n < count; ++n) {
            const std::size_t k = phaseOf(n);
            raise(a[n], option(n).arrives);
            for (std::size_t r = 0; r < problem.links.size(); ++r) {
                bool may = false;
                for (const Option& each : problem.nodes[n].options) {
                    for (const Load& load : each.opens) may = may || load.resource == r;
                }
                double opened = 0;
                for (std::size_t i = 0; i <= n; ++i) opened += phaseOf(i) == k ? sum(option(i).opens, r) : 0;
                if (!may) continue;
                raise(a[n], opened + (k > 0 ? fetched[{k - 1, r}] : 0));
                if (k == 0 || problem.ahead[k] > k) continue;
                std::size_t first = 0;
                while (phaseOf(first) != k - std::max<std::size_t>(problem.ahead[k], 1)) ++first;
                raise(a[n], a[first] + opened);
            }
            raise(e[n], a[n] + (1 - 1 / problem.nodes[n].steps) * z[k] + option(n).tile);
            for (std::size_t c = 0; c < problem.cores.size(); ++c) {
                if (!runsOn(n, c)) continue;
                if (k > 0) raise(a[n], free[{k - 1, c}]);
                raise(free[{k, c}], e[n]);
            }
            bool read = false;
            for (const Edge& edge : problem.edges) read = read || (edge.from == n && phaseOf(edge.to) == k);
            for (std::size_t r = 0; r < problem.links.size() && !read; ++r) {
                if (problem.carries[k][r]) raise(e[n], fetched[{k, r}] + option(n).tile);
            }
        }
        for (const Edge& edge : problem.edges) {
            raise(a[edge.to], (edge.whole ? e[edge.from] : a[edge.from]) + passing(edge).head);
            raise(e[edge.to], e[edge.from] + passing(edge).tail);
        }
        for (std::size_t k = 0; k < problem.phases(); ++k) {
            for (std::size_t c = 0; c < problem.cores.size(); ++c)
                raise(free[{k, c}], (k > 0 ? free[{k - 1, c}] : 0) + work[k][c]);
            for (std::size_t r = 0; r < problem.links.size(); ++r) {
                const double before = k > 0 ? fetched[{k - 1, r}] : 0;
                raise(fetched[{k, r}], before);
                if (!problem.carries[k][r]) continue;
                raise(fetched[{k, r}], before + come[k][r] + early[k][r]);
                if (problem.ahead[k] > k) continue;
                std::size_t first = 0;
                while (phaseOf(first) != k - problem.ahead[k]) ++first;
                raise(fetched[{k, r}], a[first] + come[k][r] + early[k][r]);
            }
        }
    }
    for (std::size_t n = 0; n < count; ++n) meaning.latency = std::max(meaning.latency, e[n] + option(n).leaves);
    const std::size_t last = problem.phases() - 1;
    for (std::size_t c = 0; c < problem.cores.size(); ++c) meaning.latency = std::max(meaning.latency, free[{last, c}]);
    for (std::size_t r = 0; r < problem.links.size(); ++r) {
        double all = 0;
        for (std::size_t k = 0; k <= last; ++k) all += come[k][r] + go[k][r] + early[k][r];
        meaning.latency = std::max(meaning.latency, all);
    }
    meaning.value = meaning.latency + problem.trafficWeight * traffic;
    return meaning;
}

}  // namespace millrace::test
