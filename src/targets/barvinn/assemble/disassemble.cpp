#include "targets/barvinn/assemble/assemble.h"
#include "targets/barvinn/assemble/instructions.h"
#include "targets/barvinn/format/registers.h"

namespace millrace::targets::barvinn {

namespace {

std::string hexNumber(std::uint32_t value) {
    std::string text = "0x";
    for (int shift = 28; shift >= 0; shift -= 4) text.push_back("0123456789abcdef"[value >> shift & 15]);
    return text;
}

std::string csrText(std::uint32_t number) {
    std::string name(csrName(static_cast<CsrNumber>(number)));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name.empty() ? hexNumber(number) : name;
}

std::string operandText(Form form, const Operands& operands, std::uint32_t address) {
    const std::string rd(registerName(operands.rd));
    const std::string rs1(registerName(operands.rs1));
    const std::string rs2(registerName(operands.rs2));
    const std::string number = std::to_string(operands.immediate);
    const std::string target = hexNumber(address + static_cast<std::uint32_t>(operands.immediate));
    switch (form) {
        case Form::r: return rd + ", " + rs1 + ", " + rs2;
        case Form::i:
        case Form::shift: return rd + ", " + rs1 + ", " + number;
        case Form::load:
        case Form::jalr: return rd + ", " + number + "(" + rs1 + ")";
        case Form::store: return rs2 + ", " + number + "(" + rs1 + ")";
        case Form::branch: return rs1 + ", " + rs2 + ", " + target;
        case Form::upper: return rd + ", " + number;
        case Form::jump: return rd + ", " + target;
        case Form::csr: return rd + ", " + csrText(operands.csr) + ", " + rs1;
        case Form::csrImmediate:
            return rd + ", " + csrText(operands.csr) + ", " +
                   std::to_string(operands.immediate > 15 ? operands.immediate - 32 : operands.immediate);
        case Form::fixed: break;
    }
    return {};
}

}  // namespace

std::string disassemble(std::uint32_t word, std::uint32_t address) {
    for (const InstructionForm& form : instructionForms()) {
        if ((word & maskOf(form.form)) != form.match) continue;
        const Operands operands = operandsOf(form.form, word);
        const bool jumps = form.form == Form::branch || form.form == Form::jump;
        if (jumps && operands.immediate % 4 != 0) break;
        const std::string text = operandText(form.form, operands, address);
        return std::string(form.name) + (text.empty() ? "" : " " + text);
    }
    return ".word " + hexNumber(word);
}

std::string disassemble(const Program& program) {
    std::map<std::uint32_t, std::string> labels;
    for (const auto& [name, address] : program.labels) labels[address] += name + ":\n";
    std::string text;
    std::uint32_t address = program.base;
    for (const std::uint32_t word : program.words) {
        const auto label = labels.find(address);
        if (label != labels.end()) text += label->second;
        text += "    " + disassemble(word, address) + "\n";
        address += 4;
    }
    const auto last = labels.find(address);
    return last == labels.end() ? text : text + last->second;
}

}  // namespace millrace::targets::barvinn
