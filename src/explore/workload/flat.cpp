#include "explore/workload/flat.h"

#include <algorithm>

namespace millrace::workload {

static constexpr std::size_t kMostRuns = 64;

using Shape = std::vector<std::int64_t>;

static std::int64_t product(const Shape& shape, std::size_t first) {
    std::int64_t result = 1;
    for (std::size_t i = first; i < shape.size(); ++i) result *= shape[i];
    return result;
}

static void appendRun(Interval run, const Shape& shape, std::size_t axis, Box& prefix, std::vector<Box>& out) {
    if (run.empty()) return;
    if (axis == shape.size()) {
        out.push_back(prefix);
        return;
    }
    const std::int64_t row = product(shape, axis + 1);
    const auto emit = [&](Interval rows, Interval inside) {
        prefix.push_back(rows);
        if (inside.size() == row) {
            Box box = prefix;
            for (std::size_t i = axis + 1; i < shape.size(); ++i) box.push_back({0, shape[i]});
            out.push_back(std::move(box));
        } else {
            appendRun(inside, shape, axis + 1, prefix, out);
        }
        prefix.pop_back();
    };
    const std::int64_t first = run.begin / row;
    const std::int64_t last = (run.end - 1) / row;
    if (first == last) {
        emit({first, first + 1}, {run.begin - first * row, run.end - first * row});
        return;
    }
    std::int64_t whole = first;
    if (run.begin % row != 0) {
        emit({first, first + 1}, {run.begin - first * row, row});
        ++whole;
    }
    const std::int64_t end = run.end / row;
    if (end > whole) emit({whole, end}, {0, row});
    if (run.end % row != 0) emit({last, last + 1}, {0, run.end - last * row});
}

std::vector<Box> boxesOfRun(Interval run, const Shape& shape) {
    std::vector<Box> out;
    Box prefix;
    appendRun(run, shape, 0, prefix, out);
    return out;
}

/// Contiguous runs of a box in row-major order, joined where they touch; one covering run if there are too many.
static std::vector<Interval> runsOf(const Box& box, const Shape& shape) {
    std::size_t inner = shape.size();
    std::int64_t row = 1;
    while (inner > 0 && box[inner - 1].size() == shape[inner - 1]) row *= shape[--inner];
    if (inner == 0) return {{0, row}};
    const Interval last{box[inner - 1].begin * row, box[inner - 1].end * row};
    row *= shape[inner - 1];
    std::vector<Interval> runs{last};
    std::size_t count = 1;
    Interval cover = last;
    for (std::size_t i = inner - 1; i-- > 0;) {
        cover = {cover.begin + box[i].begin * row, cover.end + (box[i].end - 1) * row};
        count = std::min<std::size_t>(count * static_cast<std::size_t>(std::min<std::int64_t>(box[i].size(), 65)), 65);
        std::vector<Interval> next;
        for (std::int64_t at = box[i].begin; at < box[i].end && count <= kMostRuns; ++at) {
            for (const Interval& run : runs) next.push_back({run.begin + at * row, run.end + at * row});
        }
        runs = std::move(next);
        row *= shape[i];
    }
    if (count > kMostRuns) return {cover};
    return runs;
}

static std::vector<Box> reshapeGroup(const Box& box, const Shape& from, const Shape& to) {
    std::vector<Box> result;
    for (const Interval& run : runsOf(box, from)) {
        for (Box& part : boxesOfRun(run, to)) result.push_back(std::move(part));
    }
    return result;
}

static std::vector<Box> cross(const std::vector<Box>& left, const std::vector<Box>& right) {
    std::vector<Box> result;
    for (const Box& a : left) {
        for (const Box& b : right) {
            result.push_back(a);
            result.back().insert(result.back().end(), b.begin(), b.end());
        }
    }
    return result;
}

std::vector<Box> reshapeBox(const Box& box, const Shape& from, const Shape& to) {
    std::vector<Box> result{Box{}};
    std::size_t i = 0;
    std::size_t j = 0;
    // Axes fall into groups of equal products; a reshape does not mix elements of different groups.
    while (i < from.size() || j < to.size()) {
        Shape groupFrom;
        Shape groupTo;
        Box part;
        std::int64_t a = 1;
        std::int64_t b = 1;
        do {
            if ((a <= b && i < from.size()) || j == to.size()) {
                part.push_back(box[i]);
                groupFrom.push_back(from[i]);
                a *= from[i++];
            } else {
                groupTo.push_back(to[j]);
                b *= to[j++];
            }
        } while (a != b);
        result = cross(result, reshapeGroup(part, groupFrom, groupTo));
    }
    return result;
}

}  // namespace millrace::workload
