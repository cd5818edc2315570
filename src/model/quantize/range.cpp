#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "model/quantize/calibrate.h"

namespace millrace::model::quantize {

namespace {

using number::Affine;

constexpr int kSteps = 64;
constexpr int kFineSteps = 8;
constexpr int kRounds = 3;
constexpr std::size_t kEntropyStride = 8;

struct Range {
    double low = 0;
    double high = 0;
};

Range everything(const Calibration& statistics) {
    return {std::min(static_cast<double>(statistics.least()), 0.0),
            std::max(static_cast<double>(statistics.largest()), 0.0)};
}

/// The part of it up to these ends.
Range within(const Range& all, double low, double high) { return {std::max(all.low, low), std::min(all.high, high)}; }

Affine affineOf(const Range& range, const RangeOptions& options) {
    const auto lowest = static_cast<double>(options.type.lowest());
    const auto highest = static_cast<double>(options.type.highest());
    const double reach = options.type.isSigned ? std::max(-range.low, range.high) : range.high;
    const double scale =
        options.symmetric ? reach / std::max(highest, 1.0) : (range.high - range.low) / (highest - lowest);
    Affine affine{1, 0, options.type};
    if (scale == 0) return affine;
    affine.scale = static_cast<float>(std::clamp(scale, static_cast<double>(std::numeric_limits<float>::min()),
                                                 static_cast<double>(std::numeric_limits<float>::max())));
    if (options.symmetric) return affine;
    const double zero =
        number::roundToInteger(lowest - range.low / static_cast<double>(affine.scale), number::Rounding::halfEven);
    affine.zeroPoint = static_cast<std::int64_t>(std::clamp(zero, lowest, highest));
    return affine;
}

/// The first bin's end beyond which lie no more than so many values.
double endOf(std::span<const std::uint64_t> bins, double width, std::uint64_t beyond) {
    std::uint64_t sum = 0;
    std::size_t end = bins.size();
    while (end > 0 && sum + bins[end - 1] <= beyond) sum += bins[--end];
    return static_cast<double>(end) * width;
}

Range byPercentile(const Calibration& statistics, double percentile) {
    const double share = static_cast<double>(statistics.count()) * (100 - percentile) / 100;
    const auto beyond = static_cast<std::uint64_t>(std::floor(share + 1e-6));
    const double width = statistics.binWidth();
    return within(everything(statistics), -endOf(statistics.negative(), width, beyond),
                  endOf(statistics.positive(), width, beyond));
}

/// How much the values up to `end`, with the rest in the last bin, differ from the same values in `levels` steps.
double divergence(const std::vector<double>& bins, std::size_t end, std::size_t levels, double beyond) {
    double inside = 0;
    for (std::size_t i = 0; i < end; ++i) inside += bins[i];
    const double total = inside + beyond;
    double sum = 0;
    for (std::size_t first = 0, last = 0; first < end; first = last) {
        const std::size_t step = first * levels / end;
        double values = 0;
        double filled = 0;
        for (last = first; last < end && last * levels / end == step; ++last) {
            values += bins[last];
            const bool holds = bins[last] > 0 || (last + 1 == end && beyond > 0);
            filled += holds ? 1 : 0;
        }
        if (filled == 0) continue;
        const double log = std::log(values / filled / inside);
        for (std::size_t i = first; i < last; ++i) {
            const double p = (bins[i] + (i + 1 == end ? beyond : 0)) / total;
            if (p > 0) sum += p * (std::log(p) - log);
        }
    }
    return sum;
}

Range byEntropy(const Calibration& statistics, number::IntegerType type) {
    std::vector<double> bins(statistics.positive().size());
    for (std::size_t i = 0; i < bins.size(); ++i)
        bins[i] = static_cast<double>(statistics.positive()[i] + statistics.negative()[i]);
    if (!bins.empty()) bins[0] -= static_cast<double>(statistics.zeros());
    while (!bins.empty() && bins.back() == 0) bins.pop_back();
    const auto levels = static_cast<std::size_t>(1) << (type.isSigned ? type.bits - 1 : type.bits);
    const Range all = everything(statistics);
    if (bins.size() <= levels) return all;
    std::size_t best = bins.size();
    double least = divergence(bins, best, levels, 0);
    double beyond = 0;
    std::size_t counted = bins.size();
    // From large ends to small ones.
    const std::size_t candidates = (bins.size() - levels + kEntropyStride - 1) / kEntropyStride;
    for (std::size_t k = candidates; k-- > 0;) {
        const std::size_t end = levels + k * kEntropyStride;
        while (counted > end) beyond += bins[--counted];
        const double found = divergence(bins, end, levels, beyond);
        if (found < least) {
            least = found;
            best = end;
        }
    }
    const double end = static_cast<double>(best) * statistics.binWidth();
    return best == bins.size() ? all : within(all, -end, end);
}

/// Looks for the ends with the least expected error.
class ErrorSearch {
public:
    ErrorSearch(const Calibration& statistics, const RangeOptions& options)
        : statistics_(statistics), options_(options), all_(everything(statistics)), best_(all_) {
        least_ = expectedError(statistics_, affineOf(best_, options_));
    }

    Range run() {
        if (options_.symmetric) {
            const double reach = options_.type.isSigned ? std::max(-all_.low, all_.high) : all_.high;
            descend(reach, [&](double end) { return within(all_, -end, end); });
            return best_;
        }
        for (int round = 0; round < kRounds; ++round) {
            const double before = least_;
            descend(all_.high, [&](double end) { return Range{best_.low, end}; });
            descend(-all_.low, [&](double end) { return Range{-end, best_.high}; });
            if (least_ >= before) break;
        }
        return best_;
    }

private:
    /// Ends from `full` down in steps, then finer ones around the best.
    template <class MakeRange>
    void descend(double full, MakeRange range) {
        if (full <= 0) return;
        double center = -1;
        for (int i = kSteps; i >= 1; --i) {
            if (attempt(range(full * i / kSteps))) center = i;
        }
        if (center < 0) return;
        for (int i = -kFineSteps + 1; i < kFineSteps; ++i) {
            const double step = center + static_cast<double>(i) / kFineSteps;
            if (i != 0 && step <= kSteps) attempt(range(full * step / kSteps));
        }
    }

    bool attempt(const Range& range) {
        const double error = expectedError(statistics_, affineOf(range, options_));
        if (error >= least_) return false;
        least_ = error;
        best_ = range;
        return true;
    }

    const Calibration& statistics_;
    const RangeOptions& options_;
    Range all_;
    Range best_;
    double least_ = 0;
};

/// Integral of (t - step * round(t / step))^2 from 0 to x.
double roundingIntegral(double x, double step) {
    const double n = std::nearbyint(x / step);
    const double rest = x - n * step;
    return n * step * step * step / 12 + rest * rest * rest / 3;
}

/// Integral of (t - x')^2 over [from, to].
double errorIntegral(double from, double to, double step, const Range& kept) {
    const auto cube = [](double x) { return x * x * x / 3; };
    double sum = 0;
    if (from < kept.low) sum += cube(std::min(to, kept.low) - kept.low) - cube(from - kept.low);
    if (to > kept.high) sum += cube(to - kept.high) - cube(std::max(from, kept.high) - kept.high);
    const double a = std::max(from, kept.low);
    const double b = std::min(to, kept.high);
    return a < b ? sum + roundingIntegral(b, step) - roundingIntegral(a, step) : sum;
}

}  // namespace

double expectedError(const Calibration& statistics, const number::Affine& affine) {
    if (statistics.count() == 0) return 0;
    const auto step = static_cast<double>(affine.scale);
    const Range kept{step * static_cast<double>(affine.type.lowest() - affine.zeroPoint),
                     step * static_cast<double>(affine.type.highest() - affine.zeroPoint)};
    const double width = statistics.binWidth();
    double sum = 0;
    for (std::size_t i = 0; i < statistics.positive().size(); ++i) {
        const double from = static_cast<double>(i) * width;
        const std::uint64_t above = statistics.positive()[i] - (i == 0 ? statistics.zeros() : 0);
        const std::uint64_t below = statistics.negative()[i];
        if (above > 0) sum += static_cast<double>(above) * errorIntegral(from, from + width, step, kept);
        if (below > 0) sum += static_cast<double>(below) * errorIntegral(-from - width, -from, step, kept);
    }
    return sum / width / static_cast<double>(statistics.count());
}

Affine choose(const Calibration& statistics, const RangeOptions& options) {
    if (statistics.count() == 0) return {1, 0, options.type};
    switch (options.rule) {
        case RangeRule::minMax: break;
        case RangeRule::percentile: return affineOf(byPercentile(statistics, options.percentile), options);
        case RangeRule::entropy: return affineOf(byEntropy(statistics, options.type), options);
        case RangeRule::meanSquaredError: return affineOf(ErrorSearch(statistics, options).run(), options);
    }
    return affineOf(everything(statistics), options);
}

}  // namespace millrace::model::quantize
