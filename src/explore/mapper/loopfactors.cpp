#include <algorithm>

#include "explore/mapper/orders.h"

namespace millrace::mapper {
namespace {

using cost::Loop;

struct Power {
    std::int64_t factor = 1;
    std::int64_t count = 0;
};

std::vector<Power> primePowers(std::int64_t n) {
    std::vector<Power> result;
    for (std::int64_t p = 2; p <= n / p; ++p) {
        if (n % p != 0) continue;
        result.push_back({p, 0});
        for (; n % p == 0; n /= p) ++result.back().count;
    }
    if (n > 1) result.push_back({n, 1});
    return result;
}

/// The factors of one loop. Counts may become negative where ZigZag's do.
class FactorsOfLoop {
public:
    FactorsOfLoop(cost::DimIndex dim, std::int64_t size) : dim_(dim), powers_(primePowers(size)) {
        for (const Power& power : powers_) total_ += power.count;
    }

    cost::DimIndex dim() const { return dim_; }
    /// How many factors there are, as ZigZag counts them.
    std::int64_t total() const { return total_; }

    /// Makes one factor of the primes of a given size. False if one of them is no factor.
    bool give(std::int64_t size) {
        given_.push_back(size);
        for (const Power& prime : primePowers(size)) {
            const auto at = find(prime.factor);
            if (at == powers_.end()) return false;
            if (at->count < prime.count) continue;
            at->count -= prime.count;
            total_ -= prime.count - 1;
            if (find(size) != powers_.end()) {
                ++at->count;
            } else {
                powers_.push_back({size, 1});
            }
        }
        return true;
    }

    /// Joins the two smallest factors that are not given. False if there are none, or they are too large.
    bool join() {
        if (powers_.empty()) return false;
        const auto [a, b] = smallest();
        if (powers_[a].factor > cost::kMaxMacs / powers_[b].factor) return false;
        const std::int64_t joined = powers_[a].factor * powers_[b].factor;
        --powers_[a].count;
        --powers_[b].count;
        if (const auto at = find(joined); at != powers_.end()) {
            ++at->count;
        } else {
            const auto place = std::count_if(powers_.begin(), powers_.end(),
                                             [&](const Power& power) { return power.factor < joined; });
            powers_.insert(powers_.begin() + place, {joined, 1});
        }
        std::erase_if(powers_, [](const Power& power) { return power.count == 0; });
        --total_;
        return true;
    }

    /// False if ZigZag has taken more of a factor than there was.
    bool append(std::vector<Loop>& loops) const {
        for (const Power& power : powers_) {
            if (power.count < 0) return false;
            loops.insert(loops.end(), static_cast<std::size_t>(power.count), Loop{dim_, power.factor});
        }
        return true;
    }

private:
    std::vector<Power>::iterator find(std::int64_t factor) {
        return std::find_if(powers_.begin(), powers_.end(), [&](const Power& power) { return power.factor == factor; });
    }

    /// The first two factors, or the first one twice, that there are more of than are given; else the first of them
    /// and the last of all.
    std::pair<std::size_t, std::size_t> smallest() const {
        std::size_t first = 0;
        bool found = false;
        for (std::size_t i = 0; i < powers_.size(); ++i) {
            const auto given = std::count(given_.begin(), given_.end(), powers_[i].factor);
            if (given > 0 && powers_[i].count <= given) continue;
            if (found) return {first, i};
            if (powers_[i].count > given + 1) return {i, i};
            first = i;
            found = true;
        }
        return {first, powers_.size() - 1};
    }

    cost::DimIndex dim_;
    std::vector<Power> powers_;
    std::int64_t total_ = 0;
    std::vector<std::int64_t> given_;
};

}  // namespace

std::optional<std::vector<Loop>> loopFactors(const std::vector<std::int64_t>& sizes, const std::vector<Loop>& given,
                                             int limit) {
    std::vector<FactorsOfLoop> loops;
    for (cost::DimIndex dim = 0; dim < sizes.size(); ++dim) {
        if (sizes[dim] > 1) loops.emplace_back(dim, sizes[dim]);
    }
    const std::int64_t most = std::max<std::int64_t>(static_cast<std::int64_t>(loops.size()), std::max(limit, 1));
    for (const Loop& one : given) {
        const auto at =
            std::find_if(loops.begin(), loops.end(), [&](const FactorsOfLoop& loop) { return loop.dim() == one.dim; });
        if (at == loops.end() || !at->give(one.factor)) return std::nullopt;
    }
    std::int64_t count = 0;
    for (const FactorsOfLoop& loop : loops) count += loop.total();
    for (; count > most; --count) {
        const auto largest = std::max_element(loops.begin(), loops.end(),
                                              [](const auto& a, const auto& b) { return a.total() < b.total(); });
        if (!largest->join()) return std::nullopt;
    }
    std::vector<Loop> result;
    for (const FactorsOfLoop& loop : loops) {
        if (!loop.append(result)) return std::nullopt;
    }
    if (result.empty()) result.push_back({0, 1});
    return result;
}

std::vector<Loop> loopFactors(const std::vector<std::int64_t>& sizes, int limit) {
    return loopFactors(sizes, {}, limit).value();
}

}  // namespace millrace::mapper
