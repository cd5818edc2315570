#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "report/gaps.h"
#include "report/report.h"
#include "report/text.h"
#include "report/waits.h"

namespace millrace::report {

namespace {

constexpr std::size_t kWidth = 120;

std::string sizesText(const workload::Layer& layer, const std::vector<std::int64_t>& sizes) {
    std::string text;
    for (std::size_t i = 0; i < sizes.size() && i < layer.dims.size(); ++i) {
        if (sizes[i] == 1) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", layer.dims[i].name, sizes[i]);
    }
    return text.empty() ? "one point" : text;
}

/// A kind of tile on cores that are alike.
struct Alike {
    explore::TileKind kind;  ///< `count` is that of all cores
    std::vector<std::size_t> cores;
};

std::vector<Alike> merged(const explore::Result& result, const std::vector<explore::TileKind>& kinds) {
    std::vector<Alike> all;
    for (const explore::TileKind& kind : kinds) {
        const auto same = [&](const Alike& other) {
            const explore::TileKind& a = other.kind;
            return a.sizes == kind.sizes && a.duration == kind.duration && a.energy == kind.energy &&
                   a.spatial == kind.spatial && a.temporal == kind.temporal && a.memoryEnergy == kind.memoryEnergy &&
                   result.chip.cores[a.core].name == result.chip.cores[kind.core].name;
        };
        const auto known = std::find_if(all.begin(), all.end(), same);
        if (known == all.end()) {
            all.push_back({kind, {kind.core.index()}});
        } else {
            known->kind.count += kind.count;
            known->cores.push_back(kind.core.index());
        }
    }
    return all;
}

std::string kindText(const explore::Result& result, const workload::Layer& layer, const Alike& alike) {
    const explore::TileKind& kind = alike.kind;
    const hardware::Core& core = result.chip.cores[kind.core];
    std::string text =
        fmt::format("  {} x {} on {} {} ({})\n", thousands(kind.count), sizesText(layer, kind.sizes),
                    alike.cores.size() == 1 ? "core" : "cores", rangesText(alike.cores), clean(core.name));
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

using CauseBits = std::array<Bits, kCauses>;

std::string causesText(const char* title, const CauseBits& bits, const std::array<const char*, kCauses>& names) {
    std::string text;
    for (std::size_t i = 0; i < bits.size(); ++i) {
        if (bits[i] == Bits(0)) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", sizeText(bits[i]), names[i]);
    }
    return text.empty() ? "" : fmt::format("  {}: {}\n", title, text);
}

/// Transfers of what the layer reads into memories from which its tiles read it, from the first that they waited for
/// until its end (layers that read the same there share them); and all transfers of its result.
std::string trafficText(const explore::Result& result, const workload::Layer& layer, const explore::LayerResult& info) {
    std::set<std::pair<schedule::TensorId, schedule::MemoryId>> reads;
    for (const schedule::TaskId task : info.tasks) {
        const schedule::Option* option = optionOf(result, task);
        const std::vector<schedule::Access>& accesses = result.problem.tasks[task].reads;
        for (std::size_t i = 0; option != nullptr && i < accesses.size(); ++i) {
            reads.emplace(accesses[i].tensor, option->readMemories[i]);
        }
    }
    CauseBits in{};
    CauseBits out{};
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        const auto cause = static_cast<std::size_t>(transfer.cause);
        if (transfer.tensor.index() == layer.result.index()) out[cause] += size(result, transfer);
        const bool inTime = transfer.span.start >= info.span.start && transfer.span.end <= info.span.end;
        if (inTime && reads.count({transfer.tensor, transfer.to}) > 0) in[cause] += size(result, transfer);
    }
    return causesText("moved in", in, {"inputs", "weights", "from other cores", "spilled", "reloaded", "outputs"}) +
           causesText("its result", out,
                      {"inputs", "weights", "to other cores", "spilled", "reloaded", "off-chip as an output"});
}

/// Which stack the layer is in, and the tiles on each core.
std::string tilesText(const explore::Result& result, workload::LayerId id) {
    const explore::LayerResult& info = result.layers[id];
    std::map<std::size_t, std::int64_t> tiles;
    for (const explore::TileKind& kind : info.kinds) tiles[kind.core.index()] += kind.count;
    std::string text = fmt::format("{} {}", countText(static_cast<std::int64_t>(info.tasks.size())),
                                   info.tasks.size() == 1 ? "tile" : "tiles");
    std::string each;
    for (const auto& [core, count] : tiles) {
        each += fmt::format("{}{} on core {}", each.empty() ? "" : ", ", countText(count), core);
    }
    if (!each.empty()) text += ": " + each;
    const std::size_t stack = stacksOfLayers(result)[id.index()];
    if (stack != kNoStack && result.stacks[stack].size() > 1) {
        text += fmt::format("; in stack {}, fused with layers {}", stack, rangesText(indices(result.stacks[stack])));
    }
    return wrap(text, kWidth, 2, 4);
}

/// Why cores were idle before the layer's tiles.
std::string waitsText(const explore::LayerResult& info, const IdleSums& idle) {
    Cycles sum;
    for (const Cycles part : idle) sum += part;
    if (sum == Cycles(0) || info.tasks.empty()) return {};
    std::string text;
    for (std::size_t i = 0; i < idle.size(); ++i) {
        if (idle[i] == Cycles(0)) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", percent(share(idle[i], sum)),
                            causeText(static_cast<schedule::IdleCause>(i)));
    }
    return wrap(fmt::format("cores were idle for {} before its tiles: {}", cyclesText(sum), text), kWidth, 2, 4);
}

std::string layerText(const explore::Result& result, const Waits& idle, workload::LayerId id) {
    const workload::Layer& layer = result.workload.layers[id];
    const explore::LayerResult& info = result.layers[id];
    std::string text =
        fmt::format("{} ({}): {} operations, cycles {} to {}, {} of the arrays' capacity used\n", clean(layer.name),
                    clean(layer.type), countText(info.operations), thousands(info.span.start.value()),
                    thousands(info.span.end.value()), percent(info.utilisation));
    text += tilesText(result, id);
    text += trafficText(result, layer, info);
    if (idle.known) text += waitsText(info, idle.layers[id.index()]);
    for (const Alike& alike : merged(result, info.kinds)) text += kindText(result, layer, alike);
    return text;
}

}  // namespace

std::string explain(const explore::Result& result, const std::string& layerName) {
    const Waits idle = waits(result);
    std::string text;
    for (const workload::LayerId id : result.workload.layers.ids()) {
        if (id.index() >= result.layers.size()) break;
        const std::string& name = result.workload.layers[id].name;
        if (layerName.empty() || name.find(layerName) != std::string::npos) text += "\n" + layerText(result, idle, id);
    }
    if (text.empty() && layerName.empty()) return "\nno layers\n";
    if (layerName.empty()) text = "\n" + boundTerms(result) + text.substr(1);
    if (text.empty()) return fmt::format("\nno layer's name contains '{}'\n", clean(layerName));
    return text;
}

}  // namespace millrace::report
