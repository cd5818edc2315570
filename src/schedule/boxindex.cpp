#include "schedule/boxindex.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace millrace::schedule {

static constexpr std::size_t kLeafSize = 8;
static constexpr std::size_t kMostSamples = 256;

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

static bool meet(const Interval& a, const Interval& b) { return a.begin < b.end && b.begin < a.end; }

static bool meet(const Interval* a, const Interval* b, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!meet(a[i], b[i])) return false;
    }
    return true;
}

bool meet(BoxView a, BoxView b) { return meet(a.data(), b.data(), a.size()); }

BoxIndex::BoxIndex(Boxes boxes) : boxes_(std::move(boxes)), order_(boxes_.size()) {
    if (order_.empty()) return;
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    findAxes();
    build(0, order_.size());
    keys_ = {};
    sides_.reserve(order_.size() * axes_.size());
    for (const std::uint32_t number : order_) {
        for (const std::size_t axis : axes_) sides_.push_back(boxes_[number][axis]);
    }
    bound();
}

void BoxIndex::findAxes() {
    for (std::size_t axis = 0; axis < boxes_.rank(); ++axis) {
        const Interval first = boxes_[0][axis];
        bool differ = false;
        for (std::size_t i = 1; i < boxes_.size() && !differ; ++i) differ = boxes_[i][axis] != first;
        if (differ) axes_.push_back(axis);
    }
}

/// The axis on which the boxes begin most differently, as a share of their bounds; of some of them, if there are many.
std::size_t BoxIndex::widestAxis(std::size_t begin, std::size_t end) const {
    const std::size_t step = (end - begin + kMostSamples - 1) / kMostSamples;
    std::size_t widest = axes_.front();
    double most = -1;
    for (const std::size_t axis : axes_) {
        Interval bounds = boxes_[order_[begin]][axis];
        std::int64_t last = bounds.begin;
        for (std::size_t i = begin; i < end; i += step) {
            const Interval side = boxes_[order_[i]][axis];
            bounds = {std::min(bounds.begin, side.begin), std::max(bounds.end, side.end)};
            last = std::max(last, side.begin);
        }
        const double size = static_cast<double>(std::max<std::int64_t>(bounds.size(), 1));
        const double spread = static_cast<double>(last - bounds.begin) / size;
        if (spread > most) {
            most = spread;
            widest = axis;
        }
    }
    return widest;
}

/// Nodes come before their children.
std::uint32_t BoxIndex::build(std::size_t begin, std::size_t end) {
    const std::size_t id = nodes_.size();
    nodes_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), 0, 0});
    if (end - begin <= kLeafSize || axes_.empty()) return static_cast<std::uint32_t>(id);
    const std::size_t axis = widestAxis(begin, end);
    keys_.clear();
    for (std::size_t i = begin; i < end; ++i) keys_.push_back({boxes_[order_[i]][axis].begin, order_[i]});
    const std::size_t half = (end - begin) / 2;
    std::nth_element(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(half), keys_.end());
    for (std::size_t i = begin; i < end; ++i) order_[i] = keys_[i - begin].box;
    const std::uint32_t left = build(begin, begin + half);
    const std::uint32_t right = build(begin + half, end);
    nodes_[id].left = left;
    nodes_[id].right = right;
    return static_cast<std::uint32_t>(id);
}

void BoxIndex::bound() {
    const std::size_t count = axes_.size();
    bounds_.resize(nodes_.size() * 2 * count);
    std::vector<Interval> own(nodes_.size() * count);
    for (std::size_t id = nodes_.size(); id-- > 0;) {
        const Node& node = nodes_[id];
        Interval* bounds = own.data() + id * count;
        const auto include = [&](const Interval* box, bool first) {
            for (std::size_t i = 0; i < count; ++i) {
                const Interval old = first ? box[i] : bounds[i];
                bounds[i] = {std::min(old.begin, box[i].begin), std::max(old.end, box[i].end)};
            }
        };
        if (node.left == 0) {
            for (std::uint32_t i = node.begin; i < node.end; ++i) include(sidesOf(i), i == node.begin);
            continue;
        }
        Interval* children = bounds_.data() + id * 2 * count;
        for (const std::uint32_t child : {node.left, node.right}) {
            children = std::copy_n(own.data() + child * count, count, children);
            include(own.data() + child * count, child == node.left);
        }
    }
}

void BoxIndex::meeting(BoxView box, std::vector<std::uint32_t>& found) const {
    found.clear();
    if (nodes_.empty()) return;
    std::array<Interval, 16> few;
    std::vector<Interval> many(axes_.size() > few.size() ? axes_.size() : 0);
    Interval* const wanted = many.empty() ? few.data() : many.data();
    std::size_t next = 0;
    for (std::size_t axis = 0; axis < box.size(); ++axis) {
        if (next < axes_.size() && axes_[next] == axis) {
            wanted[next++] = box[axis];
        } else if (!meet(boxes_[0][axis], box[axis])) {
            return;
        }
    }
    std::array<std::uint32_t, 64> open;  // halves of at most 2^32 boxes: no more than one for each level
    std::size_t count = 0;
    open[count++] = 0;
    while (count > 0) {
        const std::uint32_t id = open[--count];
        const Node& node = nodes_[id];
        if (node.left != 0) {
            const Interval* bounds = bounds_.data() + std::size_t{id} * 2 * next;
            if (meet(bounds + next, wanted, next)) open[count++] = node.right;
            if (meet(bounds, wanted, next)) open[count++] = node.left;
            continue;
        }
        for (std::uint32_t i = node.begin; i < node.end; ++i) {
            if (meet(sidesOf(i), wanted, next)) found.push_back(i);
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

/// How much of a box another one covers, from 0 to 1.
static double shareOf(BoxView box, BoxView cover) {
    double share = 1;
    for (std::size_t i = 0; i < box.size(); ++i) {
        const std::int64_t common = std::min(box[i].end, cover[i].end) - std::max(box[i].begin, cover[i].begin);
        if (common <= 0) return 0;
        share *= static_cast<double>(common) / static_cast<double>(box[i].end - box[i].begin);
    }
    return share;
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
        std::size_t largest = item.end;
        double most = 0;
        for (std::size_t i = item.begin; i < item.end && !whole; ++i) {
            const double share = shareOf(part, near_[i]);
            if (share == 0) continue;
            whole = inside(part, near_[i]);
            if (share > most) {
                most = share;
                largest = near_.size();
            }
            near_.push_back(near_[i]);
        }
        if (whole) continue;
        const std::size_t count = near_.size() - item.end;
        if (count == 0) return Box(part.begin(), part.end());
        // Copies of one another leave little to a middle one; of parts side by side the middle one halves the rest.
        const bool copies = most * static_cast<double>(count) > 2;
        cut(item.sides, near_[copies ? largest : item.end + count / 2], rank, item.end, near_.size());
    }
    return std::nullopt;
}

}  // namespace millrace::schedule
