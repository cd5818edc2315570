#include "explore/platform/bounds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "explore/cost/imc.h"
#include "explore/mapping/cores.h"
#include "explore/platform/binding.h"
#include "explore/platform/writing.h"

namespace millrace::platform {

using hardware::CoreId;

/// Longer axes are not enumerated; one index of them counts.
static constexpr std::int64_t kMostIndices = Writing::kMostPoints;

double peakRate(const workload::Layer& layer, const hardware::Core& core, const mapping::Mapping* mapping) {
    std::map<std::string, double> unrolled;
    std::set<std::size_t> given;
    double rate = 1;
    for (const hardware::Dataflow& dataflow : spatialOf(layer, core, mapping)) {
        double product = 1;
        for (const hardware::Unrolling& unrolling : dataflow.unrollings) {
            const auto dim = layer.dim(unrolling.loop);
            if (!dim) continue;
            double& used = unrolled.try_emplace(unrolling.loop, 1.0).first->second;
            const double left = static_cast<double>(layer.dims[*dim].size) / used;
            const double useful = std::min(static_cast<double>(unrolling.factor), left);
            used *= useful;
            product *= useful;
        }
        given.insert(dataflow.dimension);
        rate *= std::min(product, static_cast<double>(core.array.dimensions.at(dataflow.dimension).size));
    }
    std::size_t index = 0;
    for (const hardware::ArrayDimension& dimension : core.array.dimensions) {
        if (!given.contains(index++)) rate *= static_cast<double>(dimension.size);
    }
    const auto imc = cost::imcArrayOf(core);
    return std::max(rate, 1.0) / (imc ? static_cast<double>(imc->cyclesPerOperation()) : 1.0);
}

static void sortUnique(std::vector<std::int64_t>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// Different values in [0, extent) that the index takes over all points that write something.
static std::int64_t distinctIndices(const workload::Layer& layer, const Writing& writing, const workload::Axis& axis) {
    std::vector<std::int64_t> values{axis.index.offset};
    for (const workload::AffineTerm& term : axis.index.terms) {
        std::vector<std::int64_t> next;
        const std::int64_t size = layer.dims[term.dim].size;
        if (static_cast<std::int64_t>(values.size()) > kMostIndices / size) return 1;
        for (const std::int64_t value : values) {
            for (std::int64_t i = 0; i < size; ++i) {
                if (writing.at(term.dim, i)) next.push_back(value + term.coefficient * i);
            }
        }
        sortUnique(next);
        values = std::move(next);
    }
    std::vector<std::int64_t> inside;
    for (const std::int64_t value : values) {
        const std::int64_t divisor = axis.index.divisor;
        const std::int64_t index = (value - (value % divisor + divisor) % divisor) / divisor;
        if (index >= 0 && index < axis.extent) inside.push_back(index);
    }
    sortUnique(inside);
    return static_cast<std::int64_t>(inside.size());
}

static bool sharesLoops(const workload::Operand& operand) {
    std::set<workload::DimIndex> seen;
    for (const workload::Axis& axis : operand.axes) {
        for (const workload::AffineTerm& term : axis.index.terms) {
            if (!seen.insert(term.dim).second) return true;
        }
    }
    return false;
}

std::int64_t touchedElements(const workload::Layer& layer, const workload::Operand& operand) {
    const Writing writing(layer);
    if (!writing.freeIn(operand)) return 0;
    std::int64_t product = 1;
    std::int64_t largest = 0;
    for (const workload::Axis& axis : operand.axes) {
        const std::int64_t distinct = distinctIndices(layer, writing, axis);
        product *= distinct;
        largest = std::max(largest, distinct);
    }
    if (product == 0) return 0;
    return sharesLoops(operand) ? largest : product;
}

namespace {

struct Traffic {
    std::int64_t inBits = 0;
    std::int64_t outBits = 0;
};

/// What must cross the off-chip port at least: for each tensor that starts off-chip, the most that a single operand
/// touches of it.
Traffic compulsory(const workload::Workload& workload) {
    std::vector<std::int64_t> touched(workload.tensors.size(), 0);
    for (const workload::Layer& layer : workload.layers) {
        for (const workload::Operand& operand : layer.inputs) {
            const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
            if (pieces == nullptr || pieces->size() != 1) continue;
            const workload::Piece& piece = pieces->front();
            Box existing;
            for (const workload::Axis& axis : operand.axes) existing.push_back({0, axis.extent});
            if (!contains(piece.region, existing)) continue;
            std::set<std::size_t> used;
            for (const workload::AxisMap& map : piece.map) {
                if (map.operandAxis) used.insert(*map.operandAxis);
            }
            if (used.size() != operand.axes.size()) continue;
            std::int64_t& most = touched[piece.tensor.index()];
            most = std::max(most, touchedElements(layer, operand));
        }
    }
    Traffic traffic;
    for (const workload::TensorId id : workload.tensors.ids()) {
        const workload::Tensor& tensor = workload.tensors[id];
        if (tensor.origin != workload::TensorOrigin::layer) traffic.inBits += touched[id.index()] * tensor.bits;
        if (tensor.origin == workload::TensorOrigin::layer && tensor.isOutput) {
            traffic.outBits += tensor.elements() * tensor.bits;
        }
    }
    return traffic;
}

std::int64_t offchipBandwidth(const hardware::Chip& chip) {
    std::int64_t sum = 0;
    for (const hardware::Link& link : chip.links) {
        if (std::find(link.cores.begin(), link.cores.end(), chip.offchip) != link.cores.end()) sum += link.bandwidth;
    }
    return sum;
}

/// Work of layers by the set of cores they are confined to.
struct Confined {
    std::set<CoreId> cores;
    double coreCycles = 0;
};

std::vector<Confined> confinedWork(const workload::Workload& workload, const hardware::Chip& chip,
                                   const mapping::Mapping* mapping) {
    std::map<std::set<CoreId>, double> work;
    for (const workload::Layer& layer : workload.layers) {
        const std::vector<CoreId> cores = mapping::allowedCores(layer, chip, mapping);
        double best = 0;
        for (const CoreId core : cores) best = std::max(best, peakRate(layer, chip.cores[core], mapping));
        work[{cores.begin(), cores.end()}] += static_cast<double>(Writing(layer).operations()) / best;
    }
    std::vector<Confined> result;
    for (const auto& [cores, cycles] : work) result.push_back({cores, cycles});
    return result;
}

std::int64_t computeBound(const std::vector<Confined>& work) {
    double bound = 0;
    for (const Confined& outer : work) {
        double inside = 0;
        for (const Confined& inner : work) {
            if (std::includes(outer.cores.begin(), outer.cores.end(), inner.cores.begin(), inner.cores.end())) {
                inside += inner.coreCycles;
            }
        }
        bound = std::max(bound, inside / static_cast<double>(outer.cores.size()));
    }
    return static_cast<std::int64_t>(std::ceil(bound * (1 - 1e-12)));
}

double arrayEnergy(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping) {
    double sum = 0;
    for (const workload::Layer& layer : workload.layers) {
        double cheapest = 0;
        bool first = true;
        for (const CoreId core : mapping::allowedCores(layer, chip, mapping)) {
            const hardware::OperationalArray& array = chip.cores[core].array;
            const double energy = array.inMemoryComputing ? 0 : array.unitEnergy;
            cheapest = first ? energy : std::min(cheapest, energy);
            first = false;
        }
        sum += cheapest * static_cast<double>(Writing(layer).operations());
    }
    return sum;
}

/// True if the off-chip memory is a part of a computing core's hierarchy: then nothing must cross a link.
bool offchipIsShared(const hardware::Chip& chip) {
    for (const std::vector<CoreId>& group : chip.sharedMemories) {
        if (group.size() > 1 && std::find(group.begin(), group.end(), chip.offchip) != group.end()) return true;
    }
    return false;
}

}  // namespace

explore::Bounds bounds(const workload::Workload& workload, const hardware::Chip& chip,
                       const mapping::Mapping* mapping) {
    explore::Bounds result;
    const Traffic traffic = offchipIsShared(chip) ? Traffic{} : compulsory(workload);
    const std::int64_t bandwidth = offchipBandwidth(chip);
    result.compute = Cycles(computeBound(confinedWork(workload, chip, mapping)));
    result.offchipBits = Bits(traffic.inBits + traffic.outBits);
    if (bandwidth > 0) result.offchip = Cycles(ceilDiv(result.offchipBits.value(), bandwidth));
    result.latency = std::max(result.compute, result.offchip);
    double energy = arrayEnergy(workload, chip, mapping);
    const auto offchipMemory =
        chip.offchip.valid() ? chip.cores[chip.offchip].top(hardware::MemoryOperand::O) : std::nullopt;
    if (offchipMemory) {
        const hardware::Memory& memory = chip.cores[chip.offchip].memories[*offchipMemory];
        energy += static_cast<double>(traffic.inBits) / static_cast<double>(memory.readWidth()) * memory.readCost;
        energy += static_cast<double>(traffic.outBits) / static_cast<double>(memory.writeWidth()) * memory.writeCost;
    }
    result.energy = Picojoules(energy);
    return result;
}

}  // namespace millrace::platform
