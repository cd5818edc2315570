#include "model/exec/cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/exec/convert.h"
#include "model/exec/gemm.h"
#include "model/exec/tiles.h"

namespace millrace::model::exec {

namespace {

struct NamedActivation {
    std::string_view name;
    double (*function)(double, double, double);
    int parameters;
    double alpha, beta;
};

constexpr NamedActivation kActivations[] = {
    {"relu", [](double x, double, double) { return x < 0 ? 0.0 : x; }, 0, 0, 0},
    {"tanh", [](double x, double, double) { return std::tanh(x); }, 0, 0, 0},
    {"sigmoid", [](double x, double, double) { return 1 / (1 + std::exp(-x)); }, 0, 0, 0},
    {"affine", [](double x, double a, double b) { return a * x + b; }, 2, 1, 0},
    {"leakyrelu", [](double x, double a, double) { return x < 0 ? a * x : x; }, 1, 0.01, 0},
    {"thresholdedrelu", [](double x, double a, double) { return x > a ? x : 0.0; }, 1, 1, 0},
    {"scaledtanh", [](double x, double a, double b) { return a * std::tanh(b * x); }, 2, 1, 1},
    {"hardsigmoid", [](double x, double a, double b) { return std::min(1.0, std::max(0.0, a * x + b)); }, 2, 0.2, 0.5},
    {"elu", [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }, 1, 1, 0},
    {"softsign", [](double x, double, double) { return x / (1 + std::abs(x)); }, 0, 0, 0},
    {"softplus", [](double x, double, double) { return x > 30 ? x : std::log1p(std::exp(x)); }, 0, 0, 0},
};

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

const NamedActivation& activationNamed(const std::string& name) {
    for (const NamedActivation& known : kActivations) {
        if (known.name == lower(name)) return known;
    }
    throw Refused{fmt::format("activation '{}' is not one of ONNX's", name)};
}

template <class T>
std::vector<T> listAttribute(const Operator& op, std::string_view name) {
    const auto found = op.attributes.find(name);
    if (found == op.attributes.end()) return {};
    const auto* list = std::get_if<std::vector<T>>(&found->second);
    return list == nullptr ? std::vector<T>() : *list;
}

}  // namespace

Recurrence::Recurrence(const Call& theCall, std::int64_t gateCount, std::size_t activationsPerDirection,
                       const std::vector<std::string>& defaults)
    : call(theCall), gates(gateCount) {
    readSizes();
    readActivations(activationsPerDirection, defaults);
    readLengths();
    multiplyInput();
    turnRecurrent();
}

void Recurrence::checkShape(std::size_t input, const Shape& shape) const {
    const Value* value = call.optional(input);
    if (value == nullptr || value->shape() == shape) return;
    throw Refused{fmt::format("input {} {} must have shape {}", input, text(value->shape()), text(shape))};
}

void Recurrence::readSizes() {
    const DataType type = call.in(0).type();
    if (type != DataType::float32 && type != DataType::float16 && type != DataType::bfloat16) refuseType(call, type);
    const std::string direction = call.op.text("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
        throw Refused{fmt::format("direction '{}' is none of forward, reverse, bidirectional", direction)};
    }
    directions = direction == "bidirectional" ? 2 : 1;
    reverseOnly = direction == "reverse";
    batchFirst = call.op.integer("layout", 0) != 0;
    clip = static_cast<float>(call.op.real("clip", 0));
    const Shape& x = call.in(0).shape();
    const Shape& r = call.in(2).shape();
    if (x.size() != 3 || r.size() != 3) {
        throw Refused{fmt::format("input {} and recurrent weights {} must have rank 3", text(x), text(r))};
    }
    steps = batchFirst ? x[1] : x[0];
    batch = batchFirst ? x[0] : x[1];
    size = x[2];
    hidden = r[2];
    checkShape(1, {directions, width(), size});
    checkShape(2, {directions, width(), hidden});
    checkShape(3, {directions, 2 * width()});
    elementsOf({directions, steps, batch, width()});
}

void Recurrence::readActivations(std::size_t perDirection, const std::vector<std::string>& defaults) {
    std::vector<std::string> names = listAttribute<std::string>(call.op, "activations");
    const std::vector<double> alphas = listAttribute<double>(call.op, "activation_alpha");
    const std::vector<double> betas = listAttribute<double>(call.op, "activation_beta");
    const std::size_t needed = perDirection * static_cast<std::size_t>(directions);
    if (names.empty()) {
        for (std::int64_t d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
    }
    if (names.size() != needed) throw Refused{fmt::format("{} activations, and {} are needed", names.size(), needed)};
    std::size_t nextAlpha = 0;
    std::size_t nextBeta = 0;
    for (std::size_t i = 0; i < needed; ++i) {
        const NamedActivation& known = activationNamed(names[i]);
        CellActivation activation{known.function, known.alpha, known.beta};
        if (known.parameters > 0 && nextAlpha < alphas.size()) activation.alpha = alphas[nextAlpha++];
        if (known.parameters > 1 && nextBeta < betas.size()) activation.beta = betas[nextBeta++];
        if (i % perDirection == 0) activations.emplace_back();
        activations.back().push_back(activation);
    }
}

void Recurrence::readLengths() {
    lengths.assign(static_cast<std::size_t>(batch), steps);
    if (call.optional(4) == nullptr) return;
    checkShape(4, {batch});
    lengths = call.integers(4);
    for (const std::int64_t length : lengths) {
        if (length < 0 || length > steps) throw Refused{fmt::format("sequence length {} of {} steps", length, steps)};
    }
}

void Recurrence::multiplyInput() {
    const As<float> x(call, call.in(0));
    const As<float> w(call, call.in(1));
    std::vector<float> bias;
    fromInput.assign(static_cast<std::size_t>(directions * steps * batch * width()), 0);
    recurrentBias.assign(static_cast<std::size_t>(directions * width()), 0);
    if (const Value* b = call.optional(3)) {
        const As<float> all(call, *b);
        bias.assign(all.data(), all.data() + b->elements());
        for (std::int64_t d = 0; d < directions; ++d) {
            std::copy_n(all.data() + (2 * d + 1) * width(), width(), recurrentBias.data() + d * width());
        }
    }
    const std::int64_t rows = steps * batch;
    for (std::int64_t d = 0; d < directions; ++d) {
        const MatrixView weights{w.data() + d * width() * size, 1, size};
        float* result = fromInput.data() + d * rows * width();
        multiply(call.environment, rows, width(), size, {{x.data(), size, 1}}, {weights}, {result}, width());
        for (std::int64_t i = 0; i < rows * width() && !bias.empty(); ++i) {
            result[i] += bias[static_cast<std::size_t>(2 * d * width() + i % width())];
        }
    }
}

void Recurrence::turnRecurrent() {
    const As<float> r(call, call.in(2));
    recurrent.assign(static_cast<std::size_t>(directions * hidden * width() + 64), 0);
    for (std::int64_t d = 0; d < directions; ++d) {
        for (std::int64_t j = 0; j < width(); ++j) {
            for (std::int64_t k = 0; k < hidden; ++k) {
                recurrent[static_cast<std::size_t>((d * hidden + k) * width() + j)] = r[(d * width() + j) * hidden + k];
            }
        }
    }
}

std::int64_t Recurrence::timeOf(std::int64_t direction, std::int64_t item, std::int64_t i) const {
    const bool reverse = reverseOnly || direction == 1;
    return reverse ? lengths[static_cast<std::size_t>(item)] - 1 - i : i;
}

const float* Recurrence::inputPart(std::int64_t direction, std::int64_t step, std::int64_t item) const {
    const std::int64_t row = batchFirst ? item * steps + step : step * batch + item;
    return fromInput.data() + (direction * steps * batch + row) * width();
}

void Recurrence::apply(std::int64_t direction, const float* state, std::int64_t begin, std::int64_t end,
                       float* result) const {
    std::vector<std::int64_t> offsets;
    std::vector<float> sums(static_cast<std::size_t>(end - begin + 64));
    offsets.reserve(static_cast<std::size_t>(hidden));
    for (std::int64_t k = 0; k < hidden; ++k) offsets.push_back(k * width());
    tileKernels().weightedSum(recurrent.data() + direction * hidden * width() + begin, offsets.data(), state, hidden,
                              0.0F, sums.data(), end - begin);
    for (std::int64_t j = begin; j < end; ++j) {
        result[j] = sums[static_cast<std::size_t>(j - begin)] +
                    recurrentBias[static_cast<std::size_t>(direction * width() + j)];
    }
}

std::vector<float> Recurrence::initial(std::size_t i) const {
    std::vector<float> states(static_cast<std::size_t>(directions * batch * hidden), 0);
    const Value* value = call.optional(i);
    if (value == nullptr) return states;
    checkShape(i, batchFirst ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden});
    const As<float> from(call, *value);
    for (std::int64_t d = 0; d < directions; ++d) {
        for (std::int64_t n = 0; n < batch; ++n) {
            const std::int64_t row = batchFirst ? n * directions + d : d * batch + n;
            std::copy_n(from.data() + row * hidden, hidden, states.data() + stateAt(d, n));
        }
    }
    return states;
}

void Recurrence::storeAll(std::vector<float> states) const {
    if (!call.wants(0)) return;
    const Shape shape = batchFirst ? Shape{batch, steps, directions, hidden} : Shape{steps, directions, batch, hidden};
    Value result(DataType::float32, shape);
    float* to = result.write<float>().data();
    for (std::int64_t i = 0; i < steps * directions * batch; ++i) {
        const std::int64_t n = batchFirst ? i / directions / steps : i % batch;
        const std::int64_t d = batchFirst ? i % directions : i / batch % directions;
        const std::int64_t t = batchFirst ? i / directions % steps : i / batch / directions;
        std::copy_n(states.data() + outputAt(t, d, n), hidden, to + i * hidden);
    }
    call.out(0, DataType::float32, {}) = rounded(std::move(result), call.in(0).type());
}

void Recurrence::storeLast(std::size_t i, const std::vector<float>& states) const {
    if (!call.wants(i)) return;
    const Shape shape = batchFirst ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
    Value result(DataType::float32, shape);
    float* to = result.write<float>().data();
    for (std::int64_t row = 0; row < directions * batch; ++row) {
        const std::int64_t n = batchFirst ? row / directions : row % batch;
        const std::int64_t d = batchFirst ? row % directions : row / batch;
        std::copy_n(states.data() + stateAt(d, n), hidden, to + row * hidden);
    }
    call.out(i, DataType::float32, {}) = rounded(std::move(result), call.in(0).type());
}

}  // namespace millrace::model::exec
