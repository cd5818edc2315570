#pragma once
#include <vector>

#include "support/box.h"

/// Parts of tensors that many tiles touch together.
namespace millrace::steady {

/// Disjoint intervals in rising order, none empty.
using Intervals = std::vector<Interval>;

Intervals unite(Intervals a, const Intervals& b);
Intervals common(const Intervals& a, const Intervals& b);

/// A product of unions of intervals, one for each axis. The union of boxes that differ on one axis only is exact; of
/// others it is the least product that holds all of them. No axes and not `some`: nothing.
class Region {
public:
    Region() = default;
    explicit Region(const Box& box);

    void add(const Box& box);
    bool empty() const { return !some_; }
    double elements() const;
    Region intersected(const Region& other) const;
    bool operator==(const Region&) const = default;

private:
    bool some_ = false;
    std::vector<Intervals> axes_;
};

/// Elements of `a` that are in `b` and not in `c`.
double elementsIn(const Region& a, const Region& b, const Region& c);

/// The least box that holds both; an empty one (no axes or no volume) counts as nothing.
void grow(Box& hull, const Box& box);

}  // namespace millrace::steady
