#include "explore/bounds/corefloor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "explore/cost/machine.h"
#include "explore/cost/spatial.h"

namespace millrace::bounds {
namespace {

using cost::DimIndex;
using cost::Machine;

/// Rounds to a whole number: never below this part of a number that is at least 1.
constexpr double kLeastRounded = 0.66;
/// Arrays that feed more words from one instance are counted by bandwidth alone.
constexpr std::int64_t kMostWords = 4096;

/// A loop of the nest on a dimension of the array.
struct Unrolled {
    DimIndex dim = 0;
    std::size_t dimension = 0;
    double factor = 1;
};

class Floor {
public:
    Floor(const cost::Nest& nest, const hardware::Core& core, const Machine& machine,
          const std::vector<hardware::Dataflow>& dataflows)
        : nest_(nest),
          core_(core),
          machine_(machine),
          given_(core.array.dimensions.size(), false),
          named_(nest.dims.size(), 0) {
        const auto limits = cost::unrollLimits(nest, core, machine);
        for (const hardware::Dataflow& flow : dataflows) {
            given_.at(flow.dimension) = true;
            for (const hardware::Unrolling& unrolling : flow.unrollings) {
                const auto dim = nest.dim(unrolling.loop);
                if (dim) ++named_[*dim];
                const std::int64_t factor = dim ? std::min(unrolling.factor, limits[flow.dimension][*dim]) : 1;
                if (factor > 1) unrolled_.push_back({*dim, flow.dimension, static_cast<double>(factor)});
            }
        }
        for (std::size_t op = 0; op < machine.operands; ++op) spread(op);
        rounding_ = rounding();
    }

    CoreFloor run() const {
        CoreFloor floor;
        if (!machine_.imc) floor.array = machine_.unitEnergy;
        floor.innermost = withInnermostLoop(std::nullopt);
        for (DimIndex dim = 0; dim < nest_.dims.size(); ++dim) {
            if (nest_.dims[dim].size > 1 && !staysSpatial(dim))
                floor.innermost = std::min(floor.innermost, withInnermostLoop(dim));
        }
        for (std::size_t op = 0; op < machine_.operands; ++op) floor.perElement[op] = above(op);
        return floor;
    }

private:
    bool indexes(DimIndex dim, const cost::Operand& operand) const {
        return std::any_of(operand.index.begin(), operand.index.end(), [&](const cost::Index& index) {
            if (!index.relation) return index.which == dim;
            const cost::Relation& relation = nest_.relations[index.which];
            return relation.dims[0] == dim || relation.dims[1] == dim;
        });
    }
    bool slides(DimIndex dim, const cost::Operand& operand) const {
        return std::any_of(operand.index.begin(), operand.index.end(), [&](const cost::Index& index) {
            if (!index.relation) return false;
            const cost::Relation& relation = nest_.relations[index.which];
            return relation.dims[0] == dim || relation.dims[1] == dim;
        });
    }

    /// Is all of the loop laid over the array, in tiles of any size?
    bool staysSpatial(DimIndex dim) const {
        const auto loop = std::find_if(unrolled_.begin(), unrolled_.end(),
                                       [&](const Unrolled& unrolled) { return unrolled.dim == dim; });
        if (named_[dim] != 1 || loop == unrolled_.end()) return false;
        double together = 1;
        for (const Unrolled& other : unrolled_) together *= other.dimension == loop->dimension ? other.factor : 1;
        return loop->factor >= static_cast<double>(nest_.dims[dim].size) &&
               together <= static_cast<double>(core_.array.dimensions[loop->dimension].size);
    }

    /// May a tile add up over several cycles?
    bool sumsInTime() const {
        for (DimIndex dim = 0; dim < nest_.dims.size(); ++dim) {
            const bool sums = nest_.dims[dim].size > 1 && !indexes(dim, nest_.operands[0]);
            if (sums && !staysSpatial(dim)) return true;
        }
        return false;
    }

    /// reuse_[op][m]: places of the array that one element of the operand can serve below memory level m + 1.
    void spread(std::size_t op) {
        std::vector<bool> used(core_.array.dimensions.size(), false);
        double reuse = 1;
        for (std::size_t m = 0; m < machine_.levels[op]; ++m) {
            for (const std::size_t d : core_.memories[machine_.level[op][m].memory].servedDimensions) {
                if (!used[d]) reuse *= reuseOver(op, d);
                if (!used[d] && m == 0) fed_[op] *= fedOver(op, d);
                used[d] = true;
            }
            reuse_[op][m] = reuse;
        }
    }

    /// The largest product of unrollings over a dimension of the array that do not tell elements apart.
    double reuseOver(std::size_t op, std::size_t dimension) const {
        const auto size = static_cast<double>(std::max<std::int64_t>(1, core_.array.dimensions[dimension].size));
        if (!given_[dimension]) return size;
        const cost::Operand& operand = nest_.operands[op];
        double product = 1;
        for (const Unrolled& loop : unrolled_) {
            if (loop.dimension != dimension) continue;
            if (!indexes(loop.dim, operand) || slides(loop.dim, operand)) product *= loop.factor;
        }
        return std::min(product, size);
    }

    /// The largest number of elements that a dimension of the array takes at once.
    std::int64_t fedOver(std::size_t op, std::size_t dimension) const {
        const std::int64_t size = std::max<std::int64_t>(1, core_.array.dimensions[dimension].size);
        if (!given_[dimension]) return size;
        double product = 1;
        for (const Unrolled& loop : unrolled_) {
            if (loop.dimension == dimension && indexes(loop.dim, nest_.operands[op])) product *= loop.factor;
        }
        return std::min(size, static_cast<std::int64_t>(product));
    }

    /// The least part of a product of unrollings that is left when it is rounded to a whole number. An unrolling of a
    /// loop is whole, or above half of what was asked for.
    double rounding() const {
        double least = 1;
        std::vector<bool> seen(nest_.dims.size(), false);
        if (std::find(given_.begin(), given_.end(), false) != given_.end()) return kLeastRounded;
        for (const Unrolled& loop : unrolled_) {
            if (seen[loop.dim]) return kLeastRounded;
            seen[loop.dim] = true;
            if (static_cast<double>(nest_.dims[loop.dim].size) <= loop.factor) continue;
            least = std::min(least, std::max(kLeastRounded, 1 - 1.002 / loop.factor));
        }
        return least;
    }

    /// Windows of one form have one size for all operands, the smallest.
    bool sharesWindow(std::size_t op) const {
        const auto has = [&](const cost::Operand& operand, std::size_t relation) {
            return std::any_of(operand.index.begin(), operand.index.end(),
                               [&](const cost::Index& index) { return index.relation && index.which == relation; });
        };
        for (std::size_t relation = 0; relation < nest_.relations.size(); ++relation) {
            const auto users = std::count_if(nest_.operands.begin(), nest_.operands.end(),
                                             [&](const cost::Operand& operand) { return has(operand, relation); });
            if (users > 1 && has(nest_.operands[op], relation)) return true;
        }
        return false;
    }

    /// Part of an operand's elements that is left where a window's products of loops are truncated.
    double truncation(std::size_t op) const {
        double part = 1;
        const bool open = std::find(given_.begin(), given_.end(), false) != given_.end();
        for (DimIndex dim = 0; dim < nest_.dims.size(); ++dim) {
            if (!slides(dim, nest_.operands[op])) continue;
            const bool whole = std::none_of(unrolled_.begin(), unrolled_.end(), [&](const Unrolled& loop) {
                return loop.dim == dim && static_cast<double>(nest_.dims[dim].size) > loop.factor;
            });
            if (open || !whole) part /= 2;
        }
        return part;
    }

    double bits(std::size_t op) const {
        return op == 0 ? std::min(nest_.finalBits, nest_.operands[0].bits) : nest_.operands[op].bits;
    }

    /// pJ for each element, by bandwidth. Nothing where the model rounds shares of an access down: tiles may be so
    /// small that nothing is left of them.
    double access(std::size_t op, std::size_t m, std::size_t direction, double bits) const {
        const Machine::Level& level = machine_.level[op][m];
        if (level.bandwidthMax[direction] == 0) return 0;
        const bool rounded = level.bandwidthMin[direction] != level.bandwidthMax[direction];
        if (rounded && !nest_.corrections.has(cost::Correction::shares)) return 0;
        const bool read = direction == cost::kTl || direction == cost::kTh;
        return bits / level.bandwidthMax[direction] * (read ? level.readCost : level.writeCost);
    }

    /// The same at the array, where one instance moves at most so many elements at a time, in whole words.
    double accessOfArray(std::size_t op, std::size_t direction, double bits) const {
        const double plain = access(op, 0, direction, bits);
        if (plain == 0) return 0;
        const double words = bits / machine_.level[op][0].bandwidthMin[direction];
        if (fed_[op] > kMostWords) return plain;
        double least = std::numeric_limits<double>::infinity();
        for (std::int64_t n = 1; n <= fed_[op]; ++n) {
            least = std::min(least, std::ceil(static_cast<double>(n) * words) / static_cast<double>(n));
        }
        return plain / words * least;
    }

    /// Of all operations of a tile whose innermost temporal loop is this one. None: all is done at once.
    double withInnermostLoop(std::optional<DimIndex> dim) const {
        double energy = output(dim);
        for (std::size_t op = 1; op < machine_.operands; ++op) {
            const double each = rounding_ * rounding_ * accessOfArray(op, cost::kTl, bits(op));
            if (!dim || indexes(*dim, nest_.operands[op])) {
                energy += each / reuse_[op][0];
            } else if (!nest_.operands[op].partial) {
                energy += each / reuseInAll(nest_.operands[op]);
            }
        }
        return energy;
    }

    /// Operations that one element can serve.
    double reuseInAll(const cost::Operand& operand) const {
        double product = 1;
        for (DimIndex dim = 0; dim < nest_.dims.size(); ++dim) {
            if (!indexes(dim, operand)) product *= static_cast<double>(nest_.dims[dim].size);
        }
        return product;
    }

    /// A sum is written for each operation. If more follow, it is read back; if not, or if the register holds no
    /// second one for the loop to come to, it goes up.
    double output(std::optional<DimIndex> dim) const {
        const cost::Operand& operand = nest_.operands[0];
        if (operand.partial) return 0;
        const double part = rounding_ * rounding_;
        const double write = part * accessOfArray(0, cost::kFl, bits(0)) / reuse_[0][0];
        if (machine_.levels[0] < 2) return write;
        const double back = part * accessOfArray(0, cost::kTl, operand.bits) / reuse_[0][0];
        const double up = part * access(0, 0, cost::kTh, bits(0)) / reuse_[0][0] +
                          part * rounding_ * access(0, 1, cost::kFl, bits(0)) / reuse_[0][1];
        if (!dim || !sumsInTime()) return write + up;
        if (!indexes(*dim, operand)) return write + back;
        const bool single = machine_.level[0][0].size < 2 * bits(0);
        return write + (single ? up : std::min(back, up));
    }

    /// Of an element: out of each memory but the innermost, and into the one below; sums the other way, but for the
    /// lowest step, which counts above.
    double above(std::size_t op) const {
        if ((op == 0 && nest_.operands[0].partial) || sharesWindow(op)) return 0;
        const double part = rounding_ * rounding_ * rounding_ * truncation(op);
        double energy = 0;
        for (std::size_t m = op == 0 ? 2 : 1; m < machine_.levels[op]; ++m) {
            energy += access(op, m, op == 0 ? cost::kFl : cost::kTl, bits(op));
            energy += access(op, m - 1, op == 0 ? cost::kTh : cost::kFh, bits(op));
        }
        return part * energy;
    }

    const cost::Nest& nest_;
    const hardware::Core& core_;
    const Machine& machine_;
    std::vector<bool> given_;  ///< dimensions of the array whose unrolling is known
    std::vector<int> named_;   ///< how often unrollings name a loop
    std::vector<Unrolled> unrolled_;
    std::array<std::array<double, cost::kMaxLevels>, cost::kMaxOperands> reuse_{};
    /// Elements that one instance of an operand's innermost memory moves at a time, at most.
    std::array<std::int64_t, cost::kMaxOperands> fed_{1, 1, 1};
    double rounding_ = 1;
};

}  // namespace

CoreFloor coreFloor(const cost::Nest& nest, const hardware::Core& core,
                    const std::vector<hardware::Dataflow>& dataflows) {
    Diagnostics diagnostics;
    const auto machine = cost::machineOf(nest, core, diagnostics);
    if (!machine) return {};
    return Floor(nest, core, *machine, dataflows).run();
}

}  // namespace millrace::bounds
