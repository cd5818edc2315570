#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "model/exec/elementwise.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// A real to an integer: towards zero; beyond the range the nearest end, NaN gives zero.
template <class To>
To towardsZero(double value) {
    if (value != value) return 0;
    constexpr auto low = static_cast<double>(std::numeric_limits<To>::min());
    constexpr auto high = static_cast<double>(std::numeric_limits<To>::max());
    if (value <= low) return std::numeric_limits<To>::min();
    if (value >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(value);
}

template <class From, class To>
To converted(From value) {
    if constexpr (std::is_same_v<From, To>) {
        return value;
    } else if constexpr (std::is_same_v<To, bool>) {
        return static_cast<Wide<From>>(value) != Wide<From>{0};
    } else if constexpr (isReal<From> && std::is_integral_v<To>) {
        return towardsZero<To>(static_cast<double>(static_cast<Wide<From>>(value)));
    } else {
        return static_cast<To>(static_cast<Wide<From>>(value));
    }
}

template <class T>
std::string written(T value) {
    if constexpr (std::is_same_v<T, bool>) return value ? "1" : "0";
    if constexpr (isReal<T>) {
        const auto wide = static_cast<Wide<T>>(value);
        if (wide != wide) return "NaN";
        if (std::isinf(wide)) return wide > 0 ? "INF" : "-INF";
        return fmt::format("{}", wide);
    } else {
        return std::to_string(value);
    }
}

double readReal(const std::string& text) {
    const char* begin = text.data();
    const char* end = begin + text.size();
    while (begin < end && (*begin == ' ' || *begin == '+')) ++begin;
    while (end > begin && end[-1] == ' ') --end;
    double value = 0;
    const auto [last, error] = std::from_chars(begin, end, value);
    const bool range = error == std::errc::result_out_of_range;
    if ((error != std::errc() && !range) || last != end) throw Refused{fmt::format("'{}' is no number", text)};
    if (!range) return value;
    const bool tiny = text.find("e-") != std::string::npos || text.find("E-") != std::string::npos;
    const double size = tiny ? 0.0 : HUGE_VAL;
    return *begin == '-' ? -size : size;
}

template <class To>
To readValue(const std::string& text) {
    if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool>) {
        To value = 0;
        const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && last == text.data() + text.size()) return value;
    }
    return converted<double, To>(readReal(text));
}

void fromStrings(Call& call, const Value& input, DataType to) {
    Value& result = call.result(to, input.shape());
    dispatchOrRefuse(call, All{}, to, [&]<class To>() {
        const auto y = result.write<To>();
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = readValue<To>(input.strings()[i]);
    });
}

void toStrings(Call& call, const Value& input) {
    std::vector<std::string>& y = call.result(DataType::string, input.shape()).writeStrings();
    dispatchOrRefuse(call, All{}, input.type(), [&]<class From>() {
        const auto x = input.read<From>();
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = written(x[i]);
    });
}

void castTo(Call& call, DataType to) {
    const Value& input = call.in(0);
    if (input.type() == to) {
        call.result(to, {});
        call.outputs[0] = input;
        return;
    }
    if (input.type() == DataType::string) return fromStrings(call, input, to);
    if (to == DataType::string) return toStrings(call, input);
    dispatchOrRefuse(call, All{}, input.type(), [&]<class From>() {
        dispatchOrRefuse(call, All{}, to, [&]<class To>() {
            const From* x = input.read<From>().data();
            To* y = call.result(to, input.shape()).write<To>().data();
            parallelFor(call.environment, input.elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i) y[i] = converted<From, To>(x[i]);
            });
        });
    });
}

void cast(Call& call) {
    const std::int64_t number = call.op.integer("to", 0);
    const auto to = dataType(number);
    if (!to || *to == DataType::undefined) throw Refused{fmt::format("element type {} is not supported", number)};
    castTo(call, *to);
}

void castLike(Call& call) { castTo(call, call.in(1).type()); }

const KernelEntry kTable[] = {
    {"", "Cast", 6, kNewest, cast},
    {"", "CastLike", 15, kNewest, castLike},
};

}  // namespace

std::span<const KernelEntry> castKernels() { return kTable; }

}  // namespace millrace::model::exec
