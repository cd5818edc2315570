#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "schedule/schedule.h"
#include "support/box.h"

/// Which boxes of a tensor are where, and when: the geometry behind `check` and `verify`.
namespace millrace::schedule {

/// A box over a span of time, kept as one box with time as its last axis.
Box extended(const Box& box, Span span);

/// A fixed set of boxes of equal rank (a tree of bounding boxes, split at the median of the widest axis). Finding the
/// k boxes that touch a box takes O(log n + k) in ordinary cases.
class BoxIndex {
public:
    explicit BoxIndex(std::vector<Box> boxes);

    /// Indices of the boxes whose closed intervals share a point with those of `box` (so also boxes that only touch it,
    /// and boxes of no length), neighbours in space next to each other. `box` has the rank of the set.
    std::vector<std::size_t> touching(const Box& box) const;
    const Box& operator[](std::size_t index) const { return boxes_[index]; }

private:
    struct Node {
        Box bounds;
        std::size_t begin = 0;
        std::size_t end = 0;
        std::size_t left = 0;  ///< 0: a leaf
        std::size_t right = 0;
    };

    std::size_t build(std::size_t begin, std::size_t end);
    std::size_t widestAxis(std::size_t begin, std::size_t end, const Box& bounds) const;

    std::vector<Box> boxes_;
    std::vector<std::size_t> order_;
    std::vector<Node> nodes_;
};

/// A part of `box` that no box of `covers` covers; nothing if they cover it together. Splits at a middle cover and goes
/// on with what is near each part, so that covers in order of space (as `BoxIndex` gives them) cost about n log n.
std::optional<Box> uncovered(const Box& box, const std::vector<const Box*>& covers);

}  // namespace millrace::schedule
