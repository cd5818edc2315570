#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "explore/cost/nest.h"
#include "hardware/chip.h"

/// Arrays that compute in their memory cells, analog (along bitlines, with converters) or digital (with adder trees):
/// clock, area and energy of the array. ZigZag's model (zigzag.md chapter 12) with its 28 nm technology; docs/cost.md
/// has the formulas.
///
/// The first dimension of the array, by name, runs along the wordlines (columns), the second along the bitlines (rows);
/// all further ones count banks. Activations enter `bitSerialBits` at a time, so an operation takes
/// `cyclesPerOperation` cycles.
namespace millrace::cost {

/// Parts of an array; what a part of a breakdown stands for.
enum class ImcPart : std::uint8_t {
    cells,             ///< area: the cells; energy: precharging the local bitlines of cells that hold several weights
    dacs,              ///< converters at the wordlines (analog)
    adcs,              ///< converters at the bitlines (analog)
    multipliers,       ///< of one bit
    bitlines,          ///< energy: adding up along the bitlines (analog)
    adders,            ///< adder trees over the rows (digital)
    placeValueAdders,  ///< adders over the bits of a weight (analog) or of an activation (digital)
    accumulators,      ///< over the cycles of an operation
};
inline constexpr std::size_t kImcParts = 8;
std::string_view name(ImcPart part);

/// A sum by part.
struct ImcBreakdown {
    std::array<double, kImcParts> part{};

    double& operator[](ImcPart which) { return part[static_cast<std::size_t>(which)]; }
    double operator[](ImcPart which) const { return part[static_cast<std::size_t>(which)]; }
    double total() const;
    bool operator==(const ImcBreakdown&) const = default;
};

/// An array, as the model sees it.
struct ImcArray {
    hardware::InMemoryComputing kind;
    std::int64_t serialBits = 1;  ///< activation bits that enter in a cycle
    std::size_t wordlineDimension = 0;
    std::size_t bitlineDimension = 0;
    std::int64_t columns = 1;
    std::int64_t rows = 1;
    std::int64_t banks = 1;
    double cellArea = 0;              ///< mm2, of the memory `cells`
    std::int64_t weightsPerCell = 1;  ///< that take turns in one place of the array

    std::int64_t cyclesPerOperation() const { return kind.activationBits / serialBits; }
    bool operator==(const ImcArray&) const = default;
};

/// Empty if the core does not compute in memory. The core has passed `hardware::check`.
std::optional<ImcArray> imcArrayOf(const hardware::Core& core);

/// Length of a clock cycle, ns: the parts that a value passes in one cycle.
ImcBreakdown imcClock(const ImcArray& array);

/// mm2, without memories other than the cells, and without input and output registers.
ImcBreakdown imcArea(const ImcArray& array);

/// pJ of all operations of a nest, laid over the array by `spatial` (as chosen, with whole factors), but for
/// precharging
/// (`ImcPart::cells` is 0). Rows and columns without work cost nothing, but for digital multipliers, which toggle.
ImcBreakdown imcEnergy(const ImcArray& array, const Nest& nest, const std::vector<hardware::Dataflow>& spatial);

/// pJ to precharge the local bitline of one place of the array, when another of its weights takes its turn. 0 if it
/// holds one weight only.
double imcPrecharge(const ImcArray& array);

}  // namespace millrace::cost
