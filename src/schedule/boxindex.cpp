#include "schedule/boxindex.h"

#include <algorithm>
#include <numeric>

namespace millrace::schedule {

static constexpr std::size_t kLeafSize = 8;

Box extended(const Box& box, Span span) {
    Box result;
    result.reserve(box.size() + 1);
    result = box;
    result.push_back({span.start.value(), span.end.value()});
    return result;
}

static bool touch(const Box& a, const Box& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].begin > b[i].end || b[i].begin > a[i].end) return false;
    }
    return true;
}

BoxIndex::BoxIndex(std::vector<Box> boxes) : boxes_(std::move(boxes)), order_(boxes_.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (!boxes_.empty()) build(0, boxes_.size());
}

/// The axis on which the boxes begin most differently, as a share of their bounds.
std::size_t BoxIndex::widestAxis(std::size_t begin, std::size_t end, const Box& bounds) const {
    std::size_t widest = 0;
    double most = -1;
    for (std::size_t axis = 0; axis < bounds.size(); ++axis) {
        std::int64_t last = bounds[axis].begin;
        for (std::size_t i = begin; i < end; ++i) last = std::max(last, boxes_[order_[i]][axis].begin);
        const double size = static_cast<double>(std::max<std::int64_t>(bounds[axis].size(), 1));
        const double spread = static_cast<double>(last - bounds[axis].begin) / size;
        if (spread > most) {
            most = spread;
            widest = axis;
        }
    }
    return widest;
}

std::size_t BoxIndex::build(std::size_t begin, std::size_t end) {
    const std::size_t id = nodes_.size();
    Box bounds = boxes_[order_[begin]];
    for (std::size_t i = begin; i < end; ++i) {
        const Box& box = boxes_[order_[i]];
        for (std::size_t axis = 0; axis < box.size(); ++axis) {
            bounds[axis] = {std::min(bounds[axis].begin, box[axis].begin), std::max(bounds[axis].end, box[axis].end)};
        }
    }
    nodes_.push_back({bounds, begin, end, 0, 0});
    if (end - begin <= kLeafSize || bounds.empty()) return id;
    const std::size_t axis = widestAxis(begin, end, bounds);
    const std::size_t middle = begin + (end - begin) / 2;
    const auto at = [&](std::size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(at(begin), at(middle), at(end), [&](std::size_t a, std::size_t b) {
        const std::int64_t x = boxes_[a][axis].begin;
        const std::int64_t y = boxes_[b][axis].begin;
        return x != y ? x < y : a < b;
    });
    const std::size_t left = build(begin, middle);
    const std::size_t right = build(middle, end);
    nodes_[id].left = left;
    nodes_[id].right = right;
    return id;
}

std::vector<std::size_t> BoxIndex::touching(const Box& box) const {
    std::vector<std::size_t> found;
    std::vector<std::size_t> open;
    if (!nodes_.empty()) open.push_back(0);
    while (!open.empty()) {
        const Node& node = nodes_[open.back()];
        open.pop_back();
        if (!touch(node.bounds, box)) continue;
        if (node.left != 0) {
            open.push_back(node.right);
            open.push_back(node.left);
            continue;
        }
        for (std::size_t i = node.begin; i < node.end; ++i) {
            if (touch(boxes_[order_[i]], box)) found.push_back(order_[i]);
        }
    }
    return found;
}

/// Sizes are not multiplied: with time as an axis, volumes do not fit 64 bits.
static bool isEmpty(const Box& box) {
    return std::any_of(box.begin(), box.end(), [](const Interval& side) { return side.empty(); });
}

static bool inside(const Box& inner, const Box& outer) {
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i].begin < outer[i].begin || inner[i].end > outer[i].end) return false;
    }
    return true;
}

/// The parts of `box` around `cover`, at most two for each axis.
static std::vector<Box> around(const Box& box, const Box& cover) {
    std::vector<Box> parts;
    Box rest = box;
    for (std::size_t i = 0; i < box.size(); ++i) {
        if (rest[i].begin < cover[i].begin) {
            parts.push_back(rest);
            parts.back()[i].end = cover[i].begin;
            rest[i].begin = cover[i].begin;
        }
        if (rest[i].end > cover[i].end) {
            parts.push_back(rest);
            parts.back()[i].begin = cover[i].end;
            rest[i].end = cover[i].end;
        }
    }
    return parts;
}

std::optional<Box> uncovered(const Box& box, const std::vector<const Box*>& covers) {
    struct Open {
        Box box;
        std::vector<const Box*> covers;
    };
    if (isEmpty(box)) return std::nullopt;
    std::vector<Open> open;
    open.push_back({box, covers});
    while (!open.empty()) {
        const Open item = std::move(open.back());
        open.pop_back();
        std::vector<const Box*> near;
        bool whole = false;
        for (const Box* cover : item.covers) {
            if (!overlaps(item.box, *cover)) continue;
            whole = whole || inside(item.box, *cover);
            near.push_back(cover);
        }
        if (whole) continue;
        if (near.empty()) return item.box;
        for (Box& part : around(item.box, *near[near.size() / 2])) open.push_back({std::move(part), near});
    }
    return std::nullopt;
}

}  // namespace millrace::schedule
