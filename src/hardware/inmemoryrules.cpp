#include "hardware/inmemoryrules.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::hardware {
namespace {

/// Bits of a number.
constexpr std::int64_t kMostPrecision = 32;

/// The first two dimensions by name run along wordlines and bitlines.
void checkWordlines(const Core& core, const CoreSites& sites, Diagnostics& diagnostics) {
    const std::string subject = fmt::format("the array of core '{}'", core.name);
    std::vector<ArrayDimension> dimensions = core.array.dimensions;
    if (dimensions.size() < 2) {
        diagnostics.error(
            sites.array,
            fmt::format("{} computes in memory, so it needs two dimensions, but has {}", subject, dimensions.size()),
            "the first by name runs along the wordlines, the second along the bitlines");
        return;
    }
    std::sort(dimensions.begin(), dimensions.end(),
              [](const ArrayDimension& a, const ArrayDimension& b) { return a.name < b.name; });
    const std::int64_t rows = dimensions[1].size;
    if (rows < 1) {
        diagnostics.error(sites.array, fmt::format("{} computes in memory, but has no units", subject));
    } else if (!core.array.inMemoryComputing->analog && (rows & (rows - 1)) != 0) {
        diagnostics.error(sites.array, fmt::format("{}: digital adder trees need a power of two of rows, but {} has {}",
                                                   subject, dimensions[1].name, rows));
    }
}

}  // namespace

void checkInMemory(const Core& core, const CoreSites& sites, Diagnostics& diagnostics) {
    const InMemoryComputing& imc = *core.array.inMemoryComputing;
    const std::string subject = fmt::format("the array of core '{}'", core.name);
    const auto powerOfTwo = [](std::int64_t bits) { return bits > 0 && (bits & (bits - 1)) == 0; };
    const auto wantPower = [&](std::int64_t bits, std::string_view what) {
        if (powerOfTwo(bits)) return;
        diagnostics.error(sites.array, fmt::format("{}: {} must be a power of two, but is {}", subject, what, bits));
    };
    wantPower(imc.activationBits, "the first input_precision");
    wantPower(imc.weightBits, "the second input_precision");
    for (const auto& [bits, what] : {std::pair{imc.activationBits, "the first input_precision"},
                                     {imc.weightBits, "the second input_precision"},
                                     {imc.adcResolution, "adc_resolution"}}) {
        if (bits <= kMostPrecision) continue;
        diagnostics.error(sites.array,
                          fmt::format("{}: {} is {} bits, more than {}", subject, what, bits, kMostPrecision));
    }
    checkWordlines(core, sites, diagnostics);
    if (imc.bitSerialBits != 0) wantPower(imc.bitSerialBits, "bit_serial_precision");
    if (imc.bitSerialBits > imc.activationBits) {
        diagnostics.error(
            sites.array, fmt::format("{}: bit_serial_precision {} is larger than the {} bits of an activation", subject,
                                     imc.bitSerialBits, imc.activationBits));
    }
    if (!imc.analog && imc.adcResolution != 0) {
        diagnostics.error(sites.array,
                          fmt::format("{}: digital in-memory computing has no converter, but adc_resolution is {}",
                                      subject, imc.adcResolution));
    }
    if (imc.analog && imc.adcResolution < 1) {
        diagnostics.error(sites.array, fmt::format("{}: analog in-memory computing needs adc_resolution", subject));
    }
    const auto cells = std::find_if(core.memories.begin(), core.memories.end(),
                                    [](const Memory& memory) { return memory.name == "cells"; });
    if (cells == core.memories.end()) {
        diagnostics.error(sites.array, fmt::format("{} computes in memory, but no memory is called 'cells'", subject));
        return;
    }
    const std::string cellsName = fmt::format("memory 'cells' of core '{}'", core.name);
    const bool weightsOnly = cells->operands == std::vector{MemoryOperand::I2};
    if (!weightsOnly || !cells->servedDimensions.empty()) {
        diagnostics.error(
            sites.memories[static_cast<std::size_t>(cells - core.memories.begin())].memory,
            fmt::format("{} holds the array's weights: its operands must be [I2] and its served_dimensions []",
                        cellsName));
    }
    if (imc.weightBits > 0 && cells->size.value() % imc.weightBits != 0) {
        diagnostics.error(sites.memories[static_cast<std::size_t>(cells - core.memories.begin())].size,
                          fmt::format("{} has {} bits, which is no multiple of the {} bits of a weight", cellsName,
                                      cells->size.value(), imc.weightBits));
    }
}

}  // namespace millrace::hardware
