#pragma once
#include <memory>
#include <vector>

#include "explore/cost/machine.h"
#include "explore/cost/model.h"
#include "explore/mapper/mapper.h"
#include "explore/mapper/orders.h"
#include "explore/mapper/search.h"

namespace millrace::mapper {

/// A request made ready: the nest under its corrections, a model for each unrolling that is tried, and the orders that
/// it allows.
class Prepared {
public:
    /// Without unrollings. Null, with an error, if nest, core and mapping do not go together.
    static std::unique_ptr<Prepared> make(const Request& request, Diagnostics& diagnostics);

    const cost::Nest& nest() const { return nest_; }
    const cost::Machine& machine() const { return *machine_; }
    /// Adds an unrolling; false with an error.
    bool add(const std::vector<hardware::Dataflow>& flows, Diagnostics& diagnostics);
    /// Is it there already?
    bool has(const std::vector<hardware::Dataflow>& flows) const;
    std::size_t size() const { return models_.size(); }
    const cost::Model& model(std::size_t candidate) const { return *models_[candidate]; }
    const OrderSource& orders(std::size_t candidate) const { return orders_[candidate]; }
    /// Prime factors of the loops that an unrolling leaves.
    std::vector<cost::Loop> primes(std::size_t candidate) const;

    /// What ZigZag's search finds.
    Best zigzag(const Options& options) const;
    /// A found order with everything that is known about it.
    Mapping describe(const Found& found) const;

private:
    explicit Prepared(const Request& request) : request_(&request) {}

    const Request* request_;
    cost::Nest nest_;
    std::optional<cost::Machine> machine_;
    std::vector<std::unique_ptr<cost::Model>> models_;
    std::vector<OrderSource> orders_;
};

}  // namespace millrace::mapper
