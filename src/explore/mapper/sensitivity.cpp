#include "explore/mapper/sensitivity.h"

#include <algorithm>
#include <limits>

namespace millrace::mapper {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;

void twice(std::int64_t& value) { value = value < kMost ? 2 * value : value; }

class Trial {
public:
    Trial(const Request& request, const Mapping& base, Cache& cache) : request_(request), base_(base), cache_(cache) {}

    Sensitivity run() {
        for (hardware::MemoryIndex i = 0; i < request_.core.memories.size(); ++i) {
            if (usesMemory(i)) tryMemory(i);
        }
        for (hardware::MemoryIndex i = 0; i < request_.core.memories.size(); ++i) {
            if (usesMemory(i)) tryPorts(i);
        }
        for (std::size_t d = 0; d < request_.core.array.dimensions.size(); ++d) {
            if (isSearched(d)) tryDimension(d);
        }
        const auto cost = [this](const Change& change) {
            return objectiveOf(request_.options.objective, change.energy, change.latency);
        };
        std::stable_sort(result_.gains.begin(), result_.gains.end(),
                         [&](const Change& a, const Change& b) { return cost(a) < cost(b); });
        return std::move(result_);
    }

private:
    bool usesMemory(hardware::MemoryIndex memory) const {
        return std::any_of(base_.tiles.begin(), base_.tiles.end(),
                           [memory](const Tile& tile) { return tile.memory == memory; });
    }

    bool isSearched(std::size_t dimension) const {
        return std::none_of(request_.spatial.begin(), request_.spatial.end(),
                            [dimension](const hardware::Dataflow& flow) { return flow.dimension == dimension; });
    }

    void tryMemory(hardware::MemoryIndex memory) {
        hardware::Core core = request_.core;
        std::int64_t bits = core.memories[memory].size.value();
        twice(bits);
        core.memories[memory].size = Bits(bits);
        ask(core, {Change::Kind::memory, memory});
    }

    /// Also ports that the base mapping leaves idle: another one may want them.
    void tryPorts(hardware::MemoryIndex memory) {
        for (std::size_t port = 0; port < request_.core.memories[memory].ports.size(); ++port) {
            hardware::Core core = request_.core;
            twice(core.memories[memory].ports[port].bandwidthMax);
            ask(core, {Change::Kind::port, memory, port});
        }
    }

    void tryDimension(std::size_t dimension) {
        hardware::Core core = request_.core;
        twice(core.array.dimensions[dimension].size);
        ask(core, {Change::Kind::array, 0, 0, dimension});
    }

    void ask(const hardware::Core& core, Change change) {
        ++result_.tried;
        Diagnostics ignored;
        const Request request{
            request_.nest,    core,           request_.spatial, request_.spatialHint, request_.temporal,
            request_.options, request_.limits};
        const auto mapping = cache_.map(request, ignored);
        if (!mapping) return;
        // A search that was stopped says nothing about the core.
        if (mapping->certificate && !mapping->certificate->optimal) return;
        change.energy = mapping->energy;
        change.latency = mapping->latency;
        const auto cost = [this](double energy, double latency) {
            return objectiveOf(request_.options.objective, energy, latency);
        };
        if (cost(change.energy, change.latency) < cost(base_.energy, base_.latency)) result_.gains.push_back(change);
    }

    const Request& request_;
    const Mapping& base_;
    Cache& cache_;
    Sensitivity result_;
};

}  // namespace

double objectiveOf(Objective objective, double energy, double latency) {
    if (objective == Objective::latency) return latency;
    return objective == Objective::energy ? energy : energy * latency;
}

Sensitivity sensitivity(const Request& request, const Mapping& base, Cache& cache) {
    return Trial(request, base, cache).run();
}

}  // namespace millrace::mapper
