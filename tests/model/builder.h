#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "model/onnx/onnx.h"
#include "onnx.pb.h"

namespace millrace::model::test {

/// Attributes of a node under construction.
class NodeBuilder {
public:
    explicit NodeBuilder(onnx::NodeProto* node) : node_(node) {}

    NodeBuilder& integer(const std::string& name, std::int64_t value) {
        add(name, 2)->set_i(value);
        return *this;
    }
    NodeBuilder& real(const std::string& name, float value) {
        add(name, 1)->set_f(value);
        return *this;
    }
    NodeBuilder& text(const std::string& name, const std::string& value) {
        add(name, 3)->set_s(value);
        return *this;
    }
    NodeBuilder& integers(const std::string& name, const std::vector<std::int64_t>& values) {
        onnx::AttributeProto* attribute = add(name, 7);
        for (const std::int64_t value : values) attribute->add_ints(value);
        return *this;
    }
    NodeBuilder& reals(const std::string& name, const std::vector<float>& values) {
        onnx::AttributeProto* attribute = add(name, 6);
        for (const float value : values) attribute->add_floats(value);
        return *this;
    }
    NodeBuilder& texts(const std::string& name, const std::vector<std::string>& values) {
        onnx::AttributeProto* attribute = add(name, 8);
        for (const std::string& value : values) attribute->add_strings(value);
        return *this;
    }
    NodeBuilder& name(const std::string& name) {
        node_->set_name(name);
        return *this;
    }
    NodeBuilder& domain(const std::string& domain) {
        node_->set_domain(domain);
        return *this;
    }
    onnx::AttributeProto* add(const std::string& name, int type) {
        onnx::AttributeProto* attribute = node_->add_attribute();
        attribute->set_name(name);
        attribute->set_type(type);
        return attribute;
    }

private:
    onnx::NodeProto* node_;
};

/// Small ONNX models, built in code.
class ModelBuilder {
public:
    explicit ModelBuilder(std::int64_t opset = 13) {
        model.set_ir_version(8);
        importDomain("", opset);
        model.mutable_graph()->set_name("g");
    }

    onnx::GraphProto& graph() { return *model.mutable_graph(); }

    ModelBuilder& importDomain(const std::string& domain, std::int64_t opset) {
        onnx::OperatorSetIdProto* entry = model.add_opset_import();
        entry->set_domain(domain);
        entry->set_version(opset);
        return *this;
    }
    ModelBuilder& input(const std::string& name, const Shape& shape, DataType type = DataType::float32) {
        describe(graph().add_input(), name, shape, type);
        return *this;
    }
    ModelBuilder& output(const std::string& name) {
        graph().add_output()->set_name(name);
        return *this;
    }
    ModelBuilder& valueInfo(const std::string& name, const Shape& shape, DataType type = DataType::float32) {
        describe(graph().add_value_info(), name, shape, type);
        return *this;
    }
    /// An initializer without values.
    ModelBuilder& weight(const std::string& name, const Shape& shape, DataType type = DataType::float32) {
        newConstant(name, shape, type);
        return *this;
    }
    ModelBuilder& int64s(const std::string& name, const std::vector<std::int64_t>& values) {
        onnx::TensorProto* tensor = newConstant(name, {static_cast<std::int64_t>(values.size())}, DataType::int64);
        for (const std::int64_t value : values) tensor->add_int64_data(value);
        return *this;
    }
    ModelBuilder& int64Scalar(const std::string& name, std::int64_t value) {
        newConstant(name, {}, DataType::int64)->add_int64_data(value);
        return *this;
    }
    ModelBuilder& floats(const std::string& name, const std::vector<float>& values) {
        onnx::TensorProto* tensor = newConstant(name, {static_cast<std::int64_t>(values.size())}, DataType::float32);
        for (const float value : values) tensor->add_float_data(value);
        return *this;
    }
    NodeBuilder node(const std::string& type, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs) {
        onnx::NodeProto* node = graph().add_node();
        node->set_op_type(type);
        for (const std::string& name : inputs) node->add_input(name);
        for (const std::string& name : outputs) node->add_output(name);
        return NodeBuilder(node);
    }
    onnx::TensorProto* newConstant(const std::string& name, const Shape& shape, DataType type) {
        onnx::TensorProto* tensor = graph().add_initializer();
        tensor->set_name(name);
        for (const std::int64_t dim : shape) tensor->add_dims(dim);
        tensor->set_data_type(static_cast<std::int32_t>(type));
        return tensor;
    }

    std::string bytes() const { return model.SerializeAsString(); }

    std::optional<Network> import(Diagnostics& diagnostics, const ImportOptions& options = {}) const {
        return parseOnnx(bytes(), "test.onnx", options, diagnostics);
    }

    onnx::ModelProto model;

private:
    static void describe(onnx::ValueInfoProto* info, const std::string& name, const Shape& shape, DataType type) {
        info->set_name(name);
        auto* tensor = info->mutable_type()->mutable_tensor_type();
        tensor->set_elem_type(static_cast<std::int32_t>(type));
        tensor->mutable_shape();
        for (const std::int64_t dim : shape) tensor->mutable_shape()->add_dim()->set_dim_value(dim);
    }
};

/// The shape of tensor `name`, as text, or the diagnostics if the import fails.
inline std::string shapeOf(const ModelBuilder& builder, const std::string& name = "y") {
    Diagnostics diagnostics;
    const auto network = builder.import(diagnostics);
    if (!network) return diagnostics.text();
    const TensorId id = network->find(name);
    if (!id.valid()) return "no tensor " + name;
    const Tensor& tensor = network->tensors[id];
    return tensor.shape ? text(*tensor.shape) : "[?]";
}

/// All diagnostics of an import that must fail.
inline std::string errorOf(const ModelBuilder& builder, const ImportOptions& options = {}) {
    Diagnostics diagnostics;
    const auto network = builder.import(diagnostics, options);
    return network ? "imported without error" : diagnostics.text();
}

}  // namespace millrace::model::test
