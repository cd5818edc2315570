#include "targets/barvinn/assemble/assemble.h"

#include <charconv>

#include "targets/barvinn/assemble/instructions.h"
#include "targets/barvinn/assemble/lines.h"
#include "targets/barvinn/format/registers.h"

namespace millrace::targets::barvinn {

namespace {

std::optional<std::int64_t> numberIn(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    const bool whole = !text.empty() && problem == std::errc() && stop == text.data() + text.size();
    if (!whole || value > 0xffffffffU) return std::nullopt;
    return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

/// Low 12 bits as addi adds them, and what lui must provide for the rest.
std::int64_t lowPart(std::int64_t value) { return signedBits(static_cast<std::uint64_t>(value), 12); }
std::int64_t highPart(std::int64_t value) { return (value - lowPart(value)) >> 12 & 0xfffff; }

class Assembler {
public:
    Assembler(const std::string& file, Diagnostics& diagnostics, std::uint32_t base)
        : file_(file), diagnostics_(diagnostics) {
        program_.base = base;
    }

    std::optional<Program> run(std::string_view text) {
        const std::size_t before = diagnostics_.failures();
        for (line_ = 1; !text.empty(); ++line_) {
            const std::size_t end = text.find('\n');
            read(splitLine(text.substr(0, end)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        for (const Placed& placed : placed_) {
            line_ = placed.line;
            address_ = placed.address;
            program_.words.push_back(encoded(placed.statement));
        }
        return diagnostics_.failures() == before ? std::optional(std::move(program_)) : std::nullopt;
    }

private:
    struct Placed {
        Statement statement;
        int line;
        std::uint32_t address;
    };

    void error(const std::string& message, const std::string& hint = {}) {
        diagnostics_.error({file_, line_, 0}, message, hint);
    }
    std::uint32_t here() const { return program_.base + 4 * static_cast<std::uint32_t>(placed_.size()); }
    void add(Statement statement) { placed_.push_back({std::move(statement), line_, here()}); }

    void read(const AssemblyLine& line) {
        for (const std::string& label : line.labels) {
            if (constants_.count(label) != 0 || !program_.labels.emplace(label, here()).second)
                error("the name '" + label + "' is used twice");
        }
        if (line.name.empty() || line.name == ".text" || line.name == ".globl") return;
        if (line.name == ".equ") return define(line.operands);
        if (line.name == ".word") {
            for (const std::string& operand : line.operands) add({".word", {operand}});
            return;
        }
        Statement statement{line.name, line.operands};
        if ((line.name == "li" || line.name == "la") && line.operands.size() == 2) return addLoad(line);
        expandPseudo(statement);
        add(std::move(statement));
    }

    void define(const std::vector<std::string>& operands) {
        if (operands.size() != 2) return error(".equ needs a name and a number");
        const auto value = known(operands[1]);
        if (!value) return error("'" + operands[1] + "' is no number and no constant defined before");
        if (program_.labels.count(operands[0]) != 0 || !constants_.emplace(operands[0], *value).second)
            error("the name '" + operands[0] + "' is used twice");
    }

    /// A number into a register: addi, lui, or both. Addresses of labels always take both.
    void addLoad(const AssemblyLine& line) {
        const std::string& target = line.operands[0];
        const std::string& operand = line.operands[1];
        const auto value = line.name == "li" ? known(operand) : std::nullopt;
        if (!value) {
            add({"lui", {target, "%hi " + operand}});
            add({"addi", {target, target, "%lo " + operand}});
            return;
        }
        const std::int64_t number = signedBits(static_cast<std::uint64_t>(*value), 32);
        const std::int64_t high = highPart(number);
        const std::int64_t low = lowPart(number);
        if (high != 0) add({"lui", {target, std::to_string(high)}});
        if (low != 0 || high == 0) add({"addi", {target, high != 0 ? target : "x0", std::to_string(low)}});
    }

    /// A number or a constant defined so far.
    std::optional<std::int64_t> known(const std::string& operand) const {
        const auto constant = constants_.find(operand);
        return constant != constants_.end() ? std::optional(constant->second) : numberIn(operand);
    }

    std::int64_t value(const std::string& operand) {
        if (operand.starts_with("%hi ")) return highPart(value(operand.substr(4)));
        if (operand.starts_with("%lo ")) return lowPart(value(operand.substr(4)));
        if (const auto number = known(operand)) return *number;
        const auto label = program_.labels.find(operand);
        if (label != program_.labels.end()) return label->second;
        error("'" + operand + "' is no number, and there is no label or constant of that name");
        return 0;
    }

    std::uint32_t registerIn(const std::string& operand) {
        const int number = registerNamed(operand);
        if (number < 0) error("'" + operand + "' is no register", "x0 to x31, or names such as sp, t0, a5");
        return number < 0 ? 0 : static_cast<std::uint32_t>(number);
    }

    std::uint32_t csrIn(const std::string& operand) {
        if (const auto number = csrNamed(operand)) return *number;
        const auto number = known(operand);
        if (number && *number >= 0 && *number < 4096) return static_cast<std::uint32_t>(*number);
        error("'" + operand + "' is no control register");
        return 0;
    }

    std::int64_t immediate(Form form, std::int64_t number) {
        const Range range = immediateRange(form);
        if (number < range.low || number > range.high) {
            error(std::to_string(number) + " does not fit: it must be from " + std::to_string(range.low) + " to " +
                  std::to_string(range.high));
        }
        return number;
    }

    std::int64_t distance(Form form, const std::string& operand) {
        const std::int64_t target = value(operand);
        const std::int64_t distance = signedBits(static_cast<std::uint64_t>(target - address_), 32);
        if (distance % 4 != 0) error("the target " + operand + " lies at no instruction");
        return immediate(form, distance);
    }

    /// `N(register)`
    void address(Form form, const std::string& operand, Operands& operands) {
        const std::size_t open = operand.find('(');
        if (open == std::string::npos || !operand.ends_with(')'))
            return error("'" + operand + "' is no address; it is written as 8(sp)");
        operands.rs1 = registerIn(operand.substr(open + 1, operand.size() - open - 2));
        operands.immediate = open == 0 ? 0 : immediate(form, value(operand.substr(0, open)));
    }

    std::int64_t csrImmediate(const std::string& operand) {
        const std::int64_t number = immediate(Form::csrImmediate, value(operand));
        if (number > 15) {
            diagnostics_.warning(
                {file_, line_, 0},
                "the controller reads the immediate " + std::to_string(number) + " as " + std::to_string(number - 32),
                "load the number into a register");
        }
        return number;
    }

    static std::size_t operandCount(Form form) {
        switch (form) {
            case Form::fixed: return 0;
            case Form::upper:
            case Form::jump:
            case Form::load:
            case Form::store:
            case Form::jalr: return 2;
            default: return 3;
        }
    }

    std::uint32_t encoded(const Statement& statement) {
        const auto& texts = statement.operands;
        if (statement.name == ".word") return static_cast<std::uint32_t>(value(texts[0]));
        const InstructionForm* form = formNamed(statement.name);
        if (form == nullptr) {
            error("'" + statement.name + "' with " + std::to_string(texts.size()) + " operands is no instruction");
            return 0;
        }
        if (texts.size() != operandCount(form->form)) {
            error("'" + statement.name + "' has " + std::to_string(texts.size()) + " operands instead of " +
                  std::to_string(operandCount(form->form)));
            return 0;
        }
        return encode(*form, operandsIn(form->form, texts));
    }

    Operands operandsIn(Form form, const std::vector<std::string>& texts) {
        Operands operands;
        if (form == Form::fixed) return operands;
        if (form == Form::store) {
            operands.rs2 = registerIn(texts[0]);
            address(form, texts[1], operands);
            return operands;
        }
        if (form == Form::branch) {
            operands.rs1 = registerIn(texts[0]);
            operands.rs2 = registerIn(texts[1]);
            operands.immediate = distance(form, texts[2]);
            return operands;
        }
        operands.rd = registerIn(texts[0]);
        switch (form) {
            case Form::r:
                operands.rs1 = registerIn(texts[1]);
                operands.rs2 = registerIn(texts[2]);
                break;
            case Form::i:
            case Form::shift:
                operands.rs1 = registerIn(texts[1]);
                operands.immediate = immediate(form, value(texts[2]));
                break;
            case Form::upper: operands.immediate = immediate(form, value(texts[1])); break;
            case Form::jump: operands.immediate = distance(form, texts[1]); break;
            case Form::csr:
                operands.csr = csrIn(texts[1]);
                operands.rs1 = registerIn(texts[2]);
                break;
            case Form::csrImmediate:
                operands.csr = csrIn(texts[1]);
                operands.immediate = csrImmediate(texts[2]);
                break;
            default: address(form, texts[1], operands); break;
        }
        return operands;
    }

    const std::string& file_;
    Diagnostics& diagnostics_;
    Program program_;
    std::vector<Placed> placed_;
    std::map<std::string, std::int64_t, std::less<>> constants_;
    int line_ = 0;
    std::uint32_t address_ = 0;
};

}  // namespace

std::optional<Program> assemble(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                                std::uint32_t base) {
    return Assembler(file, diagnostics, base).run(text);
}

}  // namespace millrace::targets::barvinn
