#pragma once
#include <optional>
#include <string>

#include "hardware/chip.h"
#include "hardware/sites.h"
#include "support/diagnostics.h"
#include "support/yaml.h"

namespace millrace::hardware {

/// What a 2026 core file says that it is; other files say nothing.
enum class CoreRole : std::uint8_t { unsaid, compute, memory, offchip };

struct CoreFile {
    Core core;
    CoreSites sites;
    CoreRole role = CoreRole::unsaid;
};

/// A core from its map: ZigZag's form, or Stream's of 2025. All rules of one core have been checked.
std::optional<CoreFile> readCoreNode(const yaml::Node& node, const std::string& file, Diagnostics& diagnostics);

/// The operands of a memory: a list of I1, I2, O.
std::optional<MemoryOperand> memoryOperandNamed(std::string_view name);

/// `dataflows` of a core: array dimension -> list of "LOOP, n".
void readDataflows(const yaml::Node& node, Core& core, CoreSites& sites, Diagnostics& diagnostics);

}  // namespace millrace::hardware
