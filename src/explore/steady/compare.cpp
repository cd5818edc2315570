#include <algorithm>

#include "explore/steady/steady.h"
#include "schedule/idle.h"

namespace millrace::steady {

explore::SteadyRecord recordOf(const Answer& answer) {
    explore::SteadyRecord record;
    record.status = answer.status == Status::optimal ? "optimal" : "limit";
    record.prediction = answer.evaluation.latency;
    record.safePrediction = answer.safe.latency;
    record.objective = answer.evaluation.value;
    record.solverBound = answer.bound;
    record.variables = answer.variables;
    record.rows = answer.rows;
    for (const Node& node : answer.built.problem.nodes) record.choices += node.options.size();
    for (const PhaseTimes& times : answer.evaluation.phases) {
        record.phases.push_back(
            {{}, times.iterations, times.taken / times.iterations, times.limiter, times.start, times.end});
    }
    for (std::size_t n = 0; n < answer.choice.size(); ++n)
        record.phases[answer.built.problem.nodes[n].phase].layers.push_back(answer.built.layers[n]);
    return record;
}

static const char* meaning(schedule::IdleCause cause) {
    switch (cause) {
        case schedule::IdleCause::input: return "waits for data on their way";
        case schedule::IdleCause::link: return "waits for links that others take (contention)";
        case schedule::IdleCause::space: return "waits for room in memories";
        case schedule::IdleCause::predecessor: return "waits for tiles of other cores";
        case schedule::IdleCause::order: return "tiles that could have begun earlier";
        case schedule::IdleCause::nothing: return "no more tiles";
    }
    return "";
}

void compare(const Answer& answer, const explore::Result& result, explore::SteadyRecord& record) {
    record.simulated = result.schedule.latency;
    std::vector<double> busy(result.problem.cores.size(), 0);
    for (const schedule::Placement& placement : result.schedule.placements)
        busy[placement.core.index()] += static_cast<double>(placement.span.length().value());
    const auto busiest = std::max_element(busy.begin(), busy.end());
    if (busiest == busy.end()) return;
    const auto core = static_cast<std::size_t>(busiest - busy.begin());
    record.core = result.problem.cores[schedule::CoreId(core)].name;
    const double predicted = answer.evaluation.work[core];
    record.parts.push_back({"its tiles, beyond what was counted", *busiest - predicted});
    record.parts.push_back({"fill, drain and waits that were predicted", predicted - record.prediction});
    const schedule::CoreIdle idle = schedule::idleTimes(result.problem, result.schedule)[schedule::CoreId(core)];
    for (std::size_t i = 0; i < schedule::kIdleCauses; ++i) {
        record.parts.push_back(
            {meaning(static_cast<schedule::IdleCause>(i)), static_cast<double>(idle.sums[i].value())});
    }
}

}  // namespace millrace::steady
