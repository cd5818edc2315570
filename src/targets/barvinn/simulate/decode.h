#pragma once
#include <cstdint>

namespace millrace::targets::barvinn {

/// What PITO makes of an instruction word. Its decoder looks at bits 30, 20, 14:12 and 6:2 only, and has no traps:
/// `nothing` writes 0 to rd.
enum class Operation : std::uint8_t {
    nothing,
    lb,
    lh,
    lw,
    lbu,
    lhu,
    sb,
    sh,
    sw,
    sll,
    srl,
    sra,
    add,
    sub,
    exclusiveOr,
    inclusiveOr,
    bitAnd,
    slt,
    sltu,  ///< with register or immediate
    lui,
    auipc,
    jal,
    jalr,
    beq,
    bne,
    blt,
    bge,
    bltu,
    bgeu,
    csrrw,
    csrrs,
    csrrc,
    mret,
};

struct Instruction {
    Operation operation = Operation::nothing;
    /// The second operand is the immediate, or the shift amount, and not a register.
    bool immediateOperand = false;
    int rd = 0, rs1 = 0, rs2 = 0;
    std::uint32_t immediate = 0;  ///< of jumps and branches in units of 2 bytes; of CSR instructions sign-extended
    std::uint32_t csr = 0;

    bool isLoad() const { return operation >= Operation::lb && operation <= Operation::lhu; }
    bool isStore() const { return operation >= Operation::sb && operation <= Operation::sw; }
    bool isBranch() const { return operation >= Operation::beq && operation <= Operation::bgeu; }
    bool isCsr() const { return operation >= Operation::csrrw && operation <= Operation::csrrc; }
};

Instruction decode(std::uint32_t word);

}  // namespace millrace::targets::barvinn
