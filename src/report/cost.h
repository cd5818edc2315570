#pragma once
#include <string>

#include "explore/explore.h"

/// Reports of `millrace cost`: every layer by itself on one core.
namespace millrace::report {

/// Schema "millrace.cost/1"; every key is explained in docs/results.md. Everything but `wall_seconds` depends on the
/// result alone.
std::string costJson(const explore::CoreResult& result, const std::string& mapper, double wallSeconds);
/// A row a layer, totals, and what was not costed. At most 120 columns.
std::string costTable(const explore::CoreResult& result);
/// Loop orders, unrollings, cycles and energy in parts of the layers whose names contain `layerName` (empty: all).
std::string costExplain(const explore::CoreResult& result, const std::string& layerName);

}  // namespace millrace::report
