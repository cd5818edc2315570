#pragma once
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.h"

/// Mixed-integer linear programs, solved by the program `cbc` (COIN-OR branch and cut; Debian's package coinor-cbc),
/// which is called and not linked.
namespace millrace::steady {

inline constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Term {
    std::size_t variable = 0;
    double coefficient = 0;
};

struct Variable {
    std::string name;  ///< for people
    double least = 0;
    double most = kInfinite;
    bool whole = false;
    double cost = 0;  ///< in the objective, which is minimised
};

/// least <= sum of terms <= most. No variable stands twice.
struct Row {
    std::string name;
    std::vector<Term> terms;
    double least = -kInfinite;
    double most = kInfinite;
};

struct Model {
    std::vector<Variable> variables;
    std::vector<Row> rows;

    std::size_t add(Variable variable) {
        variables.push_back(std::move(variable));
        return variables.size() - 1;
    }
    void atLeast(std::string name, std::vector<Term> terms, double least) {
        rows.push_back({std::move(name), std::move(terms), least, kInfinite});
    }
    void atMost(std::string name, std::vector<Term> terms, double most) {
        rows.push_back({std::move(name), std::move(terms), -kInfinite, most});
    }
    void equal(std::string name, std::vector<Term> terms, double value) {
        rows.push_back({std::move(name), std::move(terms), value, value});
    }
};

enum class Status : std::uint8_t {
    optimal,
    feasible,    ///< a limit was reached; there are values
    infeasible,  ///< there is no solution
    unknown,     ///< a limit was reached before any solution was found
};

struct Solved {
    Status status = Status::unknown;
    std::vector<double> values;   ///< by variable; of optimal and feasible ones only. Whole ones are whole
    double objective = 0;         ///< of the values
    std::optional<double> bound;  ///< no solution has a smaller objective, as the solver says
};

struct Limit {
    double seconds = 60;
    std::int64_t nodes = 1'000'000;  ///< of the search tree: the same answer on every machine if these end it first
    const std::atomic<bool>* stop = nullptr;
    std::string program = "cbc";
};

/// As free MPS: columns C0, C1, ..., rows R0, R1, ...
std::string mpsOf(const Model& model);

/// Reads cbc's solution file and what it said. Takes nothing on trust: values of unknown or repeated columns, whole
/// variables that are not, and broken rows are errors.
std::optional<Solved> readSolution(const Model& model, std::string_view solution, std::string_view log,
                                   Diagnostics& diagnostics);

/// One thread, fixed seeds. Nothing with an error if cbc is not installed, crashes, or gives nonsense. Interrupted:
/// `Status::unknown`.
std::optional<Solved> solve(const Model& model, const Limit& limit, Diagnostics& diagnostics);

}  // namespace millrace::steady
