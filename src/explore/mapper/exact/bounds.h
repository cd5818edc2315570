#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "explore/mapper/exact/space.h"

namespace millrace::mapper::exact {

/// What the cuts that are still to be placed add at least. Each operand is looked at by itself, on the chain of states
/// that suits it best and with all of each memory that the others cannot do without; so the sum over operands never
/// exceeds what any completion of a label adds.
class Bounds {
public:
    /// A sum of measures that is bounded as a whole: loads, and the work of one port. Latency is at least the largest
    /// of them, which is more than the sum of the measures' own bounds.
    struct Term {
        std::size_t first = 0;
        std::size_t second = kNone;  ///< another measure, or `kNone`
    };
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    Bounds(const Space& space, std::vector<Term> terms);

    const std::vector<Term>& terms() const { return terms_; }
    /// One number a term, in their order; infinite if the cuts cannot be placed. `next`: the first cut to be placed
    /// (all are: zeros). `partial`: the tile below it is one of partial sums.
    const double* at(std::size_t op, std::size_t next, bool partial, std::size_t state) const {
        if (next == space_->levels(op)) return zeros_.data();
        return table_[op][next][partial ? 1 : 0].data() + state * terms_.size();
    }

private:
    void fill(std::size_t op, std::size_t next, bool partial);
    bool mayCut(std::size_t op, std::size_t cut, std::size_t state, bool partial) const;

    const Space* space_;
    std::vector<Term> terms_;
    std::vector<double> zeros_;
    std::array<std::array<std::array<std::vector<double>, 2>, cost::kMaxLevels>, cost::kMaxOperands> table_;
    std::array<std::array<double, cost::kMaxLevels + 1>, cost::kMaxOperands> room_{};
};

}  // namespace millrace::mapper::exact
