#include "report/front.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/columns.h"
#include "report/jsonparts.h"
#include "report/report.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {

using explore::Front;
using explore::FrontPoint;

namespace {

constexpr std::size_t kMostRows = 12;
constexpr std::size_t kWidth = 120;

double valueOf(const FrontPoint& point, std::size_t criterion) {
    const double values[] = {static_cast<double>(point.latency.value()), point.energy.value(), point.edp(),
                             static_cast<double>(point.peakMemory.value())};
    return values[criterion];
}

Json pointJson(const FrontPoint& point) {
    return {{"index", point.index}, {"latency_cycles", point.latency.value()},      {"energy_pj", point.energy.value()},
            {"edp", point.edp()},   {"peak_memory_bits", point.peakMemory.value()}, {"how", point.how}};
}

/// The rows of a table: the best ones, and of the others as many as there is room for, evenly.
std::vector<bool> shownRows(const std::vector<std::string>& best) {
    std::vector<bool> shown(best.size(), best.size() <= kMostRows);
    if (best.size() <= kMostRows) return shown;
    std::vector<std::size_t> others;
    std::size_t room = kMostRows;
    for (std::size_t i = 0; i < best.size(); ++i) {
        if (best[i].empty()) {
            others.push_back(i);
            continue;
        }
        shown[i] = true;
        --room;
    }
    for (std::size_t i = 0; i < room; ++i) shown[others[i * others.size() / room]] = true;
    return shown;
}

}  // namespace

std::vector<std::string> bestFor(const Front& front) {
    std::vector<std::string> result(front.points.size());
    const char* names[] = {"latency", "energy", "EDP", "memory"};
    for (std::size_t criterion = 0; criterion < std::size(names) && !result.empty(); ++criterion) {
        const auto best = std::min_element(front.points.begin(), front.points.end(), [&](const auto& a, const auto& b) {
            return valueOf(a, criterion) < valueOf(b, criterion);
        });
        std::string& text = result[static_cast<std::size_t>(best - front.points.begin())];
        text += (text.empty() ? "" : ", ") + std::string(names[criterion]);
    }
    return result;
}

std::string frontJson(const explore::Result& result) {
    const Front front = result.front.value_or(Front());
    const std::vector<std::string> best = bestFor(front);
    Json root;
    root["schema"] = "millrace.front/1";
    root["network"] = result.workload.name;
    root["chip"] = result.chip.name;
    root["objective"] = mapper::name(result.objective);
    root["lower_bound"] = {{"latency_cycles", result.bounds.latency.value()},
                           {"energy_pj", result.bounds.energy.value()}};
    root["points"] = Json::array();
    for (std::size_t i = 0; i < front.points.size(); ++i) {
        root["points"].push_back(pointJson(front.points[i]));
        if (!best[i].empty()) root["points"].back()["best_for"] = best[i];
    }
    root["layer_by_layer"] = front.layerByLayer ? pointJson(*front.layerByLayer) : Json();
    root["rules"] = front.rules ? pointJson(*front.rules) : Json();
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string frontTable(const Front& front) {
    using Align = Columns::Align;
    Columns rows({{"Pareto front", Align::left, true},
                  {"latency", Align::right},
                  {"energy", Align::right},
                  {"EDP", Align::right},
                  {"peak memory", Align::right},
                  {"found by", Align::left, true}});
    const auto add = [&](const std::string& what, const FrontPoint& point) {
        rows.add({what, countText(point.latency.value()), energyText(point.energy), fmt::format("{:.4g}", point.edp()),
                  sizeText(point.peakMemory), point.how});
    };
    const std::vector<std::string> best = bestFor(front);
    const std::vector<bool> shown = shownRows(best);
    for (std::size_t i = 0; i < best.size(); ++i) {
        if (shown[i]) add(best[i].empty() ? "·" : "least " + best[i], front.points[i]);
    }
    if (front.rules) add("(rules, no search)", *front.rules);
    if (front.layerByLayer) add("(layer by layer)", *front.layerByLayer);
    const std::size_t left = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), false));
    return rows.text(kWidth) + (left == 0 ? "" : fmt::format("  … and {} more points\n", left)) + "\n";
}

}  // namespace millrace::report
