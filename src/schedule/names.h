#pragma once
#include <cstdint>
#include <string>

#include "schedule/schedule.h"

/// Words for messages and texts.
namespace millrace::schedule {

__extension__ using Wide = __int128;  ///< sums of amounts that each fit 64 bits

/// "[0:3, 5:9]"
std::string text(const Box& box);
/// "[10, 25)"
std::string text(Span span);
/// "weight", "spill", ...
const char* text(TransferCause cause);
/// The amount, or the largest 64-bit number if it is larger.
std::int64_t clamped(Wide amount);

/// "task 'conv1.0' (3)", "core 'c0'", ...
std::string name(const Problem& problem, TaskId id);
std::string name(const Problem& problem, CoreId id);
std::string name(const Problem& problem, LinkId id);
std::string name(const Problem& problem, MemoryId id);
std::string name(const Problem& problem, TensorId id);
std::string name(const Problem& problem, GroupId id);
/// "transfer 4 (weight of tensor 'w' [0:3], 'dram' to 'sram', [10, 25))"; all ids in range.
std::string name(const Problem& problem, const Schedule& schedule, TransferId id);
/// "buffer 4 (tensor 'w' [0:3] in 'sram', [10, 25))"; all ids in range.
std::string name(const Problem& problem, const Schedule& schedule, BufferId id);

}  // namespace millrace::schedule
