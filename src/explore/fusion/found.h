#pragma once
#include <optional>
#include <string>

#include "explore/fusion/plan.h"
#include "explore/fusion/setup.h"
#include "explore/mapping/mapping.h"

/// What was found, as a mapping file, and back: mapping files that fix a schedule (docs/mapping.md).
namespace millrace::fusion {

/// Where the tiles' order stands, beside the mapping file, if no rule gives it (`Order::given`).
inline constexpr const char* kOrderFile = "order.csv";

/// A mapping that fixes this plan and policy. For each layer, whose name must be no other layer's, an entry with its
/// cores, its cuts and what `given` said of its loops and operands; a group for each stack; the policy under
/// `schedule`. `fixedPlan` and `policyFrom` give the same plan and policy for it, also after `mapping::print` and
/// `parseMapping`; but for `Policy::given`, which belongs into a file called `kOrderFile`.
mapping::Mapping mappingOf(const workload::Workload& workload, const Plan& plan, const Policy& policy,
                           const mapping::Mapping* given);

/// The plan that a mapping with a fixed schedule holds, as it stands there: cores and numbers of parts from each
/// layer's entry (else from its type's, else `default`), loops by the layer's own names or by place, stacks from the
/// groups. Errors: layers without an entry that names cores; cuts along loops that a layer lacks, into more parts than
/// the loop has steps, or without a number ("*"); groups with tilings of their own, with layers that do not exist or
/// stand twice, or before groups whose results they need; layers in no group if there are any. What tiles need of
/// memories is not looked at.
std::optional<Plan> fixedPlan(const workload::Workload& workload, const mapping::Mapping& mapping,
                              Diagnostics& diagnostics);

/// `policy` with what the schedule of a mapping says in its place. An order that is a file's is left to the caller, who
/// can read files (`mapping::Schedule::orderIsFile`).
Policy policyFrom(const mapping::Schedule& schedule, Policy policy);

}  // namespace millrace::fusion
