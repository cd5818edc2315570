#pragma once
#include "explore/cost/model.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper {

/// Everything that is known about one mapping: an order of the temporal loops on a model of the request's nest and
/// core, cut as the allocation says. Leaves `evaluations` and `runnerUp` to the search.
Mapping describe(const Request& request, const cost::Model& model, cost::Order order,
                 const cost::Allocation& allocation);

}  // namespace millrace::mapper
