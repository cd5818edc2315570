#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "model/network/network.h"

/// Networks in code. Every operator's output shape is given by the caller.
namespace millrace::test {

using Shape = std::vector<std::int64_t>;

class Net {
public:
    model::Network network;

    model::TensorId input(const Shape& shape, const std::string& name = "") {
        const model::TensorId id = tensor(shape, name);
        network.inputs.push_back(id);
        return id;
    }
    model::TensorId weights(const Shape& shape) {
        const model::TensorId id = tensor(shape, "");
        network.tensors[id].constant = model::Constant{};
        return id;
    }
    model::TensorId integers(const std::vector<std::int64_t>& values) {
        const model::TensorId id = weights({static_cast<std::int64_t>(values.size())});
        network.tensors[id].type = model::DataType::int64;
        std::vector<std::uint8_t> bytes(values.size() * 8);
        if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
        network.tensors[id].constant->bytes = std::move(bytes);
        return id;
    }
    model::TensorId op(const std::string& type, std::vector<model::TensorId> inputs, const Shape& result,
                       model::Attributes attributes = {}) {
        return ops(type, std::move(inputs), {result}, std::move(attributes))[0];
    }
    std::vector<model::TensorId> ops(const std::string& type, std::vector<model::TensorId> inputs,
                                     const std::vector<Shape>& results, model::Attributes attributes = {}) {
        model::Operator op;
        op.type = type;
        op.name = type + "_" + std::to_string(network.operators.size());
        op.version = 17;
        op.inputs = std::move(inputs);
        op.attributes = std::move(attributes);
        for (const Shape& shape : results) op.outputs.push_back(tensor(shape, ""));
        const std::vector<model::TensorId> outputs = op.outputs;
        network.operators.add(std::move(op));
        return outputs;
    }
    void output(model::TensorId id) { network.outputs.push_back(id); }
    const Shape& shape(model::TensorId id) const { return *network.tensors[id].shape; }
    model::Operator& last() { return network.operators[model::OperatorId(network.operators.size() - 1)]; }

    /// A two-dimensional convolution with attributes {kh, kw}, {sh, sw}, {top, left, bottom, right}, {dh, dw}.
    model::TensorId conv(model::TensorId x, std::int64_t filters, Shape kernel, Shape strides = {1, 1},
                         Shape pads = {0, 0, 0, 0}, Shape dilations = {1, 1}, std::int64_t group = 1) {
        const Shape in = shape(x);
        Shape w{filters, in[1] / group, kernel[0], kernel[1]};
        return op("Conv", {x, weights(w)}, windowed(in, filters, kernel, strides, pads, dilations),
                  {{"strides", strides}, {"pads", pads}, {"dilations", dilations}, {"group", group}});
    }
    model::TensorId pool(const std::string& type, model::TensorId x, Shape kernel, Shape strides, Shape pads) {
        const Shape in = shape(x);
        return op(type, {x}, windowed(in, in[1], kernel, strides, pads, {1, 1}),
                  {{"kernel_shape", kernel}, {"strides", strides}, {"pads", pads}});
    }
    static Shape windowed(const Shape& in, std::int64_t channels, const Shape& kernel, const Shape& strides,
                          const Shape& pads, const Shape& dilations) {
        Shape out{in[0], channels};
        for (std::size_t i = 0; i < 2; ++i) {
            const std::int64_t span = (kernel[i] - 1) * dilations[i] + 1;
            out.push_back((in[i + 2] + pads[i] + pads[i + 2] - span) / strides[i] + 1);
        }
        return out;
    }

private:
    model::TensorId tensor(const Shape& shape, const std::string& name) {
        model::Tensor tensor;
        tensor.name = name.empty() ? "t" + std::to_string(network.tensors.size()) : name;
        tensor.type = model::DataType::float32;
        tensor.shape = shape;
        return network.tensors.add(std::move(tensor));
    }
};

}  // namespace millrace::test
