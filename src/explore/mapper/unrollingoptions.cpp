#include "explore/mapper/unrollingoptions.h"

#include <algorithm>

#include "explore/cost/setorder.h"

namespace millrace::mapper {
namespace {

using cost::DimIndex;

std::vector<std::int64_t> divisors(std::int64_t n) {
    std::vector<std::int64_t> result;
    for (std::int64_t d = 1; d <= n / d; ++d) {
        if (n % d != 0) continue;
        result.push_back(d);
        if (d != n / d) result.push_back(n / d);
    }
    std::sort(result.begin(), result.end());
    return result;
}

/// Loops that the dimension may take, in set order. Hints that the layer lacks have their places in the set.
std::vector<DimIndex> hinted(const Request& request, std::size_t d) {
    std::vector<std::string> names;
    for (const mapping::SpatialHint& hint : request.spatialHint) {
        if (hint.arrayDimension == request.core.array.dimensions[d].name)
            names.insert(names.end(), hint.loops.begin(), hint.loops.end());
    }
    const bool any = std::any_of(names.begin(), names.end(),
                                 [&](const std::string& name) { return request.nest.dim(name).has_value(); });
    if (!any) {
        names.clear();
        for (const cost::Dim& dim : request.nest.dims) names.push_back(dim.name);
    }
    std::vector<DimIndex> result;
    for (const std::size_t i : cost::setOrder(cost::SetKind::loopDimension, names)) {
        if (const auto dim = request.nest.dim(names[i])) result.push_back(*dim);
    }
    return result;
}

class Mixer {
public:
    Mixer(const std::vector<DimIndex>& hints, const DimLimits& limits, std::int64_t size,
          std::vector<UnrollingOption>& result)
        : hints_(hints), size_(size), result_(result) {
        for (const std::int64_t limit : limits) divisors_.push_back(divisors(limit));
    }

    void run() {
        for (std::size_t count = 2; count <= hints_.size(); ++count) combine(count, 0);
    }

private:
    /// Combinations of `count` loops.
    void combine(std::size_t count, std::size_t from) {
        if (chosen_.size() == count) {
            UnrollingOption option;
            fill(option);
            return;
        }
        for (std::size_t i = from; i < hints_.size(); ++i) {
            if (divisors_[hints_[i]].size() < 2) continue;
            chosen_.push_back(hints_[i]);
            combine(count, i + 1);
            chosen_.pop_back();
        }
    }

    /// Tuples of their divisors above 1, ascending.
    void fill(UnrollingOption& option) {
        if (result_.size() >= kMaxUnrollingOptions) return;
        if (option.factors.size() == chosen_.size()) {
            result_.push_back(option);
            return;
        }
        const DimIndex dim = chosen_[option.factors.size()];
        const std::int64_t units = option.units;
        for (const std::int64_t factor : divisors_[dim]) {
            if (factor == 1) continue;
            if (factor > size_ / units) break;
            option.factors.emplace_back(dim, factor);
            option.units = units * factor;
            fill(option);
            option.factors.pop_back();
        }
        option.units = units;
    }

    const std::vector<DimIndex>& hints_;
    std::int64_t size_;
    std::vector<UnrollingOption>& result_;
    std::vector<std::vector<std::int64_t>> divisors_;
    std::vector<DimIndex> chosen_;
};

}  // namespace

std::vector<UnrollingOption> unrollingOptions(const Request& request, std::size_t d, const DimLimits& limits) {
    std::vector<UnrollingOption> result;
    const std::vector<DimIndex> hints = hinted(request, d);
    for (const DimIndex dim : hints) {
        std::vector<std::int64_t> factors = divisors(limits[dim]);
        std::reverse(factors.begin(), factors.end());
        for (const std::int64_t factor : factors) result.push_back({{{dim, factor}}, factor});
    }
    if (request.options.mixedSpatial) Mixer(hints, limits, request.core.array.dimensions[d].size, result).run();
    return result;
}

}  // namespace millrace::mapper
