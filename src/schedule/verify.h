#pragma once
#include "schedule/problem.h"
#include "schedule/schedule.h"
#include "support/diagnostics.h"

namespace millrace::schedule {

/// Is the schedule a legal answer to the problem? From the definition, with no knowledge of how it was found. The
/// problem must have passed `check`; the schedule may be anything.
/// - Items: ids, boxes and options in range, 0 <= start <= end <= kForever. What names something that does not exist is
///   left out of the rules below.
/// - Tasks: every task runs once, on an option's core, for that option's duration; no core runs two tasks at once. A
///   task of no length occupies nothing and may run beside others.
/// - Links: no link or bus carries more than its bandwidth at any time. A transfer goes from one memory to another, hop
///   by hop in the links' directions, from any core of its source to any core of its destination; length * bandwidth
///   covers its bits, so only what has no bits takes no time. Causes say what is so (a spill goes off-chip, ...). What
///   is carried with another transfer has its leader's tensor, box, source, span and bandwidth.
/// - Memories: buffers, scratch rooms of running tasks, and on-chip initial tensors (for ever) together never exceed
/// the
///   capacity. Off-chip memories too: what is spilled needs buffers there. Off-chip initial tensors are not counted.
/// - Writes: what a task writes or a transfer brings needs buffers of that memory and tensor, each over the whole span
///   of the write, that together cover the box. From the end of the write on it is valid in all buffers that do.
/// - Sums: the tasks that write a box of a tensor with several `writers` do so in one memory, and no two of them at the
///   same time (a task of no length may not run strictly inside of another's span). Together they are one write, from
///   the start of the first to the end of the last.
/// - Reads: what a task reads from its option's memories, and a transfer from its source, is valid there in every cycle
///   of its span. Copies may complement each other, in space and in time. Over a span of no length: valid at that
///   instant, where a buffer still counts at the instant of its end.
/// - Ends: a tensor with a `final` memory is valid there, whole, at the instant `latency`.
/// - Phases: no task starts before all tasks of smaller phases have ended; with `weightsWaitForPhase` neither does a
///   transfer of a weight, whose phase is the smallest of the tasks that read it.
/// - Figures: latency (last end of a task or transfer) and every part of the energy are what the problem's constants
///   give (relative 1e-9). Only looked at if all items make sense.
/// With an interval, cores, links and memories are looked at modulo the interval.
/// One message per violation (at most 100, then a count), each with the times, names and amounts. True if none.
/// O(n log n) for n tasks, buffers and transfers, besides what reads find: a box that k writes made costs about k log
/// k.
bool verify(const Problem& problem, const Schedule& schedule, Diagnostics& diagnostics);

}  // namespace millrace::schedule
