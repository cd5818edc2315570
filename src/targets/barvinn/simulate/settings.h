#pragma once
#include "targets/barvinn/format/registers.h"
#include "targets/barvinn/simulate/walkers.h"

namespace millrace::targets::barvinn {

/// Registers of an MVU as its logic reads them: fields cut to their widths.
struct Settings {
    std::uint32_t weightBase = 0, inputBase = 0, scalerBase = 0, biasBase = 0;
    std::uint16_t outputBase = 0;
    WalkRegisters weight, input, scaler, bias;
    std::uint32_t weightBits = 0, inputBits = 0, outputBits = 0;
    bool weightSigned = false, inputSigned = false;
    int msbIndex = 0;
    std::int16_t scalerValue = 0;
    bool scalerFromMemory = false, biasFromMemory = false;
    std::uint32_t loadSelect = 0, stepSelect = 0;  ///< bit j: jump j of the weight walk ends the sum, steps the planes
    std::uint8_t destinations = 0;
    MulMode mulMode = MulMode::zero;
    std::uint32_t countdown = 0;

    /// A write to a register; numbers that the MVU does not know do nothing. `aliasLengths`: see Quirks, Q5.
    void write(CsrNumber number, std::uint32_t value, bool aliasLengths);

private:
    bool writeWalk(CsrNumber number, std::uint32_t value, bool aliasLengths);
};

}  // namespace millrace::targets::barvinn
