#include "hardware/offchip.h"

#include <algorithm>

namespace millrace::hardware {
namespace {

/// The widest port that moves any operand in the direction.
std::int64_t widest(const Core& core, Direction direction) {
    std::int64_t result = 0;
    for (const MemoryOperand operand : kMemoryOperands) {
        const auto top = core.top(operand);
        if (!top) continue;
        for (const Port& port : core.memories[*top].ports) {
            const bool carries = std::any_of(port.uses.begin(), port.uses.end(), [&](const PortUse& use) {
                return use.operand == operand && use.direction == direction;
            });
            if (carries) result = std::max(result, port.bandwidthMax);
        }
    }
    return result;
}

bool hasSinglePort(const Core& core) {
    const auto top = core.top(MemoryOperand::O);
    return top && core.top(MemoryOperand::I1) == top && core.top(MemoryOperand::I2) == top &&
           core.memories[*top].ports.size() == 1 && core.memories[*top].ports[0].type == PortType::readWrite;
}

}  // namespace

void addOffchipLinks(Chip& chip, double energyPerCycle) {
    const Core& offchip = chip.cores[chip.offchip];
    Link link;
    link.bus = true;
    link.cores = chip.cores.ids();
    link.hub = chip.offchip;
    const auto add = [&](const char* name, HubTransfers transfers, Direction direction) {
        link.name = name;
        link.hubTransfers = transfers;
        link.bandwidth = widest(offchip, direction);
        link.energyPerBit = energyPerCycle / static_cast<double>(std::max<std::int64_t>(1, link.bandwidth));
        chip.links.add(link);
    };
    if (hasSinglePort(offchip)) {
        add("any <-> offchip", HubTransfers::both, Direction::tl);
    } else {
        add("offchip -> any", HubTransfers::fromHub, Direction::tl);
        add("any -> offchip", HubTransfers::toHub, Direction::fl);
    }
}

std::optional<Core> splitOffchip(Core& core) {
    const auto top = core.top(MemoryOperand::O);
    for (const MemoryOperand operand : kMemoryOperands) {
        if (core.top(operand) != top || core.levels(operand).size() < 2) return std::nullopt;
    }
    Core offchip;
    offchip.name = core.memories[*top].name;
    offchip.file = core.file;
    offchip.array.dimensions = {{"D1", 0}};
    offchip.memories.push_back(std::move(core.memories[*top]));
    offchip.memories.front().servedDimensions = {0};
    core.memories.erase(core.memories.begin() + static_cast<std::ptrdiff_t>(*top));
    return offchip;
}

}  // namespace millrace::hardware
