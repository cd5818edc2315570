#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Costs of memories whose files leave them to CACTI (`auto_cost_extraction`). A table of what CACTI 7 says of SRAMs as
/// ZigZag describes them to it: 22 nm, one bank, one read and one write port whatever ports the memory has, a block of
/// as many bytes as its bus has bits.
namespace millrace::hardware {

/// A memory that CACTI was run for. The figures are as CACTI prints them.
struct CactiPoint {
    std::int64_t bytes = 0;
    std::int64_t bits = 0;   ///< of an access
    double readEnergy = 0;   ///< nJ for each access
    double writeEnergy = 0;  ///< nJ for each access
    double area = 0;         ///< mm2
};

/// Ascending by size, then width. Sizes from 64 B to 64 MiB and widths from 8 to 16384 bits are powers of two or
/// half-way between two of them. Combinations that CACTI refuses (the block must fit the memory) are missing.
std::span<const CactiPoint> cactiPoints();

struct CactiCost {
    double readCost = 0;   ///< pJ for each access
    double writeCost = 0;  ///< pJ for each access
    double area = 0;       ///< mm2
    /// One: the figures are its own. Two or four: an estimate, linear between them in the logarithms of sizes, widths
    /// and figures.
    std::vector<CactiPoint> from;

    bool exact() const { return from.size() == 1; }
};

/// Empty outside of the table, and where CACTI refuses one of the points to interpolate from. `points` is ascending, as
/// `cactiPoints()`.
std::optional<CactiCost> cactiCost(std::int64_t bytes, std::int64_t bits,
                                   std::span<const CactiPoint> points = cactiPoints());

/// "32768 B x 128 bit, 49152 B x 128 bit".
std::string text(const std::vector<CactiPoint>& points);

}  // namespace millrace::hardware
