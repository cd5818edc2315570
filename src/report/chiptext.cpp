#include <fmt/format.h>

#include "report/columns.h"
#include "report/inspection.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 100;
using Align = Columns::Align;

std::string arrayText(const hardware::Core& core) {
    std::string text;
    for (const hardware::ArrayDimension& dimension : core.array.dimensions) {
        text += fmt::format("{}{} {}", text.empty() ? "" : " x ", dimension.name, dimension.size);
    }
    return text.empty() ? "-" : text;
}

std::string operandText(const hardware::Memory& memory) {
    std::string text;
    for (const hardware::MemoryOperand operand : memory.operands) {
        text += fmt::format("{}{}", text.empty() ? "" : " ", hardware::name(operand));
    }
    return text;
}

std::string coresText(const hardware::Chip& chip) {
    Columns columns({{"core", Align::right},
                     {"name", Align::left, true},
                     {"array", Align::left, true},
                     {"units", Align::right},
                     {"runs", Align::left, true}});
    for (const hardware::CoreId id : chip.cores.ids()) {
        const hardware::Core& core = chip.cores[id];
        std::string runs = chip.isOffchip(id) ? "off-chip memory" : "";
        for (const std::string& type : core.operatorTypes) runs += (runs.empty() ? "" : " ") + clean(type);
        columns.add({std::to_string(id.index()), clean(core.name), clean(arrayText(core)),
                     thousands(core.array.units()), runs.empty() ? "any" : runs});
    }
    return columns.text(kWidth) + "\n";
}

std::string memoriesText(const hardware::Chip& chip) {
    Columns columns({{"core", Align::right},
                     {"memory", Align::left, true},
                     {"size", Align::right},
                     {"instances", Align::right},
                     {"holds", Align::left},
                     {"read bit/cycle", Align::right},
                     {"write bit/cycle", Align::right}});
    for (const hardware::CoreId id : chip.cores.ids()) {
        const hardware::Core& core = chip.cores[id];
        for (const hardware::MemoryIndex memory : core.memoryOrder()) {
            const hardware::Memory& one = core.memories[memory];
            columns.add({std::to_string(id.index()), clean(one.name), sizeText(one.size),
                         thousands(core.instances(memory)), operandText(one), thousands(one.readWidth()),
                         thousands(one.writeWidth())});
        }
    }
    return columns.text(kWidth) + "\n";
}

std::string linksText(const hardware::Chip& chip) {
    if (chip.links.empty()) return "No links.\n";
    Columns columns({{"link", Align::left, true},
                     {"cores", Align::left, true},
                     {"bit/cycle", Align::right},
                     {"pJ/bit", Align::right}});
    for (const hardware::Link& link : chip.links) {
        std::string ends;
        for (const hardware::CoreId id : link.cores) {
            ends += fmt::format("{}{}", ends.empty() ? "" : (link.bus ? " " : " -> "), id.index());
        }
        columns.add({clean(link.name), (link.bus ? "bus " : "") + ends, thousands(link.bandwidth),
                     fmt::format("{:.4g}", link.energyPerBit)});
    }
    return columns.text(kWidth);
}

}  // namespace

std::string chipText(const hardware::Chip& chip) {
    std::string text = wrap(
        fmt::format("{}: chip '{}', {} cores, {} links", chip.file, chip.name, chip.cores.size(), chip.links.size()),
        kWidth, 0, 2);
    return text + "\n" + coresText(chip) + memoriesText(chip) + linksText(chip);
}

}  // namespace millrace::report
