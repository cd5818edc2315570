#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.h"
#include "targets/barvinn/format/geometry.h"

/// RV32I assembly for the controller.
///
/// A line is `[label:] [instruction operands] [# comment]`. Instructions: all of RV32I, csrrw/s/c and their immediate
/// forms, mret, ecall, ebreak, wfi, fence; the usual pseudo instructions (li, la, mv, not, neg, nop, j, jr, jal and
/// jalr with one operand, ret, call, beqz, bnez, bltz, bgez, blez, bgtz, bgt, ble, bgtu, bleu, seqz, snez, csrr, csrw,
/// csrs, csrc, csrwi, csrsi, csrci). Directives: `.word N[, N...]`, `.equ NAME, N`; `.text` and `.globl` are read over.
/// Operands: registers (x5, t0), numbers (decimal, 0x, signed), names of labels and constants, `N(register)`, CSRs by
/// name (mstatus, mvucommand) or number. Targets of jumps and branches are addresses.
namespace millrace::targets::barvinn {

struct Program {
    std::uint32_t base = kResetPc;  ///< byte address of the first word
    std::vector<std::uint32_t> words;
    std::map<std::string, std::uint32_t, std::less<>> labels;  ///< byte addresses
};

/// All mistakes of a text at once. An immediate of csrrwi, csrrsi or csrrci from 16 to 31 is a warning: the controller
/// reads it as a negative number.
std::optional<Program> assemble(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                                std::uint32_t base = kResetPc);

/// One instruction as text that assembles to the same word at the same address; `.word` if it is none.
std::string disassemble(std::uint32_t word, std::uint32_t address);
/// A program, a line each, with its labels.
std::string disassemble(const Program& program);

/// ELF32 for RISC-V, little endian: .text at the program's base, .data at the data memory's address, labels as symbols.
std::string elfFile(const Program& program, std::span<const std::uint32_t> data = {});

}  // namespace millrace::targets::barvinn
