#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/cost/model.h"

namespace millrace::cost {

/// Scores that are known already. Many orders of the same loops lead to the same cuts with the same runs of loops just
/// below them, and nothing else goes into the score. Of a fixed size: a new score takes the place of an old one.
class ScoreMemo {
public:
    ScoreMemo() : entries_(kEntries) {}

private:
    friend class TableWalk;

    static constexpr std::size_t kEntries = 512;
    /// What tells scores apart: for each operand and cut the state below it, and the states below its two runs.
    using Key = std::array<std::uint64_t, kMaxOperands*(kMaxLevels + 1)>;
    struct Entry {
        bool used = false;
        Key key;
        Score score;
    };
    std::vector<Entry> entries_;
};

/// All numbers of one set of temporal loops, by prefix state: the multiset of loops below a place in an order. A set of
/// n different loops has 2^n states, and n! orders share them. Scores any order of the loops by look-ups, equal to
/// `Model` for every order.
class Tables {
public:
    /// Empty if the tables would not be exact or not be small: unrollings that are not exact in binary (1000 over 3
    /// rows), sums beyond 2^53, more than `kMaxStates` states. `Model` evaluates those loops.
    static std::optional<Tables> make(const Model& model, const std::vector<Loop>& loops);
    /// The same without a promise: numbers may differ from the `Model`'s by the rounding of products that are not
    /// exact. Empty if the output slides, or if there are more than `mostStates` states.
    static std::optional<Tables> makeRounded(const Model& model, const std::vector<Loop>& loops,
                                             std::size_t mostStates);

    static constexpr std::size_t kMaxStates = 4096;

    /// Kinds of loops (different ones of the set), as `kinds` counts them in an order.
    const std::vector<Loop>& kinds() const { return kinds_; }
    std::size_t states() const { return states_; }
    /// How often a kind is in the set.
    std::size_t multiplicity(std::size_t kind) const { return counts_[kind]; }
    /// Loops of one kind in a state.
    std::size_t countIn(std::size_t state, std::size_t kind) const {
        return state / stride_[kind] % (counts_[kind] + 1);
    }
    /// What one more loop of a kind adds to the number of a state. State 0 is empty, state `states() - 1` has all.
    std::uint32_t stride(std::size_t kind) const { return stride_[kind]; }
    /// Product of all loops, and of those of a state.
    std::int64_t total() const { return total_; }
    std::int64_t period(std::size_t state) const { return period_[state]; }
    std::int64_t repeats(std::size_t state) const { return repeats_[state]; }
    /// Bit k: loops of kind k are irrelevant (relevant) for the operand.
    std::uint64_t irrelevantKinds(std::size_t op) const { return irrelevantKinds_[op]; }
    std::uint64_t relevantKinds(std::size_t op) const { return relevantKinds_[op]; }
    /// Is an output tile at this level one of partial sums if the level below ends at this state? (zigzag.md 6.4, 1.)
    bool partial(std::size_t level, std::size_t state) const {
        return level_[0][level].partial || partial_[state] != 0;
    }
    /// Bits of the tile that a level holds of the operand, if the level ends at this state.
    double bits(std::size_t op, std::size_t level, std::size_t state, bool partial) const {
        return level_[op][level].bits[partial ? 1 : 0][state];
    }
    const CutEntry& entry(std::size_t op, std::size_t cut, std::size_t state) const { return entry_[op][cut][state]; }

    /// One evaluation: (uneven) `Model::allocate` and then `Model::evaluate` for an order of all loops of the set,
    /// innermost first; the loop at place i is `kinds()[order[i]]`. False, and `why` filled in, if the order does not
    /// fit. `memo`, if given, must have been used with these tables only; the score is the same with and without it.
    bool evaluate(const std::uint32_t* order, Score& score, TooSmall& why, ScoreMemo* memo = nullptr) const;

private:
    /// The tiles of one operand at one memory level, by state.
    struct Level {
        /// Bits, and traffic to the level above; [1] at the precision of partial sums, [0] otherwise.
        std::array<std::vector<double>, 2> bits;
        std::array<std::vector<double>, 2> traffic;
        bool partial = false;  ///< whatever the state
    };

    explicit Tables(const Model& model) : model_(&model) {}

    friend class TableBuilder;
    friend class TableWalk;

    const Model* model_;
    std::vector<Loop> kinds_;
    std::vector<std::size_t> counts_;    ///< of each kind in the set
    std::vector<std::uint32_t> stride_;  ///< what one more loop of a kind adds to the number of a state
    std::size_t loops_ = 0;
    std::size_t states_ = 1;
    std::int64_t total_ = 1;
    std::vector<std::int64_t> period_;   ///< by state
    std::vector<std::int64_t> repeats_;  ///< by state: total / period
    std::vector<std::uint8_t> partial_;  ///< by state: an irrelevant loop of the output is not below
    /// By operand, bit k: loops of kind k are irrelevant (relevant) for it.
    std::array<std::uint64_t, kMaxOperands> irrelevantKinds_{};
    std::array<std::uint64_t, kMaxOperands> relevantKinds_{};
    std::array<std::array<Level, kMaxLevels>, kMaxOperands> level_;
    std::array<std::array<std::vector<CutEntry>, kMaxLevels + 1>, kMaxOperands> entry_;
};

}  // namespace millrace::cost
