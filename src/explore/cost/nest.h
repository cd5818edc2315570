#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explore/cost/corrections.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// A layer as ZigZag's cost model sees it: sizes, who depends on which loop, precisions. Made once per layer, and then
/// only read.
namespace millrace::cost {

/// Limits of a nest and of a core; what exceeds them is refused with a message. They keep an evaluation free of heap
/// allocations.
inline constexpr std::size_t kMaxDims = 32;
inline constexpr std::size_t kMaxRelations = 6;
inline constexpr std::size_t kMaxOperands = 3;
inline constexpr std::size_t kMaxLevels = 8;
inline constexpr std::size_t kMaxLoops = 64;
/// Larger layers are refused: all counts stay exact in 64-bit integers and in doubles.
inline constexpr std::int64_t kMaxMacs = std::int64_t{1} << 50;

using DimIndex = std::size_t;

struct Dim {
    std::string name;
    std::int64_t size = 1;
};

/// index = coefficient[0] * dims[0] + coefficient[1] * dims[1]: a sliding window (input row = stride * output row +
/// dilation * filter row).
struct Relation {
    std::string name;
    DimIndex dims[2] = {0, 0};
    std::int64_t coefficients[2] = {1, 1};
    /// No more distinct indices than this exist (the unpadded extent of the operand). 0: to be filled in by `classify`
    /// with the halo of the whole layer minus `padding`.
    std::int64_t cap = 0;
    std::int64_t padding = 0;  ///< begin + end; only used to fill in the cap
};

/// One data dimension of an operand: a loop, or a relation.
struct Index {
    bool relation = false;
    std::size_t which = 0;  ///< into `Nest::dims` or `Nest::relations`
};

struct Operand {
    std::string name;  ///< "O", "I", "W"
    hardware::MemoryOperand role = hardware::MemoryOperand::O;
    int bits = 8;  ///< of the output: partial sums. 0 is allowed: nothing is moved (a pooling window's weights)
    std::vector<Index> index;
    /// Filled in by `classify` (ZigZag's relevant, irrelevant and partially relevant loops). Loops of size 1 that do
    /// not index the operand are neither.
    std::vector<DimIndex> relevant;
    std::uint32_t relevantMask = 0;
    std::uint32_t irrelevantMask = 0;
    /// The operand is indexed by a relation, and then all relations of the nest apply to it.
    bool partial = false;
};

struct Nest {
    std::string name;  ///< of the layer; for messages
    std::vector<Dim> dims;
    std::vector<Relation> relations;
    /// The output first, then the inputs in the order of the equation: all sums over operands run in this order.
    std::vector<Operand> operands;
    int finalBits = 8;  ///< of an output element that is complete
    std::int64_t macs = 1;
    /// What is costed otherwise than ZigZag does. Everything that is made from the nest follows it.
    Corrections corrections;

    std::optional<DimIndex> dim(std::string_view name) const;
};

/// Number of distinct indices when the two loops run over `a` and `b` values (ZigZag's formula, wrong region of large
/// dilations included).
std::int64_t halo(const Relation& relation, std::int64_t a, std::int64_t b);
/// The true number, between whole sizes interpolated (Correction::halo): a b - max(0, b - s) max(0, a - d), with s and
/// d the coefficients without their common divisor. Grows with either size, and by no larger a factor.
double trueHalo(const Relation& relation, double a, double b);

/// Fills in what follows from dims, indices and relations: relevant and irrelevant loops, caps, macs. Errors: no or
/// too many dims, operands or relations; a size below 1; an operand index out of range; a cap below 1; more than 2^50
/// operations; two operands with one role.
bool classify(Nest& nest, Diagnostics& diagnostics);

/// Sizes of some loops that replace the layer's own: those of a tile.
using TileSizes = std::vector<std::pair<std::string, std::int64_t>>;

/// The nest of a layer, with other sizes for a tile of it.
///
/// An axis with one loop (of any stride) is that loop. An axis that bears a loop's name and is made of loops as a
/// number is of digits (a channel of a group) is these loops. Any other axis with two is a relation, with the absolute
/// values of its coefficients and the axis' true extent as the cap. Approximations, all on the safe side (never fewer
/// elements than needed): a divisor (transposed convolution, resize) is left out of the count, the cap holds; of three
/// or more loops on an axis the first two make the relation and the others count as loops of their own; from the third
/// input on, inputs are joined with the second (precisions add up, indices unite).
std::optional<Nest> nestOf(const workload::Layer& layer, const TileSizes& sizes, Diagnostics& diagnostics);
inline std::optional<Nest> nestOf(const workload::Layer& layer, Diagnostics& diagnostics) {
    return nestOf(layer, {}, diagnostics);
}

/// As `nestOf`, with the caps of windows in hand-written layers as ZigZag has them: the size that the file gives, else
/// what the loops reach less the padding that the file gives; what the producer has does not count.
std::optional<Nest> statedNestOf(const workload::Layer& layer, Diagnostics& diagnostics);

}  // namespace millrace::cost
