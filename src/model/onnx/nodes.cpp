#include "model/onnx/nodes.h"

#include <fmt/format.h>

#include <cstring>
#include <set>

namespace millrace::model {

namespace {

enum Kind { kFloat = 1, kInt, kString, kTensor, kGraph, kFloats, kInts, kStrings, kTensors, kGraphs, kSparse };

/// Old writers leave the type out; then the field that is set tells.
int kindOf(const onnx::AttributeProto& attribute) {
    if (attribute.has_type() && attribute.type() != 0) return attribute.type();
    if (attribute.has_f()) return kFloat;
    if (attribute.has_i()) return kInt;
    if (attribute.has_s()) return kString;
    if (attribute.has_t()) return kTensor;
    if (attribute.has_g()) return kGraph;
    if (attribute.floats_size() > 0) return kFloats;
    if (attribute.ints_size() > 0) return kInts;
    if (attribute.strings_size() > 0) return kStrings;
    return attribute.graphs_size() > 0 ? kGraphs : 0;
}

std::optional<AttributeValue> plainValue(const onnx::AttributeProto& attribute) {
    switch (kindOf(attribute)) {
        case kFloat: return static_cast<double>(attribute.f());
        case kInt: return std::int64_t{attribute.i()};
        case kString: return attribute.s();
        case kFloats: return std::vector<double>(attribute.floats().begin(), attribute.floats().end());
        case kInts: return std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end());
        case kStrings: return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
        default: return std::nullopt;
    }
}

template <class T>
T firstOf(const std::vector<std::uint8_t>& bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// The value of a tensor of one element, as a number; unsigned 64-bit ones as the signed number of the same bits.
std::optional<AttributeValue> onlyValue(const Tensor& tensor) {
    const std::vector<std::uint8_t>& bytes = tensor.constant->bytes;
    if (const auto reals = tensor.reals(); reals && !reals->empty()) return reals->front();
    if (bytes.empty()) return std::nullopt;
    switch (tensor.type) {
        case DataType::int8: return std::int64_t{firstOf<std::int8_t>(bytes)};
        case DataType::uint8:
        case DataType::boolean: return std::int64_t{bytes.front()};
        case DataType::int16: return std::int64_t{firstOf<std::int16_t>(bytes)};
        case DataType::uint16: return std::int64_t{firstOf<std::uint16_t>(bytes)};
        case DataType::int32: return std::int64_t{firstOf<std::int32_t>(bytes)};
        case DataType::uint32: return std::int64_t{firstOf<std::uint32_t>(bytes)};
        case DataType::int64:
        case DataType::uint64: return firstOf<std::int64_t>(bytes);
        case DataType::bfloat16: {
            const std::uint32_t bits = std::uint32_t{firstOf<std::uint16_t>(bytes)} << 16;
            float value;
            std::memcpy(&value, &bits, sizeof value);
            return static_cast<double>(value);
        }
        default: return std::nullopt;
    }
}

bool fillValue(const onnx::TensorProto& proto, const std::string& label, const ModelPlace& place,
               Attributes& attributes) {
    auto tensor = readTensor(proto, label, place);
    if (!tensor) return false;
    if (tensor->elements() != 1) {
        place.diagnostics.error({place.file}, fmt::format("{}: attribute 'value' must have one element, not shape {}",
                                                          label, text(*tensor->shape)));
        return false;
    }
    attributes["value_type"] = static_cast<std::int64_t>(tensor->type);
    if (auto value = onlyValue(*tensor)) attributes["value"] = *std::move(value);
    return true;
}

/// Names that the graphs around a place define, innermost last.
using Scopes = std::vector<std::set<std::string_view>>;

void collectReads(const onnx::GraphProto& graph, Scopes& scopes, std::vector<std::string>& reads) {
    std::set<std::string_view>& own = scopes.emplace_back();
    for (const auto& input : graph.input()) own.insert(input.name());
    for (const auto& constant : graph.initializer()) own.insert(constant.name());
    for (const onnx::NodeProto& node : graph.node()) own.insert(node.output().begin(), node.output().end());
    const auto read = [&](const std::string& name) {
        bool inner = name.empty();
        for (const auto& scope : scopes) inner = inner || scope.count(name) != 0;
        if (!inner) reads.push_back(name);
    };
    for (const onnx::NodeProto& node : graph.node()) {
        for (const std::string& name : node.input()) read(name);
        for (const onnx::AttributeProto& attribute : node.attribute()) {
            if (attribute.has_g()) collectReads(attribute.g(), scopes, reads);
            for (const onnx::GraphProto& nested : attribute.graphs()) collectReads(nested, scopes, reads);
        }
    }
    for (const auto& output : graph.output()) read(output.name());
    scopes.pop_back();
}

template <class T>
Tensor listConstant(DataType type, const std::vector<T>& values, bool scalar) {
    Tensor tensor;
    tensor.type = type;
    tensor.shape = scalar ? Shape{} : Shape{static_cast<std::int64_t>(values.size())};
    tensor.constant.emplace();
    tensor.constant->bytes.resize(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(tensor.constant->bytes.data(), values.data(), values.size() * sizeof(T));
    return tensor;
}

Tensor textConstant(std::vector<std::string> values, bool scalar) {
    Tensor tensor;
    tensor.type = DataType::string;
    tensor.shape = scalar ? Shape{} : Shape{static_cast<std::int64_t>(values.size())};
    tensor.constant = Constant{{}, std::move(values)};
    return tensor;
}

}  // namespace

std::optional<Attributes> readAttributes(const onnx::NodeProto& node, const std::string& label,
                                         const ModelPlace& place) {
    Attributes attributes;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attributes.count(attribute.name()) != 0) {
            place.diagnostics.error({place.file},
                                    fmt::format("{}: attribute '{}' stands twice", label, attribute.name()));
            return std::nullopt;
        }
        const bool fill = node.op_type() == "ConstantOfShape" && attribute.name() == "value" && attribute.has_t();
        if (fill) {
            if (!fillValue(attribute.t(), label, place, attributes)) return std::nullopt;
        } else if (auto value = plainValue(attribute)) {
            attributes.emplace(attribute.name(), *std::move(value));
        }
    }
    return attributes;
}

bool hasSubgraph(const onnx::NodeProto& node) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attribute.has_g() || attribute.graphs_size() > 0) return true;
    }
    return false;
}

std::optional<Tensor> readConstant(const onnx::NodeProto& node, const std::string& label, const ModelPlace& place) {
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        const std::string& name = attribute.name();
        if (name == "value" && attribute.has_t()) return readTensor(attribute.t(), label, place);
        if (name == "sparse_value") return readSparseTensor(attribute.sparse_tensor(), label, place);
        if (name == "value_float") return listConstant<float>(DataType::float32, {attribute.f()}, true);
        if (name == "value_int") return listConstant<std::int64_t>(DataType::int64, {attribute.i()}, true);
        if (name == "value_string") return textConstant({attribute.s()}, true);
        if (name == "value_strings") {
            return textConstant({attribute.strings().begin(), attribute.strings().end()}, false);
        }
        if (name == "value_floats") {
            return listConstant(DataType::float32,
                                std::vector<float>(attribute.floats().begin(), attribute.floats().end()), false);
        }
        if (name == "value_ints") {
            return listConstant(DataType::int64,
                                std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end()), false);
        }
    }
    place.diagnostics.error({place.file},
                            fmt::format("{}: a Constant needs an attribute 'value' or 'value_...'", label));
    return std::nullopt;
}

std::vector<std::string> readNames(const onnx::NodeProto& node) {
    std::vector<std::string> names(node.input().begin(), node.input().end());
    std::vector<std::string> outer;
    Scopes scopes;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attribute.has_g()) collectReads(attribute.g(), scopes, outer);
        for (const onnx::GraphProto& graph : attribute.graphs()) collectReads(graph, scopes, outer);
    }
    std::set<std::string> seen(names.begin(), names.end());
    for (std::string& name : outer) {
        if (seen.insert(name).second) names.push_back(std::move(name));
    }
    return names;
}

std::string domainOf(std::string_view domain) { return domain == "ai.onnx" ? "" : std::string(domain); }

std::string nodeLabel(const onnx::NodeProto& node, int index) {
    return fmt::format("node {} '{}' ({})", index, node.name(), node.op_type());
}

}  // namespace millrace::model
