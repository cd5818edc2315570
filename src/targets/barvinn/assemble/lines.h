#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace millrace::targets::barvinn {

/// A line of assembly text, taken apart.
struct AssemblyLine {
    std::vector<std::string> labels;
    std::string name;  ///< of the instruction or directive; empty: none
    std::vector<std::string> operands;
};
AssemblyLine splitLine(std::string_view line);

/// One real instruction with operands as text; `name` may also be ".word".
struct Statement {
    std::string name;
    std::vector<std::string> operands;
};
/// True if the name is a pseudo instruction with this many operands that is another instruction written differently;
/// `statement` becomes that one. (`li` and `la` are not among them: they may take two words.)
bool expandPseudo(Statement& statement);

}  // namespace millrace::targets::barvinn
