#include <algorithm>

#include "hardware/chip.h"

namespace millrace::hardware {
namespace {

/// For each memory, its level for each operand: the number of earlier memories that hold the operand.
std::vector<std::size_t> highestLevels(const std::vector<Memory>& memories) {
    std::vector<std::size_t> highest(memories.size(), 0);
    for (const MemoryOperand operand : kMemoryOperands) {
        std::size_t level = 0;
        for (MemoryIndex i = 0; i < memories.size(); ++i) {
            if (memories[i].serves(operand)) highest[i] = std::max(highest[i], level++);
        }
    }
    return highest;
}

/// Edges from the memories below `memory` for one operand: of the earlier ones that hold it, those whose highest level
/// over all their operands is largest.
std::vector<MemoryIndex> below(const std::vector<Memory>& memories, const std::vector<std::size_t>& highest,
                               MemoryIndex memory, MemoryOperand operand) {
    std::vector<MemoryIndex> result;
    for (MemoryIndex i = 0; i < memory; ++i) {
        if (!memories[i].serves(operand)) continue;
        if (!result.empty() && highest[i] > highest[result.front()]) result.clear();
        if (result.empty() || highest[i] == highest[result.front()]) result.push_back(i);
    }
    return result;
}

}  // namespace

std::vector<MemoryIndex> Core::memoryOrder() const {
    const std::vector<std::size_t> highest = highestLevels(memories);
    std::vector<std::vector<MemoryIndex>> above(memories.size());
    std::vector<std::size_t> waiting(memories.size(), 0);
    for (MemoryIndex i = 0; i < memories.size(); ++i) {
        for (const MemoryOperand operand : memories[i].operands) {
            for (const MemoryIndex lower : below(memories, highest, i, operand)) {
                if (std::find(above[lower].begin(), above[lower].end(), i) != above[lower].end()) continue;
                above[lower].push_back(i);
                ++waiting[i];
            }
        }
    }
    std::vector<MemoryIndex> order;
    for (MemoryIndex i = 0; i < memories.size(); ++i) {
        if (waiting[i] == 0) order.push_back(i);
    }
    for (std::size_t next = 0; next < order.size(); ++next) {
        for (const MemoryIndex higher : above[order[next]]) {
            if (--waiting[higher] == 0) order.push_back(higher);
        }
    }
    return order;
}

std::vector<MemoryIndex> Core::levels(MemoryOperand operand) const {
    std::vector<MemoryIndex> result = memoryOrder();
    std::erase_if(result, [&](MemoryIndex i) { return !memories[i].serves(operand); });
    return result;
}

std::int64_t Core::instances(MemoryIndex memory) const {
    const std::vector<std::size_t>& served = memories[memory].servedDimensions;
    OperationalArray unserved;
    for (std::size_t d = 0; d < array.dimensions.size(); ++d) {
        if (std::find(served.begin(), served.end(), d) == served.end())
            unserved.dimensions.push_back(array.dimensions[d]);
    }
    return std::max<std::int64_t>(1, unserved.units());
}

std::optional<MemoryIndex> Core::top(MemoryOperand operand) const {
    for (MemoryIndex i = memories.size(); i-- > 0;) {
        if (memories[i].serves(operand)) return i;
    }
    return std::nullopt;
}

}  // namespace millrace::hardware
