#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explore/bounds/chain.h"
#include "explore/bounds/corefloor.h"
#include "explore/bounds/spread.h"
#include "explore/bounds/traffic.h"
#include "explore/mapping/mapping.h"
#include "explore/platform/result.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

/// Bounds for a search that decides where layers run: what does not depend on that is worked out once.
namespace millrace::bounds {

/// Floors of each layer on each core, and the bounds that follow for any choice of cores. Of layers for which nothing
/// is chosen all allowed cores count, so a choice never lowers a bound: free <= some layers fixed <= all fixed <= any
/// schedule that runs each tile of a layer on one of its cores. Layers may be cut in any way.
///
/// The workload and the chip must outlive it. Safe to ask from several threads.
class LayerBounds {
public:
    LayerBounds(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping);

    /// Least cycles of all of a layer on one core.
    double cycles(workload::LayerId layer, hardware::CoreId core) const;
    double cyclesPerOperation(workload::LayerId layer, hardware::CoreId core) const;
    /// Least pJ inside of the core for all of a layer on it.
    double energy(workload::LayerId layer, hardware::CoreId core) const;
    double energyPerOperation(workload::LayerId layer, hardware::CoreId core) const;

    /// Bounds when each layer runs on these cores: an entry for each layer, none or empty ones: any allowed ones.
    Cycles latency(const Allocation& allocation) const;
    Picojoules energy(const Allocation& allocation) const;
    /// All of them, with names.
    explore::Bounds bounds(const Allocation& allocation) const;

private:
    /// A layer on one kind of core.
    struct Floor {
        double cycles = 0;
        double cyclesByRate = 0;  ///< operations / peak rate
        std::optional<std::vector<std::int64_t>> spacing;
        CoreFloor energy;
    };
    /// A layer, wherever it runs.
    struct Facts {
        std::vector<hardware::CoreId> allowed;
        double operations = 0;
        bool cropped = false;
        std::array<double, cost::kMaxOperands> elements{};  ///< touched, by operand of the nest
        std::vector<Floor> floors;                          ///< by kind of core
    };

    void addCores();
    Facts factsOf(workload::LayerId id, const mapping::Mapping* mapping) const;
    const std::vector<hardware::CoreId>& coresOf(const Allocation& allocation, std::size_t layer) const;
    const Floor& floor(const Facts& facts, hardware::CoreId core) const { return facts.floors[kind_[core.index()]]; }
    double stepsOf(std::size_t layer, const std::vector<hardware::CoreId>& cores) const;
    Job jobOf(std::size_t layer, const std::vector<hardware::CoreId>& cores) const;
    std::vector<Job> jobsOf(const Allocation& allocation) const;
    std::vector<Ends> endsOf(const Allocation& allocation) const;
    std::vector<std::size_t> memories(const Allocation& allocation, workload::LayerId layer,
                                      hardware::MemoryOperand role) const;
    double chain(const Allocation& allocation, const std::vector<Job>& jobs) const;
    double arrayEnergy(const Allocation& allocation) const;
    double coreMemoryEnergy(const Allocation& allocation) const;
    double transferEnergy(const std::vector<Ends>& ends, bool offchip) const;
    void addLatency(const Allocation& allocation, const std::vector<Ends>& ends, explore::Bounds& bounds) const;
    void addEnergy(const Allocation& allocation, const std::vector<Ends>& ends, explore::Bounds& bounds) const;
    void addOffchip(const std::vector<Ends>& ends, explore::Bounds& bounds) const;
    std::string nameOf(const Prices& prices) const;

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    Places places_;
    std::vector<hardware::CoreId> cores_;    ///< those that compute
    std::vector<std::size_t> position_;      ///< of a core in `cores_`
    std::vector<std::size_t> kind_;          ///< of a core: equal ones have one kind
    std::vector<hardware::CoreId> example_;  ///< by kind
    std::vector<double> cyclesPerPass_;      ///< by kind
    std::vector<Facts> facts_;               ///< by layer
    std::vector<Move> moves_;
    std::vector<Cut> cuts_;
    std::vector<Dependency> dependencies_;
    std::vector<Prices> prices_;
};

}  // namespace millrace::bounds
