#pragma once
#include <compare>
#include <cstdint>

namespace millrace {

/// A number with a unit in its type. Same units add and compare; a plain number scales.
template <class Tag, class Rep>
class Quantity {
public:
    using rep = Rep;
    constexpr Quantity() = default;
    constexpr explicit Quantity(Rep value) : value_(value) {}

    constexpr Rep value() const { return value_; }
    constexpr auto operator<=>(const Quantity&) const = default;

    constexpr Quantity& operator+=(Quantity other) {
        value_ += other.value_;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity other) {
        value_ -= other.value_;
        return *this;
    }
    friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
    friend constexpr Quantity operator*(Quantity a, Rep b) { return Quantity(a.value_ * b); }
    friend constexpr Quantity operator*(Rep a, Quantity b) { return Quantity(a * b.value_); }

private:
    Rep value_{};
};

/// Time on a chip, in clock cycles. Whole cycles: estimates with fractions are rounded up where they enter a schedule.
using Cycles = Quantity<struct CyclesTag, std::int64_t>;
/// Amount of data, in bits.
using Bits = Quantity<struct BitsTag, std::int64_t>;
/// Energy, in pJ.
using Picojoules = Quantity<struct PicojoulesTag, double>;

/// ceil(a / b) for a >= 0 and b > 0.
constexpr std::int64_t ceilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace millrace
