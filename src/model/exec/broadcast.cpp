#include "model/exec/broadcast.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::model::exec {

Shape broadcastShape(std::span<const Shape* const> shapes) {
    std::size_t rank = 0;
    for (const Shape* shape : shapes) rank = std::max(rank, shape->size());
    Shape result(rank, 1);
    for (const Shape* shape : shapes) {
        const std::size_t skip = rank - shape->size();
        for (std::size_t i = 0; i < shape->size(); ++i) {
            std::int64_t& dim = result[skip + i];
            if ((*shape)[i] == 1 || (*shape)[i] == dim) continue;
            if (dim != 1) {
                throw Refused{fmt::format("shape {} does not stretch to {}: {} against {}", text(*shape), text(result),
                                          (*shape)[i], dim)};
            }
            dim = (*shape)[i];
        }
    }
    elementsOf(result);
    return result;
}

Shape broadcastShape(const Shape& a, const Shape& b) {
    const std::array<const Shape*, 2> both{&a, &b};
    return broadcastShape(both);
}

BroadcastPlan::BroadcastPlan(std::span<const Shape* const> inputs) : shape(broadcastShape(inputs)) { build(inputs); }

BroadcastPlan::BroadcastPlan(std::span<const Shape* const> inputs, Shape target) : shape(std::move(target)) {
    for (const Shape* input : inputs) {
        if (broadcastShape(*input, shape) != shape) {
            throw Refused{fmt::format("shape {} does not stretch to {}", text(*input), text(shape))};
        }
    }
    build(inputs);
}

void BroadcastPlan::build(std::span<const Shape* const> inputs) {
    std::vector<std::vector<std::int64_t>> full;
    for (const Shape* input : inputs) {
        const auto own = rowMajor(*input);
        std::vector<std::int64_t> aligned(shape.size(), 0);
        const std::size_t skip = shape.size() - input->size();
        for (std::size_t i = 0; i < input->size(); ++i) aligned[skip + i] = (*input)[i] == 1 ? 0 : own[i];
        full.push_back(std::move(aligned));
    }
    strides.resize(inputs.size());
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape[axis] == 1) continue;
        bool merges = !sizes.empty();
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            merges = merges && strides[i].back() == full[i][axis] * shape[axis];
        }
        if (!merges) sizes.push_back(1);
        sizes.back() *= shape[axis];
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (!merges) strides[i].push_back(0);
            strides[i].back() = full[i][axis];
        }
    }
    if (!sizes.empty()) return;
    sizes.push_back(1);
    for (auto& own : strides) own.push_back(0);
}

std::int64_t BroadcastPlan::elements() const {
    std::int64_t result = 1;
    for (const std::int64_t size : sizes) result *= size;
    return result;
}

Value stretched(const Value& value, const Shape& target) {
    if (value.shape() == target) return value;
    const std::array<const Shape*, 1> input{&value.shape()};
    const BroadcastPlan plan(input, target);
    Value result(value.type(), target);
    if (value.type() == DataType::string) {
        std::vector<std::string>& to = result.writeStrings();
        walkRows(plan, 0, plan.elements(), [&](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t from = offsets[0] + i * plan.rowStride(0);
                to[static_cast<std::size_t>(at + i)] = value.strings()[static_cast<std::size_t>(from)];
            }
        });
        return result;
    }
    dispatch(All{}, value.type(), [&]<class T>() {
        const T* from = value.read<T>().data();
        T* to = result.write<T>().data();
        const std::int64_t stride = plan.rowStride(0);
        walkRows(plan, 0, plan.elements(), [&](std::int64_t at, std::int64_t count, const std::int64_t* offsets) {
            const T* row = from + offsets[0];
            if (stride == 1) {
                std::copy_n(row, count, to + at);
            } else if (stride == 0) {
                std::fill_n(to + at, count, *row);
            } else {
                for (std::int64_t i = 0; i < count; ++i) to[at + i] = row[i * stride];
            }
        });
    });
    return result;
}

}  // namespace millrace::model::exec
