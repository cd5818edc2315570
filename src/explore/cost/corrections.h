#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Switches that correct faults of ZigZag's cost model (zigzag.md 16), one by one. None: ZigZag to the last digit.
namespace millrace::cost {

enum class Correction : std::uint8_t {
    /// 16a. Partial sums come back only when a tile is visited again: transfers minus distinct tiles, in energy and on
    /// ports. ZigZag reads them back before the first accumulation too.
    readback,
    /// 16b. The whole-number version of an unrolling, which latency is computed with, is rounded up. ZigZag truncates:
    /// 2.5 columns count as 2.
    ragged,
    /// 16c and 2.3. Distinct indices of a window from real-valued products of its loops, and never more than the loops
    /// have points. ZigZag truncates the products, and counts too many where the dilation is larger than the loop.
    halo,
    /// 16e. On-loading over ports that one of the two movements shares adds up over the levels (ZigZag keeps the last),
    /// and the idle bandwidth that it may borrow is that of the computing cycles: a stalled port is not idle.
    loading,
    /// 16f. Borrowed bandwidth shortens the longest loads first, equal ones together, none below its least and never
    /// more in all than there is (upstream issue 125, pull request 126). In bits; what is left is rounded up to cycles.
    borrowing,
    /// 16h and 9.1. Of the sets of operands that a memory has room to double buffer, the one with the least stall is
    /// taken, not the first in operand order; and a memory with `force_double_buffering` must have room for two copies
    /// of each tile.
    buffering,
    /// Accesses of less than a port's full width count as their share of one. ZigZag rounds the sum of a movement down
    /// to whole accesses, so that what a small tile moves over a wide port costs nothing.
    shares,
};
inline constexpr Correction kCorrections[] = {Correction::readback, Correction::ragged,    Correction::halo,
                                              Correction::loading,  Correction::borrowing, Correction::buffering,
                                              Correction::shares};

/// A set of them.
class Corrections {
public:
    static Corrections all();
    /// The correction of a name, all of them for "all"; empty if there is no such name.
    static std::optional<Corrections> named(std::string_view name);

    bool has(Correction correction) const { return (bits_ >> static_cast<unsigned>(correction) & 1) != 0; }
    bool none() const { return bits_ == 0; }
    void add(Correction correction) {
        bits_ = static_cast<std::uint8_t>(bits_ | 1U << static_cast<unsigned>(correction));
    }
    void add(Corrections others) { bits_ = static_cast<std::uint8_t>(bits_ | others.bits_); }
    /// Names of those that are on, in the order of the enumeration.
    std::vector<std::string> names() const;
    auto operator<=>(const Corrections&) const = default;

private:
    std::uint8_t bits_ = 0;
};

/// "readback"
std::string_view name(Correction correction);

}  // namespace millrace::cost
