#include "explore/search/locality.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "explore/cost/parts.h"
#include "explore/cost/setorder.h"

namespace millrace::search {
namespace {

using hardware::MemoryIndex;
using hardware::MemoryOperand;
using workload::LayerId;
using workload::TensorId;

std::vector<TensorId> tensorsOf(const workload::Source& source) {
    if (const auto* barrier = std::get_if<workload::Barrier>(&source)) return barrier->tensors;
    std::vector<TensorId> result;
    for (const workload::Piece& piece : std::get<std::vector<workload::Piece>>(source)) result.push_back(piece.tensor);
    return result;
}

/// Which costed layers read what which costed layers write, other layers and host operators looked through.
class Graph {
public:
    Graph(const workload::Workload& workload, const std::vector<CostedLayer>& layers) : workload_(workload) {
        for (std::size_t i = 0; i < layers.size(); ++i) number_[layers[i].layer] = i;
        before_.resize(layers.size());
        after_.resize(layers.size());
        for (std::size_t i = 0; i < layers.size(); ++i) {
            std::set<TensorId> seen;
            for (const workload::Operand& input : workload.layers[layers[i].layer].inputs) {
                for (const TensorId tensor : tensorsOf(input.source)) trace(tensor, before_[i], seen);
            }
            for (const std::size_t from : before_[i]) after_[from].push_back(i);
        }
    }

    const std::vector<std::size_t>& before(std::size_t layer) const { return before_[layer]; }
    const std::vector<std::size_t>& after(std::size_t layer) const { return after_[layer]; }

private:
    void trace(TensorId id, std::vector<std::size_t>& found, std::set<TensorId>& seen) const {
        if (!seen.insert(id).second) return;
        const workload::Tensor& tensor = workload_.tensors[id];
        if (tensor.origin == workload::TensorOrigin::layer) {
            if (const auto known = number_.find(tensor.producer); known != number_.end()) {
                if (std::find(found.begin(), found.end(), known->second) == found.end()) found.push_back(known->second);
                return;
            }
            for (const workload::Operand& input : workload_.layers[tensor.producer].inputs) {
                for (const TensorId read : tensorsOf(input.source)) trace(read, found, seen);
            }
        } else if (tensor.origin == workload::TensorOrigin::host) {
            for (const workload::HostOperator& host : workload_.hostOperators) {
                if (std::find(host.outputs.begin(), host.outputs.end(), id) == host.outputs.end()) continue;
                for (const TensorId read : host.inputs) trace(read, found, seen);
            }
        }
    }

    const workload::Workload& workload_;
    std::map<LayerId, std::size_t> number_;
    std::vector<std::vector<std::size_t>> before_;
    std::vector<std::vector<std::size_t>> after_;
};

/// Which operands of a layer carry activations, weights and results, and how many bits.
struct Roles {
    MemoryOperand activation = MemoryOperand::I1;
    std::optional<MemoryOperand> weight;
    MemoryOperand output = MemoryOperand::O;
    double activationBits = 0;
    double weightBits = 0;  ///< 0 if no input is constant
    double outputBits = 0;  ///< as partial sums
    bool constantInput = false;
};

double bitsOf(const cost::Nest& nest, const cost::Operand& operand) {
    cost::Sizes sizes = cost::unitSizes();
    for (std::size_t dim = 0; dim < nest.dims.size(); ++dim) sizes[dim] = static_cast<double>(nest.dims[dim].size);
    return cost::elements(nest, operand, sizes) * operand.bits;
}

Roles rolesOf(const workload::Workload& workload, const CostedLayer& costed) {
    const cost::Nest& nest = *costed.nest;
    const workload::Layer& layer = workload.layers[costed.layer];
    const auto isConstant = [&](std::size_t op) {
        for (const TensorId id : tensorsOf(layer.inputs[op - 1].source)) {
            const workload::TensorOrigin origin = workload.tensors[id].origin;
            if (origin == workload::TensorOrigin::layer || origin == workload::TensorOrigin::host) return false;
        }
        return true;
    };
    Roles roles;
    roles.output = nest.operands[0].role;
    roles.outputBits = bitsOf(nest, nest.operands[0]);
    std::size_t activation = 1;
    if (nest.operands.size() > 2) {
        const bool first = isConstant(1);
        const bool second = isConstant(2);
        roles.constantInput = first || second;
        const bool isSecond = first != second ? first : !first || nest.operands[2].partial;
        if (isSecond) activation = 2;
        const cost::Operand& weight = nest.operands[3 - activation];
        roles.weight = weight.role;
        if (roles.constantInput) roles.weightBits = bitsOf(nest, weight);
        if (!roles.constantInput) roles.activationBits = bitsOf(nest, weight);
    } else {
        roles.constantInput = true;
    }
    if (nest.operands.size() > 1) {
        roles.activation = nest.operands[activation].role;
        roles.activationBits += bitsOf(nest, nest.operands[activation]);
    }
    return roles;
}

class LocalitySearch {
public:
    LocalitySearch(const workload::Workload& workload, const hardware::Core& core,
                   const std::vector<CostedLayer>& layers)
        : core_(core), graph_(workload, layers) {
        for (const CostedLayer& layer : layers) {
            roles_.push_back(rolesOf(workload, layer));
            weights_ += roles_.back().weightBits;
        }
        levels_.resize(layers.size());
        weightLevel_ = core.memories.size();
        for (std::size_t i = 0; i < layers.size(); ++i) place(i);
    }

    hardware::Core coreOf(std::size_t layer) const {
        const Roles& roles = roles_[layer];
        hardware::Core result = core_;
        for (MemoryIndex m = 0; m < result.memories.size(); ++m) {
            hardware::Memory& memory = result.memories[m];
            std::vector<MemoryOperand> kept;
            const auto keep = [&](MemoryOperand operand, MemoryIndex highest) {
                if (m <= highest && memory.serves(operand)) kept.push_back(operand);
            };
            keep(roles.activation, input(layer));
            if (roles.weight) keep(*roles.weight, roles.constantInput ? weightLevel_ : input(layer));
            keep(roles.output, output(layer));
            strip(memory, kept);
        }
        return result;
    }

private:
    struct Levels {
        std::optional<MemoryIndex> input;
        std::optional<MemoryIndex> output;
    };

    /// ZigZag's copy of the core holds the served dimensions as a copy of a set: its order is that of a second set.
    void strip(hardware::Memory& memory, const std::vector<MemoryOperand>& kept) const {
        memory.operands = kept;
        for (hardware::Port& port : memory.ports) {
            std::erase_if(port.uses, [&](const hardware::PortUse& use) { return !memory.serves(use.operand); });
        }
        std::erase_if(memory.ports, [](const hardware::Port& port) { return port.uses.empty(); });
        std::vector<std::string> names;
        for (const std::size_t d : memory.servedDimensions) names.push_back(core_.array.dimensions[d].name);
        std::vector<std::size_t> served;
        for (const std::size_t i : cost::setOrder(cost::SetKind::arrayDimension, names))
            served.push_back(memory.servedDimensions[i]);
        memory.servedDimensions = std::move(served);
    }

    MemoryIndex outermost(MemoryOperand operand) const {
        MemoryIndex result = 0;
        for (MemoryIndex m = 0; m < core_.memories.size(); ++m) {
            if (core_.memories[m].serves(operand)) result = m;
        }
        return result;
    }

    MemoryIndex input(std::size_t layer) const {
        return levels_[layer].input.value_or(outermost(roles_[layer].activation));
    }
    MemoryIndex output(std::size_t layer) const {
        return levels_[layer].output.value_or(outermost(roles_[layer].output));
    }

    void place(std::size_t layer) {
        const std::vector<std::size_t>& before = graph_.before(layer);
        const std::vector<std::size_t>& after = graph_.after(layer);
        if (!before.empty()) levels_[layer].input = output(before.front());
        const bool forks = after.size() > 1;
        const bool joins = after.size() == 1 && graph_.before(after.front()).size() > 1;
        if (forks || joins) {
            if (before.empty()) levels_[layer].input = outermost(roles_[layer].activation);
            levels_[layer].output = outermost(roles_[layer].output);
            return;
        }
        for (MemoryIndex m = core_.memories.size(); m-- > 0;) tryMemory(layer, m);
    }

    void tryMemory(std::size_t layer, MemoryIndex m) {
        const Roles& roles = roles_[layer];
        const hardware::Memory& memory = core_.memories[m];
        const std::vector<std::size_t>& after = graph_.after(layer);
        const MemoryOperand next = after.empty() ? roles.activation : roles_[after.front()].activation;
        const bool holdsResults = memory.serves(next) && memory.serves(roles.output);
        const bool holdsWeights = roles.weight && memory.serves(*roles.weight);
        if (!holdsResults && !holdsWeights) return;
        // Where both inputs are results of other layers, they count as one operand.
        const bool joined = !roles.constantInput && holdsResults;
        double needed = 0;
        if (joined || memory.serves(roles.activation)) needed += roles.activationBits;
        if (joined || memory.serves(roles.output)) needed += roles.outputBits;
        if (holdsWeights && !joined) needed += weights_;
        if (needed > static_cast<double>(memory.size.value()) * static_cast<double>(core_.instances(m))) return;
        if (holdsResults) {
            if (graph_.before(layer).empty()) levels_[layer].input = m;
            levels_[layer].output = m;
        }
        const bool servesAll = memory.servedDimensions.size() == core_.array.dimensions.size();
        if (holdsWeights && servesAll) weightLevel_ = std::min(weightLevel_, m);
    }

    const hardware::Core& core_;
    Graph graph_;
    std::vector<Roles> roles_;
    double weights_ = 0;
    std::vector<Levels> levels_;
    MemoryIndex weightLevel_ = 0;
};

}  // namespace

std::vector<hardware::Core> coresWithLocality(const workload::Workload& workload, const hardware::Core& core,
                                              const std::vector<CostedLayer>& layers) {
    const LocalitySearch search(workload, core, layers);
    std::vector<hardware::Core> result;
    for (std::size_t i = 0; i < layers.size(); ++i) result.push_back(search.coreOf(i));
    return result;
}

}  // namespace millrace::search
