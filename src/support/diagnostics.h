#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// Where in an input something stands. Line and column count from 1; 0 means "not known".
struct SourceLocation {
    std::string file;
    int line = 0;
    int column = 0;

    /// "file:line:column", with the parts that are known.
    std::string text() const;
};

enum class Severity {
    note,
    warning,
    /// Wrong input: exit code 2.
    error,
    /// The input is well formed, but what it asks for cannot be done: exit code 3.
    infeasible,
};

/// One message for a person: what is wrong, where, why with numbers, and what would fix it.
struct Diagnostic {
    Severity severity = Severity::error;
    SourceLocation where;
    std::string message;
    /// What would fix it; may be empty.
    std::string hint;

    /// "file:3:7: error: message (hint)"
    std::string text() const;
};

/// Collects messages in order. Readers go on after a mistake where they can, so that a file's mistakes come out all at
/// once. A function that takes `Diagnostics&` and returns an empty optional has added at least one error or infeasible
/// entry.
class Diagnostics {
public:
    void add(Diagnostic diagnostic);
    void error(SourceLocation where, std::string message, std::string hint = {});
    void warning(SourceLocation where, std::string message, std::string hint = {});
    void infeasible(SourceLocation where, std::string message, std::string hint = {});

    /// True if an error or an infeasible entry was added.
    bool failed() const { return failures_ != 0; }
    /// Number of error and infeasible entries; compare before and after a call to see whether that call failed.
    std::size_t failures() const { return failures_; }
    bool anyInfeasible() const;
    const std::vector<Diagnostic>& all() const { return all_; }
    /// All messages, a line each.
    std::string text() const;

private:
    std::vector<Diagnostic> all_;
    std::size_t failures_ = 0;
};

/// The candidate closest to `name` by edit distance, or empty if none is close (for "did you mean ...").
std::string nearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace millrace
