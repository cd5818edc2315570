#include "report/cost.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/columns.h"
#include "report/costdetail.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {

namespace {

using Json = nlohmann::ordered_json;

Json partsJson(const cost::ImcBreakdown& parts) {
    Json json = Json::object();
    for (std::size_t i = 0; i < cost::kImcParts; ++i) {
        if (parts.part[i] != 0) json[std::string(cost::name(static_cast<cost::ImcPart>(i)))] = parts.part[i];
    }
    return json;
}

Json certificateJson(const mapper::Certificate& certificate, explore::Objective objective) {
    using End = mapper::Certificate::End;
    const char* end = certificate.end == End::exhausted ? "exhausted"
                      : certificate.end == End::stopped ? "stopped"
                      : certificate.end == End::labels  ? "memory"
                                                        : "too many states";
    return {{"optimal", certificate.optimal},
            {"end", end},
            {"tie_broken", certificate.tieBroken},
            {"objective", mapper::name(objective)},
            {"value", certificate.value},
            {"bound", certificate.bound},
            {"gap", certificate.gap()},
            {"space", certificate.space},
            {"states", certificate.states},
            {"labels_generated", certificate.generated},
            {"labels_expanded", certificate.expanded},
            {"spatial_mappings", certificate.spatialMappings},
            {"spatial_pruned", certificate.spatialPruned}};
}

Json frontJson(const std::vector<mapper::Mapping>& front) {
    Json json;
    json["complete"] = front.front().certificate && front.front().certificate->optimal;
    for (const mapper::Mapping& mapping : front) {
        json["mappings"].push_back({{"energy_pj", mapping.energy},
                                    {"latency_cycles", mapping.latency},
                                    {"spatial_mapping", mapper::spatialText(mapping)},
                                    {"temporal_mapping", mapper::temporalText(mapping)}});
    }
    return json;
}

/// "optimal", or by how much a better mapping could be better.
std::string proofText(const mapper::Mapping& mapping) {
    if (!mapping.certificate) return "-";
    return mapping.certificate->optimal ? "optimal" : fmt::format("gap {:.3g} %", 100 * mapping.certificate->gap());
}

/// How much of the network is proven.
std::string provenText(const explore::CoreResult& result) {
    std::size_t searched = 0;
    std::size_t optimal = 0;
    double gap = 0;
    for (const explore::CoreLayer& info : result.layers) {
        const auto& certificate = info.mapping->certificate;
        if (!certificate) continue;
        ++searched;
        optimal += certificate->optimal ? 1 : 0;
        gap = std::max(gap, certificate->gap());
    }
    if (searched == 0) return {};
    std::string text =
        fmt::format("{} of {} layers proven optimal for {}", optimal, searched, mapper::name(result.objective));
    if (optimal < searched) text += fmt::format("; the largest gap is {:.3g} %", 100 * gap);
    return text + "\n";
}

/// The front of each layer that has one: energy against cycles.
std::string frontsText(const explore::CoreResult& result) {
    std::string text;
    for (const explore::CoreLayer& info : result.layers) {
        if (info.front.empty()) continue;
        const auto& certificate = info.front.front().certificate;
        text += fmt::format("\n{}: {} mapping{} that no other one beats in both ({})\n",
                            elide(result.workload.layers[info.layer].name, 60), info.front.size(),
                            info.front.size() == 1 ? "" : "s",
                            certificate && certificate->optimal ? "complete" : "stopped: there may be others");
        for (const mapper::Mapping& mapping : info.front) {
            text += wrap(fmt::format("{:.10g} cycles, {}: {}; innermost first {}", mapping.latency,
                                     energyText(Picojoules(mapping.energy)), mapper::spatialText(mapping),
                                     mapper::temporalText(mapping)),
                         120, 2, 4);
        }
    }
    return text;
}

Json layerJson(const explore::CoreResult& result, const explore::CoreLayer& info) {
    const workload::Layer& layer = result.workload.layers[info.layer];
    const mapper::Mapping& mapping = *info.mapping;
    Json json;
    json["name"] = clean(layer.name);
    json["type"] = clean(layer.type);
    json["energy_pj"] = mapping.energy;
    json["latency_cycles"] = mapping.latency;
    json["macs"] = layer.operations();
    json["array_energy_pj"] = mapping.arrayEnergy;
    if (mapping.arrayParts) json["array_energy_parts_pj"] = partsJson(*mapping.arrayParts);
    Json& memories = json["memory_energy_pj"] = Json::object();
    for (std::size_t i = 0; i < mapping.memoryEnergy.size() && i < result.core.memories.size(); ++i) {
        memories[clean(result.core.memories[i].name)] = mapping.memoryEnergy[i];
    }
    json["ideal_cycles"] = mapping.idealCycles;
    json["spatial_cycles"] = mapping.spatialCycles;
    json["stall_cycles"] = mapping.stallCycles;
    json["onload_cycles"] = mapping.onloadCycles;
    json["offload_cycles"] = mapping.offloadCycles;
    json["utilisation"] = mapping.latency > 0 ? mapping.idealCycles / mapping.latency : 0;
    json["spatial_mapping"] = mapper::spatialText(mapping);
    json["temporal_mapping"] = mapper::temporalText(mapping);
    json["evaluations"] = mapping.evaluations;
    if (mapping.certificate) json["certificate"] = certificateJson(*mapping.certificate, result.objective);
    if (!info.front.empty()) json["pareto"] = frontJson(info.front);
    addDetail(json, info);
    return json;
}

/// Clock and area, as far as they are known.
void addPhysical(Json& json, const explore::CoreResult& result) {
    if (result.clock) {
        json["clock_ns"] = result.clock->total();
        json["clock_parts_ns"] = partsJson(*result.clock);
    }
    if (!result.area) return;
    json["area_mm2"] = result.area->total;
    json["array_area_mm2"] = result.area->array;
    if (result.area->parts) json["array_area_parts_mm2"] = partsJson(*result.area->parts);
    Json& memories = json["memory_area_mm2"] = Json::object();
    for (std::size_t i = 0; i < result.area->memory.size(); ++i) {
        memories[clean(result.core.memories[i].name)] = result.area->memory[i];
    }
}

std::string physicalText(const explore::CoreResult& result) {
    std::string text;
    if (result.clock) text += fmt::format("clock {:.10g} ns", result.clock->total());
    if (result.area) {
        const char* unit = result.clock ? " mm2" : " in the units of the file";
        text += fmt::format("{}area {:.10g}{} (array {:.10g})", text.empty() ? "" : ", ", result.area->total, unit,
                            result.area->array);
    }
    return text.empty() ? text : text + "\n";
}

}  // namespace

std::string costJson(const explore::CoreResult& result, const std::string& mapper, double wallSeconds) {
    Json json;
    json["schema"] = "millrace.cost/1";
    json["workload"] = clean(result.workload.name);
    json["core"] = clean(result.core.name);
    json["energy_pj"] = result.energy;
    json["latency_cycles"] = result.latency;
    json["mapper"] = mapper;
    json["objective"] = mapper::name(result.objective);
    json["corrections"] = result.corrections.names();
    addPhysical(json, result);
    json["layers"] = Json::array();
    for (const explore::CoreLayer& layer : result.layers) json["layers"].push_back(layerJson(result, layer));
    json["other_layers"] = Json::array();
    for (const workload::LayerId id : result.otherLayers) {
        const workload::Layer& layer = result.workload.layers[id];
        Json other;
        other["name"] = clean(layer.name);
        other["type"] = clean(layer.type);
        other["operations"] = layer.operations();
        json["other_layers"].push_back(std::move(other));
    }
    json["host_operators"] = Json::array();
    for (const workload::HostOperator& host : result.workload.hostOperators) {
        json["host_operators"].push_back({{"name", clean(host.name)}, {"type", clean(host.type)}});
    }
    json["evaluations"] = result.evaluations;
    json["wall_seconds"] = wallSeconds;
    return json.dump(2) + "\n";
}

std::string costTable(const explore::CoreResult& result) {
    using Align = Columns::Align;
    Columns rows({{"layer", Align::left, true},
                  {"type"},
                  {"operations", Align::right},
                  {"cycles", Align::right},
                  {"stalled", Align::right},
                  {"used", Align::right},
                  {"energy", Align::right},
                  {"proof"},
                  {"unrolling", Align::left, true}});
    for (const explore::CoreLayer& info : result.layers) {
        const workload::Layer& layer = result.workload.layers[info.layer];
        const mapper::Mapping& mapping = *info.mapping;
        rows.add({clean(layer.name), clean(layer.type), countText(layer.operations()),
                  fmt::format("{:.10g}", mapping.latency), fmt::format("{:.10g}", mapping.stallCycles),
                  percent(mapping.latency > 0 ? mapping.idealCycles / mapping.latency : 0),
                  energyText(Picojoules(mapping.energy)), proofText(mapping), mapper::spatialText(mapping)});
    }
    std::string text = fmt::format("{} on {}: {:.12g} cycles, {:.17g} pJ\n\n", elide(result.workload.name, 40),
                                   elide(result.core.name, 30), result.latency, result.energy);
    text.insert(text.size() - 1, provenText(result) + physicalText(result));
    text += rows.text(120);
    text += frontsText(result);
    if (!result.otherLayers.empty()) {
        text += fmt::format(
            "\n{} other layers (pooling, element-wise) are not costed here; millrace explore schedules them.\n",
            result.otherLayers.size());
    }
    for (const workload::HostOperator& host : result.workload.hostOperators) {
        text += fmt::format("\nhost operator: {} ({}): {}\n", elide(host.name, 40), elide(host.type, 20),
                            elide(host.reason, 40));
    }
    return text;
}

}  // namespace millrace::report
