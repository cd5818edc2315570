#include "explore/bounds/layerbounds.h"

#include <algorithm>

#include "explore/bounds/work.h"
#include "explore/cost/imc.h"
#include "explore/mapping/cores.h"
#include "explore/platform/binding.h"
#include "explore/platform/costs.h"
#include "explore/platform/writing.h"

namespace millrace::bounds {

using hardware::CoreId;
using hardware::MemoryOperand;
using workload::LayerId;

LayerBounds::LayerBounds(const workload::Workload& workload, const hardware::Chip& chip,
                         const mapping::Mapping* mapping)
    : workload_(workload), chip_(chip), places_(chip) {
    addCores();
    for (const LayerId id : workload.layers.ids()) facts_.push_back(factsOf(id, mapping));
    if (places_.any()) {
        moves_ = compulsoryMoves(workload);
        cuts_ = cutsOf(chip, places_);
    }
    dependencies_ = dependencies(workload);
    prices_ = usefulPrices(jobsOf({}), cores_.size());
}

void LayerBounds::addCores() {
    kind_.assign(chip_.cores.size(), 0);
    position_.assign(chip_.cores.size(), 0);
    for (const CoreId id : chip_.computeCores()) {
        position_[id.index()] = cores_.size();
        cores_.push_back(id);
        std::size_t kind = 0;
        while (kind < example_.size() && chip_.cores[example_[kind]] != chip_.cores[id]) ++kind;
        kind_[id.index()] = kind;
        if (kind < example_.size()) continue;
        example_.push_back(id);
        const auto imc = cost::imcArrayOf(chip_.cores[id]);
        cyclesPerPass_.push_back(imc ? static_cast<double>(imc->cyclesPerOperation()) : 1.0);
    }
}

static double passes(const workload::Layer& layer, const std::vector<std::int64_t>& spacing) {
    return static_cast<double>(fewestPasses(layer, spacing));
}

LayerBounds::Facts LayerBounds::factsOf(LayerId id, const mapping::Mapping* mapping) const {
    const workload::Layer& layer = workload_.layers[id];
    Facts facts;
    facts.allowed = mapping::allowedCores(layer, chip_, mapping);
    const platform::Writing writing(layer);
    facts.operations = static_cast<double>(writing.operations());
    facts.cropped = writing.operations() != layer.operations();
    if (!facts.cropped) facts.elements[0] = static_cast<double>(workload_.tensors[layer.result].elements());
    for (std::size_t i = 0; i < layer.inputs.size() && i + 1 < cost::kMaxOperands; ++i) {
        facts.elements[i + 1] = static_cast<double>(touchedElements(layer, layer.inputs[i]));
    }
    Diagnostics diagnostics;
    auto nest = cost::nestOf(layer, diagnostics);
    if (nest) nest->corrections = platform::tileCorrections();
    for (std::size_t kind = 0; kind < example_.size(); ++kind) {
        const hardware::Core& core = chip_.cores[example_[kind]];
        Floor floor;
        floor.cyclesByRate = facts.operations / peakRate(layer, core, mapping);
        floor.cycles = floor.cyclesByRate;
        if (!facts.cropped) floor.spacing = passSpacing(layer, core, mapping);
        if (floor.spacing) floor.cycles = std::max(floor.cycles, passes(layer, *floor.spacing) * cyclesPerPass_[kind]);
        if (nest) floor.energy = coreFloor(*nest, core, platform::spatialOf(layer, core, mapping));
        facts.floors.push_back(std::move(floor));
    }
    return facts;
}

double LayerBounds::cycles(LayerId layer, CoreId core) const { return floor(facts_[layer.index()], core).cycles; }

double LayerBounds::cyclesPerOperation(LayerId layer, CoreId core) const {
    const double operations = facts_[layer.index()].operations;
    return operations > 0 ? cycles(layer, core) / operations : 0;
}

double LayerBounds::energy(LayerId layer, CoreId core) const {
    const Facts& facts = facts_[layer.index()];
    const CoreFloor& floor = this->floor(facts, core).energy;
    double sum = (floor.array + floor.innermost) * facts.operations;
    for (std::size_t op = 0; op < cost::kMaxOperands; ++op) sum += floor.perElement[op] * facts.elements[op];
    return sum;
}

double LayerBounds::energyPerOperation(LayerId layer, CoreId core) const {
    const double operations = facts_[layer.index()].operations;
    return operations > 0 ? energy(layer, core) / operations : 0;
}

const std::vector<CoreId>& LayerBounds::coresOf(const Allocation& allocation, std::size_t layer) const {
    const LayerId id(layer);
    return allocation.contains(id) && !allocation[id].empty() ? allocation[id] : facts_[layer].allowed;
}

/// Passes over an array that all of these cores' passes fit in; 0 if nothing is known.
double LayerBounds::stepsOf(std::size_t layer, const std::vector<CoreId>& cores) const {
    std::vector<std::int64_t> most;
    for (const CoreId core : cores) {
        const auto& spacing = floor(facts_[layer], core).spacing;
        if (!spacing) return 0;
        if (most.empty()) most = *spacing;
        for (std::size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], (*spacing)[i]);
    }
    return passes(workload_.layers[LayerId(layer)], most);
}

Job LayerBounds::jobOf(std::size_t layer, const std::vector<CoreId>& cores) const {
    Job job;
    job.steps = stepsOf(layer, cores);
    for (const CoreId core : cores) {
        const std::size_t position = position_[core.index()];
        if (std::find(job.cores.begin(), job.cores.end(), position) != job.cores.end()) continue;
        job.cores.push_back(position);
        job.cycles.push_back(floor(facts_[layer], core).cyclesByRate);
        job.cyclesPerStep.push_back(cyclesPerPass_[kind_[core.index()]]);
    }
    return job;
}

std::vector<Job> LayerBounds::jobsOf(const Allocation& allocation) const {
    std::vector<Job> jobs;
    for (std::size_t layer = 0; layer < facts_.size(); ++layer) {
        jobs.push_back(jobOf(layer, coresOf(allocation, layer)));
    }
    return jobs;
}

std::vector<std::size_t> LayerBounds::memories(const Allocation& allocation, LayerId layer, MemoryOperand role) const {
    if (!layer.valid()) return {places_.offchip()};
    std::vector<std::size_t> result;
    for (const CoreId core : coresOf(allocation, layer.index())) {
        const schedule::MemoryId memory = places_.memory(core, role);
        if (memory.valid() && std::find(result.begin(), result.end(), memory.index()) == result.end()) {
            result.push_back(memory.index());
        }
    }
    return result;
}

std::vector<Ends> LayerBounds::endsOf(const Allocation& allocation) const {
    std::vector<Ends> ends;
    for (const Move& move : moves_) {
        ends.push_back({memories(allocation, move.from, MemoryOperand::O), memories(allocation, move.to, move.role)});
    }
    return ends;
}

}  // namespace millrace::bounds
