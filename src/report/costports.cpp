#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/columns.h"
#include "report/costdetail.h"
#include "report/text.h"

namespace millrace::report {
namespace {

using hardware::Direction;
using mapper::Movement;
using mapper::PortUse;

constexpr std::size_t kWidth = 120;

bool reads(Direction direction) { return direction == Direction::tl || direction == Direction::th; }
bool isHigh(Direction direction) { return direction == Direction::th || direction == Direction::fh; }

std::string shareText(double share) { return share > 0 && share < 0.0095 ? "<1 %" : percent(share); }

std::string bitsText(double bits) { return fmt::format("{} bit", halvesText(bits)); }

double moved(const Movement& movement) { return movement.bits * static_cast<double>(movement.count); }

std::string movedText(double bits) { return sizeText(Bits(static_cast<std::int64_t>(bits))); }

/// The tile that a movement fills or empties; null for the array's own inputs and outputs.
const mapper::Tile* replaced(const Mapped& mapped, const PortUse& port, const Movement& movement) {
    const auto memory = isHigh(movement.direction) ? std::optional(port.memory) : movement.other;
    for (const mapper::Tile& tile : mapped.mapping.tiles) {
        if (tile.operand == movement.operand && tile.memory == memory) return &tile;
    }
    return nullptr;
}

/// Why a movement may not use all of its period.
std::string windowText(const Mapped& mapped, const PortUse& port, const Movement& movement) {
    const mapper::Tile* tile = replaced(mapped, port, movement);
    if (tile == nullptr) return "the array buffers nothing";
    const hardware::Memory& memory = mapped.core.memories[tile->memory];
    return fmt::format("single buffered: {} is {} full, another {} do not fit", elide(memory.name, 30),
                       shareText(tile->filled), movedText(tile->residentBits));
}

std::string everyText(std::int64_t period) {
    return period == 1 ? "in every cycle" : fmt::format("in every {} cycles", countText(period));
}

std::string cycleText(std::int64_t cycles) {
    return fmt::format("{} cycle{}", countText(cycles), cycles == 1 ? "" : "s");
}

std::string timesText(std::int64_t count) { return count == 1 ? "once" : countText(count) + " times"; }

std::string movementLine(const Mapped& mapped, const PortUse& port, const Movement& movement) {
    std::string text =
        fmt::format("{}: {} for {} {}, {}", movementText(mapped, port, movement), cycleText(movement.cycles),
                    bitsText(movement.bits), everyText(movement.period), timesText(movement.count));
    if (movement.allowed < movement.period) {
        text += fmt::format("; allowed in {} of them ({})", countText(movement.allowed),
                            windowText(mapped, port, movement));
    }
    if (movement.overrun() > 0) {
        text += fmt::format(". {} too many each time, {} times: {}", cycleText(movement.cycles - movement.allowed),
                            countText(movement.count - movement.outside), cycleText(movement.overrun()));
    }
    return wrap(text, kWidth, 4, 6);
}

/// Is the output read, accumulated on and written back through this port, on its low or its high side?
bool accumulates(const PortUse& port) {
    const auto moves = [&](Direction direction) {
        return std::any_of(port.movements.begin(), port.movements.end(), [direction](const Movement& movement) {
            return movement.operand == 0 && movement.direction == direction;
        });
    };
    return (moves(Direction::tl) && moves(Direction::fl)) || (moves(Direction::th) && moves(Direction::fh));
}

std::string togetherText(const PortUse& port) {
    std::int64_t overrun = 0;
    for (const Movement& movement : port.movements) overrun += movement.overrun();
    const std::int64_t crowded = port.stall - overrun;
    if (port.movements.size() < 2 || crowded <= 0) return {};
    std::string text = fmt::format("{} needed{} in the {} cycles in which one of them is allowed: {} too many",
                                   cycleText(port.needed - overrun), overrun > 0 ? " inside of their windows" : "",
                                   countText(port.available), countText(crowded));
    if (overrun > 0) text += fmt::format("; {} in all", cycleText(port.stall));
    const bool shortest = std::all_of(port.movements.begin(), port.movements.end(), [](const Movement& movement) {
        return movement.needed() == 0 || movement.cycles == 1;
    });
    if (shortest) text += ". Each transfer takes a whole cycle, however wide the port is";
    return wrap("Together: " + text, kWidth, 4, 6);
}

std::string calmText(const Mapped& mapped) {
    const PortUse* busiest = nullptr;
    const auto load = [](const PortUse& port) {
        return static_cast<double>(port.needed) / static_cast<double>(std::max<std::int64_t>(port.available, 1));
    };
    for (const PortUse& port : mapped.mapping.ports) {
        if (busiest == nullptr || load(port) > load(*busiest)) busiest = &port;
    }
    if (busiest == nullptr || busiest->needed == 0) return wrap("No port makes the layer stall.", kWidth, 2, 2);
    return wrap(fmt::format("No port makes the layer stall. The busiest one, {}, needs {} of {} cycles ({}).",
                            portName(mapped.core, busiest->memory, busiest->port), countText(busiest->needed),
                            countText(busiest->available), shareText(load(*busiest))),
                kWidth, 2, 4);
}

}  // namespace

std::string portName(const hardware::Core& core, hardware::MemoryIndex memory, std::size_t port) {
    return fmt::format("{}.{}", elide(core.memories[memory].name, 30),
                       elide(core.memories[memory].ports[port].name, 30));
}

std::string movementText(const Mapped& mapped, const PortUse& port, const Movement& movement) {
    const std::string here = elide(mapped.core.memories[port.memory].name, 30);
    const std::string there = movement.other ? elide(mapped.core.memories[*movement.other].name, 30) : "array";
    const bool out = reads(movement.direction);
    return fmt::format("{} {} -> {}", elide(mapped.nest.operands[movement.operand].name, 12), out ? here : there,
                       out ? there : here);
}

std::string memoriesTable(const Mapped& mapped) {
    using Align = Columns::Align;
    Columns rows({{"memory", Align::left, true},
                  {"holds", Align::left, true},
                  {"tile", Align::right},
                  {"of it", Align::right},
                  {"buffer"},
                  {"copies", Align::right},
                  {"read low", Align::right},
                  {"write low", Align::right},
                  {"read high", Align::right},
                  {"write high", Align::right},
                  {"energy", Align::right}});
    const mapper::Mapping& mapping = mapped.mapping;
    for (hardware::MemoryIndex i = 0; i < mapped.core.memories.size(); ++i) {
        const hardware::Memory& memory = mapped.core.memories[i];
        std::string name = fmt::format("{} ({})", clean(memory.name), sizeText(memory.size));
        for (std::size_t k = 0; k < mapping.tiles.size() && k < mapping.traffic.size(); ++k) {
            const mapper::Tile& tile = mapping.tiles[k];
            if (tile.memory != i) continue;
            const std::array<double, 4>& accesses = mapping.traffic[k].accesses;
            const double energy =
                (accesses[2] + accesses[0]) * memory.readCost + (accesses[3] + accesses[1]) * memory.writeCost;
            rows.add({std::exchange(name, ""), clean(mapped.nest.operands[tile.operand].name), movedText(tile.bits),
                      shareText(tile.bits / static_cast<double>(memory.size.value())),
                      tile.doubleBuffered ? "double" : shareText(tile.filled) + " full", shortCount(tile.instances),
                      shortCount(accesses[0]), shortCount(accesses[1]), shortCount(accesses[2]),
                      shortCount(accesses[3]), energyText(Picojoules(energy))});
        }
    }
    return rows.text(kWidth);
}

std::string portsTable(const Mapped& mapped) {
    using Align = Columns::Align;
    Columns rows({{"port, and what moves over it", Align::left, true},
                  {"bit", Align::right},
                  {"moved", Align::right},
                  {"cycles", Align::right},
                  {"allowed", Align::right},
                  {"of every", Align::right},
                  {"times", Align::right},
                  {"needs", Align::right},
                  {"has", Align::right},
                  {"stall", Align::right}});
    const auto number = [](std::int64_t value) { return shortCount(static_cast<double>(value)); };
    for (const PortUse& port : mapped.mapping.ports) {
        double bits = 0;
        for (const Movement& movement : port.movements) bits += moved(movement);
        const std::int64_t width = mapped.core.memories[port.memory].ports[port.port].bandwidthMax;
        rows.add({portName(mapped.core, port.memory, port.port), number(width), movedText(bits), "", "", "", "",
                  number(port.needed), number(port.available), number(port.stall)});
        for (const Movement& movement : port.movements) {
            rows.add({"  " + movementText(mapped, port, movement), shortCount(movement.bits),
                      movedText(moved(movement)), number(movement.cycles), number(movement.allowed),
                      number(movement.period), number(movement.count), number(movement.needed()), "", ""});
        }
    }
    return rows.text(kWidth);
}

std::string stallText(const Mapped& mapped) {
    const PortUse* port = mapped.mapping.decidingPort();
    if (port == nullptr) return calmText(mapped);
    const std::int64_t width = mapped.core.memories[port->memory].ports[port->port].bandwidthMax;
    std::string text = wrap(fmt::format("{} stalled by port {} of {} bit a cycle:", cycleText(port->stall),
                                        portName(mapped.core, port->memory, port->port), countText(width)),
                            kWidth, 2, 4);
    for (const Movement& movement : port->movements) {
        if (movement.needed() > 0) text += movementLine(mapped, *port, movement);
    }
    if (accumulates(*port)) {
        text += wrap(fmt::format("Partial sums of {} are read, added to and written back through this one port.",
                                 elide(mapped.nest.operands[0].name, 12)),
                     kWidth, 4, 6);
    }
    return text + togetherText(*port);
}

}  // namespace millrace::report
