#include "hardware/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/yaml.h"

namespace millrace::hardware {
namespace {

constexpr std::size_t kMostAliasedCores = 256;

std::string_view word(PortType type) {
    switch (type) {
        case PortType::read: return "read";
        case PortType::write: return "write";
        case PortType::readWrite: return "read_write";
    }
    return "read_write";
}

/// The largest unit that keeps the number whole.
std::string amount(std::int64_t bits) {
    if (bits % 8 != 0 || bits == 0) return fmt::format("{} bit", bits);
    std::int64_t value = bits / 8;
    std::string_view unit = "B";
    for (const std::string_view larger : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value % 1024 != 0) break;
        value /= 1024;
        unit = larger;
    }
    return fmt::format("{} {}", value, unit);
}

class Printer {
public:
    void line(std::string_view text) { out_ += std::string(2 * depth_, ' ').append(text).append("\n"); }
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        line(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
    }

    /// What `body` prints is indented.
    template <class Body>
    void indented(Body body) {
        ++depth_;
        body();
        --depth_;
    }

    void core(const Core& core) {
        line("name: {}", yaml::quote(core.name));
        line("memories:");
        indented([&] {
            for (const Memory& memory : core.memories) this->memory(core, memory);
        });
        array(core.array);
        if (!core.dataflows.empty()) dataflows(core);
        if (!core.operatorTypes.empty()) {
            std::vector<std::string> types;
            for (const std::string& type : core.operatorTypes) types.push_back(yaml::quote(type));
            line("operator_types: [{}]", fmt::join(types, ", "));
        }
    }

    void chip(const Chip& chip) {
        line("name: {}", yaml::quote(chip.name));
        cores(chip);
        if (!chip.links.empty()) line("links:");
        indented([&] {
            for (const Link& link : chip.links) this->link(chip, link);
        });
        const bool linked = std::any_of(chip.links.begin(), chip.links.end(), [&](const Link& link) {
            return std::find(link.cores.begin(), link.cores.end(), chip.offchip) != link.cores.end();
        });
        if (chip.offchip.valid() && !linked) line("automatic_offchip_links: false");
        if (!chip.sharedMemories.empty()) line("shared_memories:");
        indented([&] {
            for (const std::vector<CoreId>& group : chip.sharedMemories) line("- [{}]", ids(chip, group));
        });
    }

    std::string take() { return std::move(out_); }

private:
    void memory(const Core& core, const Memory& memory) {
        line("{}:", yaml::quote(memory.name));
        indented([&] {
            line("size: {}", amount(memory.size.value()));
            line("r_cost: {}", memory.readCost);
            line("w_cost: {}", memory.writeCost);
            if (memory.area != 0) line("area: {}", memory.area);
            line("latency: {}", memory.latency);
            if (memory.forceDoubleBuffering) line("force_double_buffering: true");
            std::vector<std::string_view> operands;
            for (const MemoryOperand operand : memory.operands) operands.push_back(name(operand));
            line("operands: [{}]", fmt::join(operands, ", "));
            line("ports:");
            indented([&] {
                for (const Port& port : memory.ports) this->port(port);
            });
            std::vector<std::string> served;
            for (const std::size_t dimension : memory.servedDimensions)
                served.push_back(core.array.dimensions[dimension].name);
            line("served_dimensions: [{}]", fmt::join(served, ", "));
        });
    }

    void port(const Port& port) {
        std::vector<std::string> uses;
        for (const PortUse& use : port.uses)
            uses.push_back(fmt::format("\"{}, {}\"", name(use.operand), name(use.direction)));
        line("- name: {}", yaml::quote(port.name));
        line("  type: {}", word(port.type));
        line("  bandwidth_min: {}", port.bandwidthMin);
        line("  bandwidth_max: {}", port.bandwidthMax);
        line("  allocation: [{}]", fmt::join(uses, ", "));
    }

    void array(const OperationalArray& array) {
        std::vector<std::string> names;
        std::vector<std::int64_t> sizes;
        for (const ArrayDimension& dimension : array.dimensions) {
            names.push_back(dimension.name);
            sizes.push_back(dimension.size);
        }
        line("operational_array:");
        indented([&] {
            line("dimensions: [{}]", fmt::join(names, ", "));
            line("sizes: [{}]", fmt::join(sizes, ", "));
            line("unit_energy: {}", array.unitEnergy);
            if (array.unitArea != 0) line("unit_area: {}", array.unitArea);
            if (!array.inMemoryComputing) return;
            const InMemoryComputing& imc = *array.inMemoryComputing;
            line("is_imc: true");
            line("imc_type: {}", imc.analog ? "analog" : "digital");
            line("input_precision: [{}, {}]", imc.activationBits, imc.weightBits);
            line("bit_serial_precision: {}", imc.bitSerialBits);
            line("adc_resolution: {}", imc.adcResolution);
        });
    }

    void dataflows(const Core& core) {
        line("dataflows:");
        indented([&] {
            for (const Dataflow& dataflow : core.dataflows) {
                std::vector<std::string> entries;
                for (const Unrolling& unrolling : dataflow.unrollings)
                    entries.push_back(fmt::format("\"{}, {}\"", unrolling.loop, unrolling.factor));
                line("{}: [{}]", core.array.dimensions[dataflow.dimension].name, fmt::join(entries, ", "));
            }
        });
    }

    void cores(const Chip& chip) {
        const bool last =
            chip.offchip.valid() && chip.offchip.index() + 1 == chip.cores.size() && chip.cores.size() > 1;
        line("cores:");
        std::vector<CoreId> printed;
        indented([&] {
            for (const CoreId id : chip.cores.ids()) {
                if (last && chip.isOffchip(id)) continue;
                const auto same = std::find_if(printed.begin(), printed.end(),
                                               [&](CoreId other) { return chip.cores[other] == chip.cores[id]; });
                if (same != printed.end() && chip.cores.size() <= kMostAliasedCores) {
                    line("{}: *core{}", id.index(), same->index());
                    continue;
                }
                printed.push_back(id);
                line("{}: &core{}", id.index(), id.index());
                indented([&] { core(chip.cores[id]); });
            }
        });
        if (last) {
            line("offchip_core:");
            indented([&] { core(chip.cores[chip.offchip]); });
        } else if (chip.offchip.valid()) {
            line("offchip_core_id: {}", chip.offchip.index());
        }
    }

    static std::string id(const Chip& chip, CoreId core) {
        return chip.isOffchip(core) ? "offchip" : std::to_string(core.index());
    }

    static std::string ids(const Chip& chip, const std::vector<CoreId>& cores) {
        std::vector<std::string> words;
        for (const CoreId core : cores) words.push_back(id(chip, core));
        return fmt::format("{}", fmt::join(words, ", "));
    }

    void link(const Chip& chip, const Link& link) {
        std::string ends;
        if (!link.bus) {
            ends = fmt::format("from: {}, to: {}", id(chip, link.cores[0]), id(chip, link.cores[1]));
        } else {
            ends = fmt::format("bus: [{}]", ids(chip, link.cores));
        }
        if (link.hub.valid()) ends += fmt::format(", hub: {}", id(chip, link.hub));
        if (link.hubTransfers != HubTransfers::both) {
            ends += link.hubTransfers == HubTransfers::toHub ? ", carries: to_hub" : ", carries: from_hub";
        }
        line("- {{name: {}, {}, bandwidth: {}, energy_per_bit: {}}}", yaml::quote(link.name), ends, link.bandwidth,
             link.energyPerBit);
    }

    std::string out_;
    std::size_t depth_ = 0;
};

}  // namespace

std::string printChip(const Chip& chip) {
    Printer printer;
    printer.chip(chip);
    return printer.take();
}

std::string printCore(const Core& core) {
    Printer printer;
    printer.core(core);
    return printer.take();
}

}  // namespace millrace::hardware
