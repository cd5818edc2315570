#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "explore/cost/nest.h"

/// Sizes of tensors, and the split of sliding-window loops into relevant and irrelevant parts (zigzag.md 2.3, 7.1),
/// with the sequence of floating-point operations that ZigZag has.
namespace millrace::cost {

/// Product of the loops of each dim.
using Sizes = std::array<double, kMaxDims>;

inline Sizes unitSizes() {
    Sizes sizes;
    sizes.fill(1.0);
    return sizes;
}

/// Distinct indices of a relation when its loops run over `a` and `b` values, truncated unless that is corrected.
inline double indices(const Nest& nest, const Relation& relation, double a, double b) {
    if (nest.corrections.has(Correction::halo)) {
        return std::min(trueHalo(relation, a, b), static_cast<double>(relation.cap));
    }
    const std::int64_t count = halo(relation, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
    return static_cast<double>(count < relation.cap ? count : relation.cap);
}

/// Elements of an operand's tile.
inline double elements(const Nest& nest, const Operand& operand, const Sizes& sizes) {
    double product = 1;
    for (const DimIndex dim : operand.relevant) product = product * sizes[dim];
    if (operand.partial) {
        for (const Relation& relation : nest.relations) {
            product = product * indices(nest, relation, sizes[relation.dims[0]], sizes[relation.dims[1]]);
        }
    }
    return product;
}

/// Products over the loops of one level.
struct Parts {
    double relevant = 1;
    double irrelevant = 1;
    double all = 1;
    bool reuses = false;  ///< an irrelevant loop above 1 is among them
};

/// Walks the loops of an operand, level by level.
class PartWalk {
public:
    PartWalk(const Nest& nest, const Operand& operand) : nest_(nest), operand_(operand) {}

    void add(DimIndex dim, double factor, Parts& parts) {
        const std::uint32_t bit = std::uint32_t{1} << dim;
        if ((operand_.relevantMask & bit) != 0) {
            parts.relevant = parts.relevant * factor;
            parts.all = parts.all * factor;
        } else if ((operand_.irrelevantMask & bit) != 0) {
            parts.irrelevant = parts.irrelevant * factor;
            parts.all = parts.all * factor;
            parts.reuses = parts.reuses || factor > 1;
        } else if (!addPartial(dim, factor, parts)) {
            parts.all = parts.all * factor;
        }
    }

private:
    struct State {
        double size[2] = {1, 1};
        double relevant = 1;
        double irrelevant = 1;
    };

    bool addPartial(DimIndex dim, double factor, Parts& parts) {
        if (!operand_.partial) return false;
        bool found = false;
        for (std::size_t i = 0; i < nest_.relations.size(); ++i) {
            const Relation& relation = nest_.relations[i];
            if (relation.dims[0] != dim && relation.dims[1] != dim) continue;
            found = true;
            State& state = states_[i];
            state.size[relation.dims[0] == dim ? 0 : 1] *= factor;
            const double r = indices(nest_, relation, state.size[0], state.size[1]);
            const double ir = state.size[0] * state.size[1] / r;
            const double dr = r / state.relevant;
            const double dir = ir / state.irrelevant;
            state.relevant = r;
            state.irrelevant = ir;
            parts.relevant = parts.relevant * dr;
            parts.irrelevant = parts.irrelevant * dir;
            parts.all = parts.all * dr;
            parts.all = parts.all * dir;
        }
        return found;
    }

    const Nest& nest_;
    const Operand& operand_;
    std::array<State, kMaxRelations> states_;
};

}  // namespace millrace::cost
