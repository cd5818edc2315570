#include "targets/barvinn/assemble/instructions.h"

#include <array>
#include <charconv>

#include "targets/barvinn/format/geometry.h"

namespace millrace::targets::barvinn {

namespace {

constexpr std::uint32_t word(std::uint32_t function7, std::uint32_t function3, std::uint32_t opcode) {
    return function7 << 25 | function3 << 12 | opcode;
}

constexpr InstructionForm kForms[] = {
    {"lui", Form::upper, 0x37},
    {"auipc", Form::upper, 0x17},
    {"jal", Form::jump, 0x6f},
    {"jalr", Form::jalr, 0x67},
    {"beq", Form::branch, word(0, 0, 0x63)},
    {"bne", Form::branch, word(0, 1, 0x63)},
    {"blt", Form::branch, word(0, 4, 0x63)},
    {"bge", Form::branch, word(0, 5, 0x63)},
    {"bltu", Form::branch, word(0, 6, 0x63)},
    {"bgeu", Form::branch, word(0, 7, 0x63)},
    {"lb", Form::load, word(0, 0, 0x03)},
    {"lh", Form::load, word(0, 1, 0x03)},
    {"lw", Form::load, word(0, 2, 0x03)},
    {"lbu", Form::load, word(0, 4, 0x03)},
    {"lhu", Form::load, word(0, 5, 0x03)},
    {"sb", Form::store, word(0, 0, 0x23)},
    {"sh", Form::store, word(0, 1, 0x23)},
    {"sw", Form::store, word(0, 2, 0x23)},
    {"addi", Form::i, word(0, 0, 0x13)},
    {"slti", Form::i, word(0, 2, 0x13)},
    {"sltiu", Form::i, word(0, 3, 0x13)},
    {"xori", Form::i, word(0, 4, 0x13)},
    {"ori", Form::i, word(0, 6, 0x13)},
    {"andi", Form::i, word(0, 7, 0x13)},
    {"slli", Form::shift, word(0, 1, 0x13)},
    {"srli", Form::shift, word(0, 5, 0x13)},
    {"srai", Form::shift, word(0x20, 5, 0x13)},
    {"add", Form::r, word(0, 0, 0x33)},
    {"sub", Form::r, word(0x20, 0, 0x33)},
    {"sll", Form::r, word(0, 1, 0x33)},
    {"slt", Form::r, word(0, 2, 0x33)},
    {"sltu", Form::r, word(0, 3, 0x33)},
    {"xor", Form::r, word(0, 4, 0x33)},
    {"srl", Form::r, word(0, 5, 0x33)},
    {"sra", Form::r, word(0x20, 5, 0x33)},
    {"or", Form::r, word(0, 6, 0x33)},
    {"and", Form::r, word(0, 7, 0x33)},
    {"csrrw", Form::csr, word(0, 1, 0x73)},
    {"csrrs", Form::csr, word(0, 2, 0x73)},
    {"csrrc", Form::csr, word(0, 3, 0x73)},
    {"csrrwi", Form::csrImmediate, word(0, 5, 0x73)},
    {"csrrsi", Form::csrImmediate, word(0, 6, 0x73)},
    {"csrrci", Form::csrImmediate, word(0, 7, 0x73)},
    {"fence", Form::fixed, 0x0ff0000f},
    {"ecall", Form::fixed, 0x00000073},
    {"ebreak", Form::fixed, 0x00100073},
    {"mret", Form::fixed, 0x30200073},
    {"wfi", Form::fixed, 0x10500073},
};

constexpr std::string_view kRegisters[] = {"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
                                           "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                           "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

/// Bits `high`..`low` of a value, moved to `to`.
constexpr std::uint32_t bitsOf(std::uint32_t value, int high, int low, int to) {
    return (value >> low & ((2U << (high - low)) - 1U)) << to;
}

std::int64_t extended(std::uint32_t value, int bits) { return signedBits(value, bits); }

}  // namespace

std::span<const InstructionForm> instructionForms() { return kForms; }

std::uint32_t maskOf(Form form) {
    switch (form) {
        case Form::upper:
        case Form::jump: return 0x7f;
        case Form::r:
        case Form::shift: return 0xfe00707f;
        case Form::fixed: return 0xffffffff;
        default: return 0x707f;
    }
}

const InstructionForm* formNamed(std::string_view name) {
    for (const InstructionForm& form : kForms) {
        if (form.name == name) return &form;
    }
    return nullptr;
}

std::uint32_t encode(const InstructionForm& form, const Operands& operands) {
    const auto value = static_cast<std::uint32_t>(operands.immediate);
    const std::uint32_t rd = operands.rd << 7;
    const std::uint32_t rs1 = operands.rs1 << 15;
    const std::uint32_t rs2 = operands.rs2 << 20;
    switch (form.form) {
        case Form::r: return form.match | rd | rs1 | rs2;
        case Form::i:
        case Form::load:
        case Form::jalr: return form.match | rd | rs1 | bitsOf(value, 11, 0, 20);
        case Form::shift: return form.match | rd | rs1 | bitsOf(value, 4, 0, 20);
        case Form::store: return form.match | rs1 | rs2 | bitsOf(value, 11, 5, 25) | bitsOf(value, 4, 0, 7);
        case Form::branch:
            return form.match | rs1 | rs2 | bitsOf(value, 12, 12, 31) | bitsOf(value, 10, 5, 25) |
                   bitsOf(value, 4, 1, 8) | bitsOf(value, 11, 11, 7);
        case Form::upper: return form.match | rd | bitsOf(value, 19, 0, 12);
        case Form::jump:
            return form.match | rd | bitsOf(value, 20, 20, 31) | bitsOf(value, 10, 1, 21) | bitsOf(value, 11, 11, 20) |
                   bitsOf(value, 19, 12, 12);
        case Form::csr: return form.match | rd | rs1 | operands.csr << 20;
        case Form::csrImmediate: return form.match | rd | bitsOf(value, 4, 0, 15) | operands.csr << 20;
        case Form::fixed: break;
    }
    return form.match;
}

Operands operandsOf(Form form, std::uint32_t word) {
    Operands operands{bitsOf(word, 11, 7, 0), bitsOf(word, 19, 15, 0), bitsOf(word, 24, 20, 0), 0,
                      bitsOf(word, 31, 20, 0)};
    switch (form) {
        case Form::i:
        case Form::load:
        case Form::jalr: operands.immediate = extended(bitsOf(word, 31, 20, 0), 12); break;
        case Form::shift: operands.immediate = operands.rs2; break;
        case Form::store: operands.immediate = extended(bitsOf(word, 31, 25, 5) | bitsOf(word, 11, 7, 0), 12); break;
        case Form::branch:
            operands.immediate = extended(
                bitsOf(word, 31, 31, 12) | bitsOf(word, 7, 7, 11) | bitsOf(word, 30, 25, 5) | bitsOf(word, 11, 8, 1),
                13);
            break;
        case Form::upper: operands.immediate = bitsOf(word, 31, 12, 0); break;
        case Form::jump:
            operands.immediate = extended(bitsOf(word, 31, 31, 20) | bitsOf(word, 19, 12, 12) |
                                              bitsOf(word, 20, 20, 11) | bitsOf(word, 30, 21, 1),
                                          21);
            break;
        case Form::csrImmediate: operands.immediate = operands.rs1; break;
        default: break;
    }
    return operands;
}

Range immediateRange(Form form) {
    switch (form) {
        case Form::shift: return {0, 31};
        case Form::csrImmediate: return {-16, 31};
        case Form::branch: return {-4096, 4094};
        case Form::jump: return {-1048576, 1048574};
        case Form::upper: return {0, 0xfffff};
        default: return {-2048, 2047};
    }
}

int registerNamed(std::string_view name) {
    for (std::size_t i = 0; i < std::size(kRegisters); ++i) {
        if (kRegisters[i] == name) return static_cast<int>(i);
    }
    if (name == "fp") return 8;
    if (name.size() < 2 || name.size() > 3 || name[0] != 'x') return -1;
    int number = -1;
    const char* const end = name.data() + name.size();
    const auto [stop, problem] = std::from_chars(name.data() + 1, end, number);
    return stop == end && problem == std::errc() && number >= 0 && number < 32 ? number : -1;
}

std::string_view registerName(std::uint32_t number) { return kRegisters[number & 31]; }

}  // namespace millrace::targets::barvinn
