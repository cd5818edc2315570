#include <fmt/format.h>

#include "model/operators/resolve.h"
#include "model/operators/window.h"

namespace millrace::model {

namespace {

bool poolShape(Inference& inference) {
    if (!inference.rankAtLeast(0, 3)) return false;
    const auto resolved = resolvePool(inference.network(), inference.op());
    if (!resolved.value) return inference.fail(resolved.wrong);
    const PoolAttributes& pool = *resolved.value;
    const Shape& input = inference.shape(0);
    Shape output{input[0], input[1]};
    for (std::size_t i = 0; i < pool.kernel.size(); ++i) {
        output.push_back(windowOutput(pool, i, input[2 + i], pool.ceilMode));
        if (output.back() >= 1) continue;
        return inference.fail(fmt::format(
            "along spatial axis {} the kernel reaches over {} ({} with dilation {}), more than {} with padding {} + {}",
            i, extent(pool, i), pool.kernel[i], pool.dilations[i], input[2 + i], pool.padsBegin[i], pool.padsEnd[i]));
    }
    return inference.set(1, DataType::int64, output) && inference.set(0, inference.type(0), std::move(output));
}

bool isGlobal(const Operator& op) { return op.type.rfind("Global", 0) == 0; }

}  // namespace

Resolved<PoolAttributes> resolvePool(const Network& network, const Operator& op) {
    using Result = Resolved<PoolAttributes>;
    const Shape& input = inputShape(network, op, 0);
    if (input.size() < 3) return Result::error("the input needs rank 3 or more");
    const Shape spatial(input.begin() + 2, input.end());
    PoolAttributes pool;
    if (isGlobal(op)) {
        pool.kernel = spatial;
        pool.strides = pool.dilations = Shape(spatial.size(), 1);
        pool.padsBegin = pool.padsEnd = Shape(spatial.size(), 0);
    } else {
        std::string why = readWindow(op, spatial, {}, pool);
        if (!why.empty()) return Result::error(std::move(why));
        if (isSamePadding(op)) padToSame(op, spatial, pool);
    }
    pool.ceilMode = op.integer("ceil_mode", 0) != 0;
    pool.countIncludePad = op.integer("count_include_pad", 0) != 0;
    pool.p = op.integer("p", 2);
    return pool;
}

std::vector<OperatorSpec> poolingOperators() {
    using K = AttributeKind;
    using Rows = std::vector<AttributeSpec>;
    const Rows base{
        {"auto_pad", K::text}, {"kernel_shape", K::integers, true}, {"pads", K::integers}, {"strides", K::integers}};
    const auto with = [&](const Rows& more) {
        Rows rows = base;
        rows.insert(rows.end(), more.begin(), more.end());
        return rows;
    };
    const AttributeSpec ceil{"ceil_mode", K::integer};
    const AttributeSpec dilations{"dilations", K::integers};
    const AttributeSpec order{"storage_order", K::integer};
    const AttributeSpec include{"count_include_pad", K::integer};
    const AttributeSpec p{"p", K::integer};
    return {{"MaxPool", 1, 7, {1, 1}, {1, 1}, base, poolShape},
            {"MaxPool", 8, 9, {1, 1}, {1, 2}, with({order}), poolShape},
            {"MaxPool", 10, kNewestOpset, {1, 1}, {1, 2}, with({order, ceil, dilations}), poolShape},
            {"AveragePool", 7, 9, {1, 1}, {1, 1}, with({include}), poolShape},
            {"AveragePool", 10, 18, {1, 1}, {1, 1}, with({include, ceil}), poolShape},
            {"AveragePool", 19, kNewestOpset, {1, 1}, {1, 1}, with({include, ceil, dilations}), poolShape},
            {"LpPool", 2, 17, {1, 1}, {1, 1}, with({p}), poolShape},
            {"LpPool", 18, kNewestOpset, {1, 1}, {1, 1}, with({p, ceil, dilations}), poolShape},
            {"GlobalMaxPool", 1, kNewestOpset, {1, 1}, {1, 1}, {}, poolShape},
            {"GlobalAveragePool", 1, kNewestOpset, {1, 1}, {1, 1}, {}, poolShape}};
}

}  // namespace millrace::model
