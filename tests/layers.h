#pragma once
#include <string>
#include <vector>

#include "explore/workload/workload.h"

/// Small hand-made workloads for the tests of tiling and search.
namespace millrace::test {

struct ConvShape {
    std::int64_t k = 8, c = 4, oy = 6, ox = 10, fy = 3, fx = 1;
    std::int64_t strideY = 1, strideX = 1, padY = 1, padX = 0;
    std::int64_t iy() const { return (oy - 1) * strideY + fy - 2 * padY; }
    std::int64_t ix() const { return (ox - 1) * strideX + fx - 2 * padX; }
};

inline workload::AffineExpr term(workload::DimIndex dim) { return {{{dim, 1}}, 0, 1}; }

inline std::vector<workload::Piece> wholeOf(workload::TensorId tensor, const std::vector<std::int64_t>& shape) {
    workload::Piece piece;
    piece.tensor = tensor;
    piece.region = wholeBox(shape);
    for (std::size_t i = 0; i < shape.size(); ++i) piece.map.push_back({i, 1, 0});
    return {piece};
}

/// Adds a convolution (dims K, C, OY, OX, FY, FX) that reads `input` of shape {c, iy, ix}; returns its result tensor
/// {k, oy, ox}.
inline workload::TensorId addConv(workload::Workload& workload, const std::string& name, workload::TensorId input,
                                  const ConvShape& s) {
    using workload::DimKind;
    workload::Layer layer;
    layer.name = name;
    layer.type = "Conv";
    layer.dims = {{"K", s.k, DimKind::parallel},   {"C", s.c, DimKind::reduction},   {"OY", s.oy, DimKind::parallel},
                  {"OX", s.ox, DimKind::parallel}, {"FY", s.fy, DimKind::reduction}, {"FX", s.fx, DimKind::reduction}};
    layer.output = {"O", {{"K", term(0), s.k}, {"OY", term(2), s.oy}, {"OX", term(3), s.ox}}, 16, "O", {}};
    workload::Operand in{"I", {}, 8, "I1", {}};
    in.axes = {{"C", term(1), s.c},
               {"IY", {{{2, s.strideY}, {4, 1}}, -s.padY, 1}, s.iy()},
               {"IX", {{{3, s.strideX}, {5, 1}}, -s.padX, 1}, s.ix()}};
    in.source = wholeOf(input, {s.c, s.iy(), s.ix()});
    const std::vector<std::int64_t> weightShape{s.k, s.c, s.fy, s.fx};
    const auto weights = workload.tensors.add(
        {name + ".weight", weightShape, 8, workload::TensorOrigin::constant, workload::LayerId(), false});
    workload::Operand weight{
        "W", {{"K", term(0), s.k}, {"C", term(1), s.c}, {"FY", term(4), s.fy}, {"FX", term(5), s.fx}}, 8, "I2", {}};
    weight.source = wholeOf(weights, weightShape);
    layer.inputs = {weight, in};
    const workload::LayerId id(workload.layers.size());
    layer.result =
        workload.tensors.add({name + ".out", {s.k, s.oy, s.ox}, 8, workload::TensorOrigin::layer, id, false});
    workload.layers.add(layer);
    return layer.result;
}

/// Adds an element-wise layer of one or two inputs of shape {k, oy, ox}.
inline workload::TensorId addElementwise(workload::Workload& workload, const std::string& name,
                                         const std::vector<workload::TensorId>& inputs) {
    const std::vector<std::int64_t> shape = workload.tensors[inputs.front()].shape;
    workload::Layer layer;
    layer.name = name;
    layer.type = inputs.size() == 1 ? "Relu" : "Add";
    layer.elementwise = true;
    layer.dims = {{"K", shape[0]}, {"OY", shape[1]}, {"OX", shape[2]}};
    const std::vector<workload::Axis> axes{
        {"K", term(0), shape[0]}, {"OY", term(1), shape[1]}, {"OX", term(2), shape[2]}};
    layer.output = {"O", axes, 8, "O", {}};
    const char* names[] = {"I", "W"};
    const char* roles[] = {"I1", "I2"};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        layer.inputs.push_back({names[i], axes, 8, roles[i], wholeOf(inputs[i], shape)});
    }
    const workload::LayerId id(workload.layers.size());
    layer.result = workload.tensors.add({name + ".out", shape, 8, workload::TensorOrigin::layer, id, false});
    workload.layers.add(layer);
    return layer.result;
}

inline workload::TensorId addInput(workload::Workload& workload, std::vector<std::int64_t> shape) {
    return workload.tensors.add(
        {"input", std::move(shape), 8, workload::TensorOrigin::input, workload::LayerId(), false});
}

}  // namespace millrace::test
