#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hardware/chip.h"
#include "support/diagnostics.h"

/// Chips and cores from YAML. Three forms load: Millrace's own (docs/hardware.md), Stream's chip files (2025, and 2026
/// for cores of ZigZag's kind), and ZigZag's single-core files; the form is seen from the fields.
namespace millrace::hardware {

/// Reads a chip. Core files are looked for beside the chip file, then in `cores/` there, then by base name in both.
///
/// A file of a single core becomes a chip of one core. If its outermost memory serves all three operands and every
/// operand has another memory below it or the memory is the last one listed of several, that memory becomes the
/// off-chip core (as ZigZag's files end in DRAM). A core without such a memory gives a chip without an off-chip core,
/// with a warning.
std::optional<Chip> readChip(const std::string& path, Diagnostics& diagnostics);

/// Reads a core file with its whole hierarchy, DRAM included.
std::optional<Core> readCore(const std::string& path, Diagnostics& diagnostics);

/// Content of a file that a chip file names, or nothing if there is no such file.
using FileLoader = std::function<std::optional<std::string>(const std::string& path)>;

/// The same from text. `file` is for messages, and the folder from which `load` looks for core files.
std::optional<Chip> parseChip(std::string_view text, const std::string& file, const FileLoader& load,
                              Diagnostics& diagnostics);
std::optional<Core> parseCore(std::string_view text, const std::string& file, Diagnostics& diagnostics);

}  // namespace millrace::hardware
