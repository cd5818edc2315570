#include "hardware/chip.h"

#include <algorithm>
#include <limits>

namespace millrace::hardware {
namespace {

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

std::string_view name(MemoryOperand operand) {
    switch (operand) {
        case MemoryOperand::I1: return "I1";
        case MemoryOperand::I2: return "I2";
        case MemoryOperand::O: return "O";
    }
    return "?";
}

std::string_view name(Direction direction) {
    switch (direction) {
        case Direction::tl: return "tl";
        case Direction::fl: return "fl";
        case Direction::th: return "th";
        case Direction::fh: return "fh";
    }
    return "?";
}

bool Memory::serves(MemoryOperand operand) const { return contains(operands, operand); }

const Port* Memory::port(MemoryOperand operand, Direction direction) const {
    for (const Port& candidate : ports) {
        if (contains(candidate.uses, PortUse{operand, direction})) return &candidate;
    }
    return nullptr;
}

static std::int64_t widestPort(const std::vector<Port>& ports, PortType except) {
    std::int64_t widest = 1;
    for (const Port& port : ports) {
        if (port.type != except) widest = std::max(widest, port.bandwidthMax);
    }
    return widest;
}

std::int64_t Memory::readWidth() const { return widestPort(ports, PortType::write); }

std::int64_t Memory::writeWidth() const { return widestPort(ports, PortType::read); }

std::int64_t OperationalArray::units() const {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    std::int64_t product = 1;
    for (const ArrayDimension& dimension : dimensions) {
        if (dimension.size <= 0) return 0;
        product = product > kMost / dimension.size ? kMost : product * dimension.size;
    }
    return product;
}

bool Link::connects(CoreId from, CoreId to) const {
    if (from == to) return false;
    if (!bus) return cores.size() == 2 && cores[0] == from && cores[1] == to;
    if (!contains(cores, from) || !contains(cores, to)) return false;
    if (!hub.valid()) return true;
    return (from == hub && hubTransfers != HubTransfers::toHub) || (to == hub && hubTransfers != HubTransfers::fromHub);
}

std::vector<CoreId> Chip::computeCores() const {
    std::vector<CoreId> result;
    for (const CoreId id : cores.ids()) {
        if (!isOffchip(id)) result.push_back(id);
    }
    return result;
}

}  // namespace millrace::hardware
