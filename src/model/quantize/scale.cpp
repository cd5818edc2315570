#include "model/quantize/scale.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace millrace::model::quantize {

namespace {

constexpr std::size_t kLanes = 8;
/// Lanes are summed in float32 for so many values, then in double.
constexpr std::size_t kBlock = 512;
/// (x + kRounder) - kRounder is x rounded half to even for 0 <= x < 2^22.
constexpr float kRounder = 12582912.0F;
constexpr int kCoarseSteps = 128;
constexpr double kCoarseRatio = 1.0 / 32;  ///< in octaves
constexpr int kFineSteps = 7;              ///< to either side
constexpr double kFineRatio = 1.0 / 256;
constexpr int kRefinements = 4;
/// Up to so many scales at which some weight changes its integer, all of them are looked at.
constexpr std::size_t kMostTurns = 2048;

/// Sum of (a - q * scale)^2; may stop, with a sum of at least `limit`, once it is reached. The count is a multiple of
/// kLanes.
double squaredError(const std::vector<float>& a, float scale, float largest, double limit) {
    const float inverse = 1 / scale;
    double sum = 0;
    for (std::size_t block = 0; block < a.size(); block += kBlock) {
        float lanes[kLanes] = {};
        const std::size_t end = std::min(block + kBlock, a.size());
        for (std::size_t i = block; i < end; i += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const float value = a[i + lane];
                const float real = value * inverse;
                const float bounded = real < largest ? real : largest;
                const float error = value - ((bounded + kRounder) - kRounder) * scale;
                lanes[lane] += error * error;
            }
        }
        for (const float lane : lanes) sum += static_cast<double>(lane);
        if (sum >= limit) return sum;
    }
    return sum;
}

/// The best scale for the integers that a scale gives: sum(a * q) / sum(q * q).
double leastSquares(const std::vector<float>& a, float scale, float largest) {
    const float inverse = 1 / scale;
    double products[kLanes] = {};
    double squares[kLanes] = {};
    for (std::size_t i = 0; i < a.size(); i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const float real = a[i + lane] * inverse;
            const float bounded = real < largest ? real : largest;
            const auto q = static_cast<double>((bounded + kRounder) - kRounder);
            products[lane] += static_cast<double>(a[i + lane]) * q;
            squares[lane] += q * q;
        }
    }
    const double square = std::accumulate(squares, squares + kLanes, 0.0);
    return square == 0 ? 0 : std::accumulate(products, products + kLanes, 0.0) / square;
}

struct Best {
    double scale = 0;
    double error = std::numeric_limits<double>::infinity();
};

class Search {
public:
    Search(const std::vector<float>& a, float largest) : a_(a), largest_(largest) {}

    void attempt(double scale) {
        if (!(scale > 0)) return;
        const double error = squaredError(a_, static_cast<float>(scale), largest_, best_.error);
        if (error < best_.error) best_ = {scale, error};
    }
    /// Geometric steps between the mean and the maximum.
    void coarse(double maximum, double mean) {
        const double octaves = std::log2(maximum / mean);
        const double ratio = std::max(kCoarseRatio, octaves / kCoarseSteps);
        const int steps = std::min(kCoarseSteps, static_cast<int>(std::ceil(octaves / ratio)));
        for (int i = 0; i <= steps; ++i) attempt(maximum / static_cast<double>(largest_) * std::exp2(-ratio * i));
    }
    void fine() {
        const double center = best_.scale;
        for (int i = 1; i <= kFineSteps; ++i) {
            attempt(center * std::exp2(kFineRatio * i));
            attempt(center * std::exp2(-kFineRatio * i));
        }
    }
    void refine() {
        for (int i = 0; i < kRefinements; ++i) {
            const double before = best_.error;
            attempt(leastSquares(a_, static_cast<float>(best_.scale), largest_));
            if (best_.error >= before) return;
        }
    }
    double scale() const { return best_.scale; }

private:
    const std::vector<float>& a_;
    float largest_;
    Best best_;
};

/// The scale below which a weight is rounded to one more.
struct Turn {
    double scale;
    double weight;
    int to;
};

/// The best of all scales. From large scales to small ones, the integers change at the turns and only there; in
/// between, the error is a parabola of the scale.
double exactScale(const std::vector<float>& a, int largest) {
    std::vector<Turn> turns;
    for (const float weight : a) {
        for (int k = 0; weight > 0 && k < largest; ++k)
            turns.push_back({static_cast<double>(weight) / (k + 0.5), static_cast<double>(weight), k + 1});
    }
    std::sort(turns.begin(), turns.end(), [](const Turn& x, const Turn& y) { return x.scale > y.scale; });
    double products = 0;  // of weights and integers
    double squares = 0;   // of integers
    Best best{0, 0};      // the error without the sum of the squared weights
    for (std::size_t i = 0; i < turns.size(); ++i) {
        products += turns[i].weight;
        squares += 2.0 * turns[i].to - 1;
        const double low = i + 1 < turns.size() ? turns[i + 1].scale : 0;
        const double scale = std::clamp(products / squares, low, turns[i].scale);
        const double error = scale * (scale * squares - 2 * products);
        if (error < best.error) best = {scale, error};
    }
    return best.scale;
}

/// Squares of small weights would vanish in float32, so the search sees them with a maximum of 1 to 2.
double bestScale(std::vector<float>& a, int bits, double maximum) {
    const double mean = std::accumulate(a.begin(), a.end(), 0.0) / static_cast<double>(a.size());
    if (bits == 1) return mean;
    if (a.size() * static_cast<std::size_t>(largestWeight(bits)) <= kMostTurns)
        return exactScale(a, largestWeight(bits));
    const int exponent = std::ilogb(maximum);
    for (float& value : a) value = std::ldexp(value, -exponent);
    a.resize((a.size() + kLanes - 1) / kLanes * kLanes);
    Search search(a, static_cast<float>(largestWeight(bits)));
    search.coarse(std::ldexp(maximum, -exponent), std::ldexp(mean, -exponent));
    search.fine();
    search.refine();
    return std::ldexp(search.scale(), exponent);
}

float nearestRank(std::vector<float>& a, double percentile) {
    // A rank that is whole but for the last digits of the percentile counts as whole.
    const double rank = std::ceil(percentile * static_cast<double>(a.size()) / 100 * (1 - 1e-12));
    const auto index = static_cast<std::ptrdiff_t>(std::clamp(rank, 1.0, static_cast<double>(a.size()))) - 1;
    std::nth_element(a.begin(), a.begin() + index, a.end());
    return a[static_cast<std::size_t>(index)];
}

}  // namespace

float channelScale(std::vector<float>& magnitudes, const WeightOptions& options) {
    const float maximum = *std::max_element(magnitudes.begin(), magnitudes.end());
    double scale = static_cast<double>(maximum) / largestWeight(options.bits);
    if (options.rule == ScaleRule::percentile) {
        // A channel that is zero up to the percentile keeps its maximum.
        const float threshold = nearestRank(magnitudes, options.percentile);
        if (threshold > 0) scale = static_cast<double>(threshold) / largestWeight(options.bits);
    } else if (options.rule == ScaleRule::meanSquaredError) {
        scale = bestScale(magnitudes, options.bits, static_cast<double>(maximum));
    }
    return std::max(static_cast<float>(scale), std::numeric_limits<float>::min());
}

}  // namespace millrace::model::quantize
