#include "targets/barvinn/assemble/lines.h"

#include <algorithm>

namespace millrace::targets::barvinn {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool isNamePart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// What a pseudo instruction with so many operands stands for; `$0` is its first operand.
struct Pseudo {
    std::string_view name;
    std::size_t operands;
    std::string_view meaning;
};

constexpr Pseudo kPseudos[] = {
    {"nop", 0, "addi x0,x0,0"},      {"mv", 2, "addi $0,$1,0"},       {"not", 2, "xori $0,$1,-1"},
    {"neg", 2, "sub $0,x0,$1"},      {"seqz", 2, "sltiu $0,$1,1"},    {"snez", 2, "sltu $0,x0,$1"},
    {"j", 1, "jal x0,$0"},           {"jal", 1, "jal ra,$0"},         {"jr", 1, "jalr x0,0($0)"},
    {"jalr", 1, "jalr ra,0($0)"},    {"jalr", 3, "jalr $0,$2($1)"},   {"ret", 0, "jalr x0,0(ra)"},
    {"call", 1, "jal ra,$0"},        {"beqz", 2, "beq $0,x0,$1"},     {"bnez", 2, "bne $0,x0,$1"},
    {"bltz", 2, "blt $0,x0,$1"},     {"bgez", 2, "bge $0,x0,$1"},     {"blez", 2, "bge x0,$0,$1"},
    {"bgtz", 2, "blt x0,$0,$1"},     {"bgt", 3, "blt $1,$0,$2"},      {"ble", 3, "bge $1,$0,$2"},
    {"bgtu", 3, "bltu $1,$0,$2"},    {"bleu", 3, "bgeu $1,$0,$2"},    {"csrr", 2, "csrrs $0,$1,x0"},
    {"csrw", 2, "csrrw x0,$0,$1"},   {"csrs", 2, "csrrs x0,$0,$1"},   {"csrc", 2, "csrrc x0,$0,$1"},
    {"csrwi", 2, "csrrwi x0,$0,$1"}, {"csrsi", 2, "csrrsi x0,$0,$1"}, {"csrci", 2, "csrrci x0,$0,$1"},
};

std::string filledIn(std::string_view meaning, const std::vector<std::string>& operands) {
    std::string text;
    for (std::size_t i = 0; i < meaning.size(); ++i) {
        if (meaning[i] == '$') {
            text += operands[static_cast<std::size_t>(meaning[++i] - '0')];
        } else {
            text += meaning[i];
        }
    }
    return text;
}

}  // namespace

AssemblyLine splitLine(std::string_view line) {
    AssemblyLine result;
    line = trimmed(line.substr(0, std::min(line.find('#'), line.find("//"))));
    for (;;) {
        std::size_t end = 0;
        while (end < line.size() && isNamePart(line[end])) ++end;
        if (end == 0 || end >= line.size() || line[end] != ':') break;
        result.labels.emplace_back(line.substr(0, end));
        line = trimmed(line.substr(end + 1));
    }
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    result.name = line.substr(0, end);
    line = trimmed(line.substr(end));
    while (!line.empty()) {
        const std::size_t comma = std::min(line.find(','), line.size());
        result.operands.emplace_back(trimmed(line.substr(0, comma)));
        if (comma == line.size()) break;
        line = trimmed(line.substr(comma + 1));
        if (line.empty()) result.operands.emplace_back();
    }
    return result;
}

bool expandPseudo(Statement& statement) {
    for (const Pseudo& pseudo : kPseudos) {
        if (pseudo.name != statement.name || pseudo.operands != statement.operands.size()) continue;
        const AssemblyLine line = splitLine(filledIn(pseudo.meaning, statement.operands));
        statement = {line.name, line.operands};
        return true;
    }
    return false;
}

}  // namespace millrace::targets::barvinn
