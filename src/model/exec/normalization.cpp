#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/exec/broadcast.h"
#include "model/exec/convert.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

constexpr int kLanes = 16;

/// Sum of f(x) over a row in doubles, in sixteen interleaved parts: the same order on every machine.
template <class T, class F>
double interleavedSum(const T* row, std::int64_t count, F f) {
    double parts[kLanes] = {};
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) parts[lane] += f(static_cast<double>(row[i + lane]));
    }
    for (int lane = 0; i < count; ++i, ++lane) parts[lane] += f(static_cast<double>(row[i]));
    double sum = 0;
    for (const double part : parts) sum += part;
    return sum;
}

struct Moments {
    double mean;
    double inverse;  ///< 1 / sqrt(variance + epsilon)

    template <class T>
    Moments(const T* row, std::int64_t count, double epsilon, bool centred = true) : mean(0) {
        const auto divisor = static_cast<double>(count);
        if (centred) mean = interleavedSum(row, count, [](double x) { return x; }) / divisor;
        const double shift = mean;
        const double variance =
            interleavedSum(row, count, [shift](double x) { return (x - shift) * (x - shift); }) / divisor;
        inverse = 1 / std::sqrt(variance + epsilon);
    }
};

std::int64_t grainOf(std::int64_t row) { return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, row)); }

/// Calls work(input, output) with floats, or with doubles if the input has them, and stores the output.
template <class Work>
void inSingleOrDouble(const Call& call, const Work& work) {
    const Value& input = call.in(0);
    if (input.type() == DataType::float64) {
        const As<double> from(call, input);
        work(from.data(), call.result(input.type(), input.shape()).write<double>().data());
        return;
    }
    if (input.type() != DataType::float32 && input.type() != DataType::float16 && input.type() != DataType::bfloat16) {
        refuseType(call, input.type());
    }
    const As<float> from(call, input);
    Value output(DataType::float32, input.shape());
    work(from.data(), output.write<float>().data());
    call.result(DataType::float32, {}) = rounded(std::move(output), input.type());
}

void needShape(const Value& value, const Shape& shape, std::string_view what) {
    if (value.elements() == elementsOf(shape)) return;
    throw Refused{fmt::format("{} {} must have shape {}", what, text(value.shape()), text(shape))};
}

std::int64_t channelsOf(const Call& call) {
    const Shape& shape = call.in(0).shape();
    if (shape.size() < 2) throw Refused{fmt::format("the input {} needs a channel axis", text(shape))};
    return shape[1];
}

void batchNormalization(Call& call) {
    const bool training = call.op.version >= 14 && call.op.integer("training_mode", 0) != 0;
    const bool oldTraining = call.op.version < 7 && call.op.integer("is_test", 0) == 0 && call.outputs.size() > 1;
    const Shape& shape = call.in(0).shape();
    if (shape.empty()) throw Refused{"the input is a scalar"};
    const std::int64_t channels = shape.size() < 2 ? 1 : shape[1];
    for (std::size_t i = 1; i < 5; ++i) needShape(call.in(i), {channels}, "scale, bias, mean or variance");
    const As<double> scale(call, call.in(1));
    const As<double> bias(call, call.in(2));
    const As<double> mean(call, call.in(3));
    const As<double> variance(call, call.in(4));
    const double epsilon = call.op.real("epsilon", 1e-5);
    const std::int64_t plane = shape.size() < 2 ? 1 : product(shape, 2, shape.size());
    std::vector<double> means(mean.data(), mean.data() + channels);
    std::vector<double> variances(variance.data(), variance.data() + channels);
    if (oldTraining) throw Refused{"training is not done here: set is_test"};
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        if (training) {
            const double count = static_cast<double>(shape[0]) * static_cast<double>(plane);
            for (std::int64_t c = 0; c < channels; ++c) {
                const auto sumOf = [&](auto f) {
                    double sum = 0;
                    for (std::int64_t n = 0; n < shape[0]; ++n)
                        sum += interleavedSum(from + (n * channels + c) * plane, plane, f);
                    return sum / count;
                };
                const double m = sumOf([](double x) { return x; });
                means[static_cast<std::size_t>(c)] = m;
                variances[static_cast<std::size_t>(c)] = sumOf([m](double x) { return (x - m) * (x - m); });
            }
        }
        parallelFor(call.environment, shape[0] * channels, grainOf(plane), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t c = i % channels;
                const double factor = scale[c] / std::sqrt(variances[static_cast<std::size_t>(c)] + epsilon);
                const auto a = static_cast<T>(factor);
                const auto b = static_cast<T>(bias[c] - means[static_cast<std::size_t>(c)] * factor);
                for (std::int64_t j = i * plane; j < (i + 1) * plane; ++j) to[j] = from[j] * a + b;
            }
        });
    });
    if (!training) return;
    const double momentum = call.op.real("momentum", 0.9);
    const auto running = [&](std::size_t output, const As<double>& old, const std::vector<double>& now, DataType type) {
        if (!call.wants(output)) return;
        Value& value = call.out(output, type, {channels});
        dispatchOrRefuse(call, Floats{}, type, [&]<class T>() {
            for (std::int64_t c = 0; c < channels; ++c) {
                const auto at = static_cast<std::size_t>(c);
                value.write<T>()[at] = T(old[c] * momentum + now[at] * (1 - momentum));
            }
        });
    };
    running(1, mean, means, call.in(3).type());
    running(2, variance, variances, call.in(4).type());
}

/// LayerNormalization and RMSNormalization: over the axes from `axis` on.
void normalizeTail(Call& call, bool centred) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.op.integer("axis", -1), input.shape().size());
    const std::int64_t row = product(input.shape(), axis, input.shape().size());
    const std::int64_t rows = product(input.shape(), 0, axis);
    const double epsilon = call.op.real("epsilon", 1e-5);
    const Shape tail(input.shape().begin() + static_cast<std::ptrdiff_t>(axis), input.shape().end());
    const Value scaleFull = stretched(call.in(1), tail);
    const Value* biasIn = centred ? call.optional(2) : nullptr;
    const Value biasFull = biasIn == nullptr ? Value() : stretched(*biasIn, tail);
    const As<double> scale(call, scaleFull);
    const As<double> bias(call, biasIn == nullptr ? scaleFull : biasFull);
    Shape statistics = input.shape();
    std::fill(statistics.begin() + static_cast<std::ptrdiff_t>(axis), statistics.end(), 1);
    std::vector<Moments> moments(static_cast<std::size_t>(row == 0 ? 0 : rows), Moments(&epsilon, 0, 0));
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        parallelFor(call.environment, static_cast<std::int64_t>(moments.size()), grainOf(row),
                    [&](std::int64_t begin, std::int64_t end) {
                        for (std::int64_t i = begin; i < end; ++i) {
                            const Moments m(from + i * row, row, epsilon, centred);
                            moments[static_cast<std::size_t>(i)] = m;
                            for (std::int64_t j = 0; j < row; ++j) {
                                const double x = (static_cast<double>(from[i * row + j]) - m.mean) * m.inverse;
                                to[i * row + j] = static_cast<T>(x * scale[j] + (biasIn == nullptr ? 0.0 : bias[j]));
                            }
                        }
                    });
    });
    for (std::size_t output = 1; output < 3; ++output) {
        if (!call.wants(output)) continue;
        const auto to = call.out(output, DataType::float32, statistics).write<float>();
        for (std::size_t i = 0; i < moments.size(); ++i) {
            to[i] = static_cast<float>(output == 1 ? moments[i].mean : moments[i].inverse);
        }
    }
}

void layerNormalization(Call& call) { normalizeTail(call, true); }
void rmsNormalization(Call& call) { normalizeTail(call, false); }

/// Rows of `row` elements, each normalised; element j of row i is scaled by channel (i * row + j) / plane % channels,
/// or by the group of it if scale and bias are per group.
void normalizeGroups(Call& call, std::int64_t groups, bool perGroup) {
    const Shape& shape = call.in(0).shape();
    const std::int64_t channels = channelsOf(call);
    if (groups < 1 || channels % groups != 0) {
        throw Refused{fmt::format("{} channels do not divide into {} groups", channels, groups)};
    }
    const std::int64_t plane = product(shape, 2, shape.size());
    const std::int64_t row = channels / groups * plane;
    for (std::size_t i = 1; i < 3; ++i) needShape(call.in(i), {perGroup ? groups : channels}, "scale or bias");
    const As<double> scale(call, call.in(1));
    const As<double> bias(call, call.in(2));
    const double epsilon = call.op.real("epsilon", 1e-5);
    if (row == 0) return void(call.result(call.in(0).type(), shape));
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        parallelFor(call.environment, shape[0] * groups, grainOf(row), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const Moments m(from + i * row, row, epsilon);
                for (std::int64_t c = 0; c < channels / groups; ++c) {
                    const std::int64_t group = i % groups;
                    const std::int64_t at = perGroup ? group : group * (channels / groups) + c;
                    const double factor = m.inverse * scale[at];
                    for (std::int64_t j = i * row + c * plane; j < i * row + (c + 1) * plane; ++j) {
                        to[j] = static_cast<T>((static_cast<double>(from[j]) - m.mean) * factor + bias[at]);
                    }
                }
            }
        });
    });
}

void instanceNormalization(Call& call) { normalizeGroups(call, channelsOf(call), false); }
void groupNormalization(Call& call) { normalizeGroups(call, call.op.integer("num_groups", 1), call.op.version < 21); }

void localResponse(Call& call) {
    const Shape& shape = call.in(0).shape();
    const std::int64_t channels = channelsOf(call);
    const std::int64_t plane = product(shape, 2, shape.size());
    const std::int64_t size = call.op.integer("size", 0);
    if (size < 1) throw Refused{fmt::format("size {} must be at least 1", size)};
    const double alpha = call.op.real("alpha", 1e-4) / static_cast<double>(size);
    const double beta = call.op.real("beta", 0.75);
    const double bias = call.op.real("bias", 1);
    const std::int64_t before = (size - 1) / 2;
    const std::int64_t after = size - 1 - before;
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        parallelFor(call.environment, shape[0] * channels, grainOf(plane), [&](std::int64_t begin, std::int64_t end) {
            std::vector<T> squares(static_cast<std::size_t>(plane));
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t c = i % channels;
                const std::int64_t first = std::max<std::int64_t>(0, c - before);
                const std::int64_t last = after >= channels - c ? channels - 1 : c + after;
                std::fill(squares.begin(), squares.end(), T{0});
                for (std::int64_t other = first; other <= last; ++other) {
                    const T* row = from + (i - c + other) * plane;
                    for (std::int64_t j = 0; j < plane; ++j) squares[static_cast<std::size_t>(j)] += row[j] * row[j];
                }
                for (std::int64_t j = 0; j < plane; ++j) {
                    const double base = bias + alpha * static_cast<double>(squares[static_cast<std::size_t>(j)]);
                    const double power =
                        beta == 0.75 ? std::sqrt(base) * std::sqrt(std::sqrt(base)) : std::pow(base, beta);
                    to[i * plane + j] = static_cast<T>(static_cast<double>(from[i * plane + j]) / power);
                }
            }
        });
    });
}

void lpNormalization(Call& call) {
    const Shape& shape = call.in(0).shape();
    const Around around(shape, Call::axis(call.op.integer("axis", -1), shape.size()));
    const std::int64_t p = call.op.integer("p", 2);
    if (p != 1 && p != 2) throw Refused{fmt::format("p {} is neither 1 nor 2", p)};
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        for (std::int64_t i = 0; i < around.outer * around.inner; ++i) {
            const std::int64_t start = i / around.inner * around.size * around.inner + i % around.inner;
            double sum = 0;
            for (std::int64_t j = 0; j < around.size; ++j) {
                const auto x = static_cast<double>(from[start + j * around.inner]);
                sum += p == 1 ? std::abs(x) : x * x;
            }
            const double norm = p == 1 ? sum : std::sqrt(sum);
            for (std::int64_t j = start; j < start + around.size * around.inner; j += around.inner) {
                to[j] = norm == 0 ? T{0} : static_cast<T>(static_cast<double>(from[j]) / norm);
            }
        }
    });
}

void meanVariance(Call& call) {
    const Shape& shape = call.in(0).shape();
    Shape reduced(shape);
    for (const std::int64_t axis : call.op.integers("axes", {0, 2, 3})) reduced[Call::axis(axis, shape.size())] = 1;
    const std::int64_t pitch = elementsOf(reduced);
    const std::int64_t elements = call.in(0).elements();
    const Shape* const one = &reduced;
    inSingleOrDouble(call, [&]<class T>(const T* from, T* to) {
        const BroadcastPlan plan(std::span(&one, 1), shape);
        std::vector<double> mean(static_cast<std::size_t>(pitch), 0);
        std::vector<double> square(static_cast<std::size_t>(pitch), 0);
        const double count = static_cast<double>(elements) / static_cast<double>(std::max<std::int64_t>(1, pitch));
        const auto each = [&](auto f) {
            walkRows(plan, 0, elements, [&](std::int64_t at, std::int64_t n, const std::int64_t* offsets) {
                for (std::int64_t i = 0; i < n; ++i) {
                    f(at + i, static_cast<std::size_t>(offsets[0] + i * plan.rowStride(0)));
                }
            });
        };
        each([&](std::int64_t i, std::size_t to1) { mean[to1] += static_cast<double>(from[i]); });
        for (double& m : mean) m /= count;
        each([&](std::int64_t i, std::size_t at) {
            const double apart = static_cast<double>(from[i]) - mean[at];
            square[at] += apart * apart;
        });
        for (double& s : square) s = std::sqrt(s / count) + 1e-9;
        each([&](std::int64_t i, std::size_t at) {
            to[i] = static_cast<T>((static_cast<double>(from[i]) - mean[at]) / square[at]);
        });
    });
}

constexpr KernelEntry kEntries[] = {
    {"", "BatchNormalization", 1, kNewest, batchNormalization},
    {"", "LayerNormalization", 1, kNewest, layerNormalization},
    {"", "RMSNormalization", 1, kNewest, rmsNormalization},
    {"", "InstanceNormalization", 1, kNewest, instanceNormalization},
    {"", "GroupNormalization", 18, kNewest, groupNormalization},
    {"", "LRN", 1, kNewest, localResponse},
    {"", "LpNormalization", 1, kNewest, lpNormalization},
    {"", "MeanVarianceNormalization", 9, kNewest, meanVariance},
};

}  // namespace

std::span<const KernelEntry> normalizationKernels() { return kEntries; }

}  // namespace millrace::model::exec
