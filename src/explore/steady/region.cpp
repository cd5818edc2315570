#include "explore/steady/region.h"

#include <algorithm>

namespace millrace::steady {

Intervals unite(Intervals a, const Intervals& b) {
    a.insert(a.end(), b.begin(), b.end());
    std::sort(a.begin(), a.end());
    Intervals result;
    for (const Interval& next : a) {
        if (next.empty()) continue;
        if (result.empty() || next.begin > result.back().end) {
            result.push_back(next);
        } else {
            result.back().end = std::max(result.back().end, next.end);
        }
    }
    return result;
}

Intervals common(const Intervals& a, const Intervals& b) {
    Intervals result;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const Interval both{std::max(a[i].begin, b[j].begin), std::min(a[i].end, b[j].end)};
        if (!both.empty()) result.push_back(both);
        (a[i].end < b[j].end ? i : j) += 1;
    }
    return result;
}

Region::Region(const Box& box) { add(box); }

void Region::add(const Box& box) {
    if (volume(box) == 0) return;
    if (!some_) axes_.assign(box.size(), {});
    some_ = true;
    for (std::size_t i = 0; i < box.size(); ++i) {
        // Most boxes lie in what is there already, or come in order.
        const bool known = std::any_of(axes_[i].begin(), axes_[i].end(), [&](const Interval& interval) {
            return interval.begin <= box[i].begin && box[i].end <= interval.end;
        });
        if (!known) axes_[i] = unite(std::move(axes_[i]), {box[i]});
    }
}

double Region::elements() const {
    if (!some_) return 0;
    double product = 1;
    for (const Intervals& axis : axes_) {
        std::int64_t sum = 0;
        for (const Interval& interval : axis) sum += interval.size();
        product *= static_cast<double>(sum);
    }
    return product;
}

Region Region::intersected(const Region& other) const {
    Region result;
    if (!some_ || !other.some_) return result;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
        result.axes_.push_back(common(axes_[i], other.axes_[i]));
        if (result.axes_.back().empty()) return {};
    }
    result.some_ = true;
    return result;
}

double elementsIn(const Region& a, const Region& b, const Region& c) {
    const Region both = a.intersected(b);
    return both.elements() - both.intersected(c).elements();
}

void grow(Box& hull, const Box& box) {
    if (volume(box) == 0) return;
    if (hull.empty() || volume(hull) == 0) {
        hull = box;
        return;
    }
    for (std::size_t i = 0; i < box.size(); ++i) {
        hull[i] = {std::min(hull[i].begin, box[i].begin), std::max(hull[i].end, box[i].end)};
    }
}

}  // namespace millrace::steady
