#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "model/exec/strides.h"

namespace millrace::model::exec {

/// The shape to which all stretch, aligned at their last axes. Refused if two dimensions disagree.
Shape broadcastShape(std::span<const Shape* const> shapes);
Shape broadcastShape(const Shape& a, const Shape& b);

/// How several inputs are read when all are stretched to one shape. Axes that every input walks through evenly are
/// merged, so that rows are as long as can be.
struct BroadcastPlan {
    Shape shape;                                     ///< of the result
    std::vector<std::int64_t> sizes;                 ///< merged axes; at least one
    std::vector<std::vector<std::int64_t>> strides;  ///< [input][merged axis], in elements; 0 where stretched

    explicit BroadcastPlan(std::span<const Shape* const> inputs);
    BroadcastPlan(std::span<const Shape* const> inputs, Shape target);
    std::int64_t elements() const;
    std::int64_t rowStride(std::size_t input) const { return strides[input].back(); }

private:
    void build(std::span<const Shape* const> inputs);
};

/// Walks the elements [begin, end) of the result row by row: `row(at, count, offsets)` stands for `count` results from
/// `at` on; input i is read from offsets[i] on with stride plan.rowStride(i).
template <class Row>
void walkRows(const BroadcastPlan& plan, std::int64_t begin, std::int64_t end, Row&& row) {
    if (begin >= end) return;
    const std::size_t axes = plan.sizes.size();
    std::vector<std::int64_t> index(axes, 0);
    std::vector<std::int64_t> offsets(plan.strides.size(), 0);
    std::int64_t rest = begin;
    for (std::size_t axis = axes; axis > 0; --axis) {
        index[axis - 1] = rest % plan.sizes[axis - 1];
        rest /= plan.sizes[axis - 1];
        for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] += index[axis - 1] * plan.strides[i][axis - 1];
    }
    for (std::int64_t at = begin; at < end;) {
        const std::int64_t count = std::min(end - at, plan.sizes[axes - 1] - index[axes - 1]);
        row(at, count, static_cast<const std::int64_t*>(offsets.data()));
        at += count;
        for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] -= index[axes - 1] * plan.strides[i][axes - 1];
        index[axes - 1] = 0;
        for (std::size_t axis = axes - 1; axis > 0; --axis) {
            for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] += plan.strides[i][axis - 1];
            if (++index[axis - 1] < plan.sizes[axis - 1]) break;
            for (std::size_t i = 0; i < offsets.size(); ++i) {
                offsets[i] -= plan.sizes[axis - 1] * plan.strides[i][axis - 1];
            }
            index[axis - 1] = 0;
        }
    }
}

/// `value` stretched to `target`: itself if it has that shape. Refused if it does not stretch to it.
Value stretched(const Value& value, const Shape& target);

}  // namespace millrace::model::exec
