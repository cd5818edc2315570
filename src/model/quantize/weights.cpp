#include "model/quantize/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstring>
#include <thread>

#include "model/number/bfloat16.h"
#include "model/number/integer.h"
#include "model/quantize/scale.h"

namespace millrace::model::quantize {

namespace {

/// Calls visit(first value, count) for the pieces of a channel that lie together.
template <class Visit>
void forEachPiece(const ChannelView& view, std::size_t channel, Visit visit) {
    const std::size_t outer = channel / view.columns;
    const std::size_t column = channel % view.columns;
    for (std::size_t row = 0; row < view.rows; ++row)
        visit(((outer * view.rows + row) * view.columns + column) * view.inner, view.inner);
}

class Job {
public:
    Job(std::span<const float> weights, const ChannelView& view, const WeightOptions& options, QuantizedWeights& result)
        : weights_(weights), view_(view), options_(options), result_(result), errors_(view.channels()) {}

    void run() {
        std::vector<std::thread> others;
        const auto threads = std::min(static_cast<std::size_t>(std::max(options_.threads, 1)), errors_.size());
        for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
        work();
        for (std::thread& other : others) other.join();
        for (const double error : errors_) result_.squaredError += error;
    }

private:
    void work() {
        std::vector<float> magnitudes;
        for (std::size_t channel = next_++; channel < errors_.size(); channel = next_++) {
            magnitudes.clear();
            forEachPiece(view_, channel, [&](std::size_t first, std::size_t count) {
                for (const float w : weights_.subspan(first, count)) magnitudes.push_back(std::abs(w));
            });
            const bool zeros = std::all_of(magnitudes.begin(), magnitudes.end(), [](float a) { return a == 0; });
            const float scale = zeros ? 1 : channelScale(magnitudes, options_);
            result_.scales[channel] = scale;
            forEachPiece(view_, channel,
                         [&](std::size_t first, std::size_t count) { errors_[channel] += write(first, count, scale); });
        }
    }

    /// The integers of a piece; returns the sum of their squared errors.
    double write(std::size_t first, std::size_t count, float scale) {
        const auto largest = static_cast<float>(largestWeight(options_.bits));
        double sum = 0;
        for (std::size_t i = first; i < first + count; ++i) {
            const float w = weights_[i];
            // |w / scale| is bounded before it is rounded (half to even) by adding and subtracting 1.5 * 2^23.
            const float bounded = std::min(std::max(w / scale, -largest), largest);
            const float q = options_.bits == 1 ? (w < 0 ? -1.0F : 1.0F) : (bounded + 12582912.0F) - 12582912.0F;
            result_.values[i] = static_cast<std::int16_t>(q);
            const double error = static_cast<double>(w) - static_cast<double>(q) * static_cast<double>(scale);
            sum += error * error;
        }
        return sum;
    }

    std::span<const float> weights_;
    const ChannelView& view_;
    const WeightOptions& options_;
    QuantizedWeights& result_;
    std::vector<double> errors_;
    std::atomic<std::size_t> next_ = 0;
};

bool checkOptions(const WeightOptions& options, std::string_view what, Diagnostics& diagnostics) {
    if (options.bits < 1 || options.bits > kMaxWeightBits) {
        diagnostics.error(
            {}, fmt::format("{}: weights of {} bits; 1 to {} are possible", what, options.bits, kMaxWeightBits));
        return false;
    }
    const bool percentile = options.rule == ScaleRule::percentile;
    if (percentile && !(options.percentile > 0 && options.percentile <= 100)) {
        diagnostics.error({}, fmt::format("{}: percentile {} is not above 0 and up to 100", what, options.percentile));
        return false;
    }
    return true;
}

bool checkFinite(std::span<const float> weights, std::string_view what, Diagnostics& diagnostics) {
    const auto isBad = [](float w) { return !std::isfinite(w); };
    const auto first = std::find_if(weights.begin(), weights.end(), isBad);
    if (first == weights.end()) return true;
    diagnostics.error(
        {},
        fmt::format("{}: {} of {} weights are not finite, the first is number {} ({})", what,
                    std::count_if(first, weights.end(), isBad), weights.size(), first - weights.begin(), *first),
        "check how the model was trained and exported");
    return false;
}

std::size_t product(const Shape& shape, std::size_t first, std::size_t last) {
    std::size_t result = 1;
    for (std::size_t i = first; i < last; ++i) result *= static_cast<std::size_t>(shape[i]);
    return result;
}

std::optional<ChannelView> viewOf(const Operator& op, const Shape& shape) {
    const std::size_t rank = shape.size();
    if (rank < 2) return std::nullopt;
    const auto axis = [&](std::size_t i) { return static_cast<std::size_t>(shape[i]); };
    if (op.type == "Conv") return ChannelView{axis(0), 1, 1, product(shape, 1, rank)};
    if (op.type == "Gemm") {
        if (op.integer("transB", 0) != 0) return ChannelView{axis(0), 1, 1, axis(1)};
        return ChannelView{1, axis(0), axis(1), 1};
    }
    if (op.type == "MatMul") return ChannelView{1, product(shape, 0, rank - 1), axis(rank - 1), 1};
    if (op.type != "ConvTranspose") return std::nullopt;
    const auto groups = static_cast<std::size_t>(std::max<std::int64_t>(op.integer("group", 1), 1));
    if (axis(0) % groups != 0) return std::nullopt;
    return ChannelView{groups, axis(0) / groups, axis(1), product(shape, 2, rank)};
}

}  // namespace

std::optional<QuantizedWeights> quantizeWeights(std::span<const float> weights, const ChannelView& view,
                                                const WeightOptions& options, std::string_view what,
                                                Diagnostics& diagnostics) {
    assert(weights.size() == view.elements());
    if (!checkOptions(options, what, diagnostics) || !checkFinite(weights, what, diagnostics)) return std::nullopt;
    QuantizedWeights result;
    result.bits = options.bits;
    result.values.resize(weights.size());
    result.scales.resize(view.channels());
    Job(weights, view, options, result).run();
    return result;
}

std::optional<WeightUse> weightsOf(const Network& network, const Operator& op) {
    if (!op.domain.empty() || !op.known || !op.input(1).valid()) return std::nullopt;
    const Tensor& tensor = network.tensors[op.input(1)];
    if (!tensor.constant || !tensor.shape) return std::nullopt;
    const auto view = viewOf(op, *tensor.shape);
    if (!view || view->elements() == 0) return std::nullopt;
    return WeightUse{op.input(1), *view};
}

std::optional<std::vector<float>> floatValues(const Tensor& tensor) {
    if (!tensor.constant || !tensor.shape) return std::nullopt;
    const std::vector<std::uint8_t>& bytes = tensor.constant->bytes;
    const auto count = static_cast<std::size_t>(tensor.elements());
    if (tensor.type == DataType::float32 || tensor.type == DataType::bfloat16) {
        const std::size_t width = tensor.type == DataType::float32 ? 4 : 2;
        if (bytes.size() != count * width) return std::nullopt;
        std::vector<float> values(count);
        if (bytes.empty()) return values;
        if (width == 4) {
            std::memcpy(values.data(), bytes.data(), bytes.size());
            return values;
        }
        for (std::size_t i = 0; i < count; ++i)
            values[i] = number::Bfloat16{static_cast<std::uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8)}.value();
        return values;
    }
    const auto reals = tensor.reals();
    if (!reals || reals->size() != count) return std::nullopt;
    std::vector<float> values(count);
    std::transform(reals->begin(), reals->end(), values.begin(),
                   [](double value) { return static_cast<float>(value); });
    return values;
}

}  // namespace millrace::model::quantize
