#include "explore/workload/views.h"

#include <algorithm>
#include <numeric>

namespace millrace::workload::views {

static constexpr std::size_t kMostPieces = 4096;

AxisMap axisMap(std::size_t axis, std::int64_t offset, std::int64_t coefficient) { return {axis, coefficient, offset}; }

AxisMap fixedMap(std::int64_t index) { return {std::nullopt, 1, index}; }

std::vector<AxisMap> identity(std::size_t rank) {
    std::vector<AxisMap> result;
    for (std::size_t i = 0; i < rank; ++i) result.push_back(axisMap(i));
    return result;
}

Source whole(TensorId tensor, const Shape& shape) {
    return std::vector<Piece>{Piece{tensor, wholeBox(shape), identity(shape.size()), {}}};
}

std::vector<TensorId> tensorsOf(const Source& source) {
    std::vector<TensorId> result;
    if (const auto* barrier = std::get_if<Barrier>(&source)) {
        result = barrier->tensors;
    } else {
        for (const Piece& piece : std::get<std::vector<Piece>>(source)) result.push_back(piece.tensor);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

Source barrier(const std::vector<Source>& sources) {
    Barrier result;
    for (const Source& source : sources) {
        const std::vector<TensorId> tensors = tensorsOf(source);
        result.tensors.insert(result.tensors.end(), tensors.begin(), tensors.end());
    }
    result.tensors = tensorsOf(result);
    return result;
}

static std::int64_t ceilOf(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// Restricts `box` to the points whose image under `map` lies in `wanted`.
static void restrict(Box& box, const AxisMap& map, Interval wanted) {
    if (!map.operandAxis) return;
    Interval& side = box[*map.operandAxis];
    const std::int64_t scale = map.coefficient;
    const std::int64_t low = wanted.begin - map.offset;  // low <= scale * x <= high
    const std::int64_t high = wanted.end - 1 - map.offset;
    const std::int64_t first = scale > 0 ? ceilOf(low, scale) : ceilOf(-high, -scale);
    const std::int64_t last = scale > 0 ? -ceilOf(-high, scale) : -ceilOf(low, -scale);
    side = {std::max(side.begin, first), std::min(side.end, last + 1)};
}

static AxisMap composed(const AxisMap& outer, const std::vector<AxisMap>& map) {
    if (!outer.operandAxis) return outer;
    const AxisMap& inner = map[*outer.operandAxis];
    AxisMap result = inner;
    result.offset = outer.coefficient * inner.offset + outer.offset;
    if (inner.operandAxis) result.coefficient = outer.coefficient * inner.coefficient;
    return result;
}

static bool emptyBox(const Box& box) {
    return std::any_of(box.begin(), box.end(), [](const Interval& side) { return side.empty(); });
}

Source through(const Source& inner, const std::vector<AxisMap>& map, const Box& region) {
    const auto* pieces = std::get_if<std::vector<Piece>>(&inner);
    if (pieces == nullptr) return inner;
    std::vector<Piece> result;
    for (const Piece& piece : *pieces) {
        Piece next{piece.tensor, region, {}, piece.viewShape};
        bool empty = false;
        for (std::size_t i = 0; i < map.size() && !empty; ++i) {
            const Interval wanted = piece.region[i];
            empty = !map[i].operandAxis && (map[i].offset < wanted.begin || map[i].offset >= wanted.end);
            if (!empty) restrict(next.region, map[i], wanted);
        }
        if (empty || emptyBox(next.region)) continue;
        for (const AxisMap& outer : piece.map) next.map.push_back(composed(outer, map));
        result.push_back(std::move(next));
    }
    return result;
}

Source transposed(const Source& inner, const Shape& shape, const std::vector<std::size_t>& order) {
    std::vector<AxisMap> map(shape.size());
    Box region(shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        map[order[i]] = axisMap(i);
        region[i] = {0, shape[order[i]]};
    }
    return through(inner, map, region);
}

Source joined(Source a, const Source& b) {
    auto* left = std::get_if<std::vector<Piece>>(&a);
    const auto* right = std::get_if<std::vector<Piece>>(&b);
    if (left == nullptr || right == nullptr) return barrier({a, b});
    if (left->size() + right->size() > kMostPieces) return barrier({a, b});
    left->insert(left->end(), right->begin(), right->end());
    return a;
}

bool append(Source& all, Shape& shape, const Source& part, const Shape& partShape, std::size_t axis) {
    if (partShape.size() != shape.size() || axis >= shape.size()) return false;
    Shape grown = shape;
    grown[axis] = partShape[axis];
    if (grown != partShape) return false;
    const std::int64_t begin = shape[axis];
    grown[axis] = begin + partShape[axis];
    std::vector<AxisMap> map = identity(shape.size());
    map[axis] = axisMap(axis, -begin);
    Box region = wholeBox(grown);
    region[axis].begin = begin;
    all = joined(std::move(all), through(part, map, region));
    shape = grown;
    return true;
}

/// One end of a padded axis: positions [from, to) of the grown axis.
static Source border(const Source& inner, const Shape& grown, std::size_t axis, Interval part, AxisMap along) {
    if (part.empty()) return std::vector<Piece>{};
    std::vector<AxisMap> map = identity(grown.size());
    Box region = wholeBox(grown);
    map[axis] = along;
    region[axis] = part;
    return through(inner, map, region);
}

Source padded(const Source& inner, const Shape& shape, std::size_t axis, std::int64_t before, std::int64_t after,
              PadMode mode) {
    const std::int64_t size = shape[axis];
    Shape grown = shape;
    grown[axis] = std::max<std::int64_t>(0, size + before + after);
    Source result = border(inner, grown, axis, {0, grown[axis]}, axisMap(axis, -before));
    if (mode == PadMode::constant || size == 0) return result;
    const Interval head{0, std::min(before, grown[axis])};
    const Interval tail{std::max<std::int64_t>(0, size + before), grown[axis]};
    if (mode == PadMode::edge) {
        result = joined(std::move(result), border(inner, grown, axis, head, fixedMap(0)));
        return joined(std::move(result), border(inner, grown, axis, tail, fixedMap(size - 1)));
    }
    if (before > size - 1 || after > size - 1) return barrier({inner});
    const bool wraps = mode == PadMode::wrap;
    const AxisMap first = wraps ? axisMap(axis, size - before) : axisMap(axis, before, -1);
    const AxisMap last = wraps ? axisMap(axis, -before - size) : axisMap(axis, 2 * (size - 1) + before, -1);
    result = joined(std::move(result), border(inner, grown, axis, head, first));
    return joined(std::move(result), border(inner, grown, axis, tail, last));
}

static Shape withoutOnes(const Shape& shape) {
    Shape result;
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(result), [](std::int64_t size) { return size != 1; });
    return result;
}

/// Same axes up to those of size 1: each axis of `from` is an axis of `to`, or the constant 0.
static Source onesMoved(const Source& inner, const Shape& from, const Shape& to) {
    std::vector<AxisMap> map;
    std::size_t j = 0;
    for (const std::int64_t size : from) {
        if (size == 1) {
            map.push_back(fixedMap(0));
            continue;
        }
        while (to[j] == 1) ++j;
        map.push_back(axisMap(j++));
    }
    return through(inner, map, wholeBox(to));
}

/// True if the piece reads its tensor (or its view of it) in row-major order from the first to the last element.
static bool inOrder(const Piece& piece, const Shape& from, const Shape& seen) {
    if (piece.region != wholeBox(from) || withoutOnes(from) != withoutOnes(seen)) return false;
    std::size_t j = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] == 1) continue;
        while (from[j] == 1) ++j;
        if (piece.map[i] != axisMap(j)) return false;
        ++j;
    }
    return true;
}

Source reshaped(const Source& inner, const Shape& from, const Shape& to, const Table<TensorId, Tensor>& tensors) {
    const auto* pieces = std::get_if<std::vector<Piece>>(&inner);
    if (pieces == nullptr) return inner;
    if (withoutOnes(from) == withoutOnes(to)) return onesMoved(inner, from, to);
    if (pieces->size() != 1) return barrier({inner});
    const Piece& piece = pieces->front();
    const Shape& own = tensors[piece.tensor].shape;
    if (!inOrder(piece, from, piece.viewShape.empty() ? own : piece.viewShape)) return barrier({inner});
    if (withoutOnes(own) == withoutOnes(to)) return onesMoved(whole(piece.tensor, own), own, to);
    return std::vector<Piece>{Piece{piece.tensor, wholeBox(to), identity(to.size()), to}};
}

}  // namespace millrace::workload::views
