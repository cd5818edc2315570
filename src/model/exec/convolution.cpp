#include <fmt/format.h>

#include <algorithm>

#include "model/exec/convert.h"
#include "model/exec/convolve.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

void addBias(const ConvGeometry& geometry, std::int64_t plane, const double* bias, double* output) {
    const std::int64_t channels = geometry.outputShape[1];
    for (std::int64_t i = 0; i < geometry.batch * channels; ++i) {
        for (std::int64_t j = 0; j < plane; ++j) output[i * plane + j] += bias[i % channels];
    }
}

bool isSingle(DataType type) {
    return type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16;
}

void sameTypes(const Call& call) {
    const DataType type = call.in(0).type();
    for (std::size_t i = 1; i < call.inputs.size(); ++i) {
        const Value* value = call.optional(i);
        if (value == nullptr || value->type() == type) continue;
        throw Refused{fmt::format("input {} is {}, but input 0 is {}", i, name(value->type()), name(type))};
    }
    if (!isSingle(type) && type != DataType::float64) refuseType(call, type);
}

void conv(Call& call) {
    sameTypes(call);
    const ConvGeometry geometry = convGeometry(call);
    const DataType type = call.in(0).type();
    const Value* bias = call.optional(2);
    checkBias(bias, geometry.outputShape[1]);
    if (isSingle(type)) {
        const As<float> input(call, call.in(0));
        const As<float> weight(call, call.in(1));
        const As<float> start(call, bias == nullptr ? call.in(1) : *bias);
        Value output(DataType::float32, geometry.outputShape);
        convolve(call.environment, geometry, input.data(), weight.data(), bias == nullptr ? nullptr : start.data(),
                 output.write<float>().data());
        call.result(DataType::float32, {}) = rounded(std::move(output), type);
        return;
    }
    const auto output = call.result(type, geometry.outputShape).write<double>();
    convolvePlain(call.environment, geometry, call.in(0).read<double>().data(), call.in(1).read<double>().data(),
                  output.data());
    if (bias != nullptr) addBias(geometry, geometry.outPlane(), bias->read<double>().data(), output.data());
}

void convTranspose(Call& call) {
    sameTypes(call);
    const ConvGeometry geometry = transposedGeometry(call);
    const DataType type = call.in(0).type();
    const Value* bias = call.optional(2);
    const std::int64_t channels = geometry.outputShape[1];
    checkBias(bias, channels);
    if (isSingle(type)) {
        const As<float> input(call, call.in(0));
        const As<float> weight(call, call.in(1));
        Value output(DataType::float32, geometry.outputShape);
        const auto elements = output.write<float>();
        if (bias != nullptr) {
            const As<float> start(call, *bias);
            for (std::int64_t i = 0; i < geometry.batch * channels; ++i) {
                std::fill_n(elements.data() + i * geometry.inPlane(), geometry.inPlane(), start[i % channels]);
            }
        }
        convolveTransposed(call.environment, geometry, input.data(), weight.data(), elements.data());
        call.result(DataType::float32, {}) = rounded(std::move(output), type);
        return;
    }
    const auto output = call.result(type, geometry.outputShape).write<double>();
    if (bias != nullptr) addBias(geometry, geometry.inPlane(), bias->read<double>().data(), output.data());
    convolveTransposedPlain(call.environment, geometry, call.in(0).read<double>().data(),
                            call.in(1).read<double>().data(), output.data());
}

constexpr KernelEntry kEntries[] = {
    {"", "Conv", 1, kNewest, conv},
    {"", "ConvTranspose", 1, kNewest, convTranspose},
};

}  // namespace

std::span<const KernelEntry> convolutionKernels() { return kEntries; }

}  // namespace millrace::model::exec
