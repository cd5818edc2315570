#include <fmt/format.h>

#include "model/operators/resolve.h"
#include "model/operators/window.h"

namespace millrace::model {

namespace {

Shape spatialOf(const Shape& shape) { return Shape(shape.begin() + 2, shape.end()); }

bool checkRanks(Inference& inference) {
    if (!inference.rankAtLeast(0, 3)) return false;
    const std::size_t rank = inference.shape(0).size();
    if (inference.shape(1).size() == rank) return true;
    return inference.fail(fmt::format("{} and the weight '{}' {} must have the same rank", inference.label(0),
                                      inference.tensor(1).name, text(inference.shape(1))));
}

bool checkBias(Inference& inference, std::int64_t channels) {
    if (!inference.has(2) || inference.shape(2) == Shape{channels}) return true;
    return inference.fail(fmt::format("the bias '{}' {} must have shape [{}], one value per output channel",
                                      inference.tensor(2).name, text(inference.shape(2)), channels));
}

bool kernelMatchesWeight(Inference& inference, const WindowAttributes& window) {
    const Shape kernel = spatialOf(inference.shape(1));
    if (window.kernel == kernel) return true;
    return inference.fail(fmt::format("kernel_shape {} differs from the weight '{}' {}", listText(window.kernel),
                                      inference.tensor(1).name, text(inference.shape(1))));
}

bool badGroup(Inference& inference, std::int64_t group, std::int64_t channels, std::string_view what) {
    return inference.fail(fmt::format("{} {} channels do not divide by group {}", channels, what, group));
}

bool convShape(Inference& inference) {
    if (!checkRanks(inference) || !inference.sameType(0, 1)) return false;
    const auto resolved = resolveConv(inference.network(), inference.op());
    if (!resolved.value) return inference.fail(resolved.wrong);
    const ConvAttributes& conv = *resolved.value;
    const Shape& input = inference.shape(0);
    const Shape& weight = inference.shape(1);
    if (input[1] % conv.group != 0) return badGroup(inference, conv.group, input[1], "input");
    if (weight[0] % conv.group != 0) return badGroup(inference, conv.group, weight[0], "output");
    if (input[1] != weight[1] * conv.group) {
        return inference.fail(fmt::format("{} has {} channels, but the weight '{}' {} with group {} needs {}",
                                          inference.label(0), input[1], inference.tensor(1).name, text(weight),
                                          conv.group, weight[1] * conv.group));
    }
    if (!kernelMatchesWeight(inference, conv) || !checkBias(inference, weight[0])) return false;
    Shape output{input[0], weight[0]};
    for (std::size_t i = 0; i < conv.kernel.size(); ++i) {
        output.push_back(windowOutput(conv, i, input[2 + i], false));
        if (output.back() >= 1) continue;
        return inference.fail(fmt::format(
            "along spatial axis {} the kernel reaches over {} ({} with dilation {}), more than {} with padding {} + {}",
            i, extent(conv, i), conv.kernel[i], conv.dilations[i], input[2 + i], conv.padsBegin[i], conv.padsEnd[i]));
    }
    return inference.set(0, inference.type(0), std::move(output));
}

bool convTransposeShape(Inference& inference) {
    if (!checkRanks(inference) || !inference.sameType(0, 1)) return false;
    const auto resolved = resolveConvTranspose(inference.network(), inference.op());
    if (!resolved.value) return inference.fail(resolved.wrong);
    const ConvTransposeAttributes& conv = *resolved.value;
    const Shape& input = inference.shape(0);
    const Shape& weight = inference.shape(1);
    if (input[1] % conv.group != 0) return badGroup(inference, conv.group, input[1], "input");
    if (input[1] != weight[0]) {
        return inference.fail(fmt::format("{} has {} channels, but the weight '{}' {} needs {}", inference.label(0),
                                          input[1], inference.tensor(1).name, text(weight), weight[0]));
    }
    if (weight[1] > kMaxElements / conv.group) return badGroup(inference, conv.group, input[1], "input");
    if (!kernelMatchesWeight(inference, conv) || !checkBias(inference, weight[1] * conv.group)) return false;
    Shape output{input[0], weight[1] * conv.group};
    for (std::size_t i = 0; i < conv.kernel.size(); ++i) {
        const std::int64_t full = conv.strides[i] * (input[2 + i] - 1) + conv.outputPadding[i] + extent(conv, i);
        output.push_back(full - conv.padsBegin[i] - conv.padsEnd[i]);
        if (output.back() >= 1) continue;
        return inference.fail(fmt::format("along spatial axis {} nothing is left: {} elements less padding {} + {}", i,
                                          full, conv.padsBegin[i], conv.padsEnd[i]));
    }
    return inference.set(0, inference.type(0), std::move(output));
}

std::string resolveGroup(const Operator& op, std::int64_t& group) {
    group = op.integer("group", 1);
    return group >= 1 && group <= kMaxElements ? "" : fmt::format("group {} must be at least 1", group);
}

std::string readOutputPadding(const Operator& op, ConvTransposeAttributes& conv) {
    const std::size_t rank = conv.kernel.size();
    conv.outputPadding = op.integers("output_padding", std::vector<std::int64_t>(rank, 0));
    if (conv.outputPadding.size() != rank) {
        return fmt::format("output_padding {} has {} entries, but {} are needed", listText(conv.outputPadding),
                           conv.outputPadding.size(), rank);
    }
    for (std::size_t i = 0; i < rank; ++i) {
        const std::int64_t limit = std::max(conv.strides[i], conv.dilations[i]);
        if (conv.outputPadding[i] >= 0 && conv.outputPadding[i] < limit) continue;
        return fmt::format("output_padding {} along spatial axis {} must be in [0, {}), below stride or dilation",
                           conv.outputPadding[i], i, limit);
    }
    return "";
}

/// Pads such that the output has the sizes `wanted`.
std::string padToOutput(const Operator& op, const Shape& spatial, const Shape& wanted, ConvTransposeAttributes& conv) {
    for (std::size_t i = 0; i < spatial.size(); ++i) {
        if (wanted[i] < 1 || wanted[i] > kMaxElements) return fmt::format("output_shape {}", text(wanted));
        const std::int64_t full = conv.strides[i] * (spatial[i] - 1) + conv.outputPadding[i] + extent(conv, i);
        const std::int64_t total = std::max<std::int64_t>(0, full - wanted[i]);
        conv.outputPadding[i] += std::max<std::int64_t>(0, wanted[i] - full);
        const std::int64_t less = total / 2;
        conv.padsBegin[i] = op.text("auto_pad", "NOTSET") == "SAME_UPPER" ? less : total - less;
        conv.padsEnd[i] = total - conv.padsBegin[i];
    }
    return "";
}

}  // namespace

Resolved<ConvAttributes> resolveConv(const Network& network, const Operator& op) {
    using Result = Resolved<ConvAttributes>;
    const Shape& input = inputShape(network, op, 0);
    const Shape& weight = inputShape(network, op, 1);
    if (input.size() < 3 || weight.size() < 3) return Result::error("input and weight need rank 3 or more");
    ConvAttributes conv;
    std::string why = readWindow(op, spatialOf(input), spatialOf(weight), conv);
    if (why.empty()) why = resolveGroup(op, conv.group);
    if (!why.empty()) return Result::error(std::move(why));
    if (isSamePadding(op)) padToSame(op, spatialOf(input), conv);
    return conv;
}

Resolved<ConvTransposeAttributes> resolveConvTranspose(const Network& network, const Operator& op) {
    using Result = Resolved<ConvTransposeAttributes>;
    const Shape& input = inputShape(network, op, 0);
    const Shape& weight = inputShape(network, op, 1);
    if (input.size() < 3 || weight.size() < 3) return Result::error("input and weight need rank 3 or more");
    const Shape spatial = spatialOf(input);
    ConvTransposeAttributes conv;
    std::string why = readWindow(op, spatial, spatialOf(weight), conv);
    if (why.empty()) why = resolveGroup(op, conv.group);
    if (why.empty()) why = readOutputPadding(op, conv);
    if (!why.empty()) return Result::error(std::move(why));
    Shape wanted = op.integers("output_shape");
    if (wanted.size() == input.size() && wanted.size() > spatial.size())
        wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (wanted.empty() && isSamePadding(op)) {
        for (std::size_t i = 0; i < spatial.size(); ++i) wanted.push_back(spatial[i] * conv.strides[i]);
    }
    if (wanted.empty()) return conv;
    if (wanted.size() != spatial.size()) {
        return Result::error(fmt::format("output_shape {} has {} entries, but the input has {} spatial axes",
                                         text(wanted), wanted.size(), spatial.size()));
    }
    why = padToOutput(op, spatial, wanted, conv);
    if (!why.empty()) return Result::error(why + " is not a shape");
    return conv;
}

std::vector<OperatorSpec> convolutionOperators() {
    using K = AttributeKind;
    const std::vector<AttributeSpec> common{{"auto_pad", K::text}, {"dilations", K::integers},
                                            {"group", K::integer}, {"kernel_shape", K::integers},
                                            {"pads", K::integers}, {"strides", K::integers}};
    std::vector<AttributeSpec> transposed = common;
    transposed.push_back({"output_padding", K::integers});
    transposed.push_back({"output_shape", K::integers});
    return {{"Conv", 1, kNewestOpset, {2, 3}, {1, 1}, common, convShape},
            {"ConvTranspose", 1, kNewestOpset, {2, 3}, {1, 1}, transposed, convTransposeShape}};
}

}  // namespace millrace::model
