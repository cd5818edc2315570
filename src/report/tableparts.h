#pragma once
#include <string>

#include "report/statistics.h"
#include "report/waits.h"

/// Tables of the terminal that say what a schedule spends its time on, what it moves, and what it fuses. Each ends with
/// an empty line; empty if there is nothing to tell. At most 120 columns.
namespace millrace::report {

/// Where the time of the cores that compute goes; for waiting, on what most of it was spent.
std::string timeTable(const Result& result, const Statistics& sums, const Waits& waits);
/// What was moved, by cause.
std::string movedTable(const Statistics& sums);
/// A row for each stack, if there is one of several layers.
std::string stackTable(const Result& result, const Statistics& sums);

}  // namespace millrace::report
