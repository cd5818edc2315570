#pragma once
#include "explore/cost/model.h"
#include "explore/mapper/mapper.h"
#include "explore/mapper/orders.h"

namespace millrace::mapper {

/// An order that fits.
struct Found {
    bool found = false;
    cost::Score score;
    std::size_t candidate = 0;
    std::vector<cost::Loop> order;
};

/// The best orders found so far, over all spatial candidates.
struct Best {
    Found first;
    Found second;  ///< the best of those whose energy or latency differs from the first one's
    std::int64_t evaluations = 0;
    /// What came closest to fitting: the least need in relation to the size.
    cost::TooSmall shortage;
};

/// Is `a` strictly better than `b`? (zigzag.md 11)
bool better(Objective objective, const cost::Score& a, const cost::Score& b);

/// Tries all orders of the source on one model.
void tryOrders(const cost::Model& model, std::size_t candidate, const OrderSource& orders, const Options& options,
               Best& best);

}  // namespace millrace::mapper
