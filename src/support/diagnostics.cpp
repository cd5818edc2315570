#include "support/diagnostics.h"

#include <algorithm>
#include <numeric>

namespace millrace {

std::string SourceLocation::text() const {
    std::string result = file;
    if (line > 0) result.append(":").append(std::to_string(line));
    if (line > 0 && column > 0) result.append(":").append(std::to_string(column));
    return result;
}

static std::string_view name(Severity severity) {
    switch (severity) {
        case Severity::note: return "note";
        case Severity::warning: return "warning";
        case Severity::error: return "error";
        case Severity::infeasible: return "infeasible";
    }
    return "error";
}

std::string Diagnostic::text() const {
    std::string result = where.text();
    if (!result.empty()) result += ": ";
    result += std::string(name(severity)) + ": " + message;
    if (!hint.empty()) result += " (" + hint + ")";
    return result;
}

void Diagnostics::add(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::error || diagnostic.severity == Severity::infeasible) ++failures_;
    all_.push_back(std::move(diagnostic));
}

void Diagnostics::error(SourceLocation where, std::string message, std::string hint) {
    add({Severity::error, std::move(where), std::move(message), std::move(hint)});
}

void Diagnostics::warning(SourceLocation where, std::string message, std::string hint) {
    add({Severity::warning, std::move(where), std::move(message), std::move(hint)});
}

void Diagnostics::infeasible(SourceLocation where, std::string message, std::string hint) {
    add({Severity::infeasible, std::move(where), std::move(message), std::move(hint)});
}

bool Diagnostics::anyInfeasible() const {
    return std::any_of(all_.begin(), all_.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::infeasible; });
}

std::string Diagnostics::text() const {
    std::string result;
    for (const Diagnostic& diagnostic : all_) result += diagnostic.text() + "\n";
    return result;
}

static std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string nearestName(std::string_view name, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t bestDistance = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = editDistance(name.substr(0, 64), std::string_view(candidate).substr(0, 64));
        if (distance < bestDistance) {
            best = candidate;
            bestDistance = distance;
        }
    }
    return best;
}

}  // namespace millrace
