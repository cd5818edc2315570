#include <algorithm>
#include <cmath>
#include <limits>

#include "explore/cost/model.h"
#include "explore/cost/parts.h"

namespace millrace::cost {

using hardware::Direction;

static std::uint32_t bit(DimIndex dim) { return std::uint32_t{1} << dim; }

/// Walks one order in ZigZag's sequence of floating-point operations.
class Walk {
public:
    Walk(const Model& model, Order order) : model_(model), nest_(*model.nest_), order_(order) {
        period_[0] = 1;
        for (std::size_t i = 0; i < order.size(); ++i) period_[i + 1] = period_[i] * order[i].factor;
    }

    std::optional<Allocation> allocate(bool even, TooSmall& why);
    Score evaluate(const Allocation& allocation, Detail* detail);

private:
    struct Slices {
        std::array<double, kMaxLoops + 1> bits;
        std::array<double, kMaxLoops + 1> traffic;
        std::size_t count = 0;
        std::size_t first = 0;  ///< number of loops of slice 0: above 0 at a top level
        bool top = false;
    };
    struct Choice {
        std::array<std::size_t, kMaxOperands> loops{};
    };

    bool irrelevant(std::size_t op, std::size_t i) const {
        return (nest_.operands[op].irrelevantMask & bit(order_[i].dim)) != 0;
    }
    bool relevant(std::size_t op, std::size_t i) const {
        return (nest_.operands[op].relevantMask & bit(order_[i].dim)) != 0;
    }
    std::size_t skipIrrelevant(std::size_t op, std::size_t i) const {
        while (i < order_.size() && irrelevant(op, i)) ++i;
        return i;
    }

    double precisionAt(std::size_t op, std::size_t level) const;
    bool slice(std::size_t op, const Machine::Node& node, std::size_t level, bool top, TooSmall& why);
    bool validEven(const Machine::Node& node, const Choice& choice) const;
    bool choose(const Machine::Node& node, bool even, Choice& best, TooSmall& why) const;
    void commit(std::size_t op, std::size_t level, std::size_t loops);

    void merge(const Allocation& allocation);
    void tiles(std::size_t op, const Spatial& spatial, std::array<double, kMaxLevels + 1>& elements) const;
    void realTiles(std::size_t op, const Spatial& spatial, std::array<double, kMaxLevels + 1>& elements) const;
    void outputFlags(const Spatial& spatial, std::array<bool, kMaxLevels + 1>& partial,
                     std::array<bool, kMaxLevels + 1>& back) const;
    void cutsOf(std::size_t op, Cuts& cuts) const;
    std::int64_t visits(std::size_t a) const;

    const Model& model_;
    const Nest& nest_;
    Order order_;
    std::array<std::int64_t, kMaxLoops + 1> period_;
    std::array<Sizes, kMaxOperands> done_;
    std::array<std::size_t, kMaxOperands> taken_{};  ///< loops allocated so far
    std::array<Slices, kMaxOperands> slices_;
    Allocation merged_;
};

double Walk::precisionAt(std::size_t op, std::size_t level) const {
    if (op != 0) return nest_.operands[op].bits;
    bool partial = model_.irrelevantAbove(level + 1);
    for (std::size_t i = taken_[0]; i < order_.size() && !partial; ++i) partial = irrelevant(0, i);
    return model_.outputBits(partial);
}

/// Sizes of all beginnings of the loops that are left, as far as they fit.
bool Walk::slice(std::size_t op, const Machine::Node& node, std::size_t level, bool top, TooSmall& why) {
    Slices& slices = slices_[op];
    slices.count = 0;
    slices.top = top;
    const double precision = precisionAt(op, level) * model_.machine_.level[op][level].copies;
    const std::size_t left = order_.size() - taken_[op];
    const double last = static_cast<double>(period_[order_.size()]);
    Sizes sizes = done_[op];
    for (std::size_t i = 0; i <= left; ++i) {
        if (i > 0) sizes[order_[taken_[op] + i - 1].dim] *= static_cast<double>(order_[taken_[op] + i - 1].factor);
        const double bits = elements(nest_, nest_.operands[op], sizes) * precision;
        if (bits > node.size) {
            if (i == 0) why = {node.memory, bits, node.size};
            break;
        }
        slices.bits[i] = bits;
        slices.traffic[i] = top ? 0 : last / static_cast<double>(period_[taken_[op] + i]) * bits;
        ++slices.count;
    }
    slices.first = 0;
    if (slices.count == 0) return false;
    if (top) {
        slices.first = slices.count - 1;
        slices.bits[0] = slices.bits[slices.count - 1];
        slices.traffic[0] = 0;
        slices.count = 1;
    }
    return true;
}

bool Walk::validEven(const Machine::Node& node, const Choice& choice) const {
    for (std::size_t k = 0; k < node.count; ++k) {
        const std::size_t x = node.operand[k];
        if (choice.loops[x] == 0) continue;
        for (std::size_t j = 0; j < node.count; ++j) {
            const std::size_t y = node.operand[j];
            if (std::max(taken_[x], taken_[y] + choice.loops[y]) < taken_[x] + choice.loops[x]) return false;
        }
    }
    return true;
}

/// All combinations of slices; the least traffic that fits, the last one of equals.
bool Walk::choose(const Machine::Node& node, bool even, Choice& best, TooSmall& why) const {
    std::array<std::size_t, kMaxOperands> at{};
    double least = std::numeric_limits<double>::infinity();
    bool first = true;
    while (true) {
        double bits = 0;
        double traffic = 0;
        Choice choice;
        for (std::size_t k = 0; k < node.count; ++k) {
            const Slices& slices = slices_[node.operand[k]];
            bits = bits + slices.bits[at[k]];
            traffic = traffic + slices.traffic[at[k]];
            choice.loops[node.operand[k]] = slices.first + at[k];
        }
        if (bits > node.size) {
            if (first) {
                why = {node.memory, bits, node.size};
                return false;
            }
        } else if (traffic <= least && (!even || validEven(node, choice))) {
            least = traffic;
            best = choice;
        }
        first = false;
        std::size_t k = node.count;
        while (k-- > 0) {
            if (++at[k] < slices_[node.operand[k]].count) break;
            at[k] = 0;
        }
        if (k >= node.count) return true;
    }
}

void Walk::commit(std::size_t op, std::size_t level, std::size_t loops) {
    for (std::size_t i = taken_[op]; i < taken_[op] + loops; ++i) {
        done_[op][order_[i].dim] *= static_cast<double>(order_[i].factor);
    }
    taken_[op] += loops;
    for (const SpatialLoop& loop : model_.spatial_.fractional.level[op][level + 1].loops)
        done_[op][loop.dim] *= loop.factor;
}

std::optional<Allocation> Walk::allocate(bool even, TooSmall& why) {
    Allocation result;
    for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
        done_[op] = unitSizes();
        for (const SpatialLoop& loop : model_.spatial_.fractional.level[op][0].loops)
            done_[op][loop.dim] *= loop.factor;
    }
    for (const Machine::Node& node : model_.machine_.nodes) {
        for (std::size_t k = 0; k < node.count; ++k) {
            if (!slice(node.operand[k], node, node.level[k], node.top[k], why)) return std::nullopt;
        }
        Choice best;
        if (!choose(node, even, best, why)) return std::nullopt;
        for (std::size_t k = 0; k < node.count; ++k) {
            const std::size_t op = node.operand[k];
            const double fitted = slices_[op].bits[0];
            commit(op, node.level[k], best.loops[op]);
            result.cut[op][node.level[k] + std::size_t{1}] = static_cast<std::uint8_t>(taken_[op]);
            if (!node.top[k] || taken_[op] == order_.size()) continue;
            const double rest = static_cast<double>(period_[order_.size()] / period_[taken_[op]]);
            why = {node.memory, std::max(fitted * rest, node.size + 1), node.size};
            return std::nullopt;
        }
    }
    return result;
}

/// Loops that reuse all of an operand's tile move down (zigzag.md 6.5).
void Walk::merge(const Allocation& allocation) {
    for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
        const std::size_t top = model_.machine_.levels[op];
        merged_.cut[op][0] = static_cast<std::uint8_t>(op == 0 ? 0 : skipIrrelevant(op, 0));
        for (std::size_t m = 1; m < top; ++m) {
            merged_.cut[op][m] = static_cast<std::uint8_t>(skipIrrelevant(op, allocation.cut[op][m]));
        }
        merged_.cut[op][top] = static_cast<std::uint8_t>(order_.size());
    }
}

/// Elements below each cut: loops of memory level a - 1 with the spatial loops of arch level a - 1.
void Walk::tiles(std::size_t op, const Spatial& spatial, std::array<double, kMaxLevels + 1>& result) const {
    if (nest_.corrections.has(Correction::halo)) return realTiles(op, spatial, result);
    PartWalk walk(nest_, nest_.operands[op]);
    double product = 1;
    result[0] = 1;
    for (std::size_t a = 1; a <= model_.machine_.levels[op]; ++a) {
        Parts parts;
        const std::size_t begin = a == 1 ? 0 : merged_.cut[op][a - 1];
        for (std::size_t i = begin; i < merged_.cut[op][a]; ++i) {
            walk.add(order_[i].dim, static_cast<double>(order_[i].factor), parts);
        }
        for (const SpatialLoop& loop : spatial.level[op][a - 1].loops) walk.add(loop.dim, loop.factor, parts);
        product = product * parts.relevant;
        result[a] = std::nearbyint(product);
    }
}

/// The same without the rounding of products of parts.
void Walk::realTiles(std::size_t op, const Spatial& spatial, std::array<double, kMaxLevels + 1>& result) const {
    Sizes sizes = unitSizes();
    std::size_t i = 0;
    result[0] = 1;
    for (std::size_t a = 1; a <= model_.machine_.levels[op]; ++a) {
        for (; i < merged_.cut[op][a]; ++i) sizes[order_[i].dim] *= static_cast<double>(order_[i].factor);
        for (const SpatialLoop& loop : spatial.level[op][a - 1].loops) sizes[loop.dim] *= loop.factor;
        result[a] = std::nearbyint(elements(nest_, nest_.operands[op], sizes));
    }
}

/// Is the output's tile below each cut incomplete, and does it come back?
void Walk::outputFlags(const Spatial& spatial, std::array<bool, kMaxLevels + 1>& partial,
                       std::array<bool, kMaxLevels + 1>& back) const {
    PartWalk walk(nest_, nest_.operands[0]);
    const std::size_t top = model_.machine_.levels[0];
    std::array<Parts, kMaxLevels + 1> parts;
    for (std::size_t a = 0; a <= top; ++a) {
        if (a > 0) {
            for (std::size_t i = merged_.cut[0][a - 1]; i < merged_.cut[0][a]; ++i) {
                walk.add(order_[i].dim, static_cast<double>(order_[i].factor), parts[a]);
            }
        }
        for (const SpatialLoop& loop : spatial.level[0][a].loops) walk.add(loop.dim, loop.factor, parts[a]);
    }
    for (std::size_t a = 0; a <= top; ++a) {
        double reuse = 1;
        partial[a] = false;
        for (std::size_t b = a + 1; b <= top; ++b) {
            reuse = reuse * parts[b].irrelevant;
            partial[a] = partial[a] || parts[b].reuses;
        }
        back[a] = std::trunc(model_.outputElements_ * (reuse - 1)) != 0;
    }
}

std::int64_t Walk::visits(std::size_t a) const {
    std::int64_t product = 1;
    for (std::size_t i = merged_.cut[0][a]; i < order_.size(); ++i) product *= irrelevant(0, i) ? order_[i].factor : 1;
    return product;
}

void Walk::cutsOf(std::size_t op, Cuts& cuts) const {
    for (std::size_t a = 0; a <= model_.machine_.levels[op]; ++a) {
        const std::size_t end = merged_.cut[op][a];
        const std::size_t begin = a == 0 ? end : (a == 1 ? 0 : std::size_t{merged_.cut[op][a - 1]});
        std::size_t reuse = end;
        while (reuse > begin && irrelevant(op, reuse - 1)) --reuse;
        std::size_t stream = end;
        while (stream > begin && relevant(op, stream - 1)) --stream;
        cuts.period[op][a] = period_[end];
        cuts.count[op][a] = cuts.total / period_[end];
        cuts.window[op][a] = period_[reuse];
        cuts.streamed[op][a] = period_[end] / period_[stream];
    }
}

Score Walk::evaluate(const Allocation& allocation, Detail* detail) {
    merge(allocation);
    Cuts cuts;
    cuts.total = period_[order_.size()];
    std::array<std::array<CutEntry, kMaxLevels + 1>, kMaxOperands> entries;
    std::array<bool, kMaxLevels + 1> partial[2];
    std::array<bool, kMaxLevels + 1> back[2];
    outputFlags(model_.spatial_.fractional, partial[0], back[0]);
    outputFlags(model_.spatial_.whole, partial[1], back[1]);
    if (detail != nullptr) detail->merged = merged_;
    for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
        cutsOf(op, cuts);
        std::array<double, kMaxLevels + 1> elements;
        std::array<double, kMaxLevels + 1> whole;
        tiles(op, model_.spatial_.fractional, elements);
        tiles(op, model_.spatial_.whole, whole);
        for (std::size_t a = 0; a <= model_.machine_.levels[op]; ++a) {
            CutFacts facts{elements[a], whole[a], cuts.period[op][a]};
            if (op == 0) {
                facts.partial = partial[0][a];
                facts.wholePartial = partial[1][a];
                facts.back = back[0][a];
                facts.wholeBack = back[1][a];
                facts.visits = visits(a);
            }
            CutTraffic traffic;
            entries[op][a] = model_.entry(op, a, facts, cuts.total, detail != nullptr ? &traffic : nullptr);
            cuts.entry[op][a] = &entries[op][a];
            if (detail == nullptr) continue;
            for (const Direction direction : hardware::kDirections) {
                const auto d = static_cast<std::size_t>(direction);
                const bool high = direction == Direction::th || direction == Direction::fh;
                if (traffic.accesses[d] != 0) detail->accesses[op][high ? a - 1 : a][d] = traffic.accesses[d];
                if (traffic.bits[d] != 0) detail->transferBits[op][high ? a - 1 : a][d] = traffic.bits[d];
            }
            detail->elements[op][a] = elements[a];
            detail->wholeElements[op][a] = whole[a];
        }
    }
    return score(model_.machine_, cuts, model_.arrayEnergy(), model_.macs(), detail);
}

std::optional<Allocation> Model::allocate(Order order, bool even, TooSmall& why) const {
    return Walk(*this, order).allocate(even, why);
}

Score Model::evaluate(Order order, const Allocation& allocation) const {
    return Walk(*this, order).evaluate(allocation, nullptr);
}

Detail Model::explain(Order order, const Allocation& allocation) const {
    Detail detail;
    Walk(*this, order).evaluate(allocation, &detail);
    return detail;
}

}  // namespace millrace::cost
