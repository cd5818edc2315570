#include <algorithm>

#include "explore/steady/formulate.h"

namespace millrace::steady {

double horizon(const Problem& problem) {
    double sum = 0;
    const auto all = [](const std::vector<Load>& loads) {
        double cycles = 0;
        for (const Load& load : loads) cycles += load.cycles;
        return cycles;
    };
    std::vector<double> taken(problem.phases(), 0);
    for (const Node& node : problem.nodes) {
        double most = 0;
        double once = 0;
        for (const Option& option : node.options) {
            most = std::max(most, all(option.work) + all(option.fetches) + all(option.streams) + all(option.leavings));
            once = std::max(once, 2 * option.tile + option.arrives + option.leaves);
        }
        taken[node.phase] += most;
        sum += once;
    }
    for (const Edge& edge : problem.edges) {
        double most = 0;
        double once = 0;
        for (const Passing& passing : edge.passings) {
            most = std::max(most, all(passing.streams));
            once = std::max(once, passing.head + passing.tail);
        }
        taken[problem.nodes[edge.to].phase] += most;
        sum += once;
    }
    for (const Node& node : problem.nodes) sum += 3 * taken[node.phase];
    return sum + 1;
}

}  // namespace millrace::steady
