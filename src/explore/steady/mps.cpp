#include <fmt/format.h>

#include <iterator>

#include "explore/steady/solver.h"

namespace millrace::steady {

static void addRows(const Model& model, std::string& text) {
    text += "ROWS\n N OBJ\n";
    for (std::size_t i = 0; i < model.rows.size(); ++i) {
        const Row& row = model.rows[i];
        char kind = row.least == row.most ? 'E' : 'G';
        if (row.least == -kInfinite) kind = 'L';
        fmt::format_to(std::back_inserter(text), " {} R{}\n", kind, i);
    }
}

static void addColumns(const Model& model, std::string& text) {
    std::vector<std::vector<Term>> byColumn(model.variables.size());
    for (std::size_t i = 0; i < model.rows.size(); ++i) {
        for (const Term& term : model.rows[i].terms) byColumn[term.variable].push_back({i, term.coefficient});
    }
    text += "COLUMNS\n";
    bool whole = false;
    for (std::size_t i = 0; i < model.variables.size(); ++i) {
        const Variable& variable = model.variables[i];
        if (variable.whole != whole) {
            whole = variable.whole;
            fmt::format_to(std::back_inserter(text), " M{} 'MARKER' '{}'\n", i, whole ? "INTORG" : "INTEND");
        }
        fmt::format_to(std::back_inserter(text), " C{} OBJ {}\n", i, variable.cost);
        for (const Term& entry : byColumn[i]) {
            fmt::format_to(std::back_inserter(text), " C{} R{} {}\n", i, entry.variable, entry.coefficient);
        }
    }
    if (whole) text += " MEND 'MARKER' 'INTEND'\n";
}

std::string mpsOf(const Model& model) {
    std::string text = "NAME STEADY FREE\n";
    addRows(model, text);
    addColumns(model, text);
    text += "RHS\n";
    std::string ranges;
    for (std::size_t i = 0; i < model.rows.size(); ++i) {
        const Row& row = model.rows[i];
        const double side = row.least == -kInfinite ? row.most : row.least;
        if (side != 0) fmt::format_to(std::back_inserter(text), " RHS R{} {}\n", i, side);
        if (row.least != -kInfinite && row.most != kInfinite && row.least != row.most) {
            fmt::format_to(std::back_inserter(ranges), " RNG R{} {}\n", i, row.most - row.least);
        }
    }
    if (!ranges.empty()) text += "RANGES\n" + ranges;
    text += "BOUNDS\n";
    for (std::size_t i = 0; i < model.variables.size(); ++i) {
        const Variable& variable = model.variables[i];
        fmt::format_to(std::back_inserter(text), " LO BND C{} {}\n", i, variable.least);
        if (variable.most != kInfinite) {
            fmt::format_to(std::back_inserter(text), " UP BND C{} {}\n", i, variable.most);
        } else {
            fmt::format_to(std::back_inserter(text), " PL BND C{}\n", i);
        }
    }
    return text + "ENDATA\n";
}

}  // namespace millrace::steady
