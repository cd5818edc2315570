#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "support/yaml.h"

namespace millrace::yaml {
namespace {

constexpr std::size_t kShown = 40;

/// Short and printable, whatever the file holds.
std::string shown(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, kShown)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        result += control ? '?' : c;
    }
    if (text.size() > kShown) result += "...";
    return result;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Words that readers of YAML take for something else than text.
bool isWord(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const char* word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
        if (lower == word) return true;
    }
    return false;
}

/// Without a leading plus and without `_` between digits; empty if `_` stands elsewhere.
std::string plainNumber(std::string_view text) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') {
            result += text[i];
            continue;
        }
        if (i == 0 || i + 1 == text.size() || !isDigit(text[i - 1]) || !isDigit(text[i + 1])) return {};
    }
    return result;
}

/// A finite decimal number; nothing else of what from_chars takes ("inf", "nan").
std::optional<double> parseReal(const std::string& text) {
    const std::size_t first = text.starts_with('-') ? 1 : 0;
    if (text.size() == first || (!isDigit(text[first]) && text[first] != '.')) return std::nullopt;
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || rest != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

void report(const Node& node, std::string_view what, std::string_view wanted, Diagnostics& diagnostics) {
    const bool quotedNumber = node.isScalar() && node.quoted && parseReal(plainNumber(node.scalar));
    diagnostics.error(node.where, fmt::format("{} must be {}, but is {}", what, wanted, node.describe()),
                      quotedNumber ? "remove the quotes" : "");
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const auto& [name, value] : entries) {
        if (name.scalar == key) return &value;
    }
    return nullptr;
}

std::string Node::describe() const {
    switch (kind) {
        case Kind::null: return "empty";
        case Kind::sequence: return "a list";
        case Kind::map: return "a map";
        case Kind::scalar: break;
    }
    return fmt::format("the text '{}'", shown(scalar));
}

std::string quote(std::string_view text) {
    const auto safe = [](char c) { return isDigit(c) || isLetter(c) || c == '_' || c == '/' || c == '.' || c == '-'; };
    const bool plain =
        !text.empty() && (isLetter(text[0]) || text[0] == '/') && std::all_of(text.begin(), text.end(), safe);
    if (plain && !isWord(text)) return std::string(text);
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result.append("\\").push_back(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    return result + "\"";
}

std::optional<std::int64_t> integer(const Node& node, std::string_view what, Diagnostics& diagnostics) {
    constexpr double kExact = 9007199254740992.0;
    if (node.isScalar() && !node.quoted) {
        const std::string number = plainNumber(node.scalar);
        std::int64_t value = 0;
        const char* end = number.data() + number.size();
        const auto [rest, problem] = std::from_chars(number.data(), end, value);
        if (problem == std::errc{} && rest == end && !number.empty()) return value;
        const std::optional<double> whole = parseReal(number);
        const bool large = whole && std::abs(*whole) > kExact;
        if (whole && !large && std::trunc(*whole) == *whole) return static_cast<std::int64_t>(*whole);
        if (large) {
            diagnostics.error(node.where, fmt::format("{} is {}, which is too large", what, shown(node.scalar)));
            return std::nullopt;
        }
    }
    report(node, what, "a whole number", diagnostics);
    return std::nullopt;
}

std::optional<double> real(const Node& node, std::string_view what, Diagnostics& diagnostics) {
    if (node.isScalar() && !node.quoted) {
        if (const std::optional<double> value = parseReal(plainNumber(node.scalar))) return value;
    }
    report(node, what, "a number", diagnostics);
    return std::nullopt;
}

std::optional<bool> boolean(const Node& node, std::string_view what, Diagnostics& diagnostics) {
    if (node.isScalar() && !node.quoted) {
        for (const char* word : {"true", "True", "TRUE", "yes"}) {
            if (node.scalar == word) return true;
        }
        for (const char* word : {"false", "False", "FALSE", "no"}) {
            if (node.scalar == word) return false;
        }
    }
    report(node, what, "true or false", diagnostics);
    return std::nullopt;
}

std::optional<std::string> text(const Node& node, std::string_view what, Diagnostics& diagnostics) {
    if (node.isScalar()) return node.scalar;
    report(node, what, "a text", diagnostics);
    return std::nullopt;
}

}  // namespace millrace::yaml
