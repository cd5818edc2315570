#include "targets/barvinn/simulate/decode.h"

#include "targets/barvinn/format/geometry.h"

namespace millrace::targets::barvinn {

namespace {

std::uint32_t field(std::uint32_t word, int high, int low) { return word >> low & ((2U << (high - low)) - 1U); }
std::uint32_t extended(std::uint32_t value, int bits) { return static_cast<std::uint32_t>(signedBits(value, bits)); }

/// Chosen by all of bits 6:0; what is no known form has the immediate of a load.
std::uint32_t immediateOf(std::uint32_t word) {
    switch (word & 0x7f) {
        case 0x73: return extended(field(word, 19, 15), 5);
        case 0x23: return extended(field(word, 31, 25) << 5 | field(word, 11, 7), 12);
        case 0x63:
            return extended(
                field(word, 31, 31) << 11 | field(word, 7, 7) << 10 | field(word, 30, 25) << 4 | field(word, 11, 8),
                12);
        case 0x37:
        case 0x17: return word & 0xfffff000U;
        case 0x6f:
            return extended(
                field(word, 31, 31) << 19 | field(word, 19, 12) << 11 | field(word, 20, 20) << 10 | field(word, 30, 21),
                20);
        default: return extended(field(word, 31, 20), 12);
    }
}

using enum Operation;

Operation arithmetic(std::uint32_t function, bool bit30, bool immediate) {
    constexpr Operation kPlain[] = {add, sll, slt, sltu, exclusiveOr, srl, inclusiveOr, bitAnd};
    if (!bit30 || (immediate && function != 1 && function != 5)) return kPlain[function];
    if (function == 0) return sub;
    return function == 5 ? sra : nothing;
}

Operation system(std::uint32_t function, bool bit30, bool bit20) {
    constexpr Operation kByFunction[] = {nothing, csrrw, csrrs, csrrc, nothing, csrrw, csrrs, csrrc};
    if (function == 0) return !bit30 && !bit20 ? mret : nothing;
    return kByFunction[function];
}

Operation operationOf(std::uint32_t word) {
    constexpr Operation kLoads[] = {lb, lh, lw, nothing, lbu, lhu, nothing, nothing};
    constexpr Operation kStores[] = {sb, sh, sw, nothing, nothing, nothing, nothing, nothing};
    constexpr Operation kBranches[] = {beq, bne, nothing, nothing, blt, bge, bltu, bgeu};
    const std::uint32_t function = field(word, 14, 12);
    const bool bit30 = field(word, 30, 30) != 0;
    switch (field(word, 6, 2)) {
        case 0x00: return kLoads[function];
        case 0x04: return arithmetic(function, bit30, true);
        case 0x05: return auipc;
        case 0x08: return kStores[function];
        case 0x0c: return arithmetic(function, bit30, false);
        case 0x0d: return lui;
        case 0x18: return kBranches[function];
        case 0x19: return function == 0 ? jalr : nothing;
        case 0x1b: return jal;
        case 0x1c: return system(function, bit30, field(word, 20, 20) != 0);
        default: return nothing;
    }
}

}  // namespace

Instruction decode(std::uint32_t word) {
    Instruction instruction;
    instruction.operation = operationOf(word);
    instruction.rd = static_cast<int>(field(word, 11, 7));
    instruction.rs1 = static_cast<int>(field(word, 19, 15));
    instruction.rs2 = static_cast<int>(field(word, 24, 20));
    instruction.immediate = immediateOf(word);
    instruction.csr = field(word, 31, 20);
    const std::uint32_t group = field(word, 6, 2);
    const bool shift = group == 0x04 && (field(word, 14, 12) & 3) == 1;
    if (shift) instruction.immediate = static_cast<std::uint32_t>(instruction.rs2);
    instruction.immediateOperand = group == 0x04 || (group == 0x1c && field(word, 14, 14) != 0);
    return instruction;
}

}  // namespace millrace::targets::barvinn
