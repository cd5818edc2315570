#include "report/columns.h"

#include <algorithm>

#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLeast = 6;

std::string line(const std::vector<std::string>& cells) {
    std::string text(kIndent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) text += (i > 0 ? std::string(kGap, ' ') : "") + cells[i];
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

}  // namespace

std::vector<std::size_t> Columns::widths(std::size_t width) const {
    std::vector<std::size_t> result;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        std::size_t widest = columns(columns_[c].title);
        for (const std::vector<std::string>& row : rows_) widest = std::max(widest, columns(clean(row[c])));
        result.push_back(widest);
    }
    std::size_t sum = kIndent + kGap * (columns_.size() - 1);
    for (const std::size_t one : result) sum += one;
    while (sum > width) {
        std::size_t* widest = nullptr;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const bool shrinks = columns_[c].flexible && result[c] > kLeast;
            if (shrinks && (widest == nullptr || result[c] > *widest)) widest = &result[c];
        }
        if (widest == nullptr) break;
        --*widest;
        --sum;
    }
    return result;
}

std::string Columns::text(std::size_t width) const {
    const std::vector<std::size_t> room = widths(width);
    const auto cell = [&](std::size_t c, const std::string& value) {
        std::string shown = elide(value, room[c]);
        const std::string blanks(room[c] - std::min(room[c], columns(shown)), ' ');
        return columns_[c].align == Align::left ? shown + blanks : blanks + shown;
    };
    std::vector<std::string> titles;
    std::vector<std::string> rule;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        titles.push_back(cell(c, columns_[c].title));
        rule.emplace_back(room[c], '-');
    }
    std::string result = line(titles) + line(rule);
    for (const std::vector<std::string>& row : rows_) {
        std::vector<std::string> cells;
        for (std::size_t c = 0; c < columns_.size(); ++c) cells.push_back(cell(c, row[c]));
        result += line(cells);
    }
    return result;
}

}  // namespace millrace::report
