#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "model/number/integer.h"

/// Scales of activations from the values that flow by.
///
/// **Statistics.** `Calibration` is fed with spans and keeps the exact least and largest value and a histogram: on each
/// side of zero 4096 bins of one width over (-R, R), R the smallest power of two above all magnitudes (at least
/// 2^-100). When a larger value comes, neighbouring bins are joined, which loses nothing that the wider bins would have
/// seen: the statistics depend on the values alone, not on their order, on how they were cut into spans, or on which of
/// several merged Calibrations saw them. Values that are not finite are counted and left out.
///
/// **Rules.** `choose` turns statistics into x ~ (q - zeroPoint) * scale for an integer type.
namespace millrace::model::quantize {

inline constexpr int kCalibrationBins = 4096;  ///< on each side of zero

class Calibration {
public:
    void add(std::span<const float> values);
    /// As if all values of `other` had been added.
    void merge(const Calibration& other);

    std::uint64_t count() const { return count_; }          ///< of finite values
    std::uint64_t zeros() const { return zeros_; }          ///< among them
    std::uint64_t notFinite() const { return notFinite_; }  ///< left out
    /// Of the finite values; 0 if there are none.
    float least() const { return least_; }
    float largest() const { return largest_; }

    /// R is 2^exponent(); the width of a bin is R / 4096.
    int exponent() const { return exponent_; }
    double binWidth() const;
    /// Bin i of [0, R) counts values in [i, i + 1) * width, bin i of (-R, 0) those in (-(i + 1), -i] * width, without
    /// zero. Empty if there are no values.
    std::span<const std::uint64_t> positive() const { return positive_; }
    std::span<const std::uint64_t> negative() const { return negative_; }

    bool operator==(const Calibration&) const = default;

private:
    void widen(int exponent);

    std::vector<std::uint64_t> positive_;
    std::vector<std::uint64_t> negative_;
    int exponent_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t zeros_ = 0;
    std::uint64_t notFinite_ = 0;
    float least_ = 0;
    float largest_ = 0;
};

/// Which range [low, high] of the values is kept; what lies outside is clipped. All ranges lie within the least and the
/// largest value, and are widened to hold zero.
enum class RangeRule : std::uint8_t {
    minMax,  ///< all
    /// On either side, the range ends at the first bin's end beyond which lies no more than (100 - percentile) % of all
    /// values.
    percentile,
    /// |x| up to the end of the bin for which the values, with what is clipped put into the last bin, and the same
    /// values in L equal steps differ least (Kullback-Leibler); L = 2^(b-1) levels, 2^b for unsigned types. Zeros are
    /// left out. Looked at are the end of the last bin in use, and every eighth from bin L on; of equal ones the
    /// largest counts. With no more than L bins in use all is kept.
    entropy,
    /// The range with the least `expectedError` that a search finds: 64 steps of an end, then eighths of them, both
    /// ends in turn. Never worse than `minMax`.
    meanSquaredError,
};

struct RangeOptions {
    RangeRule rule = RangeRule::minMax;
    double percentile = 99.99;  ///< above 0, up to 100
    number::IntegerType type{8, false};
    /// Zero point 0; else the zero point is where the range needs it.
    bool symmetric = false;
};

/// Scale and zero point for the rule: scale = (high - low) / (2^b - 1) and zeroPoint = lowest - low / scale, rounded
/// half to even and saturated; symmetric: scale = max(|low|, |high|) / highest. Without values, or with zeros only, the
/// scale is 1. Unsigned symmetric types clip what is negative.
number::Affine choose(const Calibration& statistics, const RangeOptions& options);

/// Mean of (x - x')^2, x' the value that comes back with that scale and zero point, for values spread evenly within
/// their bins and zeros at zero (exact integrals).
double expectedError(const Calibration& statistics, const number::Affine& affine);

}  // namespace millrace::model::quantize
