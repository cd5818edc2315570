#pragma once
#include <cstdint>
#include <set>
#include <vector>

#include "explore/workload/workload.h"

namespace millrace::platform {

/// The points of a layer that write something. Where results are cropped (transposed convolutions) others do not, and
/// tiles without any that do are left out.
class Writing {
public:
    /// Of cropped axes with more points, or with loops in common, nothing is known.
    static constexpr std::int64_t kMostPoints = 1'000'000;

    explicit Writing(const workload::Layer& layer);

    /// How many there are; 0 if nothing is known.
    std::int64_t operations() const { return known_ ? operations_ : 0; }
    /// Does some such point have this value of the loop?
    bool at(workload::DimIndex dim, std::int64_t value) const {
        return indices_[dim].empty() || indices_[dim][static_cast<std::size_t>(value)];
    }
    /// Do the loops of an operand take all combinations of their values (`at`) at such points? False if nothing is
    /// known.
    bool freeIn(const workload::Operand& operand) const;

private:
    void crop(const workload::Layer& layer, const workload::Axis& axis);

    bool known_ = true;
    std::int64_t operations_;
    std::vector<std::vector<bool>> indices_;             ///< by loop; empty: all
    std::vector<std::set<workload::DimIndex>> cropped_;  ///< loops of each cropped axis
};

}  // namespace millrace::platform
