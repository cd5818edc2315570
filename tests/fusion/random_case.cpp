#include "fusion/random_case.h"

#include <cmath>

#include "chips.h"
#include "explore/tiling/splits.h"
#include "search/networks.h"
#include "tiling/random_grid.h"
#include "tiling/random_workload.h"

namespace millrace::test {

using hardware::Chip;
using hardware::Core;
using hardware::CoreId;
using workload::LayerId;

static std::int64_t anyWidth(Rng& rng) {
    static const std::int64_t widths[] = {3, 8, 16, 64, 256, 1024};
    return widths[rng.below(6)];
}

static Core randomCore(Rng& rng, std::int64_t bits) {
    using enum hardware::MemoryOperand;
    Core core = rng.below(3) == 0 ? vectorCore("vector", 4, bits) : matrixCore("matrix", 2, 2, bits);
    core.memories.pop_back();
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < core.array.dimensions.size(); ++i) all.push_back(i);
    const auto add = [&](const std::string& name, std::vector<hardware::MemoryOperand> operands) {
        const std::int64_t size = std::max<std::int64_t>(bits * rng.between(1, 4) / 2, 64);
        core.memories.push_back(memory(name, size, anyWidth(rng), std::move(operands), all, 10));
    };
    switch (rng.below(3)) {
        case 0: add("sram", {I1, I2, O}); break;
        case 1:
            add("sram_i", {I1});
            add("sram_w", {I2});
            add("sram_o", {O});
            break;
        default: add("sram_io", {I1, O}); add("sram_w", {I2});
    }
    return core;
}

namespace {

class Wiring {
public:
    Wiring(Chip& chip, Rng& rng) : chip_(chip), rng_(rng), cores_(chip.cores.size() - 1) {}

    void run() {
        switch (rng_.below(5)) {
            case 0: bus("bus", CoreId()); break;
            case 1:
                for (std::size_t i = 0; i < cores_ && cores_ > 1; ++i) wire(i, (i + 1) % cores_);
                break;
            case 2:
                for (std::size_t i = 0; i + 1 < cores_; ++i) both(i, i + 1);
                break;
            case 3:
                for (std::size_t i = 0; i < cores_; ++i) {
                    if (i % 2 == 0 && i + 1 < cores_) both(i, i + 1);
                    if (i + 2 < cores_) both(i, i + 2);
                }
                break;
            default:
                for (std::size_t i = 0; i < cores_; ++i) {
                    for (std::size_t j = i + 1; j < cores_; ++j) both(i, j);
                }
        }
        switch (rng_.below(4)) {
            case 0:
                for (std::size_t i = 0; i < cores_; ++i) both(i, cores_);
                break;
            case 1: both(rng_.below(cores_), cores_); break;
            default: bus("offchip", chip_.offchip);
        }
    }

private:
    void wire(std::size_t from, std::size_t to) {
        hardware::Link link;
        link.name = std::to_string(from) + " -> " + std::to_string(to);
        link.cores = {CoreId(from), CoreId(to)};
        link.bandwidth = anyWidth(rng_);
        link.energyPerBit = 0.5;
        chip_.links.add(std::move(link));
    }
    void both(std::size_t a, std::size_t b) {
        wire(a, b);
        wire(b, a);
    }
    void bus(const char* name, CoreId hub) {
        hardware::Link link;
        link.name = name;
        link.bus = true;
        link.hub = hub;
        link.bandwidth = anyWidth(rng_);
        link.energyPerBit = 2;
        for (const CoreId id : chip_.cores.ids()) {
            if (hub.valid() || id != chip_.offchip) link.cores.push_back(id);
        }
        if (link.cores.size() > 1) chip_.links.add(std::move(link));
    }

    Chip& chip_;
    Rng& rng_;
    std::size_t cores_;
};

}  // namespace

Chip randomChip(Rng& rng, std::int64_t bits) {
    Chip chip;
    chip.name = "random";
    const std::int64_t cores = rng.between(1, 4);
    for (std::int64_t i = 0; i < cores; ++i) chip.cores.add(randomCore(rng, bits));
    if (cores > 1 && rng.below(3) == 0) {
        chip.cores[CoreId(1)] = chip.cores[CoreId(0)];
        chip.sharedMemories.push_back({CoreId(0), CoreId(1)});
    }
    chip.offchip = chip.cores.add(dram(anyWidth(rng)));
    Wiring(chip, rng).run();
    return chip;
}

fusion::Plan randomPlan(const workload::Workload& workload, const Chip& chip, Rng& rng, std::int64_t most) {
    fusion::Plan plan;
    const std::size_t cores = chip.cores.size() - 1;
    for (const LayerId id : workload.layers.ids()) {
        if (plan.stacks.empty() || rng.below(3) == 0) plan.stacks.emplace_back();
        plan.stacks.back().push_back(id);
        const Splits splits = randomSplits(workload.layers[id], rng, most);
        fusion::LayerPlan layer{plan.stacks.size() - 1, splits.inter, splits.intra, {}};
        for (std::size_t i = rng.below(cores + 1) + 1; i > 0; --i) layer.cores.push_back(CoreId(rng.below(cores)));
        plan.layers.add(std::move(layer));
    }
    return plan;
}

fusion::Policy randomPolicy(Rng& rng) {
    fusion::Policy policy;
    policy.order = static_cast<fusion::Order>(rng.below(3));
    policy.halo = static_cast<fusion::Halo>(rng.below(3));
    policy.lookahead = static_cast<int>(rng.between(1, 5));
    policy.prefetch = rng.below(2) == 0;
    policy.multicast = rng.below(3) != 0;
    return policy;
}

std::int64_t allBits(const workload::Workload& workload) {
    std::int64_t bits = 0;
    for (const workload::Tensor& tensor : workload.tensors) bits += tensor.elements() * std::max(tensor.bits, 32);
    return bits;
}

double randomShare(Rng& rng) { return std::exp2(5 * rng.unit() - 4.5); }

/// Layers cut alike, as halos that are computed again need.
static void cutAlike(const workload::Workload& workload, fusion::Plan& plan, Rng& rng) {
    const char* loop = rng.below(2) == 0 ? "OY" : "OX";
    const std::int64_t parts = rng.between(2, 4);
    for (const LayerId id : workload.layers.ids()) {
        const auto dim = workload.layers[id].dim(loop);
        if (!dim || workload.layers[id].dims[*dim].kind != workload::DimKind::parallel) continue;
        Splits splits;
        tryCut(workload.layers[id], splits, false, *dim, parts);
        plan.layers[id].inter.clear();
        plan.layers[id].intra = splits.intra;
    }
}

/// Cuts over cores along loops that are summed over, beside the other cuts.
static void cutSums(const workload::Workload& workload, fusion::Plan& plan, Rng& rng) {
    for (const LayerId id : workload.layers.ids()) {
        const workload::Layer& layer = workload.layers[id];
        for (workload::DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
            const std::int64_t most = std::min<std::int64_t>(layer.dims[dim].size, 4);
            if (layer.dims[dim].kind != workload::DimKind::reduction || most < 2 || rng.below(2) == 0) continue;
            std::vector<tiling::Split>& inter = plan.layers[id].inter;
            const auto place = inter.begin() + static_cast<std::ptrdiff_t>(rng.below(inter.size() + 1));
            const std::int64_t parts = rng.between(2, most);
            if (parts * tiling::partsOf(plan.layers[id].intra, dim) > layer.dims[dim].size) continue;
            inter.insert(place, {dim, parts});
        }
    }
}

/// Puts a host operator between a layer and its readers.
static void addHost(workload::Workload& workload, LayerId layer) {
    const workload::TensorId before = workload.layers[layer].result;
    workload::Tensor tensor = workload.tensors[before];
    tensor.name += ".host";
    tensor.origin = workload::TensorOrigin::host;
    tensor.producer = {};
    tensor.isOutput = false;
    const workload::TensorId after(workload.tensors.size());
    bool any = false;
    for (workload::Layer& reader : workload.layers) {
        for (workload::Operand& operand : reader.inputs) {
            auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
            for (std::size_t i = 0; pieces != nullptr && i < pieces->size(); ++i) {
                if ((*pieces)[i].tensor != before) continue;
                (*pieces)[i].tensor = after;
                any = true;
            }
        }
    }
    if (!any) return;
    workload.tensors.add(std::move(tensor));
    workload.hostOperators.push_back({"host", "Unknown", "nobody knows it", {before}, {after}});
}

FusedCase randomCase(Rng& rng, double share) {
    FusedCase result;
    result.workload = rng.below(3) == 0 ? randomWorkload(rng) : randomSmallWorkload(rng);
    if (rng.below(6) == 0) addHost(result.workload, LayerId(rng.below(result.workload.layers.size())));
    const double bits = share * static_cast<double>(allBits(result.workload));
    result.chip = randomChip(rng, std::max<std::int64_t>(static_cast<std::int64_t>(bits), 64));
    result.plan = randomPlan(result.workload, result.chip, rng, rng.between(1, 12));
    result.policy = randomPolicy(rng);
    if (result.policy.halo == fusion::Halo::recompute) cutAlike(result.workload, result.plan, rng);
    if (rng.below(4) == 0) cutSums(result.workload, result.plan, rng);
    return result;
}

}  // namespace millrace::test
