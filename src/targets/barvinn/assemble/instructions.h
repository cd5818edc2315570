#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The instructions, for both directions.
namespace millrace::targets::barvinn {

enum class Form : std::uint8_t { r, i, shift, load, store, branch, upper, jump, jalr, csr, csrImmediate, fixed };

struct InstructionForm {
    std::string_view name;
    Form form;
    std::uint32_t match;  ///< the bits that do not depend on operands
};
std::span<const InstructionForm> instructionForms();
/// Bits of a word that tell an instruction of this form from others.
std::uint32_t maskOf(Form form);
const InstructionForm* formNamed(std::string_view name);

/// Operands in the fields of a form; `immediate` as the instruction means it (bytes for jumps, bits 31:12 as a number
/// for `upper`).
struct Operands {
    std::uint32_t rd = 0, rs1 = 0, rs2 = 0;
    std::int64_t immediate = 0;
    std::uint32_t csr = 0;
};
std::uint32_t encode(const InstructionForm& form, const Operands& operands);
Operands operandsOf(Form form, std::uint32_t word);
/// Smallest and largest immediate.
struct Range {
    std::int64_t low, high;
};
Range immediateRange(Form form);

/// 0 to 31, or -1: "x5", "t0".
int registerNamed(std::string_view name);
std::string_view registerName(std::uint32_t number);

}  // namespace millrace::targets::barvinn
