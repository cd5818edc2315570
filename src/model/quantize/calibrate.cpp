#include "model/quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace millrace::model::quantize {

namespace {

/// Keeps bins of the smallest R apart in float32.
constexpr int kLeastExponent = -100;

/// The smallest power of two above a magnitude.
int exponentAbove(float magnitude) {
    return magnitude == 0 ? kLeastExponent : std::max(std::ilogb(magnitude) + 1, kLeastExponent);
}

void join(std::vector<std::uint64_t>& bins, int doublings) {
    if (doublings <= 0) return;
    std::vector<std::uint64_t> joined(bins.size());
    for (std::size_t i = 0; i < bins.size(); ++i) joined[doublings > 12 ? 0 : i >> doublings] += bins[i];
    bins.swap(joined);
}

}  // namespace

void Calibration::widen(int exponent) {
    if (positive_.empty()) {
        positive_.resize(kCalibrationBins);
        negative_.resize(kCalibrationBins);
        exponent_ = exponent;
    }
    join(positive_, exponent - exponent_);
    join(negative_, exponent - exponent_);
    exponent_ = std::max(exponent_, exponent);
}

double Calibration::binWidth() const { return std::ldexp(1.0 / kCalibrationBins, exponent_); }

void Calibration::add(std::span<const float> values) {
    float least = 0;
    float largest = 0;
    std::uint64_t finite = 0;
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        least = finite == 0 ? value : std::min(least, value);
        largest = finite == 0 ? value : std::max(largest, value);
        ++finite;
        zeros_ += value == 0 ? 1 : 0;
    }
    notFinite_ += values.size() - finite;
    if (finite == 0) return;
    least_ = (count_ == 0 ? least : std::min(least_, least)) + 0.0F;
    largest_ = (count_ == 0 ? largest : std::max(largest_, largest)) + 0.0F;
    count_ += finite;
    widen(exponentAbove(std::max(std::abs(least), std::abs(largest))));
    const double toBin = 1 / binWidth();
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        const auto bin = static_cast<std::size_t>(std::abs(static_cast<double>(value)) * toBin);
        ++(value < 0 ? negative_ : positive_)[bin];
    }
}

void Calibration::merge(const Calibration& other) {
    notFinite_ += other.notFinite_;
    zeros_ += other.zeros_;
    if (other.count_ == 0) return;
    least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
    largest_ = count_ == 0 ? other.largest_ : std::max(largest_, other.largest_);
    count_ += other.count_;
    const std::vector<std::uint64_t> positive = other.positive_;
    const std::vector<std::uint64_t> negative = other.negative_;
    widen(other.exponent_);
    const int shift = exponent_ - other.exponent_;
    for (std::size_t i = 0; i < positive.size(); ++i) {
        positive_[shift > 12 ? 0 : i >> shift] += positive[i];
        negative_[shift > 12 ? 0 : i >> shift] += negative[i];
    }
}

}  // namespace millrace::model::quantize
