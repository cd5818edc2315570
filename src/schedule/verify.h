#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/diagnostics.h"

namespace millrace::schedule {

/// Is the schedule a legal answer to the problem? From the definition, with no knowledge of how it was found:
/// - every task runs once, on an option's core, for that option's duration; no core runs two tasks at once;
/// - no link or bus carries more than its bandwidth at any time; a transfer's route is connected from a core of its
/// source memory to one of
///   its destination, and span * bandwidth covers its bits;
/// - no memory holds more than its capacity at any time; a buffer stays inside of its tensor;
/// - nothing is used before it has arrived: what a task reads is valid in its option's memory from its start to its
/// end, what a
///   transfer reads is valid at its source over its span; writes and arrivals have a buffer over their whole span;
/// - phases: no task starts before all tasks of smaller phases have ended; with `weightsWaitForPhase` neither do
/// transfers of the weights
///   that only later phases read;
/// - tensors with a `final` memory are valid there, whole, at the end;
/// - latency and every part of the energy are what the problem's constants give (relative 1e-9).
/// One message per violation (at most 100, then a count), each with the times, names and amounts. True if none.
bool verify(const Problem& problem, const Schedule& schedule, Diagnostics& diagnostics);

}  // namespace millrace::schedule
