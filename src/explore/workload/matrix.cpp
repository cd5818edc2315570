#include <algorithm>

#include "explore/workload/lowering.h"

namespace millrace::workload {

/// Names of batch dimensions of a product of this rank: (B) for 3, (B, H) for 4, then more.
static std::vector<std::string> batchNames(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        names.push_back(i == 0 ? "B" : i == 1 ? "H" : "H" + std::to_string(i));
    }
    return names;
}

/// Drops the axes of `read` that are broadcast (size 1 against a larger loop) and gives the others their loops.
/// `loops` and `names` run parallel to the axes of `read`; `sizes` are the loops' sizes.
static void readAxes(Operand& operand, const Read& read, const Nest& nest, const std::vector<DimIndex>& loops) {
    std::vector<AxisMap> map;
    Shape kept;
    for (std::size_t i = 0; i < read.shape.size(); ++i) {
        const LoopDim& loop = nest.layer.dims[loops[i]];
        if (read.shape[i] == 1 && loop.size != 1) {
            map.push_back(views::fixedMap(0));
            continue;
        }
        map.push_back(views::axisMap(kept.size()));
        kept.push_back(read.shape[i]);
        operand.axes.push_back({loop.name, expr({{loops[i], 1}}), read.shape[i]});
    }
    operand.source = views::through(read.source, map, wholeBox(kept));
}

struct Product {
    Read left, right;
    std::vector<std::int64_t> batch;  ///< broadcast batch sizes
    std::int64_t rows = 1, columns = 1, depth = 1;
    bool hasRows = true, hasColumns = true;
    bool leftTransposed = false, rightTransposed = false;
};

static void emitProduct(Lowering& lowering, const model::Operator& op, const Product& product) {
    const Precision precision = lowering.precision(op);
    Nest nest;
    nest.layer.name = op.name;
    nest.layer.type = op.type;
    nest.layer.output.bits = precision.partial;
    nest.layer.outputFinalBits = precision.activation;
    const DimIndex c = nest.dim("C", product.depth, DimKind::reduction);
    const DimIndex d = nest.dim("D", product.rows);
    const DimIndex k = nest.dim("K", product.columns);
    std::vector<DimIndex> batch;
    const std::vector<std::string> names = batchNames(product.batch.size());
    for (std::size_t i = 0; i < names.size(); ++i) batch.push_back(nest.dim(names[i], product.batch[i]));

    const auto loopsOf = [&](const Read& read, bool single, DimIndex outer, DimIndex inner, bool swapped) {
        const std::size_t inside = single ? 1 : 2;
        const std::size_t leading = read.shape.size() - inside;
        std::vector<DimIndex> loops(batch.end() - static_cast<std::ptrdiff_t>(leading), batch.end());
        if (single) {
            loops.push_back(c);
        } else {
            loops.push_back(swapped ? inner : outer);
            loops.push_back(swapped ? outer : inner);
        }
        return loops;
    };
    Operand& left = nest.input("I", "I1", precision.operand(product.left));
    readAxes(left, product.left, nest, loopsOf(product.left, !product.hasRows, d, c, product.leftTransposed));
    Operand& right = nest.input("W", "I2", precision.operand(product.right));
    readAxes(right, product.right, nest, loopsOf(product.right, !product.hasColumns, c, k, product.rightTransposed));

    std::vector<Axis>& axes = nest.layer.output.axes;
    for (std::size_t i = 0; i < batch.size(); ++i) axes.push_back({names[i], expr({{batch[i], 1}}), product.batch[i]});
    if (product.hasRows) axes.push_back({"D", expr({{d, 1}}), product.rows});
    if (product.hasColumns) axes.push_back({"K", expr({{k, 1}}), product.columns});
    lowering.emit(std::move(nest), op, op.output(0));
}

static std::optional<std::vector<std::int64_t>> broadcastBatch(const Shape& a, std::size_t aInside, const Shape& b,
                                                               std::size_t bInside) {
    const std::size_t left = a.size() - aInside;
    const std::size_t right = b.size() - bInside;
    std::vector<std::int64_t> result(std::max(left, right), 1);
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::size_t back = result.size() - i;
        const std::int64_t x = back <= left ? a[left - back] : 1;
        const std::int64_t y = back <= right ? b[right - back] : 1;
        if (x != y && x != 1 && y != 1) return std::nullopt;
        result[i] = x == 1 ? y : x;
    }
    return result;
}

static void mismatch(Lowering& lowering, const model::Operator& op, const Product& product) {
    const auto text = [](const Shape& shape) {
        std::string result = "[";
        for (std::size_t i = 0; i < shape.size(); ++i) result += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
        return result + "]";
    };
    lowering.error(op, "operands " + text(product.left.shape) + " and " + text(product.right.shape) +
                           " do not fit the result " + text(lowering.shape(op.output(0))));
}

/// Loops must be those of the result tensor, axis by axis.
static bool fitsResult(const Product& product, const Shape& result) {
    Shape expected = product.batch;
    if (product.hasRows) expected.push_back(product.rows);
    if (product.hasColumns) expected.push_back(product.columns);
    return expected == result;
}

std::string lowerMatMul(Lowering& lowering, const model::Operator& op) {
    const model::TensorId second = op.input(op.type == "QLinearMatMul" ? 3 : 1);
    if (!second.valid()) return "its second operand is missing";
    const Precision precision = lowering.precision(op);
    const Shape& a = lowering.shape(op.input(0));
    const Shape& b = lowering.shape(second);
    if (a.empty() || b.empty()) {
        lowering.error(op, "an operand is a scalar");
        return {};
    }
    Product product;
    product.left = lowering.read(op.input(0), precision);
    product.right = lowering.read(second, precision);
    product.hasRows = a.size() > 1;
    product.hasColumns = b.size() > 1;
    product.depth = a.back();
    if (product.hasRows) product.rows = a[a.size() - 2];
    if (product.hasColumns) product.columns = b.back();
    const std::int64_t otherDepth = product.hasColumns ? b[b.size() - 2] : b.back();
    const auto batch = broadcastBatch(a, product.hasRows ? 2 : 1, b, product.hasColumns ? 2 : 1);
    if (batch) product.batch = *batch;
    if (!batch || otherDepth != product.depth || !fitsResult(product, lowering.shape(op.output(0)))) {
        mismatch(lowering, op, product);
        return {};
    }
    emitProduct(lowering, op, product);
    return {};
}

std::string lowerGemm(Lowering& lowering, const model::Operator& op) {
    if (!op.input(1).valid()) return "its second operand is missing";
    const Precision precision = lowering.precision(op);
    Product product;
    product.left = lowering.read(op.input(0), precision);
    product.right = lowering.read(op.input(1), precision);
    product.leftTransposed = op.integer("transA", 0) != 0;
    product.rightTransposed = op.integer("transB", 0) != 0;
    const Shape& a = product.left.shape;
    const Shape& b = product.right.shape;
    if (a.size() != 2 || b.size() != 2) {
        mismatch(lowering, op, product);
        return {};
    }
    product.rows = a[product.leftTransposed ? 1 : 0];
    product.depth = a[product.leftTransposed ? 0 : 1];
    product.columns = b[product.rightTransposed ? 0 : 1];
    const std::int64_t otherDepth = b[product.rightTransposed ? 1 : 0];
    if (otherDepth != product.depth || !fitsResult(product, lowering.shape(op.output(0)))) {
        mismatch(lowering, op, product);
        return {};
    }
    emitProduct(lowering, op, product);
    return {};
}

}  // namespace millrace::workload
