#include "explore/cost/machine.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::cost {
namespace {

using hardware::Direction;
using hardware::MemoryIndex;
using hardware::MemoryOperand;

std::optional<std::size_t> operandOf(const Nest& nest, MemoryOperand role) {
    for (std::size_t i = 0; i < nest.operands.size(); ++i) {
        if (nest.operands[i].role == role) return i;
    }
    return std::nullopt;
}

Machine::Level levelOf(const Nest& nest, const hardware::Memory& memory, MemoryIndex index, MemoryOperand role) {
    Machine::Level level;
    level.memory = index;
    level.size = static_cast<double>(memory.size.value());
    level.readCost = memory.readCost;
    level.writeCost = memory.writeCost;
    if (memory.forceDoubleBuffering && nest.corrections.has(Correction::buffering)) level.copies = 2;
    for (const Direction direction : hardware::kDirections) {
        const hardware::Port* port = memory.port(role, direction);
        if (port == nullptr || port->bandwidthMax < 1 || port->bandwidthMin < 1) continue;
        level.bandwidthMin[static_cast<std::size_t>(direction)] = static_cast<double>(port->bandwidthMin);
        level.bandwidthMax[static_cast<std::size_t>(direction)] = static_cast<double>(port->bandwidthMax);
    }
    return level;
}

/// Where an operand's levels lie; -1 for memories that do not hold it.
using LevelTable = std::array<std::vector<int>, kMaxOperands>;

bool addLevels(const Nest& nest, const hardware::Core& core, Machine& machine, LevelTable& table,
               Diagnostics& diagnostics) {
    for (std::size_t op = 0; op < nest.operands.size(); ++op) {
        const MemoryOperand role = nest.operands[op].role;
        const std::vector<MemoryIndex> levels = core.levels(role);
        table[op].assign(core.memories.size(), -1);
        if (levels.empty()) {
            diagnostics.infeasible({}, fmt::format("layer '{}': core '{}' has no memory for {} (operand {})", nest.name,
                                                   core.name, hardware::name(role), nest.operands[op].name));
            return false;
        }
        if (levels.size() > kMaxLevels) {
            diagnostics.error({}, fmt::format("core '{}' has {} memory levels for {}; the cost model takes {}",
                                              core.name, levels.size(), hardware::name(role), kMaxLevels));
            return false;
        }
        machine.levels[op] = levels.size();
        for (std::size_t i = 0; i < levels.size(); ++i) {
            machine.level[op][i] = levelOf(nest, core.memories[levels[i]], levels[i], role);
            table[op][levels[i]] = static_cast<int>(i);
        }
    }
    return true;
}

void addNodes(const Nest& nest, const hardware::Core& core, Machine& machine, const LevelTable& table) {
    for (const MemoryIndex index : core.memoryOrder()) {
        Machine::Node node;
        node.memory = index;
        node.size = static_cast<double>(core.memories[index].size.value());
        for (const MemoryOperand role : core.memories[index].operands) {
            const auto op = operandOf(nest, role);
            if (!op || node.count == kMaxOperands) continue;
            const int level = table[*op][index];
            node.operand[node.count] = static_cast<std::uint8_t>(*op);
            node.level[node.count] = static_cast<std::uint8_t>(level);
            node.top[node.count] = static_cast<std::size_t>(level) + 1 == machine.levels[*op];
            ++node.count;
        }
        if (node.count > 0) machine.nodes.push_back(node);
    }
}

void addPort(const Nest& nest, const hardware::Core& core, MemoryIndex memory, std::size_t index, Machine& machine,
             const LevelTable& table) {
    const hardware::Port& port = core.memories[memory].ports[index];
    Machine::Port made;
    made.memory = memory;
    made.index = index;
    made.bandwidth = static_cast<double>(port.bandwidthMax);
    bool first = false;
    bool second = false;
    for (const hardware::PortUse& use : port.uses) {
        const auto op = operandOf(nest, use.operand);
        if (!op || table[*op][memory] < 0 || made.links.size() == kMaxLinksOfPort) continue;
        first = first || use.operand == MemoryOperand::I1;
        second = second || use.operand == MemoryOperand::I2;
        const auto level = static_cast<std::size_t>(table[*op][memory]);
        const bool high = use.direction == Direction::th || use.direction == Direction::fh;
        const bool ofOutput = use.direction == Direction::fl || use.direction == Direction::th;
        if ((high && level + 1 == machine.levels[*op]) || (ofOutput && *op != 0)) continue;
        made.links.push_back({static_cast<std::uint8_t>(*op), static_cast<std::uint8_t>(level), use.direction});
    }
    made.shared = first && second;
    if (!made.links.empty() && port.bandwidthMax > 0) machine.ports.push_back(std::move(made));
}

}  // namespace

std::optional<Machine> machineOf(const Nest& nest, const hardware::Core& core, Diagnostics& diagnostics) {
    Machine machine;
    LevelTable table;
    machine.operands = nest.operands.size();
    machine.unitEnergy = core.array.unitEnergy;
    machine.units = core.array.units();
    machine.corrections = nest.corrections;
    machine.imc = imcArrayOf(core);
    if (machine.imc) machine.cyclesPerOperation = machine.imc->cyclesPerOperation();
    if (machine.units < 1) {
        diagnostics.infeasible({},
                               fmt::format("layer '{}': core '{}' has no array to compute with", nest.name, core.name));
        return std::nullopt;
    }
    if (!addLevels(nest, core, machine, table, diagnostics)) return std::nullopt;
    addNodes(nest, core, machine, table);
    for (const MemoryIndex memory : core.memoryOrder()) {
        for (std::size_t i = 0; i < core.memories[memory].ports.size(); ++i)
            addPort(nest, core, memory, i, machine, table);
    }
    return machine;
}

}  // namespace millrace::cost
