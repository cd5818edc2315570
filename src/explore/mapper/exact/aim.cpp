#include "explore/mapper/exact/aim.h"

#include <algorithm>

namespace millrace::mapper::exact {

Aim Aim::tie(Objective objective, Found best) {
    Aim aim(objective, Kind::tie);
    aim.most_ = objective == Objective::energy ? best.score.energy : best.score.latency2;
    aim.offer(std::move(best));
    return aim;
}

bool Aim::hopeless(double energy, double latency) const {
    const double objective = objective_ == Objective::energy ? energy : latency;
    if (kind_ == Kind::tie && objective > most_ * (1 + kRounding)) return true;
    if (!front()) return value(energy, latency) >= best_ * (1 - kRounding);
    return std::any_of(found_.begin(), found_.end(), [&](const Found& known) {
        return known.score.energy * (1 - kRounding) <= energy && known.score.latency2 * (1 - kRounding) <= latency;
    });
}

bool Aim::offer(Found found) {
    const cost::Score& score = found.score;
    if (!front()) {
        const double objective = objective_ == Objective::energy ? score.energy : score.latency2;
        const double other = objective_ == Objective::energy ? score.latency2 : score.energy;
        const double now = value(score.energy, score.latency2);
        if (kind_ == Kind::tie && objective > most_) return false;
        if (!found_.empty()) {
            const cost::Score& old = found_.front().score;
            const double before = objective_ == Objective::energy ? old.latency2 : old.energy;
            if (now > best_ || (now == best_ && other >= before)) return false;
        }
        best_ = now;
        found_.clear();
        found_.push_back(std::move(found));
        return true;
    }
    for (const Found& known : found_) {
        if (known.score.energy <= score.energy && known.score.latency2 <= score.latency2) return false;
    }
    if (found_.empty()) {
        scaleEnergy_ = std::max(score.energy, 1.0);
        scaleLatency_ = std::max(score.latency2, 1.0);
    }
    std::erase_if(found_, [&](const Found& known) {
        return score.energy <= known.score.energy && score.latency2 <= known.score.latency2;
    });
    const auto at = std::find_if(found_.begin(), found_.end(),
                                 [&](const Found& known) { return known.score.energy > score.energy; });
    found_.insert(at, std::move(found));
    return true;
}

}  // namespace millrace::mapper::exact
