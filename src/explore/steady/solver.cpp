#include "explore/steady/solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "explore/steady/process.h"
#include "support/files.h"

namespace millrace::steady {

namespace {

/// How far from whole, and from keeping a row, an answer may be.
constexpr double kTolerance = 1e-5;

std::optional<double> numberOf(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool refuse(const std::string& why, Diagnostics& diagnostics) {
    diagnostics.error({}, "it gave an answer that makes no sense: " + why,
                      "check the installation of the package coinor-cbc; another --method needs no solver");
    return false;
}

/// Lines "[**] INDEX NAME VALUE REDUCED_COST"; columns that are left out are 0.
bool readValues(const Model& model, std::istringstream& lines, std::vector<double>& values, Diagnostics& diagnostics) {
    values.assign(model.variables.size(), 0.0);
    std::vector<bool> seen(values.size(), false);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string index, name, value;
        words >> index;
        if (index == "**") words >> index;
        words >> name >> value;
        if (index.empty() && name.empty()) continue;
        const auto number = numberOf(value);
        const auto column = name.size() > 1 && name[0] == 'C' ? numberOf(name.substr(1)) : std::nullopt;
        if (!number || !column || *column < 0 || *column >= static_cast<double>(values.size()) ||
            *column != std::floor(*column)) {
            return refuse(fmt::format("the line '{}' of its solution", line), diagnostics);
        }
        const auto i = static_cast<std::size_t>(*column);
        if (seen[i]) return refuse(fmt::format("two values of column {}", i), diagnostics);
        seen[i] = true;
        values[i] = *number;
    }
    return true;
}

bool check(const Model& model, std::vector<double>& values, Diagnostics& diagnostics) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Variable& variable = model.variables[i];
        const double slack = kTolerance * std::max(1.0, std::abs(values[i]));
        if (variable.whole) {
            if (std::abs(values[i] - std::round(values[i])) > slack)
                return refuse(fmt::format("{} is {}, and must be whole", variable.name, values[i]), diagnostics);
            values[i] = std::round(values[i]);
        }
        if (values[i] < variable.least - slack || values[i] > variable.most + slack)
            return refuse(fmt::format("{} is {}, out of bounds", variable.name, values[i]), diagnostics);
    }
    for (const Row& row : model.rows) {
        double sum = 0;
        double size = 1;
        for (const Term& term : row.terms) {
            sum += term.coefficient * values[term.variable];
            size = std::max({size, std::abs(term.coefficient), std::abs(term.coefficient * values[term.variable])});
        }
        if (sum < row.least - kTolerance * size || sum > row.most + kTolerance * size)
            return refuse(fmt::format("the row '{}' is {}", row.name, sum), diagnostics);
    }
    return true;
}

std::optional<double> boundIn(std::string_view log) {
    static constexpr std::string_view kLabel = "Lower bound:";
    const std::size_t at = log.rfind(kLabel);
    if (at == std::string_view::npos) return std::nullopt;
    std::istringstream words(std::string(log.substr(at + kLabel.size(), 80)));
    std::string word;
    words >> word;
    return numberOf(word);
}

/// Tried one after another: on some programs an assertion of cbc's cuts fails, and the next settings do without.
std::vector<std::vector<std::string>> settingsOf() {
    return {{}, {"-preprocess", "off"}, {"-preprocess", "off", "-cuts", "off", "-heuristicsOnOff", "off"}};
}

std::vector<std::string> commandOf(const Limit& limit, const std::vector<std::string>& settings,
                                   const std::string& problem, const std::string& answer) {
    std::vector<std::string> command{limit.program, problem, "-threads", "0"};
    const auto add = [&](const std::vector<std::string>& words) {
        command.insert(command.end(), words.begin(), words.end());
    };
    add({"-randomSeed", "1", "-randomCbcSeed", "1", "-timeMode", "elapsed"});
    add({"-sec", fmt::format("{}", std::max(limit.seconds, 0.05)), "-maxNodes", fmt::format("{}", limit.nodes)});
    add({"-ratioGap", "0"});
    add(settings);
    add({"-solve", "-solution", answer});
    return command;
}

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

}  // namespace

std::optional<Solved> readSolution(const Model& model, std::string_view solution, std::string_view log,
                                   Diagnostics& diagnostics) {
    std::istringstream lines{std::string(solution)};
    std::string first;
    std::getline(lines, first);
    Solved solved;
    const bool stopped = begins(first, "Stopped on ");
    if (begins(first, "Infeasible") || begins(first, "Integer infeasible")) {
        solved.status = Status::infeasible;
        return solved;
    }
    if (!stopped && !begins(first, "Optimal")) {
        refuse(fmt::format("its solution begins with '{}'", first.substr(0, 80)), diagnostics);
        return std::nullopt;
    }
    solved.bound = boundIn(log);
    if (stopped && first.find("no integer solution") != std::string::npos) return solved;
    if (!readValues(model, lines, solved.values, diagnostics) || !check(model, solved.values, diagnostics)) {
        return std::nullopt;
    }
    solved.status = stopped ? Status::feasible : Status::optimal;
    for (std::size_t i = 0; i < solved.values.size(); ++i)
        solved.objective += model.variables[i].cost * solved.values[i];
    if (!stopped) solved.bound = solved.objective;
    return solved;
}

std::optional<Solved> solve(const Model& model, const Limit& limit, Diagnostics& diagnostics) {
    const TemporaryFolder folder;
    if (folder.path.empty()) {
        diagnostics.error({}, "no folder for temporary files can be made",
                          "set TMPDIR to a folder that may be written");
        return std::nullopt;
    }
    const std::string problem = folder.path + "/model.mps";
    const std::string answer = folder.path + "/solution.txt";
    if (!writeFile(problem, mpsOf(model), diagnostics)) return std::nullopt;
    std::string why;
    for (const std::vector<std::string>& settings : settingsOf()) {
        std::error_code ignored;
        std::filesystem::remove(answer, ignored);
        const std::size_t failures = diagnostics.failures();
        // It looks at the clock between steps, some of which are long.
        const auto ran =
            run(commandOf(limit, settings, problem, answer), limit.seconds * 1.5 + 1, limit.stop, diagnostics);
        if (!ran) {
            if (diagnostics.failures() > failures) return std::nullopt;
            diagnostics.error({"--method steady"},
                              fmt::format("needs the solver {}, which is not installed", limit.program),
                              "install Debian's package coinor-cbc (scripts/setup does); other methods need no solver");
            return std::nullopt;
        }
        if (ran->killed) return Solved{};
        Diagnostics problems;
        const auto text = readFile(answer, problems);
        const std::size_t from = ran->output.size() > 300 ? ran->output.size() - 300 : 0;
        why = fmt::format("ended without an answer (status {}): ...{}", ran->status, ran->output.substr(from));
        if (ran->status != 0 || !text) continue;
        Diagnostics refused;
        auto solved = readSolution(model, *text, ran->output, refused);
        if (solved) return solved;
        why = refused.all().front().message;
    }
    diagnostics.error({"--method steady"}, "cbc, with all of its settings: " + why,
                      "check the installation of the package coinor-cbc; another --method needs no solver");
    return std::nullopt;
}

}  // namespace millrace::steady
