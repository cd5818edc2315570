#include <fmt/format.h>

#include "model/onnx/importer.h"

namespace millrace::model {

void Importer::addInitializers() {
    for (const onnx::TensorProto& proto : graph_.initializer()) {
        addConstant(proto.name(), readTensor(proto, fmt::format("initializer '{}'", proto.name()), place_));
    }
    for (const onnx::SparseTensorProto& proto : graph_.sparse_initializer()) {
        const std::string& name = proto.values().name();
        addConstant(name, readSparseTensor(proto, fmt::format("sparse initializer '{}'", name), place_));
    }
}

void Importer::addConstant(const std::string& name, std::optional<Tensor> tensor) {
    if (name.empty()) {
        error("an initializer has no name");
    } else if (names_.find(name) != names_.end()) {
        error(fmt::format("two initializers are named '{}'", name));
    } else {
        // One that could not be read is declared all the same, so that its readers are not reported too.
        declare(name, tensor ? *std::move(tensor) : Tensor{});
    }
}

void Importer::addInputs() {
    std::set<std::string_view> seen;
    for (const onnx::ValueInfoProto& info : graph_.input()) {
        if (info.name().empty()) {
            error("a graph input has no name");
        } else if (!seen.insert(info.name()).second) {
            error(fmt::format("two graph inputs are named '{}'", info.name()));
        } else if (names_.find(info.name()) == names_.end()) {
            addInput(info);
        }
    }
    checkInputOptions();
}

void Importer::addInput(const onnx::ValueInfoProto& info) {
    Tensor tensor;
    if (!info.type().has_tensor_type()) {
        error(fmt::format("input '{}' is not a tensor", info.name()), "only tensors can be graph inputs");
    } else {
        const auto type =
            readDataType(info.type().tensor_type().elem_type(), fmt::format("input '{}'", info.name()), place_);
        tensor.type = type.value_or(DataType::undefined);
        tensor.shape = inputShape(info);
    }
    network_.inputs.push_back(declare(info.name(), std::move(tensor)));
}

std::optional<Shape> Importer::inputShape(const onnx::ValueInfoProto& info) {
    const auto& declared = info.type().tensor_type().shape();
    const auto asked = options_.inputShapes.find(info.name());
    if (asked == options_.inputShapes.end()) {
        Shape shape;
        bool fixed = info.type().tensor_type().has_shape();
        for (const auto& dim : declared.dim()) {
            shape.push_back(dim.dim_value());
            fixed = fixed && dim.dim_value() > 0;
        }
        if (!fixed) {
            reportFreeAxes(info);
        } else if (!boundedElements(shape)) {
            error(fmt::format("input '{}' is beyond the bounds of {} axes and 2^48 elements", info.name(), kMaxRank));
        } else {
            return shape;
        }
        return std::nullopt;
    }
    const Shape& shape = asked->second;
    bool positive = boundedElements(shape).has_value();
    for (const std::int64_t dim : shape) positive = positive && dim > 0;
    if (!positive) {
        error(fmt::format("--input-shape {}={}: sizes must be 1 or more, and 2^48 elements at most", info.name(),
                          text(shape)));
        return std::nullopt;
    }
    const bool ranked = info.type().tensor_type().has_shape();
    if (ranked && declared.dim_size() != static_cast<int>(shape.size())) {
        error(fmt::format("--input-shape {}={} has {} axes, but the input has {}", info.name(), text(shape),
                          shape.size(), declared.dim_size()),
              "the inputs are " + inputNames());
        return std::nullopt;
    }
    for (int i = 0; ranked && i < declared.dim_size(); ++i) {
        const std::int64_t fixed = declared.dim(i).dim_value();
        if (fixed > 0 && fixed != shape[static_cast<std::size_t>(i)]) trustDeclared_ = false;
    }
    return shape;
}

void Importer::reportFreeAxes(const onnx::ValueInfoProto& info) {
    std::string axes;
    std::string example;
    const auto& shape = info.type().tensor_type().shape();
    for (int i = 0; i < shape.dim_size(); ++i) {
        const auto& dim = shape.dim(i);
        const bool free = dim.dim_value() <= 0;
        example += fmt::format("{}{}", i == 0 ? "" : ",", free ? 1 : dim.dim_value());
        if (!free) continue;
        axes += fmt::format("{}axis {}", axes.empty() ? "" : ", ", i);
        if (dim.has_dim_param()) axes += fmt::format(" ('{}')", dim.dim_param());
        if (dim.has_dim_value()) axes += fmt::format(" (size {})", dim.dim_value());
    }
    if (axes.empty()) {
        error(fmt::format("input '{}' has no shape", info.name()),
              fmt::format("give it one: --input-shape {}=1,3,224,224", info.name()));
    } else {
        error(fmt::format("input '{}' has no fixed size along {}", info.name(), axes),
              fmt::format("pin it: --input-shape {}={}", info.name(), example));
    }
}

void Importer::checkInputOptions() {
    for (const auto& [name, shape] : options_.inputShapes) {
        const auto found = names_.find(name);
        const bool isInput = found != names_.end() && !network_.tensors[found->second].constant;
        if (isInput) continue;
        error(fmt::format("--input-shape {}={}: the model has no input '{}'", name, text(shape), name),
              "the inputs are " + inputNames());
    }
}

std::string Importer::inputNames() const {
    std::string names;
    std::set<std::string_view> constants;
    for (const onnx::TensorProto& proto : graph_.initializer()) constants.insert(proto.name());
    for (const onnx::ValueInfoProto& info : graph_.input()) {
        if (constants.count(info.name()) == 0) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", info.name());
    }
    return names.empty() ? "none" : names;
}

}  // namespace millrace::model
