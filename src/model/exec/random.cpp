#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"
#include "support/rng.h"

namespace millrace::model::exec {

namespace {

/// A generator for one operator: the attribute `seed`, else the run's seed mixed with the operator's name.
Rng generator(const Call& call) {
    std::uint64_t seed = 0;
    if (call.op.attributes.count("seed") != 0) {
        const auto given = static_cast<float>(call.op.real("seed", 0.0));
        std::memcpy(&seed, &given, sizeof given);
    } else if (call.environment.seed) {
        seed = *call.environment.seed;
    } else {
        throw Refused{"it is random, and has no seed; give the run one"};
    }
    for (const char c : call.op.name) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return Rng(seed);
}

double normal(Rng& rng) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.unit()));
    return radius * std::cos(6.283185307179586 * rng.unit());
}

template <class F>
void fillReals(const Call& call, Value& result, F next) {
    dispatchOrRefuse(call, Floats{}, result.type(), [&]<class T>() {
        for (T& y : result.write<T>()) y = static_cast<T>(static_cast<double>(next()));
    });
}

DataType asked(const Call& call, DataType otherwise) {
    const auto type = dataType(call.op.integer("dtype", static_cast<std::int64_t>(otherwise)));
    if (!type || *type == DataType::undefined) throw Refused{"attribute 'dtype' names a type that is not supported"};
    return *type;
}

template <bool like>
Value& target(Call& call) {
    if constexpr (like) return call.result(asked(call, call.in(0).type()), call.in(0).shape());
    return call.result(asked(call, DataType::float32), call.op.integers("shape"));
}

template <bool like>
void randomNormal(Call& call) {
    Rng rng = generator(call);
    const double mean = call.op.real("mean", 0.0);
    const double scale = call.op.real("scale", 1.0);
    fillReals(call, target<like>(call), [&] { return mean + scale * normal(rng); });
}

template <bool like>
void randomUniform(Call& call) {
    Rng rng = generator(call);
    const double low = call.op.real("low", 0.0);
    const double high = call.op.real("high", 1.0);
    fillReals(call, target<like>(call), [&] { return low + (high - low) * rng.unit(); });
}

void bernoulli(Call& call) {
    Rng rng = generator(call);
    const Value& input = call.in(0);
    Value& result = call.result(asked(call, input.type()), input.shape());
    dispatchOrRefuse(call, Floats{}, input.type(), [&]<class From>() {
        dispatchOrRefuse(call, All{}, result.type(), [&]<class To>() {
            const auto x = input.read<From>();
            const auto y = result.write<To>();
            for (std::size_t i = 0; i < x.size(); ++i) {
                y[i] = static_cast<To>(rng.unit() < static_cast<double>(static_cast<Wide<From>>(x[i])));
            }
        });
    });
}

/// Rows of unnormalised logarithms of probabilities; each result is the number of a class.
void multinomial(Call& call) {
    Rng rng = generator(call);
    const Value& input = call.in(0);
    const std::int64_t samples = call.op.integer("sample_size", 1);
    if (input.shape().size() != 2 || input.shape()[1] < 1 || samples < 0) {
        throw Refused{fmt::format("{} samples from shape {}", samples, text(input.shape()))};
    }
    Value& result = call.result(asked(call, DataType::int32), {input.shape()[0], samples});
    dispatchOrRefuse(call, Floats{}, input.type(), [&]<class From>() {
        dispatchOrRefuse(call, Types<std::int32_t, std::int64_t>{}, result.type(), [&]<class To>() {
            const auto x = input.read<From>();
            const auto y = result.write<To>();
            const auto classes = static_cast<std::size_t>(input.shape()[1]);
            for (std::size_t i = 0; i < y.size(); ++i) {
                const std::size_t row = i / static_cast<std::size_t>(samples) * classes;
                std::vector<double> sums;
                double sum = 0;
                for (std::size_t c = 0; c < classes; ++c) {
                    sum += std::exp(static_cast<double>(static_cast<Wide<From>>(x[row + c])));
                    sums.push_back(sum);
                }
                const auto at = std::upper_bound(sums.begin(), sums.end() - 1, rng.unit() * sum) - sums.begin();
                y[i] = static_cast<To>(at);
            }
        });
    });
}

/// Without training (input 2, from opset 12 on) the input comes through, and the mask is all true.
void dropout(Call& call) {
    const Value& input = call.in(0);
    const Value* training = call.op.version >= 12 ? call.optional(2) : nullptr;
    double ratio = 0.5;
    if (call.op.version < 12) ratio = call.op.real("ratio", 0.5);
    if (const Value* given = call.op.version >= 12 ? call.optional(1) : nullptr; given != nullptr) {
        if (given->elements() != 1) throw Refused{"the ratio is no scalar"};
        dispatchOrRefuse(call, Floats{}, given->type(),
                         [&]<class T>() { ratio = static_cast<double>(static_cast<Wide<T>>(given->read<T>()[0])); });
    }
    if (training != nullptr && (training->type() != DataType::boolean || training->elements() != 1)) {
        throw Refused{"training_mode is not one bool"};
    }
    const bool drops = training != nullptr && training->read<bool>()[0] && ratio != 0;
    if (drops && !(ratio > 0 && ratio < 1)) throw Refused{fmt::format("a ratio of {}", ratio)};
    Value mask(DataType::boolean, input.shape());
    const auto kept = mask.write<bool>();
    std::fill(kept.begin(), kept.end(), true);
    Value result = input;
    if (drops) {
        Rng rng = generator(call);
        for (bool& keep : kept) keep = rng.unit() >= ratio;
        dispatchOrRefuse(call, Floats{}, input.type(), [&]<class T>() {
            const auto y = result.write<T>();
            for (std::size_t i = 0; i < y.size(); ++i) {
                const double x = static_cast<double>(static_cast<Wide<T>>(y[i]));
                y[i] = kept[i] ? static_cast<T>(x / (1.0 - ratio)) : T{};
            }
        });
    }
    if (call.wants(0)) call.outputs[0] = std::move(result);
    if (call.wants(1)) call.outputs[1] = std::move(mask);
}

const KernelEntry kTable[] = {
    {"", "RandomNormal", 1, kNewest, randomNormal<false>},
    {"", "RandomNormalLike", 1, kNewest, randomNormal<true>},
    {"", "RandomUniform", 1, kNewest, randomUniform<false>},
    {"", "RandomUniformLike", 1, kNewest, randomUniform<true>},
    {"", "Bernoulli", 15, kNewest, bernoulli},
    {"", "Multinomial", 7, kNewest, multinomial},
    {"", "Dropout", 7, kNewest, dropout},
};

}  // namespace

std::span<const KernelEntry> randomKernels() { return kTable; }

}  // namespace millrace::model::exec
