#include "explore/workload/elementwise.h"

#include <algorithm>

namespace millrace::workload {

std::vector<std::string> elementNames(std::size_t rank, const Compat& compat) {
    switch (rank) {
        case 0:
        case 1: return {"K"};
        case 2: return {"D", "K"};
        case 3: return {"B", "D", "K"};
        case 4:
            if (compat.streamElementwise) return {"B", "H", "D", "K"};
            return {"B", "K", "OY", "OX"};
        case 5: return {"B", "K", "OZ", "OY", "OX"};
        default: break;
    }
    std::vector<std::string> names{"B"};
    for (std::size_t i = 1; i + 1 < rank; ++i) names.push_back("N" + std::to_string(i));
    names.push_back("K");
    return names;
}

std::optional<Shape> broadcastShape(const Shape& a, const Shape& b) {
    Shape result(std::max(a.size(), b.size()), 1);
    for (std::size_t back = 1; back <= result.size(); ++back) {
        const std::int64_t x = back <= a.size() ? a[a.size() - back] : 1;
        const std::int64_t y = back <= b.size() ? b[b.size() - back] : 1;
        if (x != y && x != 1 && y != 1) return std::nullopt;
        result[result.size() - back] = x == 1 ? y : x;
    }
    return result;
}

static std::int64_t elementsOf(const Shape& shape) {
    std::int64_t product = 1;
    for (const std::int64_t size : shape) product *= size;
    return product;
}

/// Loop i runs over axis i of the result; a scalar has one loop of size 1 that no axis refers to.
static void addElementDims(Nest& nest, const Shape& shape, const Compat& compat, const std::set<std::size_t>& reduced) {
    const std::vector<std::string> names = elementNames(shape.size(), compat);
    for (std::size_t i = 0; i < names.size(); ++i) {
        nest.dim(names[i], i < shape.size() ? shape[i] : 1,
                 reduced.count(i) > 0 ? DimKind::reduction : DimKind::parallel);
    }
}

static void addOperand(Nest& nest, const std::string& name, const std::string& memory, int bits, const Read& read,
                       std::size_t rank) {
    Operand& operand = nest.input(name, memory, bits);
    const std::size_t missing = rank - read.shape.size();
    std::vector<AxisMap> map;
    Shape kept;
    for (std::size_t i = 0; i < read.shape.size(); ++i) {
        const LoopDim& loop = nest.layer.dims[i + missing];
        if (read.shape[i] == 1 && loop.size != 1) {
            map.push_back(views::fixedMap(0));
            continue;
        }
        map.push_back(views::axisMap(kept.size()));
        kept.push_back(read.shape[i]);
        operand.axes.push_back({loop.name, expr({{i + missing, 1}}), read.shape[i]});
    }
    operand.source = views::through(read.source, map, wholeBox(kept));
}

static Nest startElementNest(const Lowering& lowering, const model::Operator& op, const std::string& name,
                             const std::string& type) {
    Nest nest;
    nest.layer.name = name;
    nest.layer.type = type;
    nest.layer.elementwise = true;
    nest.layer.output.bits = lowering.precision(op).activation;
    nest.layer.outputFinalBits = lowering.precision(op).activation;
    return nest;
}

Nest elementNest(const Lowering& lowering, const model::Operator& op, const std::string& name, const std::string& type,
                 const Shape& shape, const std::vector<Read>& values) {
    const Precision precision = lowering.precision(op);
    Nest nest = startElementNest(lowering, op, name, type);
    addElementDims(nest, shape, lowering.compat(), {});
    if (values.size() == 1) {
        addOperand(nest, "I", "I1", precision.operand(values[0]), values[0], shape.size());
    } else {
        const bool firstSmaller = elementsOf(values[0].shape) < elementsOf(values[1].shape);
        const Read& w = values[firstSmaller ? 0 : 1];
        const Read& i = values[firstSmaller ? 1 : 0];
        addOperand(nest, "W", "I2", precision.operand(w), w, shape.size());
        addOperand(nest, "I", "I1", precision.operand(i), i, shape.size());
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        nest.layer.output.axes.push_back({nest.layer.dims[i].name, expr({{i, 1}}), shape[i]});
    }
    return nest;
}

Shape reducedShape(const Shape& shape, const std::set<std::size_t>& axes) {
    Shape result = shape;
    for (const std::size_t axis : axes) result[axis] = 1;
    return result;
}

Nest reduceNest(const Lowering& lowering, const model::Operator& op, const std::string& name, const std::string& type,
                const Read& value, const std::set<std::size_t>& axes, bool keepAxes) {
    const Precision precision = lowering.precision(op);
    Nest nest = startElementNest(lowering, op, name, type);
    const bool selects = type == "ReduceMax" || type == "ReduceMin";
    if (!selects) nest.layer.output.bits = precision.partial;
    addElementDims(nest, value.shape, lowering.compat(), axes);
    addOperand(nest, "I", "I1", precision.operand(value), value, value.shape.size());
    for (std::size_t i = 0; i < value.shape.size(); ++i) {
        const std::string& loop = nest.layer.dims[i].name;
        if (axes.count(i) == 0) {
            nest.layer.output.axes.push_back({loop, expr({{i, 1}}), value.shape[i]});
        } else if (keepAxes) {
            nest.layer.output.axes.push_back({loop, expr({}), 1});
        }
    }
    return nest;
}

}  // namespace millrace::workload
