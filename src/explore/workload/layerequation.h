#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/diagnostics.h"

/// The two small languages of layer files.
namespace millrace::workload {

/// An operand as an equation writes it: its name, and its dimensions in upper case.
struct OperandText {
    std::string name;
    std::vector<std::string> dims;
};

/// "O[b][k] += W[k][c] * I[b][c]": one output, one or two inputs.
struct Equation {
    OperandText output;
    std::vector<OperandText> inputs;
    bool product = false;  ///< joined by `*`, not `+`
};

/// "ix = 2*ox + 1*fx": a dimension that follows from loops.
struct Relation {
    std::string dim;
    std::vector<std::pair<std::string, std::int64_t>> terms;
    SourceLocation where;
};

std::optional<Equation> parseEquation(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics);
/// One or two terms, each a loop with an optional coefficient of 1 or more.
std::optional<Relation> parseRelation(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics);

std::string upperCase(std::string_view text);

}  // namespace millrace::workload
