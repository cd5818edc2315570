#include "report/costdetail.h"

#include <nlohmann/json.hpp>

#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

using Json = nlohmann::ordered_json;
using hardware::Direction;

class Writer {
public:
    explicit Writer(const Mapped& mapped) : core_(mapped.core), nest_(mapped.nest), mapping_(mapped.mapping) {}

    Json operands() const {
        Json list = Json::array();
        for (const cost::Operand& operand : nest_.operands) list.push_back(clean(operand.name));
        return list;
    }

    Json loops() const {
        Json list = Json::array();
        for (const mapper::MappedLoop& loop : mapping_.loops) {
            Json memories = Json::array();
            for (const hardware::MemoryIndex memory : loop.memory) memories.push_back(name(memory));
            list.push_back({{"dim", clean(loop.dim)}, {"size", loop.size}, {"memories", std::move(memories)}});
        }
        return list;
    }

    Json memories() const {
        Json list = Json::array();
        for (std::size_t i = 0; i < mapping_.tiles.size() && i < mapping_.traffic.size(); ++i) {
            const mapper::Tile& tile = mapping_.tiles[i];
            const hardware::Memory& memory = core_.memories[tile.memory];
            Json entry;
            entry["memory"] = name(tile.memory);
            entry["operand"] = operand(tile.operand);
            entry["capacity_bits"] = memory.size.value();
            entry["tile_bits"] = tile.bits;
            entry["resident_bits"] = tile.residentBits;
            entry["double_buffered"] = tile.doubleBuffered;
            entry["filled_share"] = tile.filled;
            entry["instances"] = tile.instances;
            for (const Direction direction : hardware::kDirections) {
                const auto d = static_cast<std::size_t>(direction);
                const bool read = direction == Direction::tl || direction == Direction::th;
                const double accesses = mapping_.traffic[i].accesses[d];
                entry["accesses"][std::string(hardware::name(direction))] = accesses;
                entry["energy_pj"][std::string(hardware::name(direction))] =
                    accesses * (read ? memory.readCost : memory.writeCost);
            }
            list.push_back(std::move(entry));
        }
        return list;
    }

    Json ports() const {
        Json list = Json::array();
        for (const mapper::PortUse& use : mapping_.ports) {
            const hardware::Port& port = core_.memories[use.memory].ports[use.port];
            Json entry;
            entry["memory"] = name(use.memory);
            entry["port"] = clean(port.name);
            entry["bandwidth_bits_per_cycle"] = port.bandwidthMax;
            entry["needed_cycles"] = use.needed;
            entry["available_cycles"] = use.available;
            entry["stall_cycles"] = use.stall;
            entry["movements"] = Json::array();
            for (const mapper::Movement& movement : use.movements)
                entry["movements"].push_back(movementJson(use, movement));
            list.push_back(std::move(entry));
        }
        return list;
    }

    Json loads() const {
        Json list = Json::array();
        for (const mapper::Load& load : mapping_.loads) {
            list.push_back({{"operand", operand(load.operand)},
                            {"from", name(load.from)},
                            {"to", name(load.to)},
                            {"cycles", load.cycles}});
        }
        return list;
    }

    Json runnerUp() const {
        if (!mapping_.runnerUp) return {};
        return {{"energy_pj", mapping_.runnerUp->energy},
                {"latency_cycles", mapping_.runnerUp->latency},
                {"spatial_mapping", mapper::spatialText(mapping_.runnerUp->spatial)},
                {"temporal_mapping", mapper::temporalText(mapping_.runnerUp->loops)}};
    }

    Json help(const mapper::Sensitivity& sensitivity) const {
        Json json;
        json["tried"] = sensitivity.tried;
        json["gains"] = Json::array();
        for (const mapper::Change& change : sensitivity.gains) {
            Json entry;
            if (change.kind == mapper::Change::Kind::array) {
                entry["change"] = "array";
                entry["dimension"] = clean(core_.array.dimensions[change.dimension].name);
            } else {
                const bool port = change.kind == mapper::Change::Kind::port;
                entry["change"] = port ? "port" : "memory";
                entry["memory"] = name(change.memory);
                if (port) entry["port"] = clean(core_.memories[change.memory].ports[change.port].name);
            }
            entry["energy_pj"] = change.energy;
            entry["latency_cycles"] = change.latency;
            json["gains"].push_back(std::move(entry));
        }
        return json;
    }

private:
    std::string name(hardware::MemoryIndex memory) const { return clean(core_.memories[memory].name); }
    std::string operand(std::size_t index) const { return clean(nest_.operands[index].name); }

    /// From and to are null for the array.
    Json movementJson(const mapper::PortUse& use, const mapper::Movement& movement) const {
        const bool out = movement.direction == Direction::tl || movement.direction == Direction::th;
        const Json here = name(use.memory);
        const Json there = movement.other ? Json(name(*movement.other)) : Json();
        Json entry;
        entry["operand"] = operand(movement.operand);
        entry["direction"] = std::string(hardware::name(movement.direction));
        entry["from"] = out ? here : there;
        entry["to"] = out ? there : here;
        entry["bits"] = movement.bits;
        entry["cycles"] = movement.cycles;
        entry["allowed_cycles"] = movement.allowed;
        entry["period_cycles"] = movement.period;
        entry["count"] = movement.count;
        entry["outside"] = movement.outside;
        entry["double_buffered"] = movement.doubleBuffered;
        return entry;
    }

    const hardware::Core& core_;
    const cost::Nest& nest_;
    const mapper::Mapping& mapping_;
};

}  // namespace

void addDetail(Json& json, const explore::CoreLayer& layer) {
    const Writer writer{Mapped(layer)};
    json["operands"] = writer.operands();
    json["loops"] = writer.loops();
    json["memories"] = writer.memories();
    json["ports"] = writer.ports();
    json["loads"] = writer.loads();
    json["runner_up"] = writer.runnerUp();
    if (layer.sensitivity) json["what_helps"] = writer.help(*layer.sensitivity);
}

}  // namespace millrace::report
