#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/report.h"
#include "report/text.h"

namespace millrace::report {

namespace {

using schedule::TransferCause;

std::string sizesText(const workload::Layer& layer, const std::vector<std::int64_t>& sizes) {
    std::string text;
    for (std::size_t i = 0; i < sizes.size() && i < layer.dims.size(); ++i) {
        if (sizes[i] == 1) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", layer.dims[i].name, sizes[i]);
    }
    return text.empty() ? "one point" : text;
}

std::string kindText(const explore::Result& result, const workload::Layer& layer, const explore::TileKind& kind) {
    const hardware::Core& core = result.chip.cores[kind.core];
    std::string text = fmt::format("  {} x {} on core {} ({})\n", thousands(kind.count), sizesText(layer, kind.sizes),
                                   kind.core.index(), clean(core.name));
    const auto cycles = [](double value) { return fmt::format("{:.10g}", value); };
    text += fmt::format(
        "    {} = {} at full array, {} more since the unrolling ({}) leaves units idle, {} stalled, {} loading\n",
        cyclesText(kind.duration), cycles(kind.idealCycles), cycles(kind.spatialCycles - kind.idealCycles),
        clean(kind.spatial), cycles(kind.stallCycles), cycles(kind.loadCycles));
    text += fmt::format("    loops, innermost first: {}\n", clean(kind.temporal));
    text += fmt::format("    {} = {} array", energyText(kind.energy), energyText(kind.arrayEnergy));
    for (std::size_t i = 0; i < kind.memoryEnergy.size() && i < core.memories.size(); ++i) {
        text += fmt::format(" + {} {}", energyText(kind.memoryEnergy[i]), clean(core.memories[i].name));
    }
    return text + "\n";
}

/// What came in for a layer and went out of it: transfers of what it reads while it ran, and of its result.
std::string trafficText(const explore::Result& result, const workload::Layer& layer, const explore::LayerResult& info) {
    static constexpr std::array kNames{
        "inputs from off-chip", "weights", "between cores", "spilled", "reloaded", "outputs"};
    std::array<std::int64_t, kNames.size()> bits{};
    std::vector<bool> reads(result.problem.tensors.size(), false);
    for (const schedule::TaskId task : info.tasks) {
        for (const schedule::Access& access : result.problem.tasks[task].reads) reads[access.tensor.index()] = true;
    }
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        const bool mine = transfer.tensor.index() == layer.result.index() ||
                          (reads[transfer.tensor.index()] && transfer.span.start >= info.span.start &&
                           transfer.span.end <= info.span.end);
        if (!mine) continue;
        const bool away = transfer.tensor.index() == layer.result.index() && transfer.span.start >= info.span.end &&
                          transfer.cause != TransferCause::spill && transfer.cause != TransferCause::output;
        if (away) continue;
        bits[static_cast<std::size_t>(transfer.cause)] +=
            result.problem.tensors[transfer.tensor].size(transfer.box).value();
    }
    std::string text;
    for (std::size_t i = 0; i < bits.size(); ++i) {
        if (bits[i] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", sizeText(Bits(bits[i])), kNames[i]);
    }
    return text.empty() ? "" : "  moved: " + text + "\n";
}

std::string layerText(const explore::Result& result, workload::LayerId id) {
    const workload::Layer& layer = result.workload.layers[id];
    const explore::LayerResult& info = result.layers[id];
    std::string text =
        fmt::format("{} ({}): {} operations, cycles {} to {}, {} of the arrays' capacity used\n", clean(layer.name),
                    clean(layer.type), countText(info.operations), thousands(info.span.start.value()),
                    thousands(info.span.end.value()), percent(info.utilisation));
    text += trafficText(result, layer, info);
    for (const explore::TileKind& kind : info.kinds) text += kindText(result, layer, kind);
    return text;
}

}  // namespace

std::string explain(const explore::Result& result, const std::string& layerName) {
    std::string text;
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (id.index() >= result.layers.size()) break;
        const std::string& name = result.workload.layers[id].name;
        if (layerName.empty() || name.find(layerName) != std::string::npos) text += "\n" + layerText(result, id);
    }
    if (text.empty() && layerName.empty()) return "\nno layers\n";
    if (text.empty()) return fmt::format("\nno layer's name contains '{}'\n", clean(layerName));
    return text;
}

}  // namespace millrace::report
