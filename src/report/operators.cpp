#include "report/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "explore/workload/lower.h"
#include "model/exec/registry.h"
#include "model/operators/operators.h"

namespace millrace::report {

namespace {

std::string opsetsOf(const model::exec::KernelEntry& entry) {
    if (entry.until >= model::exec::kNewest) return fmt::format("{}-", entry.since);
    if (entry.until == entry.since) return std::to_string(entry.since);
    return fmt::format("{}-{}", entry.since, entry.until);
}

bool isCosted(const std::string& domain, const std::string& type) {
    model::Operator op;
    op.name = type;
    op.type = type;
    op.domain = domain;
    op.version = model::kNewestOpset;
    return workload::isCosted(op);
}

std::string mark(bool yes) { return yes ? "yes" : "-"; }

struct Counts {
    std::size_t imported = 0, executed = 0, costed = 0;
};

Counts countsOf(const std::vector<OperatorRow>& rows) {
    Counts counts;
    for (const OperatorRow& row : rows) {
        counts.imported += row.imported ? 1 : 0;
        counts.executed += row.executed ? 1 : 0;
        counts.costed += row.costed ? 1 : 0;
    }
    return counts;
}

}  // namespace

std::vector<OperatorRow> operatorRows() {
    std::map<std::string, OperatorRow> rows;
    for (const model::OperatorSpec& spec : model::operatorTable()) rows[std::string(spec.name)].imported = true;
    for (const model::exec::KernelEntry& entry : model::exec::kernelTable()) {
        const std::string domain(entry.domain);
        OperatorRow& row = rows[(domain.empty() ? "" : domain + ".") + std::string(entry.type)];
        row.executed = true;
        row.opsets += (row.opsets.empty() ? "" : ", ") + opsetsOf(entry);
        row.costed = isCosted(domain, std::string(entry.type));
    }
    std::vector<OperatorRow> result;
    for (auto& [name, row] : rows) {
        row.name = name;
        if (!row.executed) row.costed = isCosted("", name);
        result.push_back(std::move(row));
    }
    return result;
}

std::string operatorsText(const std::vector<OperatorRow>& rows) {
    std::size_t width = 8;
    for (const OperatorRow& row : rows) width = std::max(width, row.name.size());
    std::string result = fmt::format("{:<{}}  imported  executed  costed  opsets executed\n", "operator", width);
    for (const OperatorRow& row : rows) {
        std::string line = fmt::format("{:<{}}  {:<8}  {:<8}  {:<6}  {}", row.name, width, mark(row.imported),
                                       mark(row.executed), mark(row.costed), row.opsets);
        line.resize(line.find_last_not_of(' ') + 1);
        result += line + "\n";
    }
    const Counts counts = countsOf(rows);
    return result + fmt::format("{} operators: {} imported, {} executed, {} costed\n", rows.size(), counts.imported,
                                counts.executed, counts.costed);
}

std::string operatorsJson(const std::vector<OperatorRow>& rows) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const OperatorRow& row : rows) {
        list.push_back({{"name", row.name},
                        {"imported", row.imported},
                        {"executed", row.executed},
                        {"costed", row.costed},
                        {"executed_opsets", row.opsets}});
    }
    return nlohmann::ordered_json{{"operators", std::move(list)}}.dump(2) + "\n";
}

std::string operatorsMarkdown(const std::vector<OperatorRow>& rows) {
    const Counts counts = countsOf(rows);
    std::string result = fmt::format(
        "# Operators\n\n"
        "Written by `millrace ops --markdown` from the tables of the code; a test holds this page against them.\n"
        "*Imported*: Millrace infers its shapes (others are host work). *Executed*: `millrace infer` computes it, for\n"
        "the opsets of its domain that are given. *Costed*: it becomes layers in `explore` and `cost`.\n\n"
        "{} operators: {} imported, {} executed, {} costed.\n\n"
        "| operator | imported | executed | costed | opsets executed |\n|---|---|---|---|---|\n",
        rows.size(), counts.imported, counts.executed, counts.costed);
    for (const OperatorRow& row : rows) {
        result += fmt::format("| {} | {} | {} | {} | {} |\n", row.name, mark(row.imported), mark(row.executed),
                              mark(row.costed), row.opsets);
    }
    return result;
}

}  // namespace millrace::report
