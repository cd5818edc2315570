#pragma once
#include <string>
#include <vector>

/// Which operators Millrace knows, and what it does with them: gathered from the tables of the code.
namespace millrace::report {

struct OperatorRow {
    std::string name;       ///< with its domain in front if it is not one of ONNX's own: "domain.Type"
    bool imported = false;  ///< has a shape rule; others are host work
    bool executed = false;  ///< has a kernel
    bool costed = false;    ///< becomes layers in an exploration
    std::string opsets;     ///< for which it is executed: "1-12, 13-"
};

/// All operators that have at least one of the three, by name.
std::vector<OperatorRow> operatorRows();

std::string operatorsText(const std::vector<OperatorRow>& rows);
/// {"operators": [{"name", "imported", "executed", "costed", "executed_opsets"}]}
std::string operatorsJson(const std::vector<OperatorRow>& rows);
/// docs/operators.md
std::string operatorsMarkdown(const std::vector<OperatorRow>& rows);

}  // namespace millrace::report
