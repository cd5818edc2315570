#pragma once
#include <nlohmann/json.hpp>

#include "report/statistics.h"
#include "report/waits.h"

/// Parts of `result.json`; docs/results.md explains the keys.
namespace millrace::report {

using Json = nlohmann::ordered_json;

/// How far the result is above its bounds (value / bound - 1), and which term of each bound is largest; null where
/// there is none.
Json gapJson(const Result& result);
Json transfersJson(const Statistics& sums);
Json stacksJson(const Result& result, const Statistics& sums);
/// Cycles by cause.
Json causesJson(const IdleSums& sums);
/// Sums over all cores, and what they waited for; null if it is not known.
Json idleJson(const Result& result, const Waits& waits);

/// How the schedule was searched for.
Json searchJson(const explore::SearchRecord& search);

}  // namespace millrace::report
