#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/cost.h"
#include "report/costdetail.h"
#include "report/stackedbars.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kMostPorts = 5;
constexpr Colour kArray{0.35, 0.35, 0.38, 1};
constexpr Colour kComputing{0.00, 0.45, 0.70, 1};
constexpr Colour kIdle = mix(kComputing, kWhite, 0.6);
constexpr Colour kLoading{0.00, 0.62, 0.45, 1};
constexpr Colour kUnloading = mix(kLoading, kWhite, 0.55);
/// Colours of ports: warm ones, for what one may want to change.
constexpr std::array<Colour, kMostPorts> kPorts{{{0.84, 0.37, 0.00, 1},
                                                 {0.95, 0.70, 0.10, 1},
                                                 {0.80, 0.47, 0.65, 1},
                                                 {0.94, 0.89, 0.26, 1},
                                                 {0.55, 0.20, 0.10, 1}}};

struct Unit {
    double size;
    const char* name;
};

Unit unitOf(double longest, const std::array<const char*, 5>& names) {
    Unit unit{1, names[0]};
    for (std::size_t i = 1; i < names.size() && longest >= 2000 * unit.size; ++i) unit = {unit.size * 1000, names[i]};
    return unit;
}

std::string cyclesOf(double cycles) {
    return cyclesText(Cycles(std::isfinite(cycles) ? std::llround(std::clamp(cycles, -1e18, 1e18)) : 0));
}

StackedBars start(const explore::CoreResult& result, const std::string& what) {
    std::vector<std::string> names;
    std::vector<std::string> types;
    for (const explore::CoreLayer& layer : result.layers) {
        names.push_back(result.workload.layers[layer.layer].name);
        types.push_back(result.workload.layers[layer.layer].type);
    }
    StackedBars chart;
    chart.title = fmt::format("{} on {}:  {}, {}", elide(result.workload.name, 40), elide(result.core.name, 40),
                              cyclesOf(result.latency), energyText(Picojoules(result.energy)));
    chart.subtitle = fmt::format("{}  ·  mappings with the least {}", what, mapper::name(result.objective));
    const std::size_t left = result.otherLayers.size();
    if (left > 0) chart.subtitle += fmt::format("  ·  {} other layer{} not costed", left, left == 1 ? "" : "s");
    for (std::string& name : shortNames(names, types)) chart.rows.push_back({std::move(name), {}, ""});
    return chart;
}

/// Energy of a layer in the memories of one name.
double energyIn(const Mapped& mapped, const std::string& memory) {
    double energy = 0;
    for (std::size_t i = 0; i < mapped.core.memories.size() && i < mapped.mapping.memoryEnergy.size(); ++i) {
        if (mapped.core.memories[i].name == memory) energy += mapped.mapping.memoryEnergy[i];
    }
    return energy;
}

/// The memories that some layer spends energy in, from the array outwards.
std::vector<std::string> spendingMemories(const explore::CoreResult& result) {
    std::vector<std::string> names;
    for (const hardware::MemoryIndex memory : result.core.memoryOrder()) {
        const std::string& name = result.core.memories[memory].name;
        const bool spends =
            std::any_of(result.layers.begin(), result.layers.end(),
                        [&](const explore::CoreLayer& layer) { return energyIn(Mapped(layer), name) > 0; });
        if (spends && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
}

StackedBars energyChart(const explore::CoreResult& result) {
    StackedBars chart = start(result, "Energy of each layer, by where it goes");
    const std::vector<std::string> memories = spendingMemories(result);
    chart.parts.push_back({"array", kArray});
    for (const std::string& memory : memories) chart.parts.push_back({memory, layerColour(chart.parts.size() - 1)});
    double longest = 0;
    for (std::size_t i = 0; i < chart.rows.size(); ++i) {
        const mapper::Mapping& mapping = *result.layers[i].mapping;
        chart.rows[i].values.push_back(mapping.arrayEnergy);
        for (const std::string& memory : memories)
            chart.rows[i].values.push_back(energyIn(Mapped(result.layers[i]), memory));
        chart.rows[i].total = energyText(Picojoules(mapping.energy));
        longest = std::max(longest, mapping.energy);
    }
    const Unit unit = unitOf(longest, {"pJ", "nJ", "µJ", "mJ", "J"});
    chart.axis = fmt::format("energy in {}; in the bars: share of the layer", unit.name);
    chart.unit = unit.size;
    return chart;
}

/// The port that makes a layer stall; empty if none does.
std::string culprit(const Mapped& mapped) {
    const mapper::PortUse* port = mapped.mapping.decidingPort();
    return port == nullptr ? "" : portName(mapped.core, port->memory, port->port);
}

/// A port with the cycles that layers stall because of it.
struct Culprit {
    std::string port;
    double cycles = 0;
};

/// The ports that make layers stall, the worst first.
std::vector<Culprit> culprits(const explore::CoreResult& result) {
    std::vector<Culprit> found;
    for (const explore::CoreLayer& layer : result.layers) {
        const std::string port = culprit(Mapped(layer));
        if (port.empty()) continue;
        auto at = std::find_if(found.begin(), found.end(), [&port](const Culprit& c) { return c.port == port; });
        if (at == found.end()) at = found.insert(found.end(), {port, 0});
        at->cycles += layer.mapping->stallCycles;
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Culprit& a, const Culprit& b) { return a.cycles > b.cycles; });
    return found;
}

StackedBars latencyChart(const explore::CoreResult& result) {
    StackedBars chart = start(result, "Cycles of each layer, by what they are spent on");
    const std::vector<Culprit> ports = culprits(result);
    const bool others = ports.size() > kMostPorts;
    const std::size_t named = others ? kMostPorts - 1 : ports.size();
    chart.parts = {{"computing, all units", kComputing}, {"lost to idle units", kIdle}};
    for (std::size_t i = 0; i < named; ++i) {
        chart.parts.push_back({"stalled by " + ports[i].port, kPorts[i]});
    }
    if (others) chart.parts.push_back({"stalled by other ports", kPorts.back()});
    chart.parts.push_back({"on-loading", kLoading});
    chart.parts.push_back({"off-loading", kUnloading});
    double longest = 0;
    for (std::size_t i = 0; i < chart.rows.size(); ++i) {
        const mapper::Mapping& mapping = *result.layers[i].mapping;
        std::vector<double>& values = chart.rows[i].values;
        values.assign(chart.parts.size(), 0.0);
        values[0] = mapping.idealCycles;
        values[1] = mapping.spatialCycles - mapping.idealCycles;
        if (const std::string port = culprit(Mapped(result.layers[i])); !port.empty()) {
            std::size_t at = 0;
            while (at < named && ports[at].port != port) ++at;
            values[2 + at] = mapping.stallCycles;
        }
        values[values.size() - 2] = mapping.onloadCycles;
        values[values.size() - 1] = mapping.offloadCycles;
        chart.rows[i].total = cyclesOf(mapping.latency);
        longest = std::max(longest, mapping.latency);
    }
    const Unit unit = unitOf(longest, {"cycles", "kcycles", "Mcycles", "Gcycles", "Tcycles"});
    chart.axis = fmt::format("time in {}; in the bars: share of the layer", unit.name);
    chart.unit = unit.size;
    return chart;
}

}  // namespace

std::string energyPng(const explore::CoreResult& result, const DrawOptions& options) {
    return energyChart(result).draw(options, Canvas::Format::png);
}

std::string energySvg(const explore::CoreResult& result, const DrawOptions& options) {
    return energyChart(result).draw(options, Canvas::Format::svg);
}

std::string latencyPng(const explore::CoreResult& result, const DrawOptions& options) {
    return latencyChart(result).draw(options, Canvas::Format::png);
}

std::string latencySvg(const explore::CoreResult& result, const DrawOptions& options) {
    return latencyChart(result).draw(options, Canvas::Format::svg);
}

}  // namespace millrace::report
