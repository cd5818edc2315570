#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>

#include "model/exec/convert.h"
#include "model/exec/registry.h"
#include "model/exec/strides.h"

namespace millrace::model::exec {

namespace {

using Complex = std::complex<double>;

constexpr double kPi = 3.14159265358979323846;
constexpr std::int64_t kLongestPlain = 1 << 15;
constexpr std::int64_t kLongest = 1 << 24;

std::vector<Complex> roots(std::int64_t n, bool inverse) {
    std::vector<Complex> result;
    for (std::int64_t i = 0; i < n; ++i) {
        const double angle = 2 * kPi * static_cast<double>(i) / static_cast<double>(n);
        result.emplace_back(std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle));
    }
    return result;
}

Complex times(const Complex& a, const Complex& b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// Transforms `count` elements, every `step`-th from `from`: halves while the count is even, then the sum itself.
void transform(const Complex* from, std::int64_t count, std::int64_t step, const std::vector<Complex>& root,
               Complex* to) {
    const auto n = static_cast<std::int64_t>(root.size());
    if (count % 2 == 0) {
        const std::int64_t half = count / 2;
        transform(from, half, 2 * step, root, to);
        transform(from + step, half, 2 * step, root, to + half);
        for (std::int64_t i = 0; i < half; ++i) {
            const Complex odd = times(root[static_cast<std::size_t>(i * (n / count))], to[half + i]);
            to[half + i] = to[i] - odd;
            to[i] += odd;
        }
        return;
    }
    for (std::int64_t k = 0; k < count; ++k) {
        Complex sum = 0;
        for (std::int64_t j = 0; j < count; ++j) {
            sum += times(from[j * step], root[static_cast<std::size_t>(k * j % count * (n / count))]);
        }
        to[k] = sum;
    }
}

class Transform {
public:
    Transform(std::int64_t length, bool inverse) : inverse_(inverse), length_(length) {
        std::int64_t odd = length;
        while (odd > 0 && odd % 2 == 0) odd /= 2;
        if (length < 1 || length > kLongest || odd > kLongestPlain) {
            throw Refused{
                fmt::format("a transform of length {}: it must be in [1, 2^24], its odd part at most 2^15", length)};
        }
        root_ = roots(length, inverse);
    }
    std::vector<Complex> operator()(const std::vector<Complex>& from) const {
        std::vector<Complex> to(from.size());
        transform(from.data(), length_, 1, root_, to.data());
        for (Complex& value : to) value = inverse_ ? value / static_cast<double>(length_) : value;
        return to;
    }

private:
    bool inverse_;
    std::int64_t length_;
    std::vector<Complex> root_;
};

/// Stores doubles in a real type.
void store(const Call& call, DataType type, const Shape& shape, const std::vector<double>& values) {
    dispatchOrRefuse(call, Floats{}, type, [&]<class T>() {
        const auto to = call.result(type, shape).write<T>();
        std::transform(values.begin(), values.end(), to.begin(), [](double x) { return T(x); });
    });
}

void dft(Call& call) {
    const Value& input = call.in(0);
    Shape shape = input.shape();
    if (shape.size() < 2 || (shape.back() != 1 && shape.back() != 2)) {
        throw Refused{fmt::format("the input {} needs a last axis of 1 (real) or 2 (complex)", text(shape))};
    }
    std::int64_t axisAt = call.op.integer("axis", 1);
    if (call.op.version >= 20) axisAt = call.optional(2) == nullptr ? -2 : call.integerScalar(2);
    const std::size_t axis = Call::axis(axisAt, shape.size());
    if (axis + 1 == shape.size()) throw Refused{"the last axis holds real and imaginary parts: it is not transformed"};
    const bool inverse = call.op.integer("inverse", 0) != 0;
    const bool oneSided = call.op.integer("onesided", 0) != 0;
    if (inverse && oneSided) throw Refused{"inverse and onesided together are not supported"};
    const std::int64_t parts = shape.back();
    const Around around(Shape(shape.begin(), shape.end() - 1), axis);
    const std::int64_t length = call.optional(1) == nullptr ? around.size : call.integerScalar(1);
    const Transform transformed(length, inverse);
    const std::int64_t bins = oneSided ? length / 2 + 1 : length;
    shape[axis] = bins;
    shape.back() = 2;
    const As<double> from(call, input);
    std::vector<double> result(static_cast<std::size_t>(elementsOf(shape)));
    parallelFor(call.environment, around.outer * around.inner, 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<Complex> row(static_cast<std::size_t>(length));
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t outer = i / around.inner;
            const std::int64_t inner = i % around.inner;
            std::fill(row.begin(), row.end(), Complex());
            for (std::int64_t k = 0; k < std::min(length, around.size); ++k) {
                const std::int64_t at = ((outer * around.size + k) * around.inner + inner) * parts;
                row[static_cast<std::size_t>(k)] = {from[at], parts == 2 ? from[at + 1] : 0.0};
            }
            const std::vector<Complex> bin = transformed(row);
            for (std::int64_t k = 0; k < bins; ++k) {
                const auto at = static_cast<std::size_t>(((outer * bins + k) * around.inner + inner) * 2);
                result[at] = bin[static_cast<std::size_t>(k)].real();
                result[at + 1] = bin[static_cast<std::size_t>(k)].imag();
            }
        }
    });
    store(call, input.type(), shape, result);
}

void stft(Call& call) {
    const Shape& signal = call.in(0).shape();
    const bool isReal = signal.size() == 2 || (signal.size() == 3 && signal[2] == 1);
    if (!isReal && !(signal.size() == 3 && signal[2] == 2)) {
        throw Refused{fmt::format("the signal {} must be [batch,length,1 or 2]", text(signal))};
    }
    const std::int64_t step = call.integerScalar(1);
    const Value* window = call.optional(2);
    std::int64_t length = window == nullptr ? 0 : window->elements();
    if (call.optional(3) != nullptr) length = call.integerScalar(3);
    if (step < 1 || length < 1 || length > signal[1] || (window != nullptr && window->elements() != length)) {
        throw Refused{
            fmt::format("frames of {} every {} do not fit a signal {} or its window", length, step, text(signal))};
    }
    const bool oneSided = call.op.integer("onesided", 1) != 0;
    const std::int64_t frames = (signal[1] - length) / step + 1;
    const std::int64_t bins = oneSided ? length / 2 + 1 : length;
    const Transform transformed(length, false);
    const As<double> from(call, call.in(0));
    const As<double> weight(call, window == nullptr ? call.in(0) : *window);
    const Shape shape{signal[0], frames, bins, 2};
    std::vector<double> result(static_cast<std::size_t>(elementsOf(shape)));
    parallelFor(call.environment, signal[0] * frames, 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<Complex> row(static_cast<std::size_t>(length));
        for (std::int64_t i = begin; i < end; ++i) {
            for (std::int64_t k = 0; k < length; ++k) {
                const std::int64_t at = (i / frames * signal[1] + i % frames * step + k) * (isReal ? 1 : 2);
                const double factor = window == nullptr ? 1.0 : weight[k];
                row[static_cast<std::size_t>(k)] = {from[at] * factor, isReal ? 0.0 : from[at + 1] * factor};
            }
            const std::vector<Complex> bin = transformed(row);
            for (std::int64_t k = 0; k < bins; ++k) {
                result[static_cast<std::size_t>((i * bins + k) * 2)] = bin[static_cast<std::size_t>(k)].real();
                result[static_cast<std::size_t>((i * bins + k) * 2 + 1)] = bin[static_cast<std::size_t>(k)].imag();
            }
        }
    });
    store(call, call.in(0).type(), shape, result);
}

DataType asked(const Call& call) {
    return dataType(call.op.integer("output_datatype", 1)).value_or(DataType::undefined);
}

/// constant - first * cos(2 pi n / N) + second * cos(4 pi n / N)
void window(const Call& call, double constant, double first, double second) {
    const std::int64_t size = call.integerScalar(0);
    const Shape shape{size};
    const bool periodic = call.op.integer("periodic", 1) != 0;
    const double turn = 2 * kPi / static_cast<double>(std::max<std::int64_t>(1, periodic ? size : size - 1));
    std::vector<double> values(static_cast<std::size_t>(elementsOf(shape)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double angle = turn * static_cast<double>(i);
        values[i] = constant - first * std::cos(angle) + second * std::cos(2 * angle);
    }
    store(call, asked(call), shape, values);
}

void hann(Call& call) { window(call, 0.5, 0.5, 0); }
void hamming(Call& call) { window(call, 25.0 / 46.0, 21.0 / 46.0, 0); }
void blackman(Call& call) { window(call, 0.42, 0.5, 0.08); }

void melWeights(Call& call) {
    const std::int64_t mels = call.integerScalar(0);
    const std::int64_t length = call.integerScalar(1);
    const std::int64_t rate = call.integerScalar(2);
    const double low = As<double>(call, call.in(3))[0];
    const double high = As<double>(call, call.in(4))[0];
    if (mels < 0 || length < 1 || rate < 1 || !(low >= 0) || !(high > low) || high > static_cast<double>(rate)) {
        throw Refused{fmt::format("{} bands from {} to {} Hz of a transform of {} at {} Hz have no meaning", mels, low,
                                  high, length, rate)};
    }
    const Shape shape{length / 2 + 1, mels};
    std::vector<double> result(static_cast<std::size_t>(elementsOf(shape)), 0);
    const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
    const double step = (mel(high) - mel(low)) / static_cast<double>(mels + 2);
    const auto edge = [&](std::int64_t i) {
        const double hertz = 700 * (std::pow(10.0, (mel(low) + static_cast<double>(i) * step) / 2595) - 1);
        return static_cast<std::int64_t>(
            std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate)));
    };
    const auto set = [&](std::int64_t row, std::int64_t column, double value) {
        if (row < shape[0]) result[static_cast<std::size_t>(row * mels + column)] = value;
    };
    for (std::int64_t i = 0; i < mels; ++i) {
        const std::int64_t first = edge(i);
        const std::int64_t centre = edge(i + 1);
        const std::int64_t last = edge(i + 2);
        if (first == centre) set(centre, i, 1);
        for (std::int64_t j = first; j <= centre && first < centre; ++j) {
            set(j, i, static_cast<double>(j - first) / static_cast<double>(centre - first));
        }
        for (std::int64_t j = centre; j < last; ++j) {
            set(j, i, static_cast<double>(last - j) / static_cast<double>(last - centre));
        }
    }
    store(call, asked(call), shape, result);
}

constexpr KernelEntry kEntries[] = {
    {"", "DFT", 17, kNewest, dft},
    {"", "STFT", 17, kNewest, stft},
    {"", "HannWindow", 17, kNewest, hann},
    {"", "HammingWindow", 17, kNewest, hamming},
    {"", "BlackmanWindow", 17, kNewest, blackman},
    {"", "MelWeightMatrix", 17, kNewest, melWeights},
};

}  // namespace

std::span<const KernelEntry> signalKernels() { return kEntries; }

}  // namespace millrace::model::exec
