#include "explore/cost/latency.h"

#include <algorithm>
#include <array>

namespace millrace::cost {
namespace {

/// Movements of one period, the longest activity of them.
struct Nested {
    std::int64_t period;
    std::int64_t allowed;
    std::int64_t idle;         ///< cycles of one period that neither it nor a shorter one uses
    std::int64_t idleAllowed;  ///< cycles of [0, allowed) that no shorter one uses
};

/// Idle cycles of the shorter movements in [0, x), seen from movement k.
std::int64_t idleBelow(const Nested* nested, std::size_t k, std::int64_t x) {
    std::int64_t result = 0;
    while (k > 0) {
        --k;
        const std::int64_t periods = x / nested[k].period;
        result += periods * nested[k].idle;
        x -= periods * nested[k].period;
        if (x <= nested[k].allowed) return result;
        result -= nested[k].idleAllowed;
    }
    return result + x;
}

}  // namespace

std::int64_t busyCycles(const Activity* activities, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        if (activities[i].period == activities[i].allowed) return activities[i].period * activities[i].count;
    }
    std::array<Nested, kMaxLoads> nested;
    std::size_t used = 0;
    std::int64_t count = 0;
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const Activity& a = activities[i];
        if (a.period > longest) {
            longest = a.period;
            count = a.count;
        }
        std::size_t at = 0;
        while (at < used && nested[at].period < a.period) ++at;
        if (at < used && nested[at].period == a.period) {
            nested[at].allowed = std::max(nested[at].allowed, a.allowed);
            continue;
        }
        for (std::size_t j = used; j > at; --j) nested[j] = nested[j - 1];
        nested[at] = {a.period, a.allowed, 0, 0};
        ++used;
    }
    for (std::size_t k = 0; k < used; ++k) {
        nested[k].idleAllowed = idleBelow(nested.data(), k, nested[k].allowed);
        nested[k].idle = idleBelow(nested.data(), k, nested[k].period) - nested[k].idleAllowed;
    }
    return (longest - nested[used - 1].idle) * count;
}

std::int64_t portStall(const Activity* activities, std::size_t n) {
    if (n == 1) return (activities[0].real - activities[0].allowed) * (activities[0].count - activities[0].outside);
    std::int64_t stalls = 0;
    std::int64_t slacks = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const Activity& a = activities[i];
        const std::int64_t transfers = a.count - a.outside;
        const std::int64_t stall = (a.real - a.allowed) * transfers;
        (stall > 0 ? stalls : slacks) += stall;
        slacks += a.allowed * transfers;
    }
    // The union of the windows is at least the largest of them: often enough that it need not be worked out.
    std::int64_t least = 0;
    for (std::size_t i = 0; i < n; ++i) least = std::max(least, activities[i].allowed * activities[i].count);
    if (slacks <= least) return stalls;
    return stalls + std::max<std::int64_t>(0, slacks - busyCycles(activities, n));
}

void balance(Load* loads, std::size_t n, double surplus) {
    if (surplus <= 0 || n == 0) return;
    std::array<std::size_t, kMaxLoads> sorted;
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t at = i;
        while (at > 0 && loads[sorted[at - 1]].cycles < loads[i].cycles) {
            sorted[at] = sorted[at - 1];
            --at;
        }
        sorted[at] = i;
    }
    for (std::size_t i = 0; i < n; ++i) {
        const double step = loads[sorted[i]].cycles - loads[sorted[i]].least;
        const double share = static_cast<double>(i + 1);
        const double full = step * share;
        const bool whole = surplus >= full;
        for (std::size_t j = 0; j <= i; ++j) loads[sorted[j]].cycles -= whole ? step : surplus / share;
        if (!whole) return;
        surplus -= full;
    }
}

void sink(Load* loads, std::size_t n, double surplus) {
    while (surplus > 0) {
        // The highest loads that can still sink, and how far they may: to the next load below, or to a least.
        double top = 0;
        std::size_t together = 0;
        for (std::size_t i = 0; i < n; ++i) {
            if (loads[i].cycles <= loads[i].least || loads[i].cycles < top) continue;
            together = loads[i].cycles > top ? 1 : together + 1;
            top = loads[i].cycles;
        }
        if (together == 0) return;
        double floor = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const bool sinks = loads[i].cycles == top && loads[i].least < top;
            if (sinks || loads[i].cycles < top) floor = std::max(floor, sinks ? loads[i].least : loads[i].cycles);
        }
        const double level = std::max(floor, top - surplus / static_cast<double>(together));
        if (level >= top) return;
        for (std::size_t i = 0; i < n; ++i) {
            if (loads[i].cycles == top && loads[i].least < top) loads[i].cycles = level;
        }
        surplus -= (top - level) * static_cast<double>(together);
    }
}

std::size_t largestSets(const double* use, std::size_t n, double size, std::array<std::uint8_t, kMaxSets>& sets) {
    const unsigned all = 1U << n;
    const auto fits = [&](unsigned set) {
        double sum = 0;
        for (std::size_t k = 0; k < n; ++k) sum += (set >> k & 1) != 0 ? 2 * use[k] : use[k];
        return sum <= size;
    };
    std::size_t count = 0;
    for (unsigned set = all; set-- > 0;) {
        bool isPart = false;
        for (std::size_t i = 0; i < count; ++i) isPart = isPart || (sets[i] & set) == set;
        if (!isPart && fits(set)) sets[count++] = static_cast<std::uint8_t>(set);
    }
    if (count == 0) sets[count++] = 0;
    return count;
}

}  // namespace millrace::cost
