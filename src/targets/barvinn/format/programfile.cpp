#include "targets/barvinn/format/programfile.h"

#include <charconv>

namespace millrace::targets::barvinn {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::string programText(std::span<const std::uint32_t> words) {
    std::string text;
    const auto add = [&](std::uint32_t word) {
        for (int shift = 28; shift >= 0; shift -= 4) text.push_back("0123456789ABCDEF"[word >> shift & 15]);
        text.push_back('\n');
    };
    for (const std::uint32_t word : words) add(word);
    add(0);
    return text;
}

std::optional<std::vector<std::uint32_t>> parseProgramText(std::string_view text, std::size_t most,
                                                           const std::string& file, Diagnostics& diagnostics) {
    std::vector<std::uint32_t> words;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const std::string_view digits = trimmed(line.substr(0, line.find("//")));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (digits.empty()) continue;
        std::uint32_t word = 0;
        const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
        if (digits.size() != 8 || problem != std::errc() || stop != digits.data() + digits.size()) {
            diagnostics.error({file, number, 0}, "'" + std::string(digits.substr(0, 40)) +
                                                     "' is no word: a line must be eight hexadecimal digits");
            return std::nullopt;
        }
        words.push_back(word);
        // The extra word at the end is one more than what the memory holds.
        if (words.size() > most + 1) {
            diagnostics.error({file, number, 0}, "has more than " + std::to_string(most) + " words, which do not fit");
            return std::nullopt;
        }
    }
    if (words.size() > most) {
        if (words.back() != 0) {
            diagnostics.error({file}, "has more than " + std::to_string(most) + " words, which do not fit");
            return std::nullopt;
        }
        words.pop_back();
    }
    return words;
}

}  // namespace millrace::targets::barvinn
