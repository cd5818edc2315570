#include <algorithm>
#include <array>

#include "explore/workload/lower.h"
#include "explore/workload/lowering.h"

namespace millrace::workload {

template <std::size_t N>
static bool isOneOf(std::string_view type, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), type) != names.end();
}

/// One input, one output, each element by itself; may become part of the layer before.
static constexpr std::array<std::string_view, 22> kActivations = {
    "Relu", "LeakyRelu", "Clip",      "Sigmoid",   "Tanh",        "Elu",      "Selu",     "Celu",
    "Gelu", "Silu",      "Swish",     "HardSwish", "HardSigmoid", "Softplus", "Softsign", "ThresholdedRelu",
    "Mish", "FastGelu",  "QuickGelu", "Erf",       "Shrink",      "HardTanh"};

static constexpr std::array<std::string_view, 28> kUnary = {"Abs",
                                                            "Neg",
                                                            "Exp",
                                                            "Log",
                                                            "Sqrt",
                                                            "Reciprocal",
                                                            "Floor",
                                                            "Ceil",
                                                            "Round",
                                                            "Sign",
                                                            "Sin",
                                                            "Cos",
                                                            "Tan",
                                                            "Asin",
                                                            "Acos",
                                                            "Atan",
                                                            "Sinh",
                                                            "Cosh",
                                                            "Asinh",
                                                            "Acosh",
                                                            "Atanh",
                                                            "Not",
                                                            "IsNaN",
                                                            "IsInf",
                                                            "QuantizeLinear",
                                                            "DequantizeLinear",
                                                            "BitwiseNot",
                                                            "Rsqrt"};

static constexpr std::array<std::string_view, 24> kElementwise = {
    "Add",  "Sub",         "Mul",      "Div",        "Pow",       "Min",       "Max",   "Sum",     "Mean",
    "Mod",  "PRelu",       "Where",    "And",        "Or",        "Xor",       "Equal", "Greater", "GreaterOrEqual",
    "Less", "LessOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"};

static constexpr std::array<std::string_view, 10> kReductions = {
    "ReduceMean", "ReduceSum", "ReduceMax",    "ReduceMin",       "ReduceProd",
    "ReduceL1",   "ReduceL2",  "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};

static Rule matrixRule(std::string_view type) {
    if (type == "Conv" || type == "QLinearConv" || type == "ConvInteger") return lowerConv;
    if (type == "ConvTranspose") return lowerConvTranspose;
    if (type == "MatMul" || type == "QLinearMatMul" || type == "MatMulInteger") return lowerMatMul;
    if (type == "Gemm") return lowerGemm;
    return nullptr;
}

static Rule windowRule(std::string_view type) {
    if (type == "MaxPool" || type == "AveragePool" || type == "LpPool") return lowerPool;
    if (type == "GlobalMaxPool" || type == "GlobalAveragePool" || type == "GlobalLpPool") return lowerGlobalPool;
    if (type == "LRN") return lowerLrn;
    if (type == "Resize" || type == "Upsample") return lowerResize;
    return nullptr;
}

Rule findRule(const model::Operator& op) {
    const bool activation = isOneOf(op.type, kActivations);
    if (!op.domain.empty() && op.domain != "ai.onnx" && !activation) return nullptr;
    if (activation) return lowerActivation;
    if (const Rule rule = matrixRule(op.type)) return rule;
    if (const Rule rule = windowRule(op.type)) return rule;
    if (const Rule rule = findViewRule(op)) return rule;
    if (isOneOf(op.type, kUnary)) return lowerUnary;
    if (isOneOf(op.type, kElementwise)) return lowerElementwise;
    if (isOneOf(op.type, kReductions)) return lowerReduce;
    if (op.type == "BatchNormalization") return lowerBatchNormalization;
    if (op.type == "Softmax" || op.type == "LogSoftmax") return lowerSoftmax;
    const bool normalises = op.type == "LayerNormalization" || op.type == "InstanceNormalization" ||
                            op.type == "RMSNormalization" || op.type == "SimplifiedLayerNormalization" ||
                            op.type == "LpNormalization";
    return normalises ? lowerNormalization : nullptr;
}

bool isCosted(const model::Operator& op) { return findRule(op) != nullptr; }

}  // namespace millrace::workload
