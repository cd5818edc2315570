#include "explore/mapper/unrolling.h"

#include <algorithm>
#include <cmath>

#include "explore/cost/setorder.h"
#include "explore/cost/spatial.h"

namespace millrace::mapper {
namespace {

using cost::DimIndex;
using hardware::Dataflow;
using hardware::Unrolling;
using Limits = std::vector<std::vector<std::int64_t>>;

/// More combinations than this are not looked at; the ones with the largest unrollings come first and are kept.
constexpr std::size_t kMostCombinations = 200'000;
constexpr std::size_t kMostOptions = 4'000;

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

class Candidates {
public:
    Candidates(const Request& request, const cost::Machine& machine)
        : request_(request), nest_(request.nest), core_(request.core), limits_(unrollLimits(nest_, core_, machine)) {
        template_ = cleanUp(nest_, core_, machine, request.spatial);
        for (std::size_t d = 0; d < core_.array.dimensions.size(); ++d) {
            const bool given = std::any_of(template_.begin(), template_.end(),
                                           [&](const Dataflow& flow) { return flow.dimension == d; });
            if (!given) missing_.push_back(d);
        }
    }

    std::vector<std::vector<Dataflow>> best() {
        if (missing_.empty()) return {template_};
        for (const std::size_t d : missing_) options_.push_back(optionsFor(d));
        std::vector<Dataflow> flows = template_;
        extend(flows, 0);
        std::stable_sort(found_.begin(), found_.end(),
                         [](const Scored& a, const Scored& b) { return a.score > b.score; });
        std::vector<std::vector<Dataflow>> result;
        const auto wanted = static_cast<std::size_t>(std::max(1, request_.options.spatialCandidates));
        for (std::size_t i = 0; i < found_.size() && i < wanted; ++i) result.push_back(std::move(found_[i].flows));
        if (result.empty()) result.push_back(template_);
        return result;
    }

private:
    struct Scored {
        double score = 0;
        std::vector<Dataflow> flows;
    };

    std::vector<DimIndex> hinted(std::size_t d) const {
        std::vector<std::string> names;
        for (const mapping::SpatialHint& hint : request_.spatialHint) {
            if (hint.arrayDimension != core_.array.dimensions[d].name) continue;
            for (const std::string& loop : hint.loops) {
                if (nest_.dim(loop)) names.push_back(loop);
            }
        }
        if (names.empty()) {
            for (const cost::Dim& dim : nest_.dims) names.push_back(dim.name);
        }
        std::vector<DimIndex> result;
        for (const std::size_t i : cost::setOrder(cost::SetKind::loopDimension, names))
            result.push_back(*nest_.dim(names[i]));
        return result;
    }

    std::vector<std::vector<Unrolling>> optionsFor(std::size_t d) const {
        std::vector<std::vector<Unrolling>> result;
        const std::vector<DimIndex> hints = hinted(d);
        for (const DimIndex dim : hints) {
            std::vector<std::int64_t> factors = divisors(limits_[d][dim]);
            std::reverse(factors.begin(), factors.end());
            for (const std::int64_t factor : factors) result.push_back({{nest_.dims[dim].name, factor}});
        }
        if (!request_.options.mixedSpatial) return result;
        for (std::size_t count = 2; count <= hints.size(); ++count) mix(d, hints, count, 0, {}, result);
        return result;
    }

    /// Combinations of `count` hinted loops, then tuples of their divisors above 1, ascending.
    void mix(std::size_t d, const std::vector<DimIndex>& hints, std::size_t count, std::size_t from,
             std::vector<DimIndex> chosen, std::vector<std::vector<Unrolling>>& result) const {
        if (chosen.size() == count) {
            mixFactors(d, chosen, {}, 1, result);
            return;
        }
        for (std::size_t i = from; i < hints.size(); ++i) {
            chosen.push_back(hints[i]);
            mix(d, hints, count, i + 1, chosen, result);
            chosen.pop_back();
        }
    }

    void mixFactors(std::size_t d, const std::vector<DimIndex>& dims, std::vector<Unrolling> chosen,
                    std::int64_t product, std::vector<std::vector<Unrolling>>& result) const {
        if (result.size() >= kMostOptions) return;
        if (chosen.size() == dims.size()) {
            result.push_back(std::move(chosen));
            return;
        }
        const DimIndex dim = dims[chosen.size()];
        for (const std::int64_t factor : divisors(limits_[d][dim])) {
            if (factor == 1) continue;
            if (factor > core_.array.dimensions[d].size / product) break;
            chosen.push_back({nest_.dims[dim].name, factor});
            mixFactors(d, dims, chosen, product * factor, result);
            chosen.pop_back();
        }
    }

    /// All choices for the missing dimensions, the last one fastest.
    void extend(std::vector<Dataflow>& flows, std::size_t k) {
        if (found_.size() >= kMostCombinations) return;
        if (k == missing_.size()) {
            found_.push_back({unrollingScore(nest_, flows), flows});
            return;
        }
        for (const std::vector<Unrolling>& option : options_[k]) {
            flows.push_back({missing_[k], option});
            if (fits(flows)) extend(flows, k + 1);
            flows.pop_back();
        }
    }

    /// No loop is unrolled beyond its size over all dimensions.
    bool fits(const std::vector<Dataflow>& flows) const {
        return std::all_of(flows.back().unrollings.begin(), flows.back().unrollings.end(), [&](const Unrolling& added) {
            std::int64_t product = 1;
            for (const Dataflow& flow : flows) {
                for (const Unrolling& unrolling : flow.unrollings) {
                    if (unrolling.loop == added.loop) product *= unrolling.factor;
                }
            }
            return product <= nest_.dims[*nest_.dim(added.loop)].size;
        });
    }

    const Request& request_;
    const cost::Nest& nest_;
    const hardware::Core& core_;
    Limits limits_;
    std::vector<Dataflow> template_;
    std::vector<std::size_t> missing_;
    std::vector<std::vector<std::vector<Unrolling>>> options_;
    std::vector<Scored> found_;
};

/// Shrinks unrollings until the data of an inner memory's operand fit what its instances hold (zigzag.md 5.3, end).
void limitCapacity(const Request& request, const cost::Machine& machine, std::vector<Dataflow>& flows) {
    const cost::Nest& nest = request.nest;
    for (const cost::Machine::Node& node : machine.nodes) {
        for (std::size_t k = 0; k < node.count; ++k) {
            const cost::Operand& operand = nest.operands[node.operand[k]];
            if (node.level[k] != 0 || operand.bits == 0) continue;
            const std::int64_t room = std::max<std::int64_t>(1, static_cast<std::int64_t>(node.size) / operand.bits);
            std::vector<Unrolling*> factors;
            for (Dataflow& flow : flows) {
                const std::vector<std::size_t>& served = request.core.memories[node.memory].servedDimensions;
                if (std::find(served.begin(), served.end(), flow.dimension) == served.end()) continue;
                for (Unrolling& unrolling : flow.unrollings) {
                    if ((operand.irrelevantMask >> *nest.dim(unrolling.loop) & 1) == 0) factors.push_back(&unrolling);
                }
            }
            while (!factors.empty()) {
                std::int64_t product = 1;
                for (const Unrolling* factor : factors) product *= factor->factor;
                if (product <= room) break;
                const auto larger = [](const Unrolling* a, const Unrolling* b) { return a->factor < b->factor; };
                --(*std::max_element(factors.begin(), factors.end(), larger))->factor;
            }
        }
    }
}

}  // namespace

double unrollingScore(const cost::Nest& nest, const std::vector<Dataflow>& dataflows) {
    std::vector<double> total(nest.dims.size(), 1.0);
    double all = 1;
    for (const Dataflow& flow : dataflows) {
        for (const Unrolling& unrolling : flow.unrollings) {
            const auto dim = nest.dim(unrolling.loop);
            if (!dim) continue;
            total[*dim] *= static_cast<double>(unrolling.factor);
            all *= static_cast<double>(unrolling.factor);
        }
    }
    return all + all / *std::max_element(total.begin(), total.end()) - 1;
}

std::vector<std::vector<Dataflow>> unrollings(const Request& request, const cost::Machine& machine) {
    std::vector<std::vector<Dataflow>> result = Candidates(request, machine).best();
    for (std::vector<Dataflow>& flows : result) limitCapacity(request, machine, flows);
    return result;
}

}  // namespace millrace::mapper
