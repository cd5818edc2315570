#include "support/box.h"

#include <algorithm>
#include <cassert>

namespace millrace {

std::int64_t volume(const Box& box) {
    std::int64_t product = 1;
    for (const Interval& side : box) product *= side.size();
    return product;
}

Box intersect(const Box& a, const Box& b) {
    assert(a.size() == b.size());
    Box result(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        result[i] = {std::max(a[i].begin, b[i].begin), std::min(a[i].end, b[i].end)};
    }
    return result;
}

bool overlaps(const Box& a, const Box& b) {
    assert(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (std::max(a[i].begin, b[i].begin) >= std::min(a[i].end, b[i].end)) return false;
    }
    return true;
}

bool contains(const Box& outer, const Box& inner) {
    assert(outer.size() == inner.size());
    if (volume(inner) == 0) return true;
    for (std::size_t i = 0; i < outer.size(); ++i) {
        if (inner[i].begin < outer[i].begin || inner[i].end > outer[i].end) return false;
    }
    return true;
}

static void subtractOne(const Box& box, const Box& cover, std::vector<Box>& out) {
    if (!overlaps(box, cover)) {
        out.push_back(box);
        return;
    }
    Box rest = box;
    for (std::size_t i = 0; i < box.size(); ++i) {
        if (rest[i].begin < cover[i].begin) {
            Box below = rest;
            below[i].end = cover[i].begin;
            out.push_back(std::move(below));
            rest[i].begin = cover[i].begin;
        }
        if (rest[i].end > cover[i].end) {
            Box above = rest;
            above[i].begin = cover[i].end;
            out.push_back(std::move(above));
            rest[i].end = cover[i].end;
        }
    }
}

std::vector<Box> subtract(const Box& box, const std::vector<Box>& covers) {
    std::vector<Box> left;
    if (volume(box) > 0) left.push_back(box);
    for (const Box& cover : covers) {
        if (left.empty()) break;
        std::vector<Box> next;
        for (const Box& part : left) subtractOne(part, cover, next);
        left = std::move(next);
    }
    return left;
}

Box wholeBox(const std::vector<std::int64_t>& shape) {
    Box result;
    result.reserve(shape.size());
    for (const std::int64_t size : shape) result.push_back({0, size});
    return result;
}

}  // namespace millrace
