#pragma once
#include <limits>
#include <vector>

#include "explore/cost/model.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper::exact {

/// A mapping that was evaluated.
struct Found {
    cost::Score score;
    std::vector<cost::Loop> order;
    cost::Allocation allocation;
    std::size_t candidate = 0;  ///< spatial mapping
};

/// What is searched for, and the best that is known: one mapping, or the front of energy and latency.
class Aim {
public:
    /// Differences below this part of the value are rounding.
    static constexpr double kRounding = 1e-12;

    explicit Aim(Objective objective, bool front = false) : objective_(objective), front_(front) {}

    bool front() const { return front_; }
    Objective objective() const { return objective_; }
    bool needsEnergy() const { return front_ || objective_ != Objective::latency; }
    bool needsLatency() const { return front_ || objective_ != Objective::energy; }

    /// What is minimised. A front has no single value: the sum of both, relative to the first mapping found, orders it.
    double value(double energy, double latency) const {
        if (front_) return energy / scaleEnergy_ + latency / scaleLatency_;
        if (objective_ == Objective::energy) return energy;
        return objective_ == Objective::latency ? latency : energy * latency;
    }
    double best() const { return best_; }
    /// Nothing with at least this energy and latency can be better than what is known.
    bool hopeless(double energy, double latency) const;
    /// Keeps a mapping if it is better.
    bool offer(Found found);
    bool empty() const { return found_.empty(); }
    /// The best one, or the front by rising energy.
    const std::vector<Found>& found() const { return found_; }

private:
    Objective objective_;
    bool front_;
    double best_ = std::numeric_limits<double>::infinity();
    double scaleEnergy_ = 1;
    double scaleLatency_ = 1;
    std::vector<Found> found_;
};

}  // namespace millrace::mapper::exact
