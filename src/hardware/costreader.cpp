#include "hardware/costreader.h"

#include <fmt/format.h>

#include <algorithm>

#include "hardware/cacti.h"

namespace millrace::hardware {
namespace {

/// ZigZag counts a register file as an SRAM of so many times its size.
constexpr std::int64_t kRegisterFile = 128;

/// Bits of an access: of the first port that only reads, else of the first one that reads and writes; 0 without.
std::int64_t accessWidth(const Memory& memory) {
    for (const PortType type : {PortType::read, PortType::readWrite}) {
        for (const Port& port : memory.ports) {
            if (port.type == type) return port.bandwidthMax;
        }
    }
    return 0;
}

void refuse(const yaml::MapReader& map, const SourceLocation& where, const std::string& why, Diagnostics& diagnostics) {
    diagnostics.error(where, fmt::format("{} asks for automatic costs, but {}", map.what(), why),
                      "set auto_cost_extraction to false and give r_cost and w_cost");
}

void readAutomatic(yaml::MapReader& map, Memory& memory, bool cells, const SourceLocation& where,
                   Diagnostics& diagnostics) {
    const std::string type = map.text("mem_type", "sram");
    const yaml::Node* read = map.find("r_cost");
    const yaml::Node* write = map.find("w_cost");
    const bool given = read != nullptr && write != nullptr;
    const std::int64_t width = accessWidth(memory);
    const std::int64_t bits = memory.size.value();
    const std::int64_t bytes = bits / 8 * (type == "rf" ? kRegisterFile : 1);
    if (cells) {
        refuse(map, where, "CACTI does not know the cells of an array that computes in memory", diagnostics);
    } else if (type != "sram" && type != "rf") {
        refuse(map, where, fmt::format("its mem_type is '{}', and CACTI's table has sram and rf", type), diagnostics);
    } else if (bits % 8 != 0) {
        refuse(map, where, fmt::format("its size is not in whole bytes: {} bits", bits), diagnostics);
    } else if (width == 0) {
        refuse(map, where, "it has no port that reads", diagnostics);
    } else if (const auto cost = cactiCost(bytes, width)) {
        memory.readCost = cost->readCost;
        memory.writeCost = cost->writeCost;
        memory.area = cost->area;
        if (given) {
            diagnostics.warning(
                where, fmt::format("{} asks for automatic costs: its r_cost and w_cost do not count", map.what()));
        }
        if (cost->exact()) return;
        diagnostics.warning(where, fmt::format("the automatic costs of {} ({} B x {} bit) are estimates from {}",
                                               map.what(), bytes, width, text(cost->from)));
    } else if (given) {
        memory.readCost = map.real("r_cost").value_or(0);
        memory.writeCost = map.real("w_cost").value_or(0);
        diagnostics.warning(where, fmt::format("CACTI's table has no memory like {} ({} B x {} bit): the given costs "
                                               "count",
                                               map.what(), bytes, width));
    } else {
        const std::span<const CactiPoint> table = cactiPoints();
        refuse(map, where,
               fmt::format("CACTI's table has none for {} B x {} bit; it has {} to {} B, 8 to 16384 bit, with at least "
                           "four bytes for each bit of an access",
                           bytes, width, table.front().bytes, table.back().bytes),
               diagnostics);
    }
}

}  // namespace

void readCosts(yaml::MapReader& map, Memory& memory, bool inMemoryComputing, Diagnostics& diagnostics) {
    const yaml::Node* automatic = map.find("auto_cost_extraction");
    if (automatic != nullptr && map.boolean("auto_cost_extraction", false)) {
        readAutomatic(map, memory, inMemoryComputing && memory.name == "cells", automatic->where, diagnostics);
        return;
    }
    map.text("mem_type", "sram");
    memory.readCost = map.real("r_cost").value_or(0);
    memory.writeCost = map.real("w_cost").value_or(0);
}

}  // namespace millrace::hardware
