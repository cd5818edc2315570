#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "hardware/chip.h"
#include "schedule/problem.h"
#include "support/diagnostics.h"

/// A chip as the scheduler sees it: cores, links and the outermost memories, in the ids of `schedule::Problem`.
namespace millrace::platform {

/// The way of a transfer between two memories.
struct Route {
    std::vector<schedule::LinkId> links;  ///< empty: a core owns both memories
    std::int64_t bandwidth = 0;           ///< of the narrowest part, bits a cycle
};

class Platform {
public:
    /// Adds the chip's resources to `problem`; core and link ids keep their index. Empty with an error if the chip has
    /// no off-chip memory.
    static std::optional<Platform> make(const hardware::Chip& chip, schedule::Problem& problem,
                                        Diagnostics& diagnostics);

    schedule::MemoryId offchip() const { return offchip_; }
    /// The outermost memory of an operand in a core: where the scheduler keeps its data. Invalid if the core has none.
    schedule::MemoryId memory(hardware::CoreId core, hardware::MemoryOperand operand) const;
    /// On-chip memories that results can stay in (outermost for O in a core).
    const std::vector<schedule::MemoryId>& resultMemories() const { return resultMemories_; }
    /// The shortest way (fewest links, then lowest link ids) from a core that owns `from` to one that owns `to`; never
    /// through the off-chip core. Null if there is none.
    const Route* route(schedule::MemoryId from, schedule::MemoryId to) const;

private:
    void addMemories(const hardware::Chip& chip, schedule::Problem& problem);
    void findRoutes(const schedule::Problem& problem, schedule::CoreId offchipCore);

    schedule::MemoryId offchip_;
    std::vector<std::array<schedule::MemoryId, 3>> memories_;
    std::vector<schedule::MemoryId> resultMemories_;
    std::vector<std::vector<std::optional<Route>>> routes_;
};

}  // namespace millrace::platform
