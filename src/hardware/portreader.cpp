#include "hardware/portreader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hardware/corereader.h"
#include "hardware/quantity.h"

namespace millrace::hardware {
namespace {

constexpr std::int64_t kMostPorts = 64;

std::optional<Direction> directionNamed(std::string_view text) {
    for (const Direction direction : kDirections) {
        if (name(direction) == text) return direction;
    }
    return std::nullopt;
}

std::optional<PortUse> readUse(const yaml::Node& node, const std::string& what, Diagnostics& diagnostics) {
    const std::string subject = "an allocation of " + what;
    const auto pair = readNamedValue(node, subject, "'OPERAND, DIRECTION' such as 'I1, tl'", diagnostics);
    if (!pair) return std::nullopt;
    const auto operand = memoryOperandNamed(pair->name);
    const auto direction = directionNamed(pair->value.scalar);
    if (!operand) {
        diagnostics.error(node.where, fmt::format("{} names the operand '{}'", subject, pair->name),
                          "it must be I1, I2 or O");
    } else if (!direction) {
        diagnostics.error(pair->value.where, fmt::format("{} names the direction '{}'", subject, pair->value.scalar),
                          "it must be fh, tl, fl or th");
    }
    if (!operand || !direction) return std::nullopt;
    return PortUse{*operand, *direction};
}

std::optional<PortType> readType(yaml::MapReader& map, Diagnostics& diagnostics) {
    const auto type = map.text("type");
    if (!type) return std::nullopt;
    if (*type == "read") return PortType::read;
    if (*type == "write") return PortType::write;
    if (*type == "read_write") return PortType::readWrite;
    diagnostics.error(map.find("type")->where, fmt::format("the type of {} is '{}'", map.what(), *type),
                      "it must be read, write or read_write");
    return std::nullopt;
}

std::optional<std::int64_t> bandwidth(yaml::MapReader& map, std::string_view key, Diagnostics& diagnostics) {
    const yaml::Node* node = map.require(key);
    return node == nullptr ? std::nullopt
                           : readBandwidth(*node, fmt::format("'{}' of {}", key, map.what()), diagnostics);
}

void readListedPort(const yaml::Node& node, std::string_view memory, Memory& into, MemorySite& site,
                    Diagnostics& diagnostics) {
    const yaml::Node* label = node.find("name");
    const bool named = label != nullptr && label->isScalar();
    yaml::MapReader map(
        node, named ? fmt::format("port '{}' of {}", label->scalar, memory) : fmt::format("a port of {}", memory),
        diagnostics);
    if (!map.valid()) return;
    Port port;
    port.name = map.text("name").value_or("");
    port.type = readType(map, diagnostics).value_or(PortType::readWrite);
    const auto most = bandwidth(map, "bandwidth_max", diagnostics);
    port.bandwidthMax = most.value_or(0);
    port.bandwidthMin = map.find("bandwidth_min") == nullptr ? port.bandwidthMax
                                                             : bandwidth(map, "bandwidth_min", diagnostics).value_or(0);
    PortSite portSite{node.where, {}};
    const yaml::Node* allocation = map.require("allocation");
    if (allocation != nullptr && !allocation->isSequence()) {
        diagnostics.error(allocation->where, fmt::format("'allocation' of {} must be a list, but is {}", map.what(),
                                                         allocation->describe()));
    } else if (allocation != nullptr) {
        for (const yaml::Node& item : allocation->items) {
            if (const auto use = readUse(item, map.what(), diagnostics)) {
                port.uses.push_back(*use);
                portSite.uses.push_back(item.where);
            }
        }
    }
    map.finish();
    if (port.uses.empty()) return;
    into.ports.push_back(std::move(port));
    site.ports.push_back(std::move(portSite));
}

/// The form in which a memory's ports are counted, and named by kind and number.
class CountedPorts {
public:
    CountedPorts(yaml::MapReader& map, const yaml::Node& ports, Diagnostics& diagnostics)
        : map_(map), ports_(ports), diagnostics_(diagnostics) {}

    void read(Memory& memory, MemorySite& site) {
        const std::size_t before = diagnostics_.failures();
        const std::int64_t readMax = width("r_bw", std::nullopt);
        const std::int64_t writeMax = width("w_bw", std::nullopt);
        const std::int64_t readMin = width("min_r_granularity", readMax);
        const std::int64_t writeMin = width("min_w_granularity", writeMax);
        add("r_port", PortType::read, readMin, readMax);
        add("w_port", PortType::write, writeMin, writeMax);
        if (add("rw_port", PortType::readWrite, readMin, readMax) > 0 && readMax != writeMax) {
            diagnostics_.warning(
                ports_.where,
                fmt::format("{}: a read_write port has one bandwidth, so r_bw {} counts and w_bw {} does not",
                            map_.what(), readMax, writeMax));
        }
        if (diagnostics_.failures() != before) return;
        readUses(memory);
        for (std::size_t i = 0; i < listed_.size(); ++i) {
            if (listed_[i].uses.empty()) continue;
            memory.ports.push_back(std::move(listed_[i]));
            site.ports.push_back(std::move(sites_[i]));
        }
    }

private:
    /// Optional if there is another value to take.
    std::int64_t width(std::string_view key, std::optional<std::int64_t> otherwise) {
        if (otherwise && map_.find(key) == nullptr) return *otherwise;
        return bandwidth(map_, key, diagnostics_).value_or(0);
    }

    /// Adds as many ports of a kind as the file counts, or, if it counts none of any kind, as it names.
    std::int64_t add(std::string_view key, PortType type, std::int64_t least, std::int64_t most) {
        const bool counted = map_.node().find("r_port") != nullptr || map_.node().find("w_port") != nullptr ||
                             map_.node().find("rw_port") != nullptr;
        std::int64_t count = map_.integer(key, counted ? 0 : highestNamed(key));
        if (count < 0 || count > kMostPorts) {
            const yaml::Node* node = map_.find(key);
            diagnostics_.error(
                node == nullptr ? ports_.where : node->where,
                fmt::format("'{}' of {} must be from 0 to {}, but is {}", key, map_.what(), kMostPorts, count));
            count = 0;
        }
        for (std::int64_t i = 1; i <= count; ++i) {
            listed_.push_back({fmt::format("{}_{}", key, i), type, least, most, {}});
            sites_.push_back({ports_.where, {}});
        }
        return count;
    }

    std::int64_t highestNamed(std::string_view key) const {
        std::int64_t highest = 0;
        for (const yaml::Node& item : ports_.items) {
            for (const auto& [direction, port] : item.entries) {
                const std::string_view text = port.scalar;
                if (!text.starts_with(key) || text.size() < key.size() + 2 || text[key.size()] != '_') continue;
                std::int64_t number = 0;
                std::from_chars(text.data() + key.size() + 1, text.data() + text.size(), number);
                highest = std::max(highest, number);
            }
        }
        return std::min(highest, kMostPorts);
    }

    void readUses(const Memory& memory) {
        if (ports_.items.size() != memory.operands.size()) {
            diagnostics_.error(ports_.where,
                               fmt::format("{} has {} entries in 'ports' for {} operands", map_.what(),
                                           ports_.items.size(), memory.operands.size()),
                               "give one entry for each operand, in the order of 'operands'");
            return;
        }
        for (std::size_t i = 0; i < memory.operands.size(); ++i) {
            const yaml::Node& item = ports_.items[i];
            if (!item.isMap()) {
                diagnostics_.error(item.where, fmt::format("an entry in 'ports' of {} must be a map, but is {}",
                                                           map_.what(), item.describe()));
                continue;
            }
            for (const auto& [direction, port] : item.entries) readCountedUse(memory.operands[i], direction, port);
        }
    }

    void readCountedUse(MemoryOperand operand, const yaml::Node& key, const yaml::Node& value) {
        const auto direction = directionNamed(key.scalar);
        if (!direction) {
            diagnostics_.error(key.where,
                               fmt::format("'ports' of {} names the direction '{}'", map_.what(), key.scalar),
                               "it must be fh, tl, fl or th");
            return;
        }
        const auto port = std::find_if(listed_.begin(), listed_.end(),
                                       [&](const Port& candidate) { return candidate.name == value.scalar; });
        if (port == listed_.end() || !value.isScalar()) {
            std::vector<std::string> names;
            for (const Port& candidate : listed_) names.push_back(candidate.name);
            diagnostics_.error(value.where, fmt::format("{} has no port '{}'", map_.what(), value.scalar),
                               fmt::format("r_port, w_port and rw_port count its ports: {}", fmt::join(names, ", ")));
            return;
        }
        port->uses.push_back({operand, *direction});
        sites_[static_cast<std::size_t>(port - listed_.begin())].uses.push_back(value.where);
    }

    yaml::MapReader& map_;
    const yaml::Node& ports_;
    Diagnostics& diagnostics_;
    std::vector<Port> listed_;
    std::vector<PortSite> sites_;
};

}  // namespace

void readPorts(yaml::MapReader& map, Memory& memory, MemorySite& site, Diagnostics& diagnostics) {
    const yaml::Node* ports = map.require("ports");
    if (ports == nullptr) return;
    if (!ports->isSequence()) {
        diagnostics.error(ports->where,
                          fmt::format("'ports' of {} must be a list, but is {}", map.what(), ports->describe()));
        return;
    }
    if (map.node().find("r_bw") != nullptr || map.node().find("w_bw") != nullptr) {
        CountedPorts(map, *ports, diagnostics).read(memory, site);
        return;
    }
    for (const yaml::Node& item : ports->items) readListedPort(item, map.what(), memory, site, diagnostics);
}

void dropRepeatedUses(Memory& memory, MemorySite& site) {
    for (std::size_t i = 0; i < memory.ports.size(); ++i) {
        std::vector<PortUse>& uses = memory.ports[i].uses;
        for (std::size_t k = uses.size(); k-- > 0;) {
            const bool later = std::any_of(
                memory.ports.begin() + static_cast<std::ptrdiff_t>(i) + 1, memory.ports.end(), [&](const Port& port) {
                    return std::find(port.uses.begin(), port.uses.end(), uses[k]) != port.uses.end();
                });
            if (!later) continue;
            uses.erase(uses.begin() + static_cast<std::ptrdiff_t>(k));
            site.ports[i].uses.erase(site.ports[i].uses.begin() + static_cast<std::ptrdiff_t>(k));
        }
    }
    for (std::size_t i = memory.ports.size(); i-- > 0;) {
        if (!memory.ports[i].uses.empty()) continue;
        memory.ports.erase(memory.ports.begin() + static_cast<std::ptrdiff_t>(i));
        site.ports.erase(site.ports.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

}  // namespace millrace::hardware
