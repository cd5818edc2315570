#include "explore/workload/layerequation.h"

#include <algorithm>
#include <cctype>

namespace millrace::workload {

std::string upperCase(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    return result;
}

/// Reads a text without blanks from the left.
class Cursor {
public:
    explicit Cursor(std::string_view text) {
        std::copy_if(text.begin(), text.end(), std::back_inserter(text_),
                     [](unsigned char letter) { return std::isspace(letter) == 0; });
    }
    bool done() const { return at_ == text_.size(); }
    bool take(std::string_view token) {
        if (std::string_view(text_).substr(at_, token.size()) != token) return false;
        at_ += token.size();
        return true;
    }
    /// Letters, digits and `_`; may be empty.
    std::string word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }
    std::string rest() const { return done() ? "its end" : "'" + text_.substr(at_, 20) + "'"; }

private:
    std::string text_;
    std::size_t at_ = 0;
};

static bool isNumber(const std::string& word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

static std::optional<OperandText> takeOperand(Cursor& cursor) {
    OperandText operand;
    operand.name = cursor.word();
    if (operand.name.empty() || isNumber(operand.name)) return std::nullopt;
    while (cursor.take("[")) {
        const std::string dim = cursor.word();
        if (!cursor.take("]")) return std::nullopt;
        if (!dim.empty()) operand.dims.push_back(upperCase(dim));
    }
    return operand;
}

std::optional<Equation> parseEquation(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics) {
    const auto fail = [&](const std::string& message) {
        diagnostics.error(where, "the equation " + message,
                          "for example O[b][k][oy][ox] += W[k][c][fy][fx] * I[b][c][iy][ix]");
        return std::nullopt;
    };
    Cursor cursor(text);
    Equation equation;
    const auto output = takeOperand(cursor);
    if (!output) return fail("has no output operand at " + cursor.rest());
    equation.output = *output;
    if (output->name != "O") return fail("calls its output '" + output->name + "'; it is always O");
    if (!cursor.take("+=") && !cursor.take("=")) return fail("has no = or += at " + cursor.rest());
    do {
        const auto input = takeOperand(cursor);
        if (!input) return fail("has no operand at " + cursor.rest());
        equation.inputs.push_back(*input);
        if (cursor.done()) break;
        if (cursor.take("*")) {
            equation.product = true;
        } else if (!cursor.take("+")) {
            return fail("cannot be read at " + cursor.rest());
        }
    } while (true);
    if (equation.inputs.size() > 2) {
        return fail("has " + std::to_string(equation.inputs.size()) + " inputs; 1 or 2 are possible");
    }
    for (std::size_t i = 0; i < equation.inputs.size(); ++i) {
        const std::string& name = equation.inputs[i].name;
        if (name == "O" || (i > 0 && name == equation.inputs[0].name))
            return fail("uses the name '" + name + "' twice");
    }
    return equation;
}

std::optional<Relation> parseRelation(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics) {
    const auto fail = [&](const std::string& message) {
        diagnostics.error(where, "the dimension relation " + message, "for example ix = 2*ox + 1*fx");
        return std::nullopt;
    };
    Cursor cursor(text);
    Relation relation;
    relation.where = where;
    relation.dim = upperCase(cursor.word());
    if (relation.dim.empty() || isNumber(relation.dim)) return fail("names no dimension at its left");
    if (!cursor.take("=")) return fail("has no = at " + cursor.rest());
    do {
        std::string word = cursor.word();
        std::int64_t coefficient = 1;
        if (isNumber(word)) {
            if (word.size() > 9) return fail("has a coefficient of 10^9 or more");
            coefficient = std::stoll(word);
            if (coefficient < 1) return fail("has a coefficient below 1");
            if (!cursor.take("*")) return fail("has no * after a coefficient at " + cursor.rest());
            word = cursor.word();
        }
        if (word.empty() || isNumber(word)) return fail("has no loop at " + cursor.rest());
        relation.terms.emplace_back(upperCase(word), coefficient);
    } while (cursor.take("+"));
    if (!cursor.done()) return fail("cannot be read at " + cursor.rest());
    const bool twice = relation.terms.size() == 2 && relation.terms[0].first == relation.terms[1].first;
    if (relation.terms.size() > 2 || twice)
        return fail("has " + std::string(twice ? "one loop twice" : "more than two terms"));
    return relation;
}

}  // namespace millrace::workload
