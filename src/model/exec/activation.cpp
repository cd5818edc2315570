#include <cmath>

#include "model/exec/elementwise.h"
#include "model/exec/functions.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// y = f(x) for reals, in the wide type; `f` is a generic lambda.
template <class F>
void each(Call& call, F f) {
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() { mapUnary<T, T>(call, call.in(0), f); });
}

/// y = f(x) for reals, in double and rounded once.
template <class F>
void eachDouble(Call& call, F f) {
    each(call, [f](auto x) { return f(static_cast<double>(x)); });
}

template <class F>
void fastFloat(const Call& call, F fast) {
    const Value& input = call.in(0);
    const float* x = input.read<float>().data();
    float* y = call.result(DataType::float32, input.shape()).write<float>().data();
    parallelFor(call.environment, input.elements(), kElementGrain / 4,
                [=](std::int64_t begin, std::int64_t end) { fast(x + begin, y + begin, end - begin); });
}

void relu(Call& call) {
    dispatchOrRefuse(call, Numbers{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [](auto x) { return x < 0 ? decltype(x){0} : x; });
    });
}

void leakyRelu(Call& call) {
    const auto alpha = static_cast<float>(call.op.real("alpha", 0.01F));
    each(call, [alpha](auto x) { return x < 0 ? static_cast<decltype(x)>(alpha) * x : x; });
}

void elu(Call& call) {
    const double alpha = call.op.real("alpha", 1.0);
    eachDouble(call, [alpha](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

void celu(Call& call) {
    const double alpha = call.op.real("alpha", 1.0);
    eachDouble(call, [alpha](double x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

void selu(Call& call) {
    const double alpha = call.op.real("alpha", 1.67326319217681884765625);
    const double gamma = call.op.real("gamma", 1.05070102214813232421875);
    eachDouble(call, [=](double x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

void hardSigmoid(Call& call) {
    const auto alpha = static_cast<float>(call.op.real("alpha", 0.2F));
    const auto beta = static_cast<float>(call.op.real("beta", 0.5F));
    each(call, [=](auto x) {
        using W = decltype(x);
        return std::min(W{1}, std::max(W{0}, static_cast<W>(alpha) * x + static_cast<W>(beta)));
    });
}

void hardSwish(Call& call) {
    each(call, [](auto x) {
        using W = decltype(x);
        return x * std::min(W{1}, std::max(W{0}, x / W{6} + W{0.5}));
    });
}

double softplusOf(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

void softplus(Call& call) { eachDouble(call, softplusOf); }

void softsign(Call& call) {
    each(call, [](auto x) { return x / (decltype(x){1} + std::fabs(x)); });
}

void mish(Call& call) {
    eachDouble(call, [](double x) { return x * std::tanh(softplusOf(x)); });
}

void swish(Call& call) {
    const double alpha = call.op.real("alpha", 1.0);
    if (call.in(0).type() == DataType::float32) {
        return fastFloat(call, [alpha](const float* x, float* y, std::int64_t n) { swishArray(x, y, n, alpha); });
    }
    eachDouble(call, [alpha](double x) { return x / (1.0 + std::exp(-alpha * x)); });
}

void gelu(Call& call) {
    const std::string approximate = call.op.text("approximate", "none");
    if (approximate != "none" && approximate != "tanh") {
        throw Refused{"attribute 'approximate' is '" + approximate + "', not none or tanh"};
    }
    const bool byTanh = approximate == "tanh";
    if (call.in(0).type() == DataType::float32) return fastFloat(call, byTanh ? geluTanhArray : geluArray);
    eachDouble(call, [byTanh](double x) {
        if (byTanh) return 0.5 * x * (1.0 + std::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
        return 0.5 * x * (1.0 + std::erf(x * 0.70710678118654752));
    });
}

void thresholdedRelu(Call& call) {
    const auto alpha = static_cast<float>(call.op.real("alpha", 1.0));
    each(call, [alpha](auto x) { return x > static_cast<decltype(x)>(alpha) ? x : decltype(x){0}; });
}

void shrink(Call& call) {
    const double lambda = call.op.real("lambd", 0.5);
    const double bias = call.op.real("bias", 0.0);
    dispatchOrRefuse(call, Numbers{}, call.in(0).type(), [&]<class T>() {
        mapUnary<T, T>(call, call.in(0), [=](auto x) {
            const auto wide = static_cast<double>(x);
            double y = 0;
            if (wide < -lambda) y = wide + bias;
            if (wide > lambda) y = wide - bias;
            if constexpr (std::is_integral_v<decltype(x)>) {
                const bool fits = y > -0x1.0p63 && y < 0x1.0p63;
                return fits ? static_cast<decltype(x)>(static_cast<std::int64_t>(y)) : decltype(x){0};
            } else {
                return static_cast<decltype(x)>(y);
            }
        });
    });
}

void prelu(Call& call) {
    const Value& input = call.in(0);
    const Value& given = call.in(1);
    commonType(call);
    // Before opset 9 the slope of a channel may come as [C].
    Value slope = given;
    const bool perChannel = given.shape().size() == 1 && input.shape().size() > 2 &&
                            given.shape()[0] == input.shape()[1] && given.shape()[0] != input.shape().back() &&
                            given.shape()[0] != 1;
    if (perChannel) {
        Shape shape(input.shape().size() - 1, 1);
        shape[0] = given.shape()[0];
        slope = given.reshaped(shape);
    }
    if (broadcastShape(input.shape(), slope.shape()) != input.shape()) {
        throw Refused{"the slope of shape " + text(given.shape()) + " does not stretch to the input"};
    }
    dispatchOrRefuse(call, Numbers{}, input.type(), [&]<class T>() {
        call.result(input.type(), {});
        call.outputs[0] = zip<T, T>(call.environment, input, slope,
                                    [](auto x, auto s) { return static_cast<decltype(x)>(x < 0 ? x * s : x); });
    });
}

template <class T>
void clipBetween(Call& call, const Value* low, const Value* high) {
    using W = Wide<T>;
    const bool hasLow = low != nullptr;
    const bool hasHigh = high != nullptr;
    const W least = hasLow ? static_cast<W>(low->read<T>()[0]) : W{};
    const W most = hasHigh ? static_cast<W>(high->read<T>()[0]) : W{};
    mapUnary<T, T>(call, call.in(0), [=](auto x) {
        x = hasLow && x < least ? least : x;
        return hasHigh && x > most ? most : x;
    });
}

void clip(Call& call) {
    const DataType type = call.in(0).type();
    for (std::size_t i = 1; i < 3; ++i) {
        const Value* bound = call.optional(i);
        if (bound == nullptr) continue;
        if (bound->type() != type) throw Refused{"a bound is of another type than the input"};
        if (bound->elements() != 1) throw Refused{"a bound is no scalar but of shape " + text(bound->shape())};
    }
    dispatchOrRefuse(call, Numbers{}, type,
                     [&]<class T>() { clipBetween<T>(call, call.optional(1), call.optional(2)); });
}

void clipByAttributes(Call& call) {
    const auto low = static_cast<float>(call.op.real("min", -3.402823466e38));
    const auto high = static_cast<float>(call.op.real("max", 3.402823466e38));
    each(call, [=](auto x) {
        using W = decltype(x);
        x = x < static_cast<W>(low) ? static_cast<W>(low) : x;
        return x > static_cast<W>(high) ? static_cast<W>(high) : x;
    });
}

const KernelEntry kTable[] = {
    {"", "Relu", 6, kNewest, relu},
    {"", "LeakyRelu", 6, kNewest, leakyRelu},
    {"", "Elu", 6, kNewest, elu},
    {"", "Celu", 12, kNewest, celu},
    {"", "Selu", 6, kNewest, selu},
    {"", "HardSigmoid", 6, kNewest, hardSigmoid},
    {"", "HardSwish", 14, kNewest, hardSwish},
    {"", "Softplus", 1, kNewest, softplus},
    {"", "Softsign", 1, kNewest, softsign},
    {"", "Mish", 18, kNewest, mish},
    {"", "Swish", 24, kNewest, swish},
    {"", "Gelu", 20, kNewest, gelu},
    {"", "ThresholdedRelu", 10, kNewest, thresholdedRelu},
    {"", "Shrink", 9, kNewest, shrink},
    {"", "PRelu", 7, kNewest, prelu},
    {"", "Clip", 6, 10, clipByAttributes},
    {"", "Clip", 11, kNewest, clip},
};

}  // namespace

std::span<const KernelEntry> activationKernels() { return kTable; }

}  // namespace millrace::model::exec
