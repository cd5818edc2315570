#include "explore/bounds/spread.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace millrace::bounds {

double priceOf(const Job& job, const Prices& prices) {
    double all = 0;
    double step = 0;
    for (std::size_t i = 0; i < job.cores.size(); ++i) {
        const double price = prices[job.cores[i]];
        const double whole = price * job.cycles[i];
        all = i == 0 ? whole : std::min(all, whole);
        if (job.steps == 0) continue;
        const double one = price * job.cyclesPerStep[i];
        step = i == 0 ? one : std::min(step, one);
    }
    return std::max(all, job.steps * step);
}

double timeAt(const std::vector<Job>& jobs, const Prices& prices) {
    double sum = 0;
    for (const Job& job : jobs) sum += priceOf(job, prices);
    return sum;
}

Prices even(const std::vector<std::size_t>& cores, std::size_t count) {
    Prices prices(count, 0.0);
    for (const std::size_t core : cores) prices[core] = 1.0 / static_cast<double>(cores.size());
    return prices;
}

namespace {

constexpr int kRounds = 200;
constexpr int kStarts = 4;
constexpr int kPolish = 20;
constexpr int kHalvings = 40;

/// Cores that take the same time for every job, in an order that does not depend on their numbers.
std::vector<std::vector<std::size_t>> kinds(const std::vector<Job>& jobs, std::size_t count) {
    std::vector<std::vector<double>> columns(count);
    for (const Job& job : jobs) {
        for (std::vector<double>& column : columns) column.insert(column.end(), 2, -1.0);
        for (std::size_t i = 0; i < job.cores.size(); ++i) {
            std::vector<double>& column = columns[job.cores[i]];
            column[column.size() - 2] = job.cycles[i];
            if (job.steps != 0) column.back() = job.cyclesPerStep[i];
        }
    }
    std::map<std::vector<double>, std::vector<std::size_t>> byColumn;
    for (std::size_t core = 0; core < count; ++core) byColumn[columns[core]].push_back(core);
    std::vector<std::vector<std::size_t>> result;
    for (auto& [column, cores] : byColumn) result.push_back(std::move(cores));
    return result;
}

/// Searches prices of kinds of cores.
class PriceSearch {
public:
    PriceSearch(const std::vector<Job>& jobs, std::vector<std::vector<std::size_t>> kinds, std::size_t count)
        : jobs_(jobs), kinds_(std::move(kinds)), kindOf_(count, 0), count_(count) {
        for (std::size_t k = 0; k < kinds_.size(); ++k) {
            for (const std::size_t core : kinds_[k]) kindOf_[core] = k;
        }
    }

    /// The price of all cores of a kind together, by kind.
    Prices best(const Prices& start) {
        best_ = start;
        value_ = at(start);
        for (int i = 0; i < kStarts; ++i) {
            const double before = value_;
            raiseTheBusy(best_);
            polish();
            if (i > 0 && value_ <= before) break;
        }
        return byCore(best_);
    }

private:
    Prices byCore(const Prices& prices) const {
        Prices result(count_);
        for (std::size_t core = 0; core < count_; ++core) {
            const std::size_t kind = kindOf_[core];
            result[core] = prices[kind] / static_cast<double>(kinds_[kind].size());
        }
        return result;
    }
    double at(const Prices& prices) const { return timeAt(jobs_, byCore(prices)); }
    void offer(const Prices& prices) {
        const double value = at(prices);
        if (value <= value_) return;
        value_ = value;
        best_ = prices;
    }

    /// What each kind's cores have to do if every job goes where it is cheapest; of equals to the first kind.
    std::vector<double> loads(const Prices& prices) const {
        const Prices each = byCore(prices);
        std::vector<double> result(kinds_.size(), 0.0);
        for (const Job& job : jobs_) {
            std::size_t cheapest = 0;
            const auto costs = [&](std::size_t i) {
                return std::pair(each[job.cores[i]] * job.cycles[i], kindOf_[job.cores[i]]);
            };
            for (std::size_t i = 1; i < job.cores.size(); ++i) {
                if (costs(i) < costs(cheapest)) cheapest = i;
            }
            const std::size_t kind = kindOf_[job.cores[cheapest]];
            result[kind] += job.cycles[cheapest] / static_cast<double>(kinds_[kind].size());
        }
        return result;
    }

    /// Kinds with more to do than others become dearer, by less and less.
    void raiseTheBusy(Prices prices) {
        for (Prices::value_type& price : prices) price = 0.9 * price + 0.1 / static_cast<double>(prices.size());
        for (int round = 1; round <= kRounds; ++round) {
            const std::vector<double> load = loads(prices);
            const double most = *std::max_element(load.begin(), load.end());
            if (most <= 0) return;
            double sum = 0;
            for (std::size_t k = 0; k < prices.size(); ++k) {
                prices[k] *= std::exp2(load[k] / most / std::sqrt(static_cast<double>(round)));
                sum += prices[k];
            }
            for (double& price : prices) price /= sum;
            offer(prices);
        }
    }

    void polish() {
        for (int i = 0; i < kPolish; ++i) {
            const double before = value_;
            for (std::size_t a = 0; a < kinds_.size(); ++a) {
                for (std::size_t b = a + 1; b < kinds_.size(); ++b) shift(a, b);
            }
            if (value_ <= before) return;
        }
    }

    /// The time is a concave function of the share that one of two kinds has of their price.
    void shift(std::size_t a, std::size_t b) {
        Prices prices = best_;
        const double both = prices[a] + prices[b];
        const auto valueAt = [&](double share) {
            prices[a] = both * share;
            prices[b] = both - prices[a];
            return at(prices);
        };
        double low = 0;
        double high = 1;
        for (int i = 0; i < kHalvings; ++i) {
            const double left = low + (high - low) / 3;
            const double right = high - (high - low) / 3;
            (valueAt(left) < valueAt(right) ? low : high) = valueAt(left) < valueAt(right) ? left : right;
        }
        valueAt((low + high) / 2);
        offer(prices);
    }

    const std::vector<Job>& jobs_;
    std::vector<std::vector<std::size_t>> kinds_;
    std::vector<std::size_t> kindOf_;
    std::size_t count_;
    Prices best_;
    double value_ = 0;
};

}  // namespace

std::vector<Prices> usefulPrices(const std::vector<Job>& jobs, std::size_t count) {
    std::set<std::vector<std::size_t>> sets;
    std::vector<std::size_t> all;
    for (std::size_t core = 0; core < count; ++core) {
        sets.insert({core});
        all.push_back(core);
    }
    sets.insert(all);
    for (const Job& job : jobs) sets.insert(job.cores);
    const auto unlike = kinds(jobs, count);
    const auto byKind = [&](const Prices& prices) {
        Prices sums;
        for (const std::vector<std::size_t>& kind : unlike) {
            sums.push_back(0);
            for (const std::size_t core : kind) sums.back() += prices[core];
        }
        return sums;
    };
    std::vector<Prices> result;
    std::pair<double, Prices> best;
    for (const std::vector<std::size_t>& set : sets) {
        result.push_back(even(set, count));
        best = std::max(best, std::pair(timeAt(jobs, result.back()), byKind(result.back())));
    }
    if (unlike.size() > 1) result.push_back(PriceSearch(jobs, unlike, count).best(best.second));
    return result;
}

}  // namespace millrace::bounds
