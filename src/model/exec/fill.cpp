#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/exec/copy.h"
#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

DataType typeAttribute(const Call& call, std::string_view attribute, DataType otherwise) {
    const std::int64_t number = call.op.integer(attribute, static_cast<std::int64_t>(otherwise));
    const auto type = dataType(number);
    if (!type || *type == DataType::undefined) throw Refused{fmt::format("element type {} is not supported", number)};
    return *type;
}

void constantOfShape(Call& call) {
    const Shape shape = call.integers(0);
    const DataType type = typeAttribute(call, "value_type", DataType::float32);
    const double real = call.op.real("value", 0.0);
    const std::int64_t integer = call.op.integer("value", 0);
    Value& result = call.result(type, shape);
    dispatchOrRefuse(call, All{}, type, [&]<class T>() {
        T fill{};
        if constexpr (isReal<T>) {
            fill = static_cast<T>(real);
        } else {
            fill = static_cast<T>(integer);
        }
        const auto y = result.write<T>();
        std::fill(y.begin(), y.end(), fill);
    });
}

template <class T>
void rangeOf(Call& call) {
    using W = Wide<T>;
    const auto at = [&](std::size_t i) {
        if (call.in(i).type() != typeOf<T>() || call.in(i).elements() != 1) {
            throw Refused{fmt::format("input {} is not one {}", i, name(typeOf<T>()))};
        }
        return static_cast<W>(call.in(i).read<T>()[0]);
    };
    const W start = at(0);
    const W limit = at(1);
    const W delta = at(2);
    if (delta == 0 || delta != delta) throw Refused{"the step is 0 or no number"};
    const double steps =
        std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
    if (steps != steps || steps > static_cast<double>(kMaxValueElements)) {
        throw Refused{fmt::format("{} steps are too many", steps)};
    }
    const auto count = static_cast<std::int64_t>(std::max(0.0, steps));
    T* y = call.result(typeOf<T>(), {count}).template write<T>().data();
    for (std::int64_t i = 0; i < count; ++i) {
        if constexpr (std::is_integral_v<T>) {
            y[i] = static_cast<T>(static_cast<std::uint64_t>(start) +
                                  static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(delta));
        } else {
            y[i] = static_cast<T>(start + static_cast<W>(i) * delta);
        }
    }
}

void range(Call& call) {
    dispatchOrRefuse(call, Types<float, double, std::int16_t, std::int32_t, std::int64_t>{}, call.in(0).type(),
                     [&]<class T>() { rangeOf<T>(call); });
}

void eyeLike(Call& call) {
    const Value& input = call.in(0);
    if (input.shape().size() != 2) throw Refused{fmt::format("the input has {} axes, not 2", input.shape().size())};
    const DataType type = typeAttribute(call, "dtype", input.type());
    const std::int64_t k = call.op.integer("k", 0);
    Value& result = call.result(type, input.shape());
    dispatchOrRefuse(call, All{}, type, [&]<class T>() {
        const auto y = result.write<T>();
        const std::int64_t columns = input.shape()[1];
        for (std::int64_t row = 0; row < input.shape()[0]; ++row) {
            if (k < -row || k >= columns - row) continue;
            y[static_cast<std::size_t>(row * columns + row + k)] = static_cast<T>(1);
        }
    });
}

void trilu(Call& call) {
    const Value& input = call.in(0);
    const Shape& shape = input.shape();
    if (shape.size() < 2) throw Refused{fmt::format("the input has {} axes, not 2 or more", shape.size())};
    const bool upper = call.op.integer("upper", 1) != 0;
    const std::int64_t k = call.optional(1) != nullptr ? call.integerScalar(1) : 0;
    const std::int64_t rows = shape[shape.size() - 2];
    const std::int64_t columns = shape.back();
    Value& result = call.result(input.type(), shape);
    if (input.elements() == 0) return;
    moveElements(input, result, [&](const auto* x, auto* y) {
        for (std::int64_t i = 0; i < input.elements(); ++i) {
            const std::int64_t ahead = i % columns - i / columns % rows;
            if (upper ? ahead >= k : ahead <= k) y[i] = x[i];
        }
    });
}

const KernelEntry kTable[] = {
    {"", "ConstantOfShape", 9, kNewest, constantOfShape},
    {"", "Range", 11, kNewest, range},
    {"", "EyeLike", 9, kNewest, eyeLike},
    {"", "Trilu", 14, kNewest, trilu},
};

}  // namespace

std::span<const KernelEntry> fillKernels() { return kTable; }

}  // namespace millrace::model::exec
