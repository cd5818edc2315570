#pragma once
#include <string>
#include <vector>

#include "hardware/chip.h"

/// Small chips built in code for tests.
namespace millrace::test {

/// A memory with one read and one write port, both `width` bits, for all directions of its operands.
inline hardware::Memory memory(const std::string& name, std::int64_t bits, std::int64_t width,
                               std::vector<hardware::MemoryOperand> operands, std::vector<std::size_t> served,
                               double cost) {
    using hardware::Direction;
    hardware::Memory memory;
    memory.name = name;
    memory.size = Bits(bits);
    memory.readCost = cost;
    memory.writeCost = cost * 1.25;
    memory.operands = operands;
    memory.servedDimensions = std::move(served);
    hardware::Port read{"r_port_1", hardware::PortType::read, width, width, {}};
    hardware::Port write{"w_port_1", hardware::PortType::write, width, width, {}};
    for (const hardware::MemoryOperand operand : operands) {
        read.uses.push_back({operand, Direction::tl});
        write.uses.push_back({operand, Direction::fh});
        if (operand != hardware::MemoryOperand::O) continue;
        read.uses.push_back({operand, Direction::th});
        write.uses.push_back({operand, Direction::fl});
    }
    memory.ports = {read, write};
    return memory;
}

/// An array of K x C units under weight and sum registers and one SRAM for everything.
inline hardware::Core matrixCore(const std::string& name, std::int64_t k, std::int64_t c, std::int64_t sramBits) {
    using enum hardware::MemoryOperand;
    hardware::Core core;
    core.name = name;
    core.array.dimensions = {{"D1", k}, {"D2", c}};
    core.array.unitEnergy = 0.04;
    core.memories = {memory("rf_w", 64, 8, {I2}, {}, 0.1), memory("rf_o", 16, 16, {O}, {1}, 0.02),
                     memory("sram", sramBits, 256, {I1, I2, O}, {0, 1}, 50)};
    core.dataflows = {{0, {{"K", k}}}, {1, {{"C", c}}}};
    return core;
}

/// A one-dimensional array of lanes under an SRAM.
inline hardware::Core vectorCore(const std::string& name, std::int64_t lanes, std::int64_t sramBits) {
    using enum hardware::MemoryOperand;
    hardware::Core core;
    core.name = name;
    core.array.dimensions = {{"D1", lanes}};
    core.array.unitEnergy = 0.1;
    core.memories = {memory("sram", sramBits, 128, {I1, I2, O}, {0}, 20)};
    core.dataflows = {{0, {{"K", lanes}}}};
    return core;
}

inline hardware::Core dram(std::int64_t width) {
    using enum hardware::MemoryOperand;
    hardware::Core core;
    core.name = "offchip";
    core.array.dimensions = {{"D1", 0}, {"D2", 0}};
    core.memories = {memory("dram", 1'000'000'000, width, {I1, I2, O}, {0, 1}, 1000)};
    return core;
}

/// `matrix` matrix cores in a row, then one vector core linked to each, then DRAM on a bus to all.
inline hardware::Chip smallChip(std::size_t matrix, std::int64_t sramBits, std::int64_t linkWidth = 16,
                                std::int64_t dramWidth = 32) {
    hardware::Chip chip;
    chip.name = "small";
    for (std::size_t i = 0; i < matrix; ++i) chip.cores.add(matrixCore("matrix", 4, 4, sramBits));
    const hardware::CoreId vector = chip.cores.add(vectorCore("vector", 8, sramBits / 2));
    chip.offchip = chip.cores.add(dram(dramWidth));
    const auto link = [&](hardware::CoreId a, hardware::CoreId b) {
        for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
            hardware::Link wire;
            wire.name = "core " + std::to_string(from.index()) + " -> core " + std::to_string(to.index());
            wire.cores = {from, to};
            wire.bandwidth = linkWidth;
            wire.energyPerBit = 0.5;
            chip.links.add(wire);
        }
    };
    for (std::size_t i = 0; i < matrix; ++i) {
        if (i + 1 < matrix) link(hardware::CoreId(i), hardware::CoreId(i + 1));
        link(hardware::CoreId(i), vector);
    }
    hardware::Link bus;
    bus.name = "any <-> offchip";
    bus.bus = true;
    bus.hub = chip.offchip;
    bus.bandwidth = dramWidth;
    bus.energyPerBit = 2;
    for (const hardware::CoreId id : chip.cores.ids()) bus.cores.push_back(id);
    chip.links.add(bus);
    return chip;
}

}  // namespace millrace::test
