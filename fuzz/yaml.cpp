#include "support/yaml.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "explore/mapping/mapping.h"
#include "hardware/check.h"
#include "hardware/print.h"
#include "hardware/read.h"

/// Any bytes through the YAML parser and the readers of chips, cores and mappings. What they accept passes the checks
/// and survives printing; what they refuse has an error.

namespace {

using namespace millrace;

void require(bool condition) {
    if (!condition) std::abort();
}

hardware::Chip withoutFiles(hardware::Chip chip) {
    chip.file.clear();
    for (hardware::Core& core : chip.cores) core.file.clear();
    return chip;
}

void readChip(const std::string& text) {
    // Core files are the text itself, so that a text can be chip and core at once.
    const hardware::FileLoader load = [&](const std::string& path) {
        return path.find("none") == std::string::npos ? std::optional(text) : std::nullopt;
    };
    Diagnostics diagnostics;
    const auto chip = hardware::parseChip(text, "chip.yaml", load, diagnostics);
    require(chip.has_value() == !diagnostics.failed());
    if (!chip) return;
    Diagnostics again;
    require(hardware::check(*chip, again));
    const auto printed = hardware::parseChip(hardware::printChip(*chip), "printed.yaml", load, again);
    require(printed && withoutFiles(*printed) == withoutFiles(*chip));
}

void readCore(const std::string& text) {
    Diagnostics diagnostics;
    const auto core = hardware::parseCore(text, "core.yaml", diagnostics);
    require(core.has_value() == !diagnostics.failed());
    if (!core) return;
    for (const hardware::MemoryOperand operand : hardware::kMemoryOperands)
        require(core->levels(operand).back() == core->top(operand));
}

void readMapping(const std::string& text) {
    Diagnostics diagnostics;
    const auto mapping = mapping::parseMapping(text, "mapping.yaml", diagnostics);
    require(mapping.has_value() == !diagnostics.failed());
    if (!mapping) return;
    Diagnostics again;
    const auto printed = mapping::parseMapping(mapping::print(*mapping), "printed.yaml", again);
    require(printed && printed->entries == mapping->entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    Diagnostics diagnostics;
    require(yaml::parse(text, "f.yaml", diagnostics).has_value() == !diagnostics.failed());
    readChip(text);
    readCore(text);
    readMapping(text);
    return 0;
}
