#include <optional>
#include <string_view>

#include "targets/barvinn/format/images.h"

namespace millrace::targets::barvinn {

namespace {

void addBinary(ActivationWord word, std::string& text) {
    for (int bit = 63; bit >= 0; --bit) text.push_back((word >> bit & 1) != 0 ? '1' : '0');
}

/// Calls take(line, number) for each line; an empty last one is no line. False as soon as one is refused.
template <class Take>
bool forLines(std::string_view text, const Take& take) {
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!take(line, number)) return false;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return true;
}

/// `digits` digits of a base of 2 or 16 as one number, or an error.
std::optional<std::uint64_t> number(std::string_view digits, std::uint64_t base) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        std::uint64_t digit = base;
        if (c >= '0' && c <= '9') digit = static_cast<std::uint64_t>(c - '0');
        if (c >= 'A' && c <= 'F') digit = static_cast<std::uint64_t>(c - 'A') + 10;
        if (c >= 'a' && c <= 'f') digit = static_cast<std::uint64_t>(c - 'a') + 10;
        if (digit >= base) return std::nullopt;
        value = value * base + digit;
    }
    return value;
}

struct LineForm {
    std::size_t digits;
    std::uint64_t base;
    const char* name;
};

bool lengthRight(std::string_view line, const LineForm& form, const SourceLocation& where, Diagnostics& diagnostics) {
    if (line.size() == form.digits) return true;
    diagnostics.error(where, "has " + std::to_string(line.size()) + " characters instead of " +
                                 std::to_string(form.digits) + " " + form.name + " digits");
    return false;
}

bool digitsRight(bool right, const LineForm& form, const SourceLocation& where, Diagnostics& diagnostics) {
    if (!right) diagnostics.error(where, std::string("holds a character that is no ") + form.name + " digit");
    return right;
}

std::optional<std::vector<ActivationWord>> parseWords(std::string_view text, const LineForm& form,
                                                      const std::string& file, Diagnostics& diagnostics) {
    std::vector<ActivationWord> words;
    const bool good = forLines(text, [&](std::string_view line, int lineNumber) {
        const SourceLocation where{file, lineNumber, 0};
        if (!lengthRight(line, form, where, diagnostics)) return false;
        const auto word = number(line, form.base);
        words.push_back(word.value_or(0));
        return digitsRight(word.has_value(), form, where, diagnostics);
    });
    return good ? std::optional(std::move(words)) : std::nullopt;
}

}  // namespace

std::string weightText(std::span<const WeightWord> words) {
    std::string text;
    text.reserve(words.size() * (kLanes * kLanes + 1));
    for (const WeightWord& word : words) {
        if (!text.empty()) text.push_back('\n');
        for (std::size_t row = kLanes; row-- > 0;) addBinary(word[row], text);
    }
    return text;
}

std::string inputText(std::span<const ActivationWord> words) {
    std::string text;
    for (const ActivationWord word : words) {
        addBinary(word, text);
        text.push_back('\n');
    }
    return text;
}

std::string outputText(std::span<const ActivationWord> words) {
    std::string text;
    for (const ActivationWord word : words) {
        for (int shift = 60; shift >= 0; shift -= 4) text.push_back("0123456789ABCDEF"[word >> shift & 15]);
        text.push_back('\n');
    }
    return text;
}

std::optional<std::vector<WeightWord>> parseWeightText(std::string_view text, const std::string& file,
                                                       Diagnostics& diagnostics) {
    constexpr LineForm kForm{std::size_t{kLanes} * kLanes, 2, "binary"};
    std::vector<WeightWord> words;
    const bool good = forLines(text, [&](std::string_view line, int lineNumber) {
        const SourceLocation where{file, lineNumber, 0};
        if (!lengthRight(line, kForm, where, diagnostics)) return false;
        bool right = true;
        WeightWord& word = words.emplace_back();
        for (std::size_t row = 0; row < kLanes; ++row) {
            const auto bits = number(line.substr((kLanes - 1 - row) * kLanes, kLanes), 2);
            right = right && bits.has_value();
            word[row] = bits.value_or(0);
        }
        return digitsRight(right, kForm, where, diagnostics);
    });
    return good ? std::optional(std::move(words)) : std::nullopt;
}

std::optional<std::vector<ActivationWord>> parseInputText(std::string_view text, const std::string& file,
                                                          Diagnostics& diagnostics) {
    return parseWords(text, {64, 2, "binary"}, file, diagnostics);
}

std::optional<std::vector<ActivationWord>> parseOutputText(std::string_view text, const std::string& file,
                                                           Diagnostics& diagnostics) {
    return parseWords(text, {16, 16, "hexadecimal"}, file, diagnostics);
}

}  // namespace millrace::targets::barvinn
