#include <fmt/format.h>

#include <cmath>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Scores [N, C, rest] against labels [N, rest].
struct Task {
    const Value& labels;
    const Value* weights;
    std::optional<std::int64_t> ignored;
    std::string reduction;
    Around around;  ///< of the classes
};

Task taskOf(const Call& call, const Value& scores) {
    const Shape& shape = scores.shape();
    if (shape.size() < 2) throw Refused{fmt::format("scores of shape {}", text(shape))};
    Shape rest = shape;
    rest.erase(rest.begin() + 1);
    if (call.in(1).shape() != rest) {
        throw Refused{fmt::format("labels of shape {}; {} is needed", text(call.in(1).shape()), text(rest))};
    }
    const Value* weights = call.optional(2);
    if (weights != nullptr && (weights->elements() != shape[1] || weights->type() != scores.type())) {
        throw Refused{fmt::format("{} weights for {} classes, or of another type", weights->elements(), shape[1])};
    }
    Task task{call.in(1), weights, std::nullopt, call.op.text("reduction", "mean"), Around(shape, 1)};
    if (call.op.attributes.count("ignore_index") != 0) task.ignored = call.op.integer("ignore_index", 0);
    if (task.reduction != "mean" && task.reduction != "sum" && task.reduction != "none") {
        throw Refused{fmt::format("reduction '{}' is none of mean, sum, none", task.reduction)};
    }
    return task;
}

template <class T>
Value lossOf(const Call& call, const Task& task, const std::vector<double>& logarithms) {
    const auto labels = call.integers(1);
    const bool none = task.reduction == "none";
    Value result(typeOf<T>(), none ? task.labels.shape() : Shape{});
    const auto y = result.template write<T>();
    double sum = 0;
    double weightSum = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (task.ignored && labels[i] == *task.ignored) continue;
        if (labels[i] < 0 || labels[i] >= task.around.size) {
            throw Refused{fmt::format("label {} of {} classes", labels[i], task.around.size)};
        }
        const auto at = static_cast<std::int64_t>(i);
        const std::int64_t from =
            (at / task.around.inner * task.around.size + labels[i]) * task.around.inner + at % task.around.inner;
        double weight = 1;
        if (task.weights != nullptr) {
            weight = static_cast<double>(
                static_cast<Wide<T>>(task.weights->template read<T>()[static_cast<std::size_t>(labels[i])]));
        }
        const double loss = -logarithms[static_cast<std::size_t>(from)] * weight;
        if (none) y[i] = static_cast<T>(loss);
        sum += loss;
        weightSum += weight;
    }
    if (!none) y[0] = static_cast<T>(task.reduction == "mean" ? sum / weightSum : sum);
    return result;
}

template <class T>
std::vector<double> widened(const Value& value) {
    std::vector<double> result;
    for (const T x : value.read<T>()) result.push_back(static_cast<double>(static_cast<Wide<T>>(x)));
    return result;
}

void negativeLogLikelihood(Call& call) {
    const Value& scores = call.in(0);
    const Task task = taskOf(call, scores);
    call.result(scores.type(), {});
    dispatchOrRefuse(call, Floats{}, scores.type(),
                     [&]<class T>() { call.outputs[0] = lossOf<T>(call, task, widened<T>(scores)); });
}

/// Scores to the logarithms of their softmax over the classes.
void normalise(std::vector<double>& scores, const Around& around) {
    for (std::int64_t g = 0; g < around.outer * around.inner; ++g) {
        double* first = scores.data() + g / around.inner * around.size * around.inner + g % around.inner;
        double most = first[0];
        for (std::int64_t c = 1; c < around.size; ++c) most = std::max(most, first[c * around.inner]);
        double sum = 0;
        for (std::int64_t c = 0; c < around.size; ++c) sum += std::exp(first[c * around.inner] - most);
        const double log = std::log(sum);
        for (std::int64_t c = 0; c < around.size; ++c) first[c * around.inner] -= most + log;
    }
}

void softmaxCrossEntropy(Call& call) {
    const Value& scores = call.in(0);
    const Task task = taskOf(call, scores);
    call.result(scores.type(), {});
    if (scores.elements() == 0) throw Refused{"there are no scores"};
    dispatchOrRefuse(call, Floats{}, scores.type(), [&]<class T>() {
        std::vector<double> logarithms = widened<T>(scores);
        normalise(logarithms, task.around);
        call.outputs[0] = lossOf<T>(call, task, logarithms);
        if (!call.wants(1)) return;
        Value probabilities(scores.type(), scores.shape());
        const auto y = probabilities.write<T>();
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<T>(logarithms[i]);
        call.outputs[1] = std::move(probabilities);
    });
}

const KernelEntry kTable[] = {
    {"", "NegativeLogLikelihoodLoss", 12, kNewest, negativeLogLikelihood},
    {"", "SoftmaxCrossEntropyLoss", 12, kNewest, softmaxCrossEntropy},
};

}  // namespace

std::span<const KernelEntry> lossKernels() { return kTable; }

}  // namespace millrace::model::exec
