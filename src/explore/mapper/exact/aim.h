#pragma once
#include <cstdint>
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

/// What is searched for, and the best that is known: one mapping, the front of energy and latency, or of all mappings
/// that are best for the objective the one that is best in the other respect.
class Aim {
public:
    enum class Kind : std::uint8_t { best, front, tie };

    /// Differences below this part of the value are rounding.
    static constexpr double kRounding = 1e-12;

    explicit Aim(Objective objective, Kind kind = Kind::best) : objective_(objective), kind_(kind) {}
    /// The least energy (latency) of all mappings with the latency (energy) of `best`.
    static Aim tie(Objective objective, Found best);

    bool front() const { return kind_ == Kind::front; }
    Objective objective() const { return objective_; }
    bool needsEnergy() const { return kind_ != Kind::best || objective_ != Objective::latency; }
    bool needsLatency() const { return kind_ != Kind::best || objective_ != Objective::energy; }

    /// What is minimised. A front has no single value: the sum of both, relative to the first mapping found, orders it.
    double value(double energy, double latency) const {
        if (front()) return energy / scaleEnergy_ + latency / scaleLatency_;
        if (objective_ == Objective::edp) return energy * latency;
        return (objective_ == Objective::energy) == (kind_ == Kind::best) ? energy : latency;
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
    Kind kind_;
    double most_ = std::numeric_limits<double>::infinity();  ///< of a tie: of the objective
    double best_ = std::numeric_limits<double>::infinity();
    double scaleEnergy_ = 1;
    double scaleLatency_ = 1;
    std::vector<Found> found_;
};

}  // namespace millrace::mapper::exact
