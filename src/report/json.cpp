#include <map>

#include "report/jsonparts.h"
#include "report/report.h"
#include "report/steady.h"

namespace millrace::report {
namespace {

class Writer {
public:
    explicit Writer(const Result& result) : result_(result), sums_(statistics(result)), waits_(waits(result)) {}

    Json layers() const;
    Json cores() const;
    Json links() const;
    Json memories() const;
    Json transfers() const { return transfersJson(sums_); }
    Json stacks() const { return stacksJson(result_, sums_); }
    Json idle() const { return idleJson(result_, waits_); }
    Json energy() const;
    Json bounds() const;
    Json hostOperators() const;

private:
    const hardware::Core* chipCore(std::size_t index) const {
        return index < result_.chip.cores.size() ? &result_.chip.cores[hardware::CoreId(index)] : nullptr;
    }
    Json coreReference(std::size_t index) const {
        const schedule::CoreId id(index);
        return {{"id", index}, {"name", result_.problem.cores.contains(id) ? result_.problem.cores[id].name : ""}};
    }
    Json tileKind(const workload::Layer& layer, const explore::TileKind& kind) const;
    Json memoryEnergies(std::size_t core, const std::vector<Picojoules>& energies) const;

    const Result& result_;
    const Statistics sums_;
    const Waits waits_;
};

Json Writer::memoryEnergies(std::size_t core, const std::vector<Picojoules>& energies) const {
    Json list = Json::array();
    const hardware::Core* parent = chipCore(core);
    for (std::size_t i = 0; i < energies.size(); ++i) {
        const bool known = parent != nullptr && i < parent->memories.size();
        list.push_back({{"name", known ? parent->memories[i].name : ""}, {"energy_pj", energies[i].value()}});
    }
    return list;
}

Json Writer::tileKind(const workload::Layer& layer, const explore::TileKind& kind) const {
    Json sizes = Json::object();
    for (std::size_t i = 0; i < kind.sizes.size() && i < layer.dims.size(); ++i) {
        sizes[layer.dims[i].name] = kind.sizes[i];
    }
    Json entry;
    entry["core"] = kind.core.valid() ? coreReference(kind.core.index()) : Json();
    entry["count"] = kind.count;
    entry["sizes"] = sizes;
    entry["duration_cycles"] = kind.duration.value();
    entry["ideal_cycles"] = kind.idealCycles;
    entry["spatial_cycles"] = kind.spatialCycles;
    entry["stall_cycles"] = kind.stallCycles;
    entry["load_cycles"] = kind.loadCycles;
    entry["energy_pj"] = kind.energy.value();
    entry["array_energy_pj"] = kind.arrayEnergy.value();
    entry["memories"] = memoryEnergies(kind.core.valid() ? kind.core.index() : sums_.cores.size(), kind.memoryEnergy);
    entry["spatial"] = kind.spatial;
    entry["temporal"] = kind.temporal;
    return entry;
}

Json Writer::layers() const {
    Json list = Json::array();
    const workload::Layer unknown;
    const std::vector<std::size_t> stackOf = stacksOfLayers(result_);
    for (const LayerId id : result_.layers.ids()) {
        const explore::LayerResult& layer = result_.layers[id];
        const workload::Layer& source = result_.workload.layers.contains(id) ? result_.workload.layers[id] : unknown;
        Json entry;
        entry["id"] = id.index();
        entry["name"] = source.name;
        entry["type"] = source.type;
        entry["cores"] = Json::array();
        for (const hardware::CoreId core : layer.cores) entry["cores"].push_back(coreReference(core.index()));
        entry["start_cycle"] = layer.span.start.value();
        entry["end_cycle"] = layer.span.end.value();
        entry["busy_cycles"] = sums_.layerBusy[id.index()].value();
        entry["tiles"] = layer.tasks.size();
        entry["operations"] = layer.operations;
        entry["energy_pj"] = layer.energy.value();
        entry["utilisation"] = layer.utilisation;
        if (stackOf[id.index()] != kNoStack) entry["stack"] = stackOf[id.index()];
        if (waits_.known) entry["idle_cycles"] = causesJson(waits_.layers[id.index()]);
        entry["tile_kinds"] = Json::array();
        for (const explore::TileKind& kind : layer.kinds) entry["tile_kinds"].push_back(tileKind(source, kind));
        list.push_back(std::move(entry));
    }
    return list;
}

Json Writer::cores() const {
    Json list = Json::array();
    for (std::size_t i = 0; i < sums_.cores.size(); ++i) {
        const CoreUse& use = sums_.cores[i];
        const hardware::Core* core = chipCore(i);
        const std::int64_t units = core != nullptr ? core->array.units() : 0;
        Json entry = coreReference(i);
        entry["offchip"] = core != nullptr && result_.chip.isOffchip(hardware::CoreId(i));
        entry["units"] = units;
        entry["tiles"] = use.tasks;
        entry["busy_cycles"] = use.busy.value();
        entry["busy_share"] = share(use.busy, sums_.period);
        entry["operations"] = use.operations;
        entry["utilisation"] = share(static_cast<double>(use.operations),
                                     static_cast<double>(units) * static_cast<double>(sums_.period.value()));
        entry["energy_pj"] = use.energy.value();
        entry["array_energy_pj"] = use.arrayEnergy.value();
        entry["memories"] = memoryEnergies(i, use.memoryEnergy);
        if (waits_.known) entry["idle_cycles"] = causesJson(waits_.cores[schedule::CoreId(i)].sums);
        list.push_back(std::move(entry));
    }
    return list;
}

Json Writer::links() const {
    Json list = Json::array();
    for (std::size_t i = 0; i < sums_.links.size(); ++i) {
        const schedule::Link& link = result_.problem.links[schedule::LinkId(i)];
        const LinkUse& use = sums_.links[i];
        Json entry;
        entry["id"] = i;
        entry["name"] = link.name;
        entry["bus"] = link.bus;
        entry["cores"] = Json::array();
        for (const schedule::CoreId core : link.cores) entry["cores"].push_back(coreReference(core.index()));
        entry["bandwidth_bits_per_cycle"] = link.bandwidth;
        entry["transfers"] = use.transfers;
        entry["bits"] = use.bits.value();
        entry["busy_cycles"] = use.busy.value();
        entry["busy_share"] = share(use.busy, sums_.period);
        entry["bandwidth_share"] =
            share(static_cast<double>(use.bits.value()),
                  static_cast<double>(link.bandwidth) * static_cast<double>(sums_.period.value()));
        entry["energy_pj"] = use.energy.value();
        list.push_back(std::move(entry));
    }
    return list;
}

Json Writer::memories() const {
    Json list = Json::array();
    for (std::size_t i = 0; i < sums_.memories.size(); ++i) {
        const schedule::Memory& memory = result_.problem.memories[schedule::MemoryId(i)];
        const MemoryUse& use = sums_.memories[i];
        Json entry;
        entry["id"] = i;
        entry["name"] = memory.name;
        entry["offchip"] = memory.offchip;
        entry["cores"] = Json::array();
        for (const schedule::CoreId core : memory.cores) entry["cores"].push_back(coreReference(core.index()));
        entry["capacity_bits"] = memory.capacity.value();
        entry["peak_bits"] = use.peak.value();
        entry["peak_cycle"] = use.peakAt.value();
        entry["read_bits"] = use.read.value();
        entry["written_bits"] = use.written.value();
        entry["energy_pj"] = use.energy.value();
        list.push_back(std::move(entry));
    }
    return list;
}

Json Writer::energy() const {
    const schedule::Energy& parts = result_.schedule.energy;
    Picojoules array;
    std::map<std::string, double> byName;
    std::vector<std::string> order;
    for (std::size_t i = 0; i < sums_.cores.size(); ++i) {
        array += sums_.cores[i].arrayEnergy;
        const hardware::Core* core = chipCore(i);
        for (std::size_t m = 0; core != nullptr && m < sums_.cores[i].memoryEnergy.size(); ++m) {
            if (m >= core->memories.size()) break;
            const std::string& name = core->memories[m].name;
            if (byName.count(name) == 0) order.push_back(name);
            byName[name] += sums_.cores[i].memoryEnergy[m].value();
        }
    }
    Json memories = Json::array();
    for (const std::string& name : order) memories.push_back({{"name", name}, {"energy_pj", byName[name]}});
    Json entry;
    entry["compute_pj"] = parts.compute.value();
    entry["compute_array_pj"] = array.value();
    entry["compute_memories"] = memories;
    entry["memory_pj"] = parts.memory.value();
    entry["offchip_pj"] = parts.offchip.value();
    entry["spill_pj"] = parts.spill.value();
    entry["links_pj"] = parts.links.value();
    return entry;
}

Json Writer::bounds() const {
    const explore::Bounds& bounds = result_.bounds;
    const auto terms = [](const std::vector<explore::BoundTerm>& all, const char* unit) {
        Json list = Json::array();
        for (const explore::BoundTerm& term : all) list.push_back({{"name", term.name}, {unit, term.value}});
        return list;
    };
    return {{"latency_cycles", bounds.latency.value()},        {"compute_cycles", bounds.compute.value()},
            {"offchip_cycles", bounds.offchip.value()},        {"energy_pj", bounds.energy.value()},
            {"offchip_bits", bounds.offchipBits.value()},      {"latency_terms", terms(bounds.latencyTerms, "cycles")},
            {"energy_terms", terms(bounds.energyTerms, "pj")}, {"offchip_terms", terms(bounds.offchipTerms, "bits")}};
}

Json Writer::hostOperators() const {
    Json list = Json::array();
    for (const workload::HostOperator& host : result_.workload.hostOperators) {
        list.push_back({{"name", host.name}, {"type", host.type}, {"reason", host.reason}});
    }
    return list;
}

}  // namespace

std::string resultJson(const explore::Result& result, double wallSeconds) {
    const Writer writer(result);
    const double energy = result.schedule.energy.total().value();
    const std::int64_t latency = result.schedule.latency.value();
    Json root;
    root["schema"] = "millrace.explore/1";
    root["network"] = result.workload.name;
    root["chip"] = result.chip.name;
    root["policy"] = result.policy;
    root["objective"] = mapper::name(result.objective);
    root["verified"] = result.verified;
    root["latency_cycles"] = latency;
    if (result.schedule.interval) root["interval_cycles"] = result.schedule.interval->value();
    root["energy_pj"] = energy;
    root["edp"] = energy * static_cast<double>(latency);
    root["tiles"] = result.problem.tasks.size();
    root["offchip_bits"] = result.offchipTraffic.value();
    root["peak_memory_bits"] = result.peakMemory.value();
    root["lower_bound"] = writer.bounds();
    root["gap"] = gapJson(result);
    root["energy"] = writer.energy();
    root["layers"] = writer.layers();
    root["cores"] = writer.cores();
    root["links"] = writer.links();
    root["memories"] = writer.memories();
    root["transfers"] = writer.transfers();
    root["stacks"] = writer.stacks();
    root["idle"] = writer.idle();
    root["host_operators"] = writer.hostOperators();
    root["evaluations"] = result.search ? result.search->schedules : result.evaluations;
    root["mappings_evaluated"] = result.evaluations;
    if (result.search) root["search"] = searchJson(*result.search);
    if (result.steady) root["steady"] = steadyJson(*result.steady);
    root["wall_seconds"] = wallSeconds;
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace millrace::report
