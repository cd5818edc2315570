#include "tiling/needs_reference.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace millrace::test {

using workload::AffineExpr;
using workload::Operand;
using workload::TensorId;
using workload::Workload;

namespace {

using Index = std::vector<std::int64_t>;

std::int64_t sizeOf(const Index& shape) {
    std::int64_t size = 1;
    for (const std::int64_t each : shape) size *= each;
    return size;
}

std::int64_t rowMajor(const Index& index, const Index& shape) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) flat = flat * shape[i] + index[i];
    return flat;
}

/// All integer points of a box.
void forEachPoint(const std::vector<Interval>& box, const std::function<void(const Index&)>& visit) {
    Index point;
    for (const Interval& side : box) {
        if (side.begin >= side.end) return;
        point.push_back(side.begin);
    }
    for (;;) {
        visit(point);
        std::size_t axis = box.size();
        while (axis > 0 && point[axis - 1] + 1 == box[axis - 1].end) {
            point[axis - 1] = box[axis - 1].begin;
            --axis;
        }
        if (axis == 0) return;
        ++point[axis - 1];
    }
}

std::int64_t valueAt(const AffineExpr& expression, const Index& point) {
    std::int64_t value = expression.offset;
    for (const workload::AffineTerm& term : expression.terms) value += term.coefficient * point[term.dim];
    std::int64_t quotient = value / expression.divisor;
    while (quotient * expression.divisor > value) --quotient;
    return quotient;
}

Index extentsOf(const Operand& operand) {
    Index result;
    for (const workload::Axis& axis : operand.axes) result.push_back(axis.extent);
    return result;
}

/// The existing elements of the operand that the points of the tile touch.
Bitmap touched(const Operand& operand, const std::vector<Interval>& tile) {
    const Index extents = extentsOf(operand);
    Bitmap result(static_cast<std::size_t>(sizeOf(extents)), false);
    forEachPoint(tile, [&](const Index& point) {
        Index index;
        for (const workload::Axis& axis : operand.axes) index.push_back(valueAt(axis.index, point));
        for (std::size_t i = 0; i < index.size(); ++i) {
            if (index[i] < 0 || index[i] >= extents[i]) return;
        }
        result[static_cast<std::size_t>(rowMajor(index, extents))] = true;
    });
    return result;
}

Bitmap& elementsOf(Bitmaps& all, const Workload& workload, TensorId tensor) {
    const auto size = static_cast<std::size_t>(sizeOf(workload.tensors[tensor].shape));
    return all.try_emplace(tensor, size, false).first->second;
}

/// The elements of tensors that one element of the operand stands for.
void follow(const Workload& workload, const std::vector<workload::Piece>& pieces, const Index& element,
            Bitmaps& result) {
    for (const workload::Piece& piece : pieces) {
        bool inside = true;
        for (std::size_t i = 0; i < element.size(); ++i) {
            inside = inside && piece.region[i].begin <= element[i] && element[i] < piece.region[i].end;
        }
        if (!inside) continue;
        Index there;
        for (const workload::AxisMap& map : piece.map) {
            there.push_back(map.offset + (map.operandAxis ? map.coefficient * element[*map.operandAxis] : 0));
        }
        const Index& shape = piece.viewShape.empty() ? workload.tensors[piece.tensor].shape : piece.viewShape;
        elementsOf(result, workload, piece.tensor)[static_cast<std::size_t>(rowMajor(there, shape))] = true;
    }
}

/// Do the values of an expression over a tile follow each other without a gap?
bool gapless(const workload::AffineExpr& expression, const std::vector<Interval>& tile) {
    std::vector<std::pair<std::int64_t, std::int64_t>> steps;  // length of a step, number
    std::set<workload::DimIndex> seen;
    for (const workload::AffineTerm& term : expression.terms) {
        if (!seen.insert(term.dim).second) return false;
        if (tile[term.dim].size() > 1) steps.emplace_back(std::abs(term.coefficient), tile[term.dim].size() - 1);
    }
    std::sort(steps.begin(), steps.end());
    std::int64_t reach = 0;
    for (const auto& [length, number] : steps) {
        if (length - reach > expression.divisor) return false;
        reach += length * number;
    }
    return true;
}

std::int64_t runsOf(const Bitmap& elements) {
    std::int64_t runs = 0;
    for (std::size_t i = 0; i < elements.size(); ++i) runs += elements[i] && (i == 0 || !elements[i - 1]);
    return runs;
}

}  // namespace

Bitmaps elementsRead(const Workload& workload, const Operand& operand, const std::vector<Interval>& tile) {
    Bitmaps result;
    const Bitmap elements = touched(operand, tile);
    if (countOf(elements) == 0) return result;
    if (const auto* barrier = std::get_if<workload::Barrier>(&operand.source)) {
        for (const TensorId tensor : barrier->tensors) {
            Bitmap& all = elementsOf(result, workload, tensor);
            all.assign(all.size(), true);
        }
        return result;
    }
    std::vector<Interval> whole;
    for (const std::int64_t extent : extentsOf(operand)) whole.push_back({0, extent});
    const auto& pieces = std::get<std::vector<workload::Piece>>(operand.source);
    std::size_t next = 0;
    forEachPoint(whole, [&](const Index& element) {
        if (elements[next++]) follow(workload, pieces, element, result);
    });
    return result;
}

Bitmaps elementsRead(const Workload& workload, const workload::Layer& layer, const std::vector<Interval>& tile) {
    Bitmaps result;
    for (const Operand& operand : layer.inputs) {
        for (const auto& [tensor, elements] : elementsRead(workload, operand, tile)) {
            Bitmap& all = elementsOf(result, workload, tensor);
            for (std::size_t i = 0; i < all.size(); ++i) all[i] = all[i] || elements[i];
        }
    }
    return result;
}

Bitmap elementsWritten(const workload::Layer& layer, const std::vector<Interval>& tile) {
    return touched(layer.output, tile);
}

std::int64_t countOf(const Bitmap& elements) { return std::count(elements.begin(), elements.end(), true); }

bool addBox(Bitmap& elements, const std::vector<std::int64_t>& shape, const Box& box) {
    if (box.size() != shape.size()) return false;
    for (std::size_t i = 0; i < box.size(); ++i) {
        if (box[i].begin < 0 || box[i].end > shape[i]) return false;
    }
    bool fresh = true;
    forEachPoint(box, [&](const Index& index) {
        const auto flat = static_cast<std::size_t>(rowMajor(index, shape));
        fresh = fresh && !elements[flat];
        elements[flat] = true;
    });
    return fresh;
}

bool touchesBox(const Operand& operand, const std::vector<Interval>& tile) {
    std::set<workload::DimIndex> moving;
    for (const workload::Axis& axis : operand.axes) {
        if (!gapless(axis.index, tile)) return false;
        for (const workload::AffineTerm& term : axis.index.terms) {
            if (tile[term.dim].size() > 1 && !moving.insert(term.dim).second) return false;
        }
    }
    return true;
}

bool mustBeExact(const Operand& operand, const std::vector<Interval>& tile, const Bitmaps& read) {
    const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
    if (pieces == nullptr) return !read.empty();
    if (!touchesBox(operand, tile)) return false;
    for (const workload::Piece& piece : *pieces) {
        if (!piece.viewShape.empty() && pieces->size() > 1) return false;
        if (!piece.viewShape.empty() && !read.empty() && runsOf(read.begin()->second) > 64) return false;
        std::set<std::size_t> axes;
        for (const workload::AxisMap& map : piece.map) {
            if (!map.operandAxis || piece.region[*map.operandAxis].size() == 1) continue;
            if (std::abs(map.coefficient) > 1 || !axes.insert(*map.operandAxis).second) return false;
        }
    }
    return true;
}

bool holds(const Bitmaps& outer, const Bitmaps& inner) {
    return std::all_of(inner.begin(), inner.end(), [&](const auto& entry) {
        const auto found = outer.find(entry.first);
        if (found == outer.end()) return false;
        for (std::size_t i = 0; i < entry.second.size(); ++i) {
            if (entry.second[i] && !found->second[i]) return false;
        }
        return true;
    });
}

}  // namespace millrace::test
