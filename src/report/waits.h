#pragma once
#include <array>
#include <cstddef>
#include <vector>

#include "report/statistics.h"
#include "schedule/idle.h"

/// Why cores are idle (`schedule/idle.h`), summed up for reports: by core, by layer, and by what they waited for.
namespace millrace::report {

using IdleSums = std::array<Cycles, schedule::kIdleCauses>;

/// What cores waited for: the link that carried or barred a transfer (of a route the narrowest, of equal ones the
/// first), the memory that was full, or within which a transfer without a route went, the core that a predecessor ran
/// on. `cause` is never `order` or `nothing`.
struct Wait {
    enum class Kind { link, memory, core };
    schedule::IdleCause cause = schedule::IdleCause::input;
    Kind kind = Kind::link;
    std::size_t index = 0;  ///< of the problem's link, memory or core
    Cycles cycles;          ///< of idle time, summed over the cores that compute
};

struct Waits {
    /// False: the schedule has not been verified, so nobody can say, and all else is empty.
    bool known = false;
    Table<schedule::CoreId, schedule::CoreIdle> cores;
    std::vector<IdleSums> layers;  ///< by layer: idle time of cores that compute, before one of its tasks
    IdleSums sums{};               ///< of the cores that compute
    std::vector<Wait> waits;       ///< those of one cycle and more, the longest first
    std::size_t computing = 0;     ///< cores that compute
};

Waits waits(const Result& result);

/// "link", "memory" or "core".
const char* kindName(Wait::Kind kind);
/// Name of the link, memory or core.
const std::string& nameOf(const Result& result, const Wait& wait);
/// A cause in words: "waiting for data on their way", ...
const char* causeText(schedule::IdleCause cause);

}  // namespace millrace::report
