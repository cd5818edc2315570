#include "explore/mapper/describe.h"

#include <algorithm>

namespace millrace::mapper {
namespace {

using hardware::Direction;

using cost::kFh;
using cost::kFl;
using cost::kTh;
using cost::kTl;

class Description {
public:
    Description(const Request& request, const cost::Model& model, cost::Order order, const cost::Allocation& allocation)
        : request_(request),
          model_(model),
          machine_(model.machine()),
          order_(order),
          detail_(model.explain(order, allocation)) {}

    Mapping take() {
        addScore();
        addMemories();
        for (const cost::PortDetail& port : detail_.ports) mapping_.ports.push_back(portUse(port));
        for (std::size_t op = 1; op < machine_.operands; ++op) addLoads(op);
        addLoads(0);
        addLoops();
        return std::move(mapping_);
    }

private:
    void addScore() {
        mapping_.energy = detail_.score.energy;
        mapping_.arrayEnergy = detail_.arrayEnergy;
        if (machine_.imc) {
            mapping_.arrayParts = cost::imcEnergy(*machine_.imc, request_.nest, model_.spatial().chosen);
            (*mapping_.arrayParts)[cost::ImcPart::cells] = detail_.arrayEnergy - model_.arrayEnergy().constant;
        }
        mapping_.idealCycles = detail_.idealCycles;
        mapping_.spatialCycles = detail_.score.spatialCycles;
        mapping_.stallCycles = detail_.score.stall;
        mapping_.onloadCycles = detail_.score.onload;
        mapping_.offloadCycles = detail_.score.offload;
        mapping_.latency0 = detail_.score.latency0;
        mapping_.latency1 = detail_.score.latency1;
        mapping_.latency = detail_.score.latency2;
        mapping_.spatial = model_.spatial().chosen;
    }

    void addMemories() {
        mapping_.memoryEnergy.assign(request_.core.memories.size(), 0.0);
        for (std::size_t op = 0; op < machine_.operands; ++op) {
            for (std::size_t m = 0; m < machine_.levels[op]; ++m) {
                const cost::Machine::Level& level = machine_.level[op][m];
                const std::array<double, 4>& accesses = detail_.accesses[op][m];
                mapping_.traffic.push_back({op, level.memory, accesses});
                mapping_.memoryEnergy[level.memory] +=
                    (accesses[kTh] * level.readCost + accesses[kTl] * level.readCost) +
                    (accesses[kFh] * level.writeCost + accesses[kFl] * level.writeCost);
                Tile& tile = mapping_.tiles.emplace_back();
                tile.operand = op;
                tile.memory = level.memory;
                tile.bits = detail_.tileBits[op][m + 1];
                tile.residentBits = detail_.residentBits[op][m + 1];
                tile.doubleBuffered = detail_.doubleBuffer[op][m + 1];
                tile.instances = model_.spatial().fractional.level[op][m + 1].instances;
            }
        }
        for (Tile& tile : mapping_.tiles) tile.filled = filled(tile.memory);
    }

    double filled(hardware::MemoryIndex memory) const {
        double bits = 0;
        for (const Tile& tile : mapping_.tiles) {
            if (tile.memory == memory) bits += tile.residentBits * (tile.doubleBuffered ? 2 : 1);
        }
        return bits / static_cast<double>(request_.core.memories[memory].size.value());
    }

    std::optional<hardware::MemoryIndex> otherEnd(const cost::Machine::Link& link) const {
        const bool high = link.direction == Direction::th || link.direction == Direction::fh;
        if (!high && link.level == 0) return std::nullopt;
        return machine_.level[link.operand][high ? link.level + 1u : link.level - 1u].memory;
    }

    PortUse portUse(const cost::PortDetail& port) const {
        const cost::Machine::Port& place = machine_.ports[port.port];
        PortUse use{place.memory, place.index, 0, port.available, port.stall, {}};
        for (const cost::Movement& from : port.movements) {
            const cost::Activity& activity = from.activity;
            Movement& movement = use.movements.emplace_back();
            movement.operand = from.link.operand;
            movement.direction = from.link.direction;
            movement.other = otherEnd(from.link);
            movement.bits = from.bits;
            movement.cycles = activity.real;
            movement.allowed = activity.allowed;
            movement.period = activity.period;
            movement.count = activity.count;
            movement.outside = activity.outside;
            movement.doubleBuffered = from.doubleBuffered;
            use.needed += movement.needed();
        }
        // A movement alone has its windows to itself, the first one left out.
        if (use.movements.size() == 1) use.available = use.needed - use.stall;
        return use;
    }

    void addLoads(std::size_t op) {
        for (std::size_t m = 0; m + 1 < machine_.levels[op]; ++m) {
            const auto& low = detail_.loadCycles[op][m];
            const auto& high = detail_.loadCycles[op][m + 1];
            const hardware::MemoryIndex inner = machine_.level[op][m].memory;
            const hardware::MemoryIndex outer = machine_.level[op][m + 1].memory;
            if (op == 0) {
                mapping_.loads.push_back({op, inner, outer, std::max(low[kTh], high[kFl])});
            } else {
                mapping_.loads.push_back({op, outer, inner, std::max(low[kFh], high[kTl])});
            }
        }
    }

    /// The memory level that holds a loop.
    std::size_t levelOf(std::size_t op, std::size_t loop) const {
        std::size_t level = 0;
        while (level + 1 < machine_.levels[op] && loop >= detail_.merged.cut[op][level + 1]) ++level;
        return level;
    }

    void addLoops() {
        for (std::size_t i = 0; i < order_.size(); ++i) {
            MappedLoop loop{request_.nest.dims[order_[i].dim].name, order_[i].factor, {}};
            for (std::size_t op = 0; op < machine_.operands; ++op)
                loop.memory.push_back(machine_.level[op][levelOf(op, i)].memory);
            mapping_.loops.push_back(std::move(loop));
        }
    }

    const Request& request_;
    const cost::Model& model_;
    const cost::Machine& machine_;
    cost::Order order_;
    const cost::Detail detail_;
    Mapping mapping_;
};

}  // namespace

Mapping describe(const Request& request, const cost::Model& model, cost::Order order,
                 const cost::Allocation& allocation) {
    return Description(request, model, order, allocation).take();
}

}  // namespace millrace::mapper
