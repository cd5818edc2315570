#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "explore/explore.h"

/// The parts of the reports of `millrace cost` that say why a layer costs what it does.
namespace millrace::report {

/// A costed layer with all that its indices refer to.
struct Mapped {
    explicit Mapped(const explore::CoreLayer& layer) : core(layer.core), nest(layer.nest), mapping(*layer.mapping) {}

    const hardware::Core& core;
    const cost::Nest& nest;
    const mapper::Mapping& mapping;
};

/// "sram.r_port_1".
std::string portName(const hardware::Core& core, hardware::MemoryIndex memory, std::size_t port);
/// "I sram -> array".
std::string movementText(const Mapped& mapped, const mapper::PortUse& port, const mapper::Movement& movement);

/// A row for each memory and operand: tile, share of the memory, buffering, accesses by direction, energy.
std::string memoriesTable(const Mapped& mapped);
/// A row for each port, and below it a row for each movement over it.
std::string portsTable(const Mapped& mapped);
/// Sentences: which port makes the layer stall, and why; or that none does.
std::string stallText(const Mapped& mapped);

/// Adds the keys with loops, memories, ports, loads, the runner-up and what would help to a layer's entry.
void addDetail(nlohmann::ordered_json& json, const explore::CoreLayer& layer);

}  // namespace millrace::report
