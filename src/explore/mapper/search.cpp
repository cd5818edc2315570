#include "explore/mapper/search.h"

#include <algorithm>
#include <array>

#include "explore/cost/tables.h"

namespace millrace::mapper {

bool better(Objective objective, const cost::Score& a, const cost::Score& b) {
    switch (objective) {
        case Objective::latency: return a.latency2 != b.latency2 ? a.latency2 < b.latency2 : a.energy < b.energy;
        case Objective::energy: return a.energy != b.energy ? a.energy < b.energy : a.latency2 < b.latency2;
        case Objective::edp: return a.latency2 * a.energy < b.latency2 * b.energy;
    }
    return false;
}

static void note(const cost::TooSmall& why, cost::TooSmall& least) {
    if (least.available == 0 || why.needed / why.available < least.needed / least.available) least = why;
}

namespace {

/// Keeps the best of the orders that it is shown.
class Tournament {
public:
    Tournament(const cost::Model& model, std::size_t candidate, const OrderSource& orders, const Options& options,
               Best& best)
        : model_(model), candidate_(candidate), orders_(orders), options_(options), best_(best) {
        const bool worthIt = !orders.complete() && !options.even && orderCount(orders.loops()) > 8;
        if (worthIt) tables_ = cost::Tables::make(model, orders.loops());
        if (!tables_) return;
        for (const cost::Loop& kind : orders.kinds()) {
            const auto at = std::find(tables_->kinds().begin(), tables_->kinds().end(), kind);
            kindInTables_.push_back(static_cast<std::uint32_t>(at - tables_->kinds().begin()));
        }
    }

    void show(const std::vector<std::uint32_t>& kinds) {
        cost::Score score;
        cost::TooSmall why;
        if (!(tables_ ? fromTables(kinds, score, why) : fromModel(kinds, score, why))) {
            note(why, best_.shortage);
            return;
        }
        ++best_.evaluations;
        if (!best_.first.found || better(options_.objective, score, best_.first.score)) {
            best_.second = std::move(best_.first);
            best_.first = {true, score, candidate_, loopsOf(kinds)};
        } else if ((!best_.second.found || better(options_.objective, score, best_.second.score)) &&
                   differs(score, best_.first.score)) {
            best_.second = {true, score, candidate_, loopsOf(kinds)};
        }
    }

private:
    static bool differs(const cost::Score& a, const cost::Score& b) {
        return a.energy != b.energy || a.latency2 != b.latency2;
    }

    std::vector<cost::Loop> loopsOf(const std::vector<std::uint32_t>& kinds) const {
        std::vector<cost::Loop> loops;
        for (const std::uint32_t kind : kinds) loops.push_back(orders_.kinds()[kind]);
        return loops;
    }

    bool fromTables(const std::vector<std::uint32_t>& kinds, cost::Score& score, cost::TooSmall& why) {
        std::array<std::uint32_t, cost::kMaxLoops> order;
        for (std::size_t i = 0; i < kinds.size(); ++i) order[i] = kindInTables_[kinds[i]];
        return tables_->evaluate(order.data(), score, why, &memo_);
    }

    bool fromModel(const std::vector<std::uint32_t>& kinds, cost::Score& score, cost::TooSmall& why) const {
        const std::vector<cost::Loop> order = loopsOf(kinds);
        const auto allocation = model_.allocate(order, options_.even, why);
        if (allocation) score = model_.evaluate(order, *allocation);
        return allocation.has_value();
    }

    const cost::Model& model_;
    std::size_t candidate_;
    const OrderSource& orders_;
    const Options& options_;
    Best& best_;
    std::optional<cost::Tables> tables_;
    std::vector<std::uint32_t> kindInTables_;
    cost::ScoreMemo memo_;
};

}  // namespace

void tryOrders(const cost::Model& model, std::size_t candidate, const OrderSource& orders, const Options& options,
               Best& best) {
    Tournament tournament(model, candidate, orders, options, best);
    orders.forEach([&](const std::vector<std::uint32_t>& kinds) {
        tournament.show(kinds);
        return true;
    });
}

}  // namespace millrace::mapper
