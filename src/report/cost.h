#pragma once
#include <string>

#include "explore/explore.h"
#include "report/report.h"

/// Reports of `millrace cost`: every layer by itself on one core.
namespace millrace::report {

/// Schema "millrace.cost/1"; every key is explained in docs/results.md. Everything but `wall_seconds` depends on the
/// result alone.
std::string costJson(const explore::CoreResult& result, const std::string& mapper, double wallSeconds);
/// A row a layer, totals, and what was not costed. At most 120 columns.
std::string costTable(const explore::CoreResult& result);
/// Why the layers whose names contain `layerName` (empty: all) cost what they do: cycles and energy in parts, what
/// stalls, loops, memories, ports, loading, the runner-up, and what would help (if the result knows). A walk through an
/// example is docs/explain.md. At most 120 columns.
std::string costExplain(const explore::CoreResult& result, const std::string& layerName);

/// The energy of each layer: a bar for each, made of the array and the memories.
std::string energyPng(const explore::CoreResult& result, const DrawOptions& options = {});
std::string energySvg(const explore::CoreResult& result, const DrawOptions& options = {});
/// The cycles of each layer: computing, idle units, the stall by the port that causes it, on-loading, off-loading.
std::string latencyPng(const explore::CoreResult& result, const DrawOptions& options = {});
std::string latencySvg(const explore::CoreResult& result, const DrawOptions& options = {});

}  // namespace millrace::report
