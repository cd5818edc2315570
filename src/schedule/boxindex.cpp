#include "schedule/boxindex.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace millrace::schedule {

static constexpr std::size_t kLeafSize = 8;

void Boxes::clear() {
    sides_.clear();
    count_ = 0;
}

void Boxes::add(BoxView box) {
    sides_.insert(sides_.end(), box.begin(), box.end());
    ++count_;
}

void Boxes::add(BoxView box, Span span) {
    sides_.insert(sides_.end(), box.begin(), box.end());
    sides_.push_back({span.start.value(), span.end.value()});
    ++count_;
}

void Boxes::addCommon(BoxView a, BoxView b, Span span) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        sides_.push_back({std::max(a[i].begin, b[i].begin), std::min(a[i].end, b[i].end)});
    }
    sides_.push_back({span.start.value(), span.end.value()});
    ++count_;
}

static bool touch(BoxView a, BoxView b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].begin > b[i].end || b[i].begin > a[i].end) return false;
    }
    return true;
}

BoxIndex::BoxIndex(const Boxes& boxes) : order_(boxes.size()), boxes_(boxes.rank()), bounds_(boxes.rank()) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    if (boxes.size() == 0) return;
    build(boxes, 0, boxes.size());
    boxes_.reserve(boxes.size());
    for (const std::uint32_t number : order_) boxes_.add(boxes[number]);
    keys_ = {};
}

std::size_t BoxIndex::addBounds(const Boxes& given, std::size_t begin, std::size_t end) {
    const BoxView first = given[order_[begin]];
    Box bounds(first.begin(), first.end());
    std::vector<std::int64_t> last(bounds.size(), std::numeric_limits<std::int64_t>::min());
    for (std::size_t i = begin; i < end; ++i) {
        const BoxView box = given[order_[i]];
        for (std::size_t axis = 0; axis < box.size(); ++axis) {
            bounds[axis] = {std::min(bounds[axis].begin, box[axis].begin), std::max(bounds[axis].end, box[axis].end)};
            last[axis] = std::max(last[axis], box[axis].begin);
        }
    }
    std::size_t widest = 0;
    double most = -1;
    for (std::size_t axis = 0; axis < bounds.size(); ++axis) {
        const double size = static_cast<double>(std::max<std::int64_t>(bounds[axis].size(), 1));
        const double spread = static_cast<double>(last[axis] - bounds[axis].begin) / size;
        if (spread > most) {
            most = spread;
            widest = axis;
        }
    }
    bounds_.add(bounds);
    return widest;
}

std::uint32_t BoxIndex::build(const Boxes& given, std::size_t begin, std::size_t end) {
    const std::size_t id = nodes_.size();
    const std::size_t axis = addBounds(given, begin, end);
    nodes_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), 0, 0});
    if (end - begin <= kLeafSize || given.rank() == 0) return static_cast<std::uint32_t>(id);
    keys_.clear();
    for (std::size_t i = begin; i < end; ++i) keys_.push_back({given[order_[i]][axis].begin, order_[i]});
    const std::size_t half = (end - begin) / 2;
    std::nth_element(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(half), keys_.end());
    for (std::size_t i = begin; i < end; ++i) order_[i] = keys_[i - begin].box;
    const std::uint32_t left = build(given, begin, begin + half);
    const std::uint32_t right = build(given, begin + half, end);
    nodes_[id].left = left;
    nodes_[id].right = right;
    return static_cast<std::uint32_t>(id);
}

void BoxIndex::touching(BoxView box, std::vector<std::uint32_t>& found) const {
    found.clear();
    std::array<std::uint32_t, 64> open;  // halves of at most 2^32 boxes: no more than one for each level
    std::size_t count = 0;
    if (!nodes_.empty()) open[count++] = 0;
    while (count > 0) {
        const std::uint32_t id = open[--count];
        if (!touch(bounds_[id], box)) continue;
        const Node& node = nodes_[id];
        if (node.left != 0) {
            open[count++] = node.right;
            open[count++] = node.left;
            continue;
        }
        for (std::uint32_t i = node.begin; i < node.end; ++i) {
            if (touch(boxes_[i], box)) found.push_back(i);
        }
    }
}

/// Sizes are not multiplied: with time as an axis, volumes do not fit 64 bits.
static bool isEmpty(BoxView box) {
    return std::any_of(box.begin(), box.end(), [](const Interval& side) { return side.empty(); });
}

static bool inside(BoxView inner, BoxView outer) {
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i].begin < outer[i].begin || inner[i].end > outer[i].end) return false;
    }
    return true;
}

bool overlap(BoxView a, BoxView b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (std::max(a[i].begin, b[i].begin) >= std::min(a[i].end, b[i].end)) return false;
    }
    return true;
}

/// Opens the parts of the box around the cover, at most two for each axis; what is left in place is inside of it.
void GapFinder::cut(std::size_t sides, BoxView cover, std::size_t rank, std::size_t begin, std::size_t end) {
    const auto part = [&](std::size_t axis, Interval side) {
        const std::size_t at = sides_.size();
        sides_.resize(at + rank);
        std::copy_n(sides_.begin() + static_cast<std::ptrdiff_t>(sides), rank,
                    sides_.begin() + static_cast<std::ptrdiff_t>(at));
        sides_[at + axis] = side;
        open_.push_back({at, begin, end});
    };
    for (std::size_t i = 0; i < rank; ++i) {
        const Interval side = sides_[sides + i];
        if (side.begin < cover[i].begin) {
            part(i, {side.begin, cover[i].begin});
            sides_[sides + i].begin = cover[i].begin;
        }
        if (side.end > cover[i].end) {
            part(i, {cover[i].end, side.end});
            sides_[sides + i].end = cover[i].end;
        }
    }
}

std::optional<Box> GapFinder::uncovered(BoxView box, const std::vector<BoxView>& covers) {
    if (isEmpty(box)) return std::nullopt;
    if (std::any_of(covers.begin(), covers.end(), [&](BoxView cover) { return inside(box, cover); })) {
        return std::nullopt;
    }
    const std::size_t rank = box.size();
    sides_.assign(box.begin(), box.end());
    near_.assign(covers.begin(), covers.end());
    open_.assign(1, {0, 0, near_.size()});
    while (!open_.empty()) {
        const Open item = open_.back();
        open_.pop_back();
        sides_.resize(item.sides + rank);  // what comes behind belongs to parts that are covered
        near_.resize(item.end);
        const BoxView part(sides_.data() + item.sides, rank);
        bool whole = false;
        for (std::size_t i = item.begin; i < item.end && !whole; ++i) {
            if (!overlap(part, near_[i])) continue;
            whole = inside(part, near_[i]);
            near_.push_back(near_[i]);
        }
        if (whole) continue;
        if (near_.size() == item.end) return Box(part.begin(), part.end());
        const BoxView middle = near_[item.end + (near_.size() - item.end) / 2];
        cut(item.sides, middle, rank, item.end, near_.size());
    }
    return std::nullopt;
}

}  // namespace millrace::schedule
