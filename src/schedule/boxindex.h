#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "schedule/schedule.h"
#include "support/box.h"

/// Which boxes of a tensor are where, and when: the geometry behind `check` and `verify`. Time is one more axis, the
/// last.
namespace millrace::schedule {

/// A box, wherever its sides are stored.
using BoxView = std::span<const Interval>;

/// Have two boxes of equal rank a point in common?
bool overlap(BoxView a, BoxView b);

/// Does on each axis either begin before the other ends? (As `overlap`, but a side of no length meets those in which it
/// lies, not those where it begins or ends.)
bool meet(BoxView a, BoxView b);

/// Boxes of equal rank, one behind the other in memory.
class Boxes {
public:
    explicit Boxes(std::size_t rank) : rank_(rank) {}

    void reserve(std::size_t count) { sides_.reserve(count * rank_); }
    void clear();
    void add(BoxView box);
    /// Of rank - 1, over a span of time.
    void add(BoxView box, Span span);
    /// The common part of two boxes of rank - 1, over a span of time.
    void addCommon(BoxView a, BoxView b, Span span);

    std::size_t rank() const { return rank_; }
    std::size_t size() const { return count_; }
    BoxView operator[](std::size_t index) const { return {sides_.data() + index * rank_, rank_}; }

private:
    std::size_t rank_;
    std::size_t count_ = 0;
    std::vector<Interval> sides_;
};

/// A fixed set of boxes (a tree of bounding boxes, split at the median of the widest axis). Finding the k boxes that
/// meet a box takes O(log n + k) in ordinary cases.
class BoxIndex {
public:
    explicit BoxIndex(Boxes boxes);

    /// Where the boxes stand here that meet `box`, of the rank of the set; neighbours in space stand next to each
    /// other.
    void meeting(BoxView box, std::vector<std::uint32_t>& found) const;
    BoxView operator[](std::size_t at) const { return boxes_[order_[at]]; }
    std::size_t rank() const { return boxes_.rank(); }
    std::size_t size() const { return boxes_.size(); }
    /// Which one it was in the set that was given.
    std::size_t number(std::size_t at) const { return order_[at]; }

private:
    struct Node {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        std::uint32_t left = 0;  ///< 0: a leaf
        std::uint32_t right = 0;
    };
    struct Key {
        std::int64_t at;
        std::uint32_t box;
        auto operator<=>(const Key&) const = default;
    };

    void findAxes();
    std::size_t widestAxis(std::size_t begin, std::size_t end) const;
    std::uint32_t build(std::size_t begin, std::size_t end);
    void bound();
    const Interval* sidesOf(std::size_t at) const { return sides_.data() + at * axes_.size(); }

    Boxes boxes_;
    std::vector<std::size_t> axes_;     ///< on which not all boxes are the same
    std::vector<std::uint32_t> order_;  ///< boxes as they stand in the leaves
    std::vector<Interval> sides_;       ///< of these axes, in this order
    std::vector<Interval> bounds_;      ///< of these axes, by node: of its left part, then of its right part
    std::vector<Node> nodes_;
    std::vector<Key> keys_;
};

/// Finds what is not covered. Keeps its memory from one search to the next.
class GapFinder {
public:
    /// A part of `box` that no box of `covers` covers; nothing if they cover it together. Splits at a middle cover, or
    /// at the largest if covers overlap each other much, and goes on with what is near each part, so that covers in
    /// order of space (as `BoxIndex` gives them) cost about n log n. All have the same rank.
    std::optional<Box> uncovered(BoxView box, const std::vector<BoxView>& covers);

private:
    /// A box to be covered, in `sides_`, by some of `near_`.
    struct Open {
        std::size_t sides;
        std::size_t begin;
        std::size_t end;
    };

    void cut(std::size_t sides, BoxView cover, std::size_t rank, std::size_t begin, std::size_t end);

    std::vector<Interval> sides_;
    std::vector<BoxView> near_;
    std::vector<Open> open_;
};

}  // namespace millrace::schedule
