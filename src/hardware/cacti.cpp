#include "hardware/cacti.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace millrace::hardware {
namespace {

/// The steps of an axis around a value: equal if it is a step itself.
struct Steps {
    std::int64_t low = 0;
    std::int64_t high = 0;

    /// Where the value lies between them, 0 to 1, in logarithms.
    double place(std::int64_t value) const {
        if (low == high) return 0;
        const auto ratio = [&](std::int64_t x) { return std::log(static_cast<double>(x) / static_cast<double>(low)); };
        return ratio(value) / ratio(high);
    }
};

Steps powersAround(std::int64_t value) {
    std::int64_t low = 1;
    while (low <= value / 2) low *= 2;
    return {low, low == value ? low : 2 * low};
}

/// With the values half-way between powers of two.
Steps halvesAround(std::int64_t value) {
    const Steps powers = powersAround(value);
    const std::int64_t half = powers.low + powers.low / 2;
    if (powers.low == powers.high || half == powers.low) return powers;
    if (value == half) return {half, half};
    return value < half ? Steps{powers.low, half} : Steps{half, powers.high};
}

const CactiPoint* find(std::span<const CactiPoint> points, std::int64_t bytes, std::int64_t bits) {
    const auto before = [&](const CactiPoint& point, std::int64_t) {
        return point.bytes != bytes ? point.bytes < bytes : point.bits < bits;
    };
    const auto at = std::lower_bound(points.begin(), points.end(), 0, before);
    return at != points.end() && at->bytes == bytes && at->bits == bits ? &*at : nullptr;
}

double between(double place, double low, double high) {
    return std::exp((1 - place) * std::log(low) + place * std::log(high));
}

CactiPoint between(double place, const CactiPoint& low, const CactiPoint& high) {
    CactiPoint point = low;
    if (place == 0) return point;
    point.readEnergy = between(place, low.readEnergy, high.readEnergy);
    point.writeEnergy = between(place, low.writeEnergy, high.writeEnergy);
    point.area = between(place, low.area, high.area);
    return point;
}

CactiCost costOf(const CactiPoint& point, std::vector<CactiPoint> from) {
    return {point.readEnergy * 1000, point.writeEnergy * 1000, point.area, std::move(from)};
}

std::optional<CactiCost> interpolated(const Steps& sizes, const Steps& widths, std::int64_t bytes, std::int64_t bits,
                                      std::span<const CactiPoint> points) {
    std::vector<CactiPoint> from;
    std::vector<CactiPoint> rows;
    for (const std::int64_t size : {sizes.low, sizes.high}) {
        if (!rows.empty() && sizes.low == sizes.high) break;
        const CactiPoint* low = find(points, size, widths.low);
        const CactiPoint* high = find(points, size, widths.high);
        if (low == nullptr || high == nullptr) return std::nullopt;
        from.push_back(*low);
        if (widths.low != widths.high) from.push_back(*high);
        rows.push_back(between(widths.place(bits), *low, *high));
    }
    return costOf(between(sizes.place(bytes), rows.front(), rows.back()), std::move(from));
}

}  // namespace

std::optional<CactiCost> cactiCost(std::int64_t bytes, std::int64_t bits, std::span<const CactiPoint> points) {
    if (bytes < 1 || bits < 1 || bytes > std::int64_t{1} << 60 || bits > std::int64_t{1} << 60) return std::nullopt;
    if (const CactiPoint* exact = find(points, bytes, bits)) return costOf(*exact, {*exact});
    const auto fine = interpolated(halvesAround(bytes), halvesAround(bits), bytes, bits, points);
    return fine ? fine : interpolated(powersAround(bytes), powersAround(bits), bytes, bits, points);
}

std::string text(const std::vector<CactiPoint>& points) {
    std::vector<std::string> each;
    for (const CactiPoint& point : points) each.push_back(fmt::format("{} B x {} bit", point.bytes, point.bits));
    return fmt::format("{}", fmt::join(each, ", "));
}

}  // namespace millrace::hardware
