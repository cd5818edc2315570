#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/columns.h"
#include "report/front.h"
#include "report/gaps.h"
#include "report/report.h"
#include "report/statistics.h"
#include "report/steady.h"
#include "report/tableparts.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 120;
constexpr std::size_t kFewLinks = 8;
using Align = Columns::Align;

std::string ratio(double value, double bound) {
    if (bound <= 0) return "-";
    return value / bound < 1e6 ? fmt::format("x{:.2f}", value / bound) : fmt::format("x{:.2e}", value / bound);
}

std::string header(const Result& result) {
    const std::string state = result.verified ? "verified" : "NOT VERIFIED";
    const std::string policy = result.policy.empty() ? "" : clean(result.policy) + ", ";
    return elide(fmt::format("{}: {}for {}, {}", subject(result), policy, mapper::name(result.objective), state),
                 kWidth) +
           "\n\n";
}

std::string totals(const Result& result) {
    const explore::Bounds& bounds = result.bounds;
    const Cycles latency = result.schedule.latency;
    const Picojoules energy = result.schedule.energy.total();
    Columns rows({{"Total", Align::left, true},
                  {"", Align::right},
                  {"lower bound", Align::right},
                  {"ratio", Align::right},
                  {"", Align::left, true}});
    rows.add({"latency in cycles", countText(latency.value()), countText(bounds.latency.value()),
              ratio(static_cast<double>(latency.value()), static_cast<double>(bounds.latency.value())),
              fmt::format("of compute {}, of off-chip traffic {}", countText(bounds.compute.value()),
                          countText(bounds.offchip.value()))});
    if (result.schedule.interval) {
        rows.add({"interval in cycles", countText(result.schedule.interval->value()), "", "", "the schedule repeats"});
    }
    rows.add(
        {"energy", energyText(energy), energyText(bounds.energy), ratio(energy.value(), bounds.energy.value()), ""});
    rows.add({"energy-delay product", fmt::format("{:.4g}", energy.value() * static_cast<double>(latency.value())), "",
              "", "pJ x cycles"});
    rows.add(
        {"off-chip traffic", sizeText(result.offchipTraffic), sizeText(bounds.offchipBits),
         ratio(static_cast<double>(result.offchipTraffic.value()), static_cast<double>(bounds.offchipBits.value())),
         ""});
    rows.add({"peak on-chip memory", sizeText(result.peakMemory), "", "", "the sum of all memories' peaks"});
    rows.add({"tiles", countText(static_cast<std::int64_t>(result.problem.tasks.size())), "", "", ""});
    if (result.search) {
        const explore::SearchRecord& search = *result.search;
        const std::string found = search.found > 0 ? fmt::format("best: no. {}", search.found) : "best: layer by layer";
        rows.add({"schedules evaluated", countText(search.schedules), "", "",
                  fmt::format("{}, {}; {}", search.method, search.end, found)});
        if (search.proven) {
            rows.add({"proven best of", countText(static_cast<std::int64_t>(search.choices)), "", "",
                      fmt::format("choices; {} ruled out by bounds", search.ruledOut)});
        }
    }
    rows.add({"mappings evaluated", countText(result.evaluations), "", "", ""});
    return rows.text(kWidth) + "\n" + gapsText(result);
}

std::string energies(const Result& result, const Statistics& sums) {
    const schedule::Energy& parts = result.schedule.energy;
    Columns rows({{"Energy", Align::left, true}, {"", Align::right}, {"share", Align::right}, {"what", Align::left}});
    const auto add = [&](const std::string& name, Picojoules energy, const char* what) {
        rows.add({name, energyText(energy), percent(share(energy, parts.total())), what});
    };
    add("compute", parts.compute, "tiles on their cores");
    Picojoules array;
    std::map<std::string, Picojoules> memories;
    for (std::size_t i = 0; i < sums.cores.size(); ++i) {
        array += sums.cores[i].arrayEnergy;
        for (std::size_t m = 0; m < sums.cores[i].memoryEnergy.size() && i < result.chip.cores.size(); ++m) {
            const hardware::Core& core = result.chip.cores[hardware::CoreId(i)];
            if (m < core.memories.size()) memories[clean(core.memories[m].name)] += sums.cores[i].memoryEnergy[m];
        }
    }
    add("· arrays", array, "of compute");
    for (const auto& [name, energy] : memories) add("· " + name, energy, "of compute");
    add("on-chip memory", parts.memory, "read and written by transfers");
    add("off-chip memory", parts.offchip, "read and written by transfers");
    add("spill", parts.spill, "memories, for results that did not fit");
    add("links", parts.links, "all transfers");
    return rows.text(kWidth) + "\n";
}

std::string layers(const Result& result) {
    Columns rows({{"#", Align::right},
                  {"layer", Align::left, true},
                  {"type", Align::left, true},
                  {"cores", Align::left, true},
                  {"tiles", Align::right},
                  {"start", Align::right},
                  {"end", Align::right},
                  {"cycles", Align::right},
                  {"array use", Align::right},
                  {"energy", Align::right}});
    const std::vector<std::string> names = layerLabels(result);
    for (const LayerId id : result.layers.ids()) {
        const explore::LayerResult& layer = result.layers[id];
        const bool known = result.workload.layers.contains(id);
        const std::string type = known ? result.workload.layers[id].type : "";
        rows.add({std::to_string(id.index()), names[id.index()], type, rangesText(indices(layer.cores)),
                  countText(static_cast<std::int64_t>(layer.tasks.size())), countText(layer.span.start.value()),
                  countText(layer.span.end.value()), countText(layer.span.length().value()), percent(layer.utilisation),
                  energyText(layer.energy)});
    }
    return rows.empty() ? "" : rows.text(kWidth) + "\n";
}

std::string cores(const Result& result, const Statistics& sums, const Waits& waits) {
    std::vector<Columns::Column> titles{
        {"#", Align::right},      {"core", Align::left, true},   {"tiles", Align::right}, {"array use", Align::right},
        {"energy", Align::right}, {"busy cycles", Align::right}, {"busy", Align::right}};
    if (waits.known) {
        for (const char* cause : {"idle: input", "link", "space", "pred.", "order", "done"})
            titles.push_back({cause, Align::right});
    }
    Columns rows(std::move(titles));
    for (const schedule::CoreId id : result.problem.cores.ids()) {
        const hardware::CoreId same(id.index());
        if (result.chip.isOffchip(same)) continue;
        const CoreUse& use = sums.cores[id.index()];
        const std::int64_t units = result.chip.cores.contains(same) ? result.chip.cores[same].array.units() : 0;
        const double most = static_cast<double>(units) * static_cast<double>(sums.period.value());
        std::vector<std::string> row{std::to_string(id.index()),
                                     result.problem.cores[id].name,
                                     countText(use.tasks),
                                     percent(share(static_cast<double>(use.operations), most)),
                                     energyText(use.energy),
                                     countText(use.busy.value()),
                                     percent(share(use.busy, sums.period))};
        if (waits.known) {
            for (const Cycles idle : waits.cores[id].sums) row.push_back(percent(share(idle, result.schedule.latency)));
        }
        rows.add(std::move(row));
    }
    return rows.empty() ? "" : rows.text(kWidth) + "\n";
}

/// The links that were used, those that were busy for longest first.
std::vector<schedule::LinkId> busiest(const Result& result, const Statistics& sums) {
    std::vector<schedule::LinkId> used;
    for (const schedule::LinkId id : result.problem.links.ids()) {
        if (sums.links[id.index()].transfers > 0) used.push_back(id);
    }
    const auto before = [&](schedule::LinkId a, schedule::LinkId b) {
        return sums.links[a.index()].busy > sums.links[b.index()].busy;
    };
    std::stable_sort(used.begin(), used.end(), before);
    return used;
}

std::string links(const Result& result, const Statistics& sums) {
    Columns rows({{"#", Align::right},
                  {"link", Align::left, true},
                  {"transfers", Align::right},
                  {"carried", Align::right},
                  {"busy", Align::right},
                  {"band use", Align::right},
                  {"energy", Align::right}});
    const std::vector<schedule::LinkId> used = busiest(result, sums);
    const std::size_t shown = used.size() > kFewLinks + 2 ? kFewLinks : used.size();
    for (std::size_t i = 0; i < shown; ++i) {
        const LinkUse& use = sums.links[used[i].index()];
        const schedule::Link& link = result.problem.links[used[i]];
        const double most = static_cast<double>(link.bandwidth) * static_cast<double>(sums.period.value());
        rows.add({std::to_string(used[i].index()), link.name, countText(use.transfers), sizeText(use.bits),
                  percent(share(use.busy, sums.period)), percent(share(static_cast<double>(use.bits.value()), most)),
                  energyText(use.energy)});
    }
    if (rows.empty()) return "";
    const std::string more = shown == used.size()
                                 ? ""
                                 : fmt::format("  … and {} more, each at most {} busy\n", used.size() - shown,
                                               percent(share(sums.links[used[shown].index()].busy, sums.period)));
    return rows.text(kWidth) + more + "\n";
}

std::string memories(const Result& result, const Statistics& sums) {
    Columns rows({{"#", Align::right},
                  {"memory", Align::left, true},
                  {"capacity", Align::right},
                  {"peak", Align::right},
                  {"full", Align::right},
                  {"read", Align::right},
                  {"written", Align::right},
                  {"energy", Align::right}});
    for (const schedule::MemoryId id : result.problem.memories.ids()) {
        const schedule::Memory& memory = result.problem.memories[id];
        const MemoryUse& use = sums.memories[id.index()];
        rows.add({std::to_string(id.index()), memory.name, sizeText(memory.capacity), sizeText(use.peak),
                  percent(share(use.peak, memory.capacity)), sizeText(use.read), sizeText(use.written),
                  energyText(use.energy)});
    }
    return rows.empty() ? "" : rows.text(kWidth) + "\n";
}

std::string hostOperators(const Result& result) {
    Columns rows({{"host operator", Align::left, true}, {"type", Align::left, true}, {"reason", Align::left, true}});
    for (const workload::HostOperator& host : result.workload.hostOperators)
        rows.add({host.name, host.type, host.reason});
    return rows.empty() ? "" : rows.text(kWidth) + "\n";
}

}  // namespace

std::string table(const explore::Result& result) {
    const Statistics sums = statistics(result);
    const Waits idle = waits(result);
    std::string text = header(result) + totals(result) + (result.front ? frontTable(*result.front) : "") +
                       steadyTable(result) + timeTable(result, sums, idle) + energies(result, sums) + movedTable(sums) +
                       stackTable(result, sums) + layers(result) + cores(result, sums, idle) + links(result, sums) +
                       memories(result, sums) + hostOperators(result);
    text.pop_back();
    return text;
}

}  // namespace millrace::report
