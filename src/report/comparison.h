#pragma once
#include <string>
#include <vector>

#include "explore/platform/result.h"

/// Results of several runs side by side.
namespace millrace::report {

struct NamedResult {
    std::string name;  ///< title of its column
    const explore::Result* result = nullptr;
    double wallSeconds = 0;
};

/// Text for a terminal: a row for each figure (latency, energy, energy-delay product, traffic, the fullest memory of
/// each kind ...), a column for each result, and behind every one but the first its ratio to the first. At most 120
/// columns: of more results than fit, the others follow below, with the first one again.
std::string comparison(const std::vector<NamedResult>& results);

/// The same figures for scripts, schema "millrace.comparison/1"; docs/results.md explains the keys.
std::string comparisonJson(const std::vector<NamedResult>& results);

}  // namespace millrace::report
