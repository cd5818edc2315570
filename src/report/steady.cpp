#include "report/steady.h"

#include <fmt/format.h>

#include <cmath>

#include "report/columns.h"
#include "report/text.h"

namespace millrace::report {

using explore::SteadyPart;
using explore::SteadyPhase;
using explore::SteadyRecord;
using Json = nlohmann::ordered_json;

static double simulatedOf(const SteadyRecord& record) { return static_cast<double>(record.simulated.value()); }

Json steadyJson(const SteadyRecord& record) {
    Json phases = Json::array();
    for (const SteadyPhase& phase : record.phases) {
        Json layers = Json::array();
        for (const workload::LayerId layer : phase.layers) layers.push_back(layer.index());
        phases.push_back({{"layers", std::move(layers)},
                          {"iterations", phase.iterations},
                          {"interval_cycles", phase.interval},
                          {"limited_by", phase.limiter},
                          {"start_cycle", phase.start},
                          {"end_cycle", phase.end}});
    }
    Json parts = Json::array();
    for (const SteadyPart& part : record.parts) parts.push_back({{"name", part.name}, {"cycles", part.cycles}});
    const auto gap = explore::gap(simulatedOf(record), record.prediction);
    return {{"status", record.status},
            {"prediction_cycles", record.prediction},
            {"safe_prediction_cycles", record.safePrediction},
            {"simulated_cycles", record.simulated.value()},
            {"gap", gap ? Json(*gap) : Json()},
            {"core", record.core},
            {"parts", std::move(parts)},
            {"objective", record.objective},
            {"solver_bound", record.solverBound ? Json(*record.solverBound) : Json()},
            {"options", record.choices},
            {"variables", record.variables},
            {"rows", record.rows},
            {"phases", std::move(phases)}};
}

static std::string rounded(double cycles) { return countText(static_cast<std::int64_t>(std::llround(cycles))); }

std::string steadyTable(const explore::Result& result) {
    static constexpr std::size_t kWidth = 120;
    static constexpr std::size_t kMostPhases = 12;
    using Align = Columns::Align;
    if (!result.steady) return "";
    const SteadyRecord& record = *result.steady;
    Columns rows({{"Steady state", Align::left, true}, {"cycles", Align::right}, {"", Align::left, true}});
    rows.add({"predicted", rounded(record.prediction),
              fmt::format("{}; {} options; {} by the safe overlap", record.status, record.choices,
                          rounded(record.safePrediction))});
    const auto gap = explore::gap(simulatedOf(record), record.prediction);
    rows.add({"scheduled", countText(record.simulated.value()),
              gap ? fmt::format("{:+.1f} %, on {}:", 100 * *gap, clean(record.core)) : ""});
    for (const SteadyPart& part : record.parts) {
        if (std::llround(part.cycles) != 0) rows.add({"· " + part.name, rounded(part.cycles), ""});
    }
    std::size_t shown = 0;
    for (const SteadyPhase& phase : record.phases) {
        if (phase.iterations < 2 || shown++ >= kMostPhases) continue;
        const auto last = phase.layers.size() > 1 ? fmt::format("..{}", phase.layers.back().index()) : "";
        rows.add({fmt::format("layers {}{}", phase.layers.front().index(), last), rounded(phase.interval),
                  fmt::format("an iteration of {}, limited by {}", rounded(phase.iterations), clean(phase.limiter))});
    }
    if (shown > kMostPhases) rows.add({"", "", fmt::format("and {} more", shown - kMostPhases)});
    return rows.text(kWidth) + "\n";
}

}  // namespace millrace::report
