#include "model/operators/arithmetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace millrace::model {

namespace {

using Integer = std::optional<std::int64_t>;

constexpr std::array<std::string_view, 6> kUnary{"Neg", "Abs", "Floor", "Ceil", "Sqrt", "Not"};
constexpr std::array<std::string_view, 13> kBinary{
    "Add", "Sub", "Mul", "Div", "Min", "Max", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or"};

template <class List>
bool isIn(const List& list, std::string_view type) {
    return std::find(list.begin(), list.end(), type) != list.end();
}

template <class T>
Integer compare(std::string_view type, T a, T b) {
    if (type == "Equal") return a == b;
    if (type == "Less") return a < b;
    if (type == "Greater") return a > b;
    if (type == "LessOrEqual") return a <= b;
    if (type == "GreaterOrEqual") return a >= b;
    return std::nullopt;
}

Integer integerBinary(std::string_view type, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    if (type == "Add") return __builtin_add_overflow(a, b, &result) ? Integer() : Integer(result);
    if (type == "Sub") return __builtin_sub_overflow(a, b, &result) ? Integer() : Integer(result);
    if (type == "Mul") return __builtin_mul_overflow(a, b, &result) ? Integer() : Integer(result);
    if (type == "Div") {
        const bool undefined = b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min());
        return undefined ? Integer() : Integer(a / b);
    }
    if (type == "Min") return std::min(a, b);
    if (type == "Max") return std::max(a, b);
    if (type == "And") return a != 0 && b != 0;
    if (type == "Or") return a != 0 || b != 0;
    return compare(type, a, b);
}

Integer integerUnary(std::string_view type, std::int64_t a) {
    if (a == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    if (type == "Neg") return -a;
    if (type == "Abs") return std::abs(a);
    if (type == "Not") return a == 0;
    return std::nullopt;
}

std::optional<double> realBinary(std::string_view type, double a, double b) {
    if (type == "Add") return a + b;
    if (type == "Sub") return a - b;
    if (type == "Mul") return a * b;
    if (type == "Div") return b == 0 ? std::optional<double>() : a / b;
    if (type == "Min") return std::min(a, b);
    if (type == "Max") return std::max(a, b);
    return std::nullopt;
}

std::optional<double> realUnary(std::string_view type, double a) {
    if (type == "Neg") return -a;
    if (type == "Abs") return std::abs(a);
    if (type == "Floor") return std::floor(a);
    if (type == "Ceil") return std::ceil(a);
    if (type == "Sqrt") return a < 0 ? std::optional<double>() : std::sqrt(a);
    return std::nullopt;
}

bool store(Known& result, std::size_t i, std::optional<double> value) {
    if (value) result.setReal(i, *value);
    return value.has_value();
}

bool store(Known& result, std::size_t i, Integer value) {
    if (value) result.raw[i] = *value;
    return value.has_value();
}

bool foldUnary(std::string_view type, const Known& input, Known& result) {
    for (std::size_t i = 0; i < result.raw.size(); ++i) {
        const bool done = result.isReal() ? store(result, i, realUnary(type, input.real(i)))
                                          : store(result, i, integerUnary(type, input.raw[i]));
        if (!done) return false;
    }
    return true;
}

bool foldBinary(std::string_view type, const Known& a, const Known& b, Known& result) {
    bool done = true;
    std::size_t next = 0;
    forEachIndex(result.shape, [&](const std::vector<std::int64_t>& index) {
        const std::size_t i = broadcastOffset(a.shape, index);
        const std::size_t j = broadcastOffset(b.shape, index);
        if (result.isReal()) {
            done = store(result, next, realBinary(type, a.real(i), b.real(j))) && done;
        } else if (a.isReal()) {
            done = store(result, next, compare(type, a.real(i), b.real(j))) && done;
        } else {
            done = store(result, next, integerBinary(type, a.raw[i], b.raw[j])) && done;
        }
        ++next;
    });
    return done;
}

}  // namespace

bool isFoldableArithmetic(std::string_view type) { return isIn(kUnary, type) || isIn(kBinary, type); }

bool fitsInt32(const Known& known) {
    return std::all_of(known.raw.begin(), known.raw.end(), [](std::int64_t value) {
        return value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
    });
}

bool foldArithmetic(std::string_view type, const std::vector<Known>& inputs, Known& result) {
    bool done = false;
    if (inputs.size() == 1 && isIn(kUnary, type)) {
        done = foldUnary(type, inputs[0], result);
    } else if (inputs.size() == 2 && isIn(kBinary, type)) {
        done = foldBinary(type, inputs[0], inputs[1], result);
    }
    return done && (result.type != DataType::int32 || fitsInt32(result));
}

}  // namespace millrace::model
