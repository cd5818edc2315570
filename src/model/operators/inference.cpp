#include "model/operators/inference.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::model {

std::string Inference::label(std::size_t i) const {
    return fmt::format("input '{}' {}", tensor(i).name, text(shape(i)));
}

bool Inference::set(std::size_t i, DataType type, Shape shape) {
    const TensorId id = op_.output(i);
    if (!id.valid()) return true;
    Tensor& output = network_.tensors[id];
    output.type = type;
    if (!boundedElements(shape)) {
        return fail(fmt::format("output '{}' would have shape {}, beyond the bounds of {} axes and 2^48 elements",
                                output.name, text(shape), kMaxRank));
    }
    output.shape = std::move(shape);
    return true;
}

bool Inference::setUnknown(std::size_t i, DataType type) {
    if (op_.output(i).valid()) network_.tensors[op_.output(i)].type = type;
    return true;
}

bool Inference::fail(std::string message, std::string hint) {
    diagnostics_.error({network_.file}, fmt::format("operator '{}' ({}): {}", op_.name, op_.type, message),
                       std::move(hint));
    return false;
}

std::optional<std::size_t> Inference::axis(std::int64_t value, std::size_t rank, std::string_view what) {
    const auto signedRank = static_cast<std::int64_t>(rank);
    if (value < -signedRank || value >= signedRank) {
        fail(fmt::format("{} {} is outside of [{}, {}], the axes of a tensor of rank {}", what, value, -signedRank,
                         signedRank - 1, rank));
        return std::nullopt;
    }
    return static_cast<std::size_t>(value < 0 ? value + signedRank : value);
}

std::optional<std::vector<std::size_t>> Inference::axes(const std::vector<std::int64_t>& values, std::size_t rank) {
    std::vector<std::size_t> result;
    for (const std::int64_t value : values) {
        const auto one = axis(value, rank);
        if (!one) return std::nullopt;
        result.push_back(*one);
    }
    std::sort(result.begin(), result.end());
    const auto twice = std::adjacent_find(result.begin(), result.end());
    if (twice != result.end()) {
        fail(fmt::format("axis {} is given twice", *twice));
        return std::nullopt;
    }
    return result;
}

bool Inference::sameType(std::size_t first, std::size_t second) {
    const DataType a = type(first);
    const DataType b = type(second);
    if (a == b || a == DataType::undefined || b == DataType::undefined) return true;
    return fail(fmt::format("inputs '{}' ({}) and '{}' ({}) must have the same type", tensor(first).name, name(a),
                            tensor(second).name, name(b)),
                "insert a Cast");
}

bool Inference::rankIs(std::size_t i, std::size_t rank) {
    if (shape(i).size() == rank) return true;
    return fail(fmt::format("{} has rank {}, but rank {} is needed", label(i), shape(i).size(), rank));
}

bool Inference::rankAtLeast(std::size_t i, std::size_t rank) {
    if (shape(i).size() >= rank) return true;
    return fail(fmt::format("{} has rank {}, but rank {} or more is needed", label(i), shape(i).size(), rank));
}

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
    Shape result = a.size() >= b.size() ? a : b;
    const Shape& shorter = a.size() >= b.size() ? b : a;
    const std::size_t skip = result.size() - shorter.size();
    for (std::size_t i = 0; i < shorter.size(); ++i) {
        std::int64_t& dim = result[skip + i];
        if (dim == shorter[i] || shorter[i] == 1) continue;
        if (dim != 1) return std::nullopt;
        dim = shorter[i];
    }
    return result;
}

bool broadcastsTo(const Shape& from, const Shape& to) {
    const auto result = broadcast(from, to);
    return result && *result == to;
}

bool sameAsInput(Inference& inference) { return inference.set(0, inference.type(0), inference.shape(0)); }

}  // namespace millrace::model
