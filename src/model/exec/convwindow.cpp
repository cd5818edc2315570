#include "model/exec/convwindow.h"

#include <fmt/format.h>

#include "model/exec/seen.h"

namespace millrace::model::exec {

namespace {

void fill(ConvGeometry& geometry, const WindowAttributes& window) {
    const std::size_t rank = window.kernel.size();
    for (std::size_t i = 0; i < rank; ++i) {
        const std::size_t at = 3 - rank + i;
        geometry.kernel[at] = window.kernel[i];
        geometry.stride[at] = window.strides[i];
        geometry.dilation[at] = window.dilations[i];
        geometry.begin[at] = window.padsBegin[i];
    }
}

void checkRank(const Shape& input, const Shape& weight) {
    if (input.size() >= 3 && input.size() <= 5 && weight.size() == input.size()) return;
    throw Refused{
        fmt::format("input {} and weight {} must have the same rank, from 3 to 5", text(input), text(weight))};
}

void checkKernel(const WindowAttributes& window, const Shape& weight) {
    if (window.kernel == Shape(weight.begin() + 2, weight.end())) return;
    throw Refused{fmt::format("kernel_shape {} differs from the weight {}", text(window.kernel), text(weight))};
}

void checkGroup(std::int64_t group, std::int64_t channels, std::string_view what) {
    if (group >= 1 && channels % group == 0) return;
    throw Refused{fmt::format("{} {} channels do not divide by group {}", channels, what, group)};
}

std::int64_t reach(const WindowAttributes& window, std::size_t i) {
    return (window.kernel[i] - 1) * window.dilations[i] + 1;
}

}  // namespace

ConvGeometry convGeometry(const Call& call, std::size_t weightInput) {
    const Shape& input = call.in(0).shape();
    const Shape& weight = call.in(weightInput).shape();
    checkRank(input, weight);
    Seen seen(call);
    if (weightInput != 1) seen.op.inputs[1] = seen.op.inputs[weightInput];
    const ConvAttributes window = orRefuse(resolveConv(seen.network, seen.op));
    checkKernel(window, weight);
    checkGroup(window.group, input[1], "input");
    checkGroup(window.group, weight[0], "output");
    if (input[1] != weight[1] * window.group) {
        throw Refused{fmt::format("the input {} has {} channels, but the weight {} with group {} needs {}", text(input),
                                  input[1], text(weight), window.group, weight[1] * window.group)};
    }
    ConvGeometry geometry;
    fill(geometry, window);
    geometry.batch = input[0];
    geometry.groups = window.group;
    geometry.channels = weight[1];
    geometry.outputs = weight[0] / window.group;
    geometry.outputShape = {input[0], weight[0]};
    for (std::size_t i = 0; i + 2 < input.size(); ++i) {
        const std::size_t at = 5 - input.size() + i;
        geometry.in[at] = input[2 + i];
        geometry.out[at] = windowOutput(window, i, input[2 + i], false);
        if (geometry.out[at] < 1) {
            throw Refused{
                fmt::format("along spatial axis {} the kernel reaches over {}, more than {} with padding {} + {}", i,
                            reach(window, i), input[2 + i], window.padsBegin[i], window.padsEnd[i])};
        }
        geometry.outputShape.push_back(geometry.out[at]);
    }
    elementsOf(geometry.outputShape);
    return geometry;
}

ConvGeometry transposedGeometry(const Call& call) {
    const Shape& input = call.in(0).shape();
    const Shape& weight = call.in(1).shape();
    checkRank(input, weight);
    const Seen seen(call);
    const ConvTransposeAttributes window = orRefuse(resolveConvTranspose(seen.network, seen.op));
    checkKernel(window, weight);
    checkGroup(window.group, input[1], "input");
    if (input[1] != weight[0]) {
        throw Refused{fmt::format("the input {} has {} channels, but the weight {} needs {}", text(input), input[1],
                                  text(weight), weight[0])};
    }
    ConvGeometry geometry;
    fill(geometry, window);
    geometry.batch = input[0];
    geometry.groups = window.group;
    geometry.channels = weight[1];
    geometry.outputs = input[1] / window.group;
    geometry.outputShape = {input[0], weight[1] * window.group};
    for (std::size_t i = 0; i + 2 < input.size(); ++i) {
        const std::size_t at = 5 - input.size() + i;
        geometry.out[at] = input[2 + i];
        geometry.in[at] = window.strides[i] * (input[2 + i] - 1) + window.outputPadding[i] + reach(window, i) -
                          window.padsBegin[i] - window.padsEnd[i];
        if (geometry.in[at] < 1) {
            throw Refused{fmt::format("spatial axis {} of the result would have size {}", i, geometry.in[at])};
        }
        geometry.outputShape.push_back(geometry.in[at]);
    }
    elementsOf(geometry.outputShape);
    return geometry;
}

void checkBias(const Value* bias, std::int64_t channels) {
    if (bias == nullptr || bias->shape() == Shape{channels}) return;
    throw Refused{
        fmt::format("the bias {} must have shape [{}], one value per output channel", text(bias->shape()), channels)};
}

}  // namespace millrace::model::exec
