#include <fmt/format.h>

#include <cmath>

#include "report/columns.h"
#include "report/cost.h"
#include "report/costdetail.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 120;
constexpr std::size_t kMostGains = 8;

/// "a + b - c" of parts of a sum, each with its share; parts that are nothing are left out.
class Sum {
public:
    explicit Sum(double total) : total_(total) {}

    /// `text`: the part without its sign.
    void add(double value, const std::string& text) {
        if (value == 0) return;
        const std::string share = total_ > 0 && value > 0 ? fmt::format(" ({})", percent(value / total_)) : "";
        text_ += (text_.empty() ? (value < 0 ? "-" : "") : value < 0 ? " - " : " + ") + text + share;
    }
    const std::string& text() const { return text_; }

private:
    double total_;
    std::string text_;
};

std::string headText(const explore::CoreResult& result, const explore::CoreLayer& info) {
    const workload::Layer& layer = result.workload.layers[info.layer];
    const mapper::Mapping& mapping = *info.mapping;
    std::string text =
        wrap(fmt::format("{} ({}): {} cycles, {}, {} of the array's capacity used", elide(layer.name, 60),
                         elide(layer.type, 20), halvesText(mapping.latency), energyText(Picojoules(mapping.energy)),
                         percent(mapping.latency > 0 ? mapping.idealCycles / mapping.latency : 0)),
             kWidth, 0, 2);
    Sum cycles(mapping.latency);
    const auto add = [&](double value, const char* what) {
        cycles.add(value, halvesText(std::abs(value)) + " " + what);
    };
    add(mapping.idealCycles, "at full array");
    add(mapping.spatialCycles - mapping.idealCycles, "lost to idle units");
    add(mapping.stallCycles, "stalled");
    add(mapping.onloadCycles, "on-loading");
    add(mapping.offloadCycles, "off-loading");
    text += wrap("cycles: " + cycles.text(), kWidth, 2, 4);
    Sum energy(mapping.energy);
    const auto spend = [&](double value, const std::string& where) {
        energy.add(value, energyText(Picojoules(value)) + " " + where);
    };
    spend(mapping.arrayEnergy, "array");
    const hardware::Core& core = Mapped(info).core;
    for (std::size_t i = 0; i < mapping.memoryEnergy.size() && i < core.memories.size(); ++i)
        spend(mapping.memoryEnergy[i], elide(core.memories[i].name, 30));
    return text + wrap("energy: " + energy.text(), kWidth, 2, 4);
}

std::string parforText(const Mapped& mapped) {
    std::string text;
    const std::vector<hardware::ArrayDimension>& dimensions = mapped.core.array.dimensions;
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
        std::int64_t used = 1;
        std::string loops;
        for (const hardware::Dataflow& flow : mapped.mapping.spatial) {
            if (flow.dimension != d) continue;
            for (const hardware::Unrolling& unrolling : flow.unrollings) {
                loops += fmt::format("parfor {} in {}, ", clean(unrolling.loop), countText(unrolling.factor));
                used *= unrolling.factor;
            }
        }
        if (loops.empty()) loops = "nothing  ";
        loops.resize(loops.size() - 2);
        text += wrap(fmt::format("{} on {}: {} of {} units", loops, elide(dimensions[d].name, 20), countText(used),
                                 countText(dimensions[d].size)),
                     kWidth, 2, 4);
    }
    return text;
}

/// Loops of one size and place would be hard to tell apart without indentation, deep ones hard to read with it.
std::string indentation(std::size_t depth) { return std::string(std::min<std::size_t>(depth, 24), ' '); }

std::string loopsText(const Mapped& mapped) {
    std::vector<Columns::Column> columns{{"loops, outermost first", Columns::Align::left, true}};
    for (const cost::Operand& operand : mapped.nest.operands)
        columns.push_back({clean(operand.name) + " lies in", Columns::Align::left, true});
    Columns rows(std::move(columns));
    const std::vector<mapper::MappedLoop>& loops = mapped.mapping.loops;
    for (std::size_t i = loops.size(); i-- > 0;) {
        std::vector<std::string> row{fmt::format("{}for {} in {}", indentation(loops.size() - 1 - i),
                                                 clean(loops[i].dim), countText(loops[i].size))};
        for (const hardware::MemoryIndex memory : loops[i].memory)
            row.push_back(clean(mapped.core.memories[memory].name));
        rows.add(std::move(row));
    }
    const std::string table = loops.empty() ? "  no loops in time: all is computed at once\n" : rows.text(kWidth);
    return table + parforText(mapped);
}

/// The steps of the on-loading, or of the off-loading.
std::string loadsText(const Mapped& mapped, bool output) {
    std::string text;
    for (const mapper::Load& load : mapped.mapping.loads) {
        if (load.cycles == 0 || (load.operand == 0) != output) continue;
        text += fmt::format("{}{} {} -> {} {}", text.empty() ? "" : ", ",
                            elide(mapped.nest.operands[load.operand].name, 12),
                            elide(mapped.core.memories[load.from].name, 30),
                            elide(mapped.core.memories[load.to].name, 30), halvesText(load.cycles));
    }
    if (text.empty()) return {};
    return wrap(fmt::format("{} in cycles: {}", output ? "off-loading" : "on-loading", text), kWidth, 2, 4);
}

std::string runnerUpText(const mapper::Mapping& mapping) {
    if (!mapping.runnerUp) {
        return fmt::format("  runner-up: none, {}\n", mapping.evaluations > 1
                                                          ? "no mapping that was tried has another energy or latency"
                                                          : "this is the only mapping that was tried and fits");
    }
    const mapper::Alternative& other = *mapping.runnerUp;
    const std::string text =
        fmt::format("runner-up: cycles {}, energy {}: {}; innermost first {}",
                    changeText(other.latency, mapping.latency), changeText(other.energy, mapping.energy),
                    mapper::spatialText(other.spatial), mapper::temporalText(other.loops));
    return wrap(text, kWidth, 2, 4);
}

std::string certificateText(const mapper::Mapping& mapping, const char* objective) {
    if (!mapping.certificate) return {};
    const mapper::Certificate& proof = *mapping.certificate;
    const std::string looked = fmt::format(
        "{:.3g} mappings of {} unrolling{} ({} excluded by their bound alone), {} prefix states, {} "
        "partial mappings looked at",
        proof.space, proof.spatialMappings, proof.spatialMappings == 1 ? "" : "s", proof.spatialPruned,
        countText(proof.states), countText(proof.generated));
    if (proof.optimal) return wrap(fmt::format("proof: no mapping has less {}: {}", objective, looked), kWidth, 2, 4);
    return wrap(fmt::format("proof: not finished; no mapping has less {} than {:.10g}, {:.3g} % below this one: {}",
                            objective, proof.bound, 100 * proof.gap(), looked),
                kWidth, 2, 4);
}

std::string changeName(const hardware::Core& core, const mapper::Change& change) {
    using Kind = mapper::Change::Kind;
    if (change.kind == Kind::port) return portName(core, change.memory, change.port) + " 2x wider";
    if (change.kind == Kind::memory) return elide(core.memories[change.memory].name, 30) + " 2x larger";
    return fmt::format("array dimension {} 2x larger", elide(core.array.dimensions[change.dimension].name, 20));
}

std::string helpText(const explore::CoreResult& result, const explore::CoreLayer& info) {
    if (!info.sensitivity) return {};
    const mapper::Sensitivity& help = *info.sensitivity;
    const mapper::Mapping& mapping = *info.mapping;
    const std::string objective = mapper::name(result.objective);
    if (help.gains.empty()) {
        return wrap(
            fmt::format(
                "what would help {}: none of the {} things tried (each memory, port and searched array dimension "
                "twice as large, at the same energy an access)",
                objective, help.tried),
            kWidth, 2, 4);
    }
    std::string text = fmt::format("  what would help {}, at the same energy an access ({} of {} things tried):\n",
                                   objective, help.gains.size(), help.tried);
    for (std::size_t i = 0; i < help.gains.size() && i < kMostGains; ++i) {
        const mapper::Change& change = help.gains[i];
        text +=
            wrap(fmt::format("{}: latency {}, energy {}", changeName(Mapped(info).core, change),
                             changeText(change.latency, mapping.latency), changeText(change.energy, mapping.energy)),
                 kWidth, 4, 6);
    }
    if (help.gains.size() > kMostGains) text += fmt::format("    … and {} more\n", help.gains.size() - kMostGains);
    return text;
}

std::string layerText(const explore::CoreResult& result, const explore::CoreLayer& info) {
    const Mapped mapped(info);
    return headText(result, info) + stallText(mapped) + helpText(result, info) + "\n" + loopsText(mapped) + "\n" +
           memoriesTable(mapped) + "\n" + portsTable(mapped) + "\n" + loadsText(mapped, false) +
           loadsText(mapped, true) + certificateText(*info.mapping, mapper::name(result.objective)) +
           runnerUpText(*info.mapping);
}

}  // namespace

std::string costExplain(const explore::CoreResult& result, const std::string& layerName) {
    std::string text;
    for (const explore::CoreLayer& info : result.layers) {
        const std::string& name = result.workload.layers[info.layer].name;
        if (layerName.empty() || name.find(layerName) != std::string::npos) text += "\n" + layerText(result, info);
    }
    if (text.empty() && layerName.empty()) return "\nno layers are costed\n";
    return text.empty() ? fmt::format("\nno layer's name contains '{}'\n", clean(layerName)) : text;
}

}  // namespace millrace::report
