#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "explore/mapper/unrollingoptions.h"

namespace millrace::mapper {
namespace {

/// What is chosen so far: unrolled of each loop, and in all.
struct State {
    std::vector<std::int64_t> total;
    double units = 1;

    double largest() const { return static_cast<double>(*std::max_element(total.begin(), total.end())); }
    double score() const { return units + (units / largest() - 1); }
};

class ChoiceSearch {
public:
    ChoiceSearch(const cost::Nest& nest, const std::vector<std::int64_t>& base,
                 const std::vector<std::vector<UnrollingOption>>& options, std::size_t wanted)
        : options_(options), wanted_(wanted) {
        for (const cost::Dim& dim : nest.dims) sizes_.push_back(dim.size);
        start_.total = base;
        for (const std::int64_t factor : base) start_.units *= static_cast<double>(factor);
        most_.assign(options.size() + 1, 1.0);
        for (std::size_t k = options.size(); k-- > 0;) {
            std::int64_t most = 0;
            for (const UnrollingOption& option : options[k]) most = std::max(most, option.units);
            most_[k] = most_[k + 1] * static_cast<double>(most);
        }
    }

    std::optional<std::vector<UnrollingChoice>> run() {
        findScores();
        if (steps_ > kMaxSteps) return std::nullopt;
        collect();
        if (steps_ > kMaxSteps) return std::nullopt;
        std::stable_sort(found_.begin(), found_.end(),
                         [](const Found& a, const Found& b) { return a.score > b.score; });
        std::vector<UnrollingChoice> result;
        for (const Found& found : found_) result.push_back(found.choice);
        return result;
    }

private:
    struct Found {
        double score = 0;
        UnrollingChoice choice;
    };

    bool take(State& state, const UnrollingOption& option) const {
        for (const auto& [dim, factor] : option.factors) {
            if (state.total[dim] > sizes_[dim] / factor) return false;
            state.total[dim] *= factor;
        }
        state.units *= static_cast<double>(option.units);
        return true;
    }

    /// How many units could work if no loop were unrolled more than m times.
    double unitsWithin(double m) const {
        double product = 1;
        for (const std::int64_t size : sizes_) product *= std::min(m, static_cast<double>(size));
        return product;
    }

    /// No way to go on from here, before array dimension k, has a higher score. With u units at work the largest
    /// unrolling m has unitsWithin(m) >= u, and m is no smaller than now; u (1 + 1/m) is largest where both meet.
    double bound(const State& state, std::size_t k) const {
        const double all = unitsWithin(static_cast<double>(*std::max_element(sizes_.begin(), sizes_.end())));
        const double units = std::min(state.units * most_[k], all);
        double low = state.largest();
        double high = units;
        for (int i = 0; i < 30 && low < high; ++i) {
            const double middle = (low + high) / 2;
            (unitsWithin(middle) < units ? low : high) = middle;
        }
        return units + (units / low - 1);
    }

    /// The highest scores, the best branches first.
    void findScores() {
        for (const std::vector<UnrollingOption>& options : options_) {
            std::vector<std::size_t>& order = bestFirst_.emplace_back(options.size());
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
                if (options[a].units != options[b].units) return options[a].units > options[b].units;
                return options[a].factors.size() > options[b].factors.size();
            });
        }
        scores(start_, 0);
    }

    void scores(const State& state, std::size_t k) {
        if (++steps_ > kMaxSteps) return;
        if (k == options_.size()) {
            top_.insert(std::upper_bound(top_.begin(), top_.end(), state.score(), std::greater<>()), state.score());
            if (top_.size() > wanted_) top_.pop_back();
            return;
        }
        for (const std::size_t i : bestFirst_[k]) {
            State next = state;
            if (!take(next, options_[k][i])) continue;
            if (top_.size() == wanted_ && bound(next, k + 1) <= top_.back()) continue;
            scores(next, k + 1);
        }
    }

    /// The choices with these scores, in sequence.
    void collect() {
        if (top_.empty()) return;
        better_ = static_cast<std::size_t>(
            std::count_if(top_.begin(), top_.end(), [&](double score) { return score > top_.back(); }));
        equal_ = top_.size() - better_;
        UnrollingChoice choice;
        collect(start_, choice);
    }

    void collect(const State& state, UnrollingChoice& choice) {
        if (++steps_ > kMaxSteps || (better_ == 0 && equal_ == 0)) return;
        const std::size_t k = choice.size();
        if (k == options_.size()) {
            const double score = state.score();
            std::size_t& room = score > top_.back() ? better_ : equal_;
            if (score < top_.back() || room == 0) return;
            --room;
            found_.push_back({score, choice});
            return;
        }
        for (std::size_t i = 0; i < options_[k].size(); ++i) {
            State next = state;
            if (!take(next, options_[k][i]) || bound(next, k + 1) < top_.back()) continue;
            choice.push_back(i);
            collect(next, choice);
            choice.pop_back();
        }
    }

    const std::vector<std::vector<UnrollingOption>>& options_;
    std::size_t wanted_;
    std::vector<std::int64_t> sizes_;
    State start_;
    std::vector<double> most_;  ///< units that dimensions from k on can add
    std::vector<std::vector<std::size_t>> bestFirst_;
    std::vector<double> top_;  ///< highest scores, descending
    std::size_t better_ = 0;   ///< choices still to be found that score higher than the last of them
    std::size_t equal_ = 0;    ///< and as high
    std::vector<Found> found_;
    std::int64_t steps_ = 0;
};

}  // namespace

std::optional<std::vector<UnrollingChoice>> bestChoices(const cost::Nest& nest, const std::vector<std::int64_t>& base,
                                                        const std::vector<std::vector<UnrollingOption>>& options,
                                                        std::size_t wanted) {
    return ChoiceSearch(nest, base, options, std::max<std::size_t>(1, wanted)).run();
}

}  // namespace millrace::mapper
