#include "explore/workload/lowering.h"

#include <algorithm>

#include "explore/workload/uniquenames.h"

namespace millrace::workload {

static constexpr std::int64_t kMostOperations = std::int64_t{1} << 62;

DimIndex Nest::dim(std::string name, std::int64_t size, DimKind kind) {
    layer.dims.push_back({std::move(name), size, kind});
    return layer.dims.size() - 1;
}

Operand& Nest::input(std::string name, std::string memoryOperand, int bits) {
    Operand operand;
    operand.name = std::move(name);
    operand.memoryOperand = std::move(memoryOperand);
    operand.bits = bits;
    layer.inputs.push_back(std::move(operand));
    return layer.inputs.back();
}

AffineExpr expr(std::vector<AffineTerm> terms, std::int64_t offset, std::int64_t divisor) {
    return {std::move(terms), offset, divisor};
}

Lowering::Lowering(const model::Network& network, const LowerOptions& options, Compat compat, Diagnostics& diagnostics)
    : network_(network),
      options_(options),
      compat_(compat),
      diagnostics_(diagnostics),
      values_(network.tensors.size()),
      fixed_(network.tensors.size(), false),
      madeBy_(network.tensors.size()),
      readers_(network.tensors.size(), 0) {
    workload_.name = network.name;
}

bool Lowering::run() {
    const std::size_t before = diagnostics_.failures();
    for (const model::TensorId id : network_.tensors.ids())
        fixed_[id.index()] = network_.tensors[id].constant.has_value();
    for (const model::Operator& op : network_.operators) {
        for (const model::TensorId input : op.inputs) {
            if (input.valid()) ++readers_[input.index()];
        }
    }
    for (const model::TensorId output : network_.outputs) ++readers_[output.index()];
    for (const model::TensorId input : network_.inputs) {
        const model::Tensor& tensor = network_.tensors[input];
        if (tensor.constant || !tensor.shape) continue;
        const TensorId id = workload_.tensors.add(
            {tensor.name, *tensor.shape, options_.activationBits, TensorOrigin::input, LayerId(), false});
        values_[input.index()] = views::whole(id, *tensor.shape);
    }
    for (const model::Operator& op : network_.operators) lowerOperator(op);
    for (const model::TensorId output : network_.outputs) markOutput(output);
    return diagnostics_.failures() == before;
}

Precision Lowering::precision(const model::Operator& op) const {
    const auto bits = [&](std::string_view name, int otherwise) {
        return static_cast<int>(std::clamp<std::int64_t>(op.integer(name, otherwise), 1, 64));
    };
    Precision result{options_.weightBits, options_.activationBits, options_.partialBits};
    result.weight = bits("weight_size", result.weight);
    result.activation = bits("act_size", result.activation);
    const int partial = op.integer("act_size", 0) > 0 ? std::min(2 * result.activation, 64) : result.partial;
    result.partial = bits("output_size", partial);
    return result;
}

Read Lowering::read(model::TensorId tensor, const Precision& precision) {
    std::optional<Source>& value = values_[tensor.index()];
    const model::Tensor& from = network_.tensors[tensor];
    if (!value) {
        const TensorId id =
            workload_.tensors.add({from.name, *from.shape, precision.weight, TensorOrigin::constant, LayerId(), false});
        value = views::whole(id, *from.shape);
    }
    return {*value, from.shape.value_or(Shape{}), fixed_[tensor.index()]};
}

std::optional<std::vector<std::int64_t>> Lowering::integers(model::TensorId tensor) const {
    if (!tensor.valid()) return std::nullopt;
    return network_.tensors[tensor].integers();
}

std::optional<std::vector<std::int64_t>> Lowering::integers(const model::Operator& op, std::string_view attribute,
                                                            std::size_t input) const {
    if (op.attributes.find(attribute) != op.attributes.end()) return op.integers(attribute);
    return integers(op.input(input));
}

static bool productBelow(const std::vector<std::int64_t>& sizes, std::int64_t limit) {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) {
        if (__builtin_mul_overflow(product, size, &product) || product >= limit) return false;
    }
    return true;
}

bool Lowering::add(Nest& nest, const std::string& resultName, const Shape& resultShape, const std::string& where) {
    Layer& layer = nest.layer;
    std::vector<std::int64_t> sizes;
    for (const LoopDim& dim : layer.dims) sizes.push_back(dim.size);
    if (!productBelow(sizes, kMostOperations) || !productBelow(resultShape, kMostOperations / 64)) {
        diagnostics_.error({network_.file}, "operator '" + where + "' has 2^62 operations or more",
                           "split the operator");
        return false;
    }
    if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return false;
    layer.output.name = "O";
    layer.output.memoryOperand = "O";
    const LayerId id(workload_.layers.size());
    layer.result =
        workload_.tensors.add({resultName, resultShape, layer.outputFinalBits, TensorOrigin::layer, id, false});
    workload_.layers.add(std::move(layer));
    return true;
}

void Lowering::emit(Nest nest, const model::Operator& op, model::TensorId tensor) {
    const model::Tensor& target = network_.tensors[tensor];
    if (!add(nest, target.name, *target.shape, op.name)) {
        values_[tensor.index()] = std::vector<Piece>{};
        return;
    }
    madeBy_[tensor.index()] = LayerId(workload_.layers.size() - 1);
    values_[tensor.index()] = views::whole(TensorId(workload_.tensors.size() - 1), *target.shape);
}

Read Lowering::emitInner(Nest nest, const std::string& resultName, const Shape& resultShape) {
    const std::string name = nest.layer.name;
    if (!add(nest, resultName, resultShape, name)) return {std::vector<Piece>{}, resultShape, false};
    return {views::whole(TensorId(workload_.tensors.size() - 1), resultShape), resultShape, false};
}

void Lowering::setView(model::TensorId tensor, Source source) { values_[tensor.index()] = std::move(source); }

void Lowering::error(const model::Operator& op, std::string message, std::string hint) {
    diagnostics_.error({network_.file}, op.type + " '" + op.name + "': " + std::move(message), std::move(hint));
}

bool Lowering::fuse(const model::Operator& op) {
    const model::TensorId input = op.input(0);
    const LayerId layer = madeBy_[input.index()];
    if (!options_.fuseActivations || !layer.valid() || readers_[input.index()] != 1) return false;
    const model::TensorId output = op.output(0);
    workload_.tensors[workload_.layers[layer].result].name = network_.tensors[output].name;
    workload_.layers[layer].outputFinalBits = precision(op).activation;
    workload_.tensors[workload_.layers[layer].result].bits = precision(op).activation;
    values_[output.index()] = values_[input.index()];
    madeBy_[output.index()] = layer;
    return true;
}

bool Lowering::foldable(const model::Operator& op) const {
    if (op.type == "Shape" || op.type == "Size") return true;
    if (!op.known) return false;
    return std::all_of(op.inputs.begin(), op.inputs.end(),
                       [&](model::TensorId input) { return !input.valid() || fixed_[input.index()]; });
}

bool Lowering::shapesKnown(const model::Operator& op, std::string& reason) const {
    for (const auto* list : {&op.inputs, &op.outputs}) {
        for (const model::TensorId id : *list) {
            if (!id.valid() || network_.tensors[id].shape) continue;
            reason = "the shape of tensor '" + network_.tensors[id].name + "' is not known";
            return false;
        }
    }
    return true;
}

bool Lowering::othersRead(const model::Operator& op, std::string& reason) const {
    if (op.type == "Split") return false;
    for (std::size_t i = 1; i < op.outputs.size(); ++i) {
        if (!op.outputs[i].valid() || readers_[op.outputs[i].index()] == 0) continue;
        reason = "its output '" + network_.tensors[op.outputs[i]].name + "' beside the first is read";
        return true;
    }
    return false;
}

void Lowering::lowerOperator(const model::Operator& op) {
    if (foldable(op)) {
        for (const model::TensorId output : op.outputs) {
            if (output.valid() && network_.tensors[output].shape) fixed_[output.index()] = true;
        }
        return;
    }
    std::string reason;
    const Rule rule = findRule(op);
    if (rule == nullptr) {
        reason =
            op.known ? "operator type '" + op.type + "' has no loop nest" : "unknown operator type '" + op.type + "'";
    } else if (shapesKnown(op, reason)) {
        if (op.inputs.empty() || !op.input(0).valid() || !op.output(0).valid()) {
            error(op, "its first input or output is missing");
            return;
        }
        if (!othersRead(op, reason)) reason = rule(*this, op);
    }
    if (!reason.empty()) host(op, std::move(reason));
}

void Lowering::host(const model::Operator& op, std::string reason) {
    HostOperator result{op.name, op.type, std::move(reason), {}, {}};
    std::vector<Source> sources;
    for (const model::TensorId input : op.inputs) {
        if (input.valid() && values_[input.index()] && !fixed_[input.index()])
            sources.push_back(*values_[input.index()]);
    }
    result.inputs = views::tensorsOf(views::barrier(sources));
    for (const TensorId input : result.inputs) {
        Tensor& tensor = workload_.tensors[input];
        if (tensor.origin == TensorOrigin::layer) tensor.isOutput = true;
    }
    for (const model::TensorId output : op.outputs) {
        if (!output.valid()) continue;
        const model::Tensor& tensor = network_.tensors[output];
        if (!tensor.shape) {
            values_[output.index()] = Barrier{result.inputs};
            continue;
        }
        const TensorId id = workload_.tensors.add(
            {tensor.name, *tensor.shape, options_.activationBits, TensorOrigin::host, LayerId(), false});
        result.outputs.push_back(id);
        values_[output.index()] = views::whole(id, *tensor.shape);
    }
    workload_.hostOperators.push_back(std::move(result));
}

void Lowering::markOutput(model::TensorId tensor) {
    if (!values_[tensor.index()]) return;
    for (const TensorId id : views::tensorsOf(*values_[tensor.index()])) {
        if (workload_.tensors[id].origin == TensorOrigin::layer) workload_.tensors[id].isOutput = true;
    }
}

std::optional<Workload> lower(const model::Network& network, const LowerOptions& options, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (const int bits : {options.activationBits, options.weightBits, options.partialBits}) {
        if (bits < 1 || bits > 64) {
            diagnostics.error({}, "a precision of " + std::to_string(bits) + " bits", "widths are from 1 to 64 bits");
        }
    }
    const std::optional<Compat> compat = readCompat(options.compat, diagnostics);
    if (!compat || diagnostics.failures() != before) return std::nullopt;
    Lowering lowering(network, options, *compat, diagnostics);
    if (!lowering.run()) return std::nullopt;
    Workload result = lowering.take();
    makeNamesUnique(result, diagnostics);
    if (!verify(result, diagnostics)) return std::nullopt;
    return result;
}

}  // namespace millrace::workload
