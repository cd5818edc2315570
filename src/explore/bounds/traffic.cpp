#include "explore/bounds/traffic.h"

#include <algorithm>
#include <limits>
#include <set>

#include "explore/bounds/work.h"

namespace millrace::bounds {

using hardware::CoreId;
using hardware::MemoryOperand;
using workload::LayerId;
using workload::TensorOrigin;

static MemoryOperand roleOf(const workload::Operand& operand) {
    for (const MemoryOperand role : hardware::kMemoryOperands) {
        if (operand.memoryOperand == hardware::name(role)) return role;
    }
    return MemoryOperand::I1;
}

static void addReads(const workload::Workload& workload, LayerId id, std::vector<Move>& moves) {
    for (const workload::Operand& operand : workload.layers[id].inputs) {
        const workload::TensorId tensor = onlyTensor(operand);
        if (!tensor.valid()) continue;
        const workload::Tensor& read = workload.tensors[tensor];
        const LayerId from = read.origin == TensorOrigin::layer ? read.producer : LayerId();
        const std::int64_t elements = touchedElements(workload.layers[id], operand);
        if (elements > 0) moves.push_back({tensor, from, id, roleOf(operand), elements * read.bits});
    }
}

std::vector<Move> compulsoryMoves(const workload::Workload& workload) {
    std::vector<Move> moves;
    std::set<workload::TensorId> toHost;
    for (const workload::HostOperator& host : workload.hostOperators) {
        toHost.insert(host.inputs.begin(), host.inputs.end());
    }
    for (const LayerId id : workload.layers.ids()) addReads(workload, id, moves);
    for (const workload::TensorId id : workload.tensors.ids()) {
        const workload::Tensor& tensor = workload.tensors[id];
        if (tensor.origin != TensorOrigin::layer || (!tensor.isOutput && !toHost.contains(id))) continue;
        moves.push_back({id, tensor.producer, LayerId(), MemoryOperand::O, tensor.elements() * tensor.bits});
    }
    std::stable_sort(moves.begin(), moves.end(), [](const Move& a, const Move& b) { return a.tensor < b.tensor; });
    return moves;
}

Places::Places(const hardware::Chip& chip) {
    Diagnostics diagnostics;
    if (!chip.offchip.valid()) return;
    auto platform = platform::Platform::make(chip, problem_, diagnostics);
    if (!platform) return;
    platform_ = std::move(*platform);
    any_ = true;
    offchip_ = platform_.offchip().index();
    measure(chip);
}

schedule::MemoryId Places::memory(CoreId core, MemoryOperand role) const { return platform_.memory(core, role); }

/// Least link energy from core to core, by core * cores + core.
static std::vector<double> linkEnergy(const hardware::Chip& chip) {
    const std::size_t n = chip.cores.size();
    std::vector<double> energy(n * n, std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i < n; ++i) energy[i * n + i] = 0;
    for (const hardware::Link& link : chip.links) {
        for (const CoreId a : link.cores) {
            for (const CoreId b : link.cores) {
                double& known = energy[a.index() * n + b.index()];
                if (a != b && link.connects(a, b)) known = std::min(known, link.energyPerBit);
            }
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                energy[i * n + j] = std::min(energy[i * n + j], energy[i * n + k] + energy[k * n + j]);
            }
        }
    }
    return energy;
}

void Places::measure(const hardware::Chip& chip) {
    const std::vector<double> links = linkEnergy(chip);
    cost_.assign(size() * size(), 0.0);
    for (const schedule::MemoryId from : problem_.memories.ids()) {
        for (const schedule::MemoryId to : problem_.memories.ids()) {
            if (from == to) continue;
            const schedule::Memory& source = problem_.memories[from];
            const schedule::Memory& target = problem_.memories[to];
            double way = std::numeric_limits<double>::infinity();
            for (const schedule::CoreId a : source.cores) {
                for (const schedule::CoreId b : target.cores) {
                    way = std::min(way, links[a.index() * chip.cores.size() + b.index()]);
                }
            }
            cost_[from.index() * size() + to.index()] = source.readEnergy / static_cast<double>(source.readWordBits) +
                                                        way +
                                                        target.writeEnergy / static_cast<double>(target.writeWordBits);
        }
    }
}

double moveEnergy(const Move& move, const Ends& ends, const Places& places) {
    double least = std::numeric_limits<double>::infinity();
    for (const std::size_t from : ends.from) {
        for (const std::size_t to : ends.to) least = std::min(least, places.energyPerBit(from, to));
    }
    // Ends without a way between them: no schedule at all, and nothing to say about its energy.
    return least == std::numeric_limits<double>::infinity() ? 0 : least * static_cast<double>(move.bits);
}

/// The links that leave or enter the cores marked.
static void addLinks(const hardware::Chip& chip, const std::vector<bool>& cores, Cut& cut) {
    for (const hardware::Link& link : chip.links) {
        bool in = false;
        bool out = false;
        for (const CoreId a : link.cores) {
            for (const CoreId b : link.cores) {
                if (a == b || cores[a.index()] == cores[b.index()] || !link.connects(a, b)) continue;
                (cores[b.index()] ? in : out) = true;
            }
        }
        if (in && out) {
            cut.bothBandwidth += link.bandwidth;
        } else if (in || out) {
            (in ? cut.inBandwidth : cut.outBandwidth) += link.bandwidth;
        }
    }
}

/// The core with all that share a memory with it.
static std::vector<bool> withSharers(const hardware::Chip& chip, CoreId core) {
    std::vector<bool> cores(chip.cores.size(), false);
    cores[core.index()] = true;
    for (const std::vector<CoreId>& group : chip.sharedMemories) {
        if (std::find(group.begin(), group.end(), core) == group.end()) continue;
        for (const CoreId other : group) cores[other.index()] = true;
    }
    return cores;
}

std::vector<Cut> cutsOf(const hardware::Chip& chip, const Places& places) {
    std::vector<Cut> cuts;
    std::set<std::vector<bool>> seen;
    std::vector<CoreId> order{chip.offchip};
    for (const CoreId core : chip.computeCores()) order.push_back(core);
    for (const CoreId core : order) {
        const std::vector<bool> cores = withSharers(chip, core);
        if (!seen.insert(cores).second) continue;
        Cut cut;
        cut.name = "links of ";
        cut.inside.assign(places.size(), false);
        for (const CoreId other : chip.cores.ids()) {
            if (!cores[other.index()]) continue;
            for (const MemoryOperand role : hardware::kMemoryOperands) {
                const schedule::MemoryId memory = places.memory(other, role);
                if (memory.valid()) cut.inside[memory.index()] = true;
            }
        }
        cut.name += chip.isOffchip(core) ? "the off-chip memory"
                                         : "core " + std::to_string(core.index()) + " (" + chip.cores[core].name + ")";
        addLinks(chip, cores, cut);
        cuts.push_back(std::move(cut));
    }
    return cuts;
}

static std::int64_t cyclesOver(std::int64_t bits, std::int64_t bandwidth) {
    return bits > 0 && bandwidth > 0 ? ceilDiv(bits, bandwidth) : 0;
}

std::int64_t crossingCycles(const Cut& cut, const Crossing& bits) {
    return std::max({cyclesOver(bits.in, cut.inBandwidth + cut.bothBandwidth),
                     cyclesOver(bits.out, cut.outBandwidth + cut.bothBandwidth),
                     cyclesOver(bits.in + bits.out, cut.inBandwidth + cut.outBandwidth + cut.bothBandwidth)});
}

Crossing crossing(const Cut& cut, const std::vector<Move>& moves, const std::vector<Ends>& ends) {
    const auto all = [&](const std::vector<std::size_t>& memories, bool inside) {
        return !memories.empty() && std::all_of(memories.begin(), memories.end(),
                                                [&](std::size_t memory) { return cut.inside[memory] == inside; });
    };
    Crossing sum;
    for (std::size_t i = 0; i < moves.size();) {
        std::int64_t most[2] = {0, 0};
        const workload::TensorId tensor = moves[i].tensor;
        for (; i < moves.size() && moves[i].tensor == tensor; ++i) {
            for (const bool enters : {false, true}) {
                if (!all(ends[i].from, !enters) || !all(ends[i].to, enters)) continue;
                most[enters ? 1 : 0] = std::max(most[enters ? 1 : 0], moves[i].bits);
            }
        }
        sum.out += most[0];
        sum.in += most[1];
    }
    return sum;
}

}  // namespace millrace::bounds
