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

    static constexpr std::size_t kMaxStates = 4096;

    /// Kinds of loops (different ones of the set), as `kinds` counts them in an order.
    const std::vector<Loop>& kinds() const { return kinds_; }
    std::size_t states() const { return states_; }

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
