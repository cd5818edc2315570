#pragma once
#include <string>
#include <vector>

namespace millrace::report {

/// Rows of text cells in aligned columns, two blanks apart. If the rows would be wider than `width`, the flexible
/// columns give way, the widest first, and their cells are elided.
class Columns {
public:
    enum class Align { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
        bool flexible = false;
    };

    explicit Columns(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// One cell for each column.
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.empty(); }
    /// The titles, a rule and the rows, a line each; each line is indented by two blanks and has no blanks at its end.
    std::string text(std::size_t width) const;

private:
    std::vector<std::size_t> widths(std::size_t width) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace millrace::report
