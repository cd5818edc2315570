#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "explore/platform/result.h"

/// A steady state that a solver chose, beside the schedule that it became (docs/steady.md).
namespace millrace::report {

/// The key "steady" of result.json.
nlohmann::ordered_json steadyJson(const explore::SteadyRecord& record);

/// Prediction, schedule and the parts of their difference, and a row for each phase; ends with an empty line. Empty
/// without a record. At most 120 columns.
std::string steadyTable(const explore::Result& result);

}  // namespace millrace::report
