#pragma once
#include <compare>
#include <cstdint>
#include <vector>

namespace millrace {

/// [begin, end) along one axis; empty if end <= begin.
struct Interval {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t size() const { return end > begin ? end - begin : 0; }
    bool empty() const { return end <= begin; }
    auto operator<=>(const Interval&) const = default;
};

/// One interval per axis. A box of no axes is a scalar: volume 1.
using Box = std::vector<Interval>;

/// Number of points.
std::int64_t volume(const Box& box);
/// Axis by axis; both boxes have the same number of axes. May be empty.
Box intersect(const Box& a, const Box& b);
bool overlaps(const Box& a, const Box& b);
/// Every point of `inner` is in `outer`. An empty `inner` is in every box.
bool contains(const Box& outer, const Box& inner);
/// The part of `box` that no box of `covers` covers, as disjoint boxes. Empty result: covered.
std::vector<Box> subtract(const Box& box, const std::vector<Box>& covers);
/// All of a tensor of this shape.
Box wholeBox(const std::vector<std::int64_t>& shape);

}  // namespace millrace
