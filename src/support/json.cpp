#include "support/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "support/files.h"
#include "support/utf8.h"

namespace millrace::json {
namespace {

using yaml::Node;

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 10'000'000;
constexpr int kMaxWarnings = 20;

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string shown(std::string_view text) {
    if (text.size() <= 40) return std::string(text);
    std::size_t end = 0;
    while (end < 40) end += utf8Length(text.substr(end));
    return std::string(text.substr(0, end)) + "...";
}

class Reader {
public:
    Reader(std::string_view text, std::string_view file, Diagnostics& diagnostics)
        : text_(text), file_(file), diagnostics_(diagnostics) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    }

    std::optional<Node> document() {
        Node root;
        if (!skip() || !value(root, 0) || !skip()) return std::nullopt;
        if (at_ < text_.size()) {
            fail(fmt::format("{} stands behind the end of the value", found()), "a JSON file holds one value");
            return std::nullopt;
        }
        return root;
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool looksAt(std::string_view word) const { return text_.substr(at_).starts_with(word); }
    SourceLocation here() const { return {file_, line_, column_}; }

    void advance(std::size_t bytes = 1) {
        for (; bytes > 0 && at_ < text_.size(); --bytes, ++at_) {
            const auto byte = static_cast<unsigned char>(text_[at_]);
            if (byte == '\n') {
                ++line_;
                column_ = 1;
            } else if ((byte & 0xc0) != 0x80) {
                ++column_;
            }
        }
    }

    bool fail(std::string message, std::string hint = {}) {
        diagnostics_.error(here(), std::move(message), std::move(hint));
        return false;
    }

    void warn(SourceLocation where, std::string message, std::string hint) {
        if (++warnings_ > kMaxWarnings) return;
        if (warnings_ == kMaxWarnings) message += "; further faults of this file are not listed";
        diagnostics_.warning(std::move(where), std::move(message), std::move(hint));
    }

    std::string found() const {
        if (at_ >= text_.size()) return "the end of the file";
        const auto byte = static_cast<unsigned char>(peek());
        if (byte < 0x20 || byte >= 0x7f) return fmt::format("the byte 0x{:02x}", byte);
        return fmt::format("'{}'", peek());
    }

    /// Over white space and comments.
    bool skip() {
        while (true) {
            while (isSpace(peek())) advance();
            const bool block = looksAt("/*");
            if (!block && !looksAt("//") && peek() != '#') return true;
            warn(here(), "comments are not part of JSON; this one is passed over", {});
            const std::size_t end = text_.find(block ? "*/" : "\n", at_ + (block ? 2 : 0));
            if (block && end == std::string_view::npos)
                return fail("the comment that begins here has no end", "close it with */");
            advance((end == std::string_view::npos ? text_.size() : end + (block ? 2 : 1)) - at_);
        }
    }

    bool value(Node& node, int depth) {
        node.where = here();
        if (depth > kMaxDepth) return fail(fmt::format("more than {} levels of nesting", kMaxDepth));
        if (++nodes_ > kMaxNodes) return fail(fmt::format("more than {} values", kMaxNodes));
        const char c = peek();
        if (c == '{') return map(node, depth);
        if (c == '[') return sequence(node, depth);
        if (c == '"') {
            node.quoted = true;
            return string(node);
        }
        node.kind = Node::Kind::scalar;
        if (c == '-' || isDigit(c)) return number(node.scalar);
        return word(node);
    }

    bool word(Node& node) {
        for (const std::string_view known : {"true", "false", "null"}) {
            if (!looksAt(known)) continue;
            advance(known.size());
            if (known == "null") {
                node.kind = Node::Kind::null;
            } else {
                node.scalar = known;
            }
            return true;
        }
        return fail(fmt::format("a value is expected here, not {}", found()),
                    peek() == '\'' ? "JSON writes strings in double quotes" : "");
    }

    std::size_t digits() {
        const std::size_t first = at_;
        while (isDigit(peek())) advance();
        return at_ - first;
    }

    bool number(std::string& out) {
        const std::size_t first = at_;
        const SourceLocation where = here();
        if (peek() == '-') advance();
        const bool zero = peek() == '0';
        const std::size_t whole = digits();
        bool good = whole == 1 || (whole > 1 && !zero);
        if (peek() == '.') {
            advance();
            good = digits() > 0 && good;
        }
        if (peek() == 'e' || peek() == 'E') {
            advance();
            if (peek() == '+' || peek() == '-') advance();
            good = digits() > 0 && good;
        }
        out = text_.substr(first, at_ - first);
        double real = 0;
        // Too small is zero, too large is refused.
        const bool large = good && std::from_chars(out.data(), out.data() + out.size(), real).ec != std::errc{} &&
                           std::isinf(std::strtod(out.c_str(), nullptr));
        if (good && !large) return true;
        diagnostics_.error(where, fmt::format("{} is {}", shown(out),
                                              large ? "too large a number" : "not a number as JSON writes them"));
        return false;
    }

    bool string(Node& node) {
        node.kind = Node::Kind::scalar;
        const SourceLocation where = here();
        advance();
        while (peek() != '"') {
            if (at_ >= text_.size()) {
                diagnostics_.error(where, "the string that begins here has no end", "close it with \"");
                return false;
            }
            if (static_cast<unsigned char>(peek()) < 0x20)
                return fail(fmt::format("{} inside of a string", peek() == '\n' ? "a line end" : found()),
                            "close the string with \", or write the character as an escape (\\n, \\t)");
            if (peek() == '\\') {
                if (!escape(node.scalar)) return false;
                continue;
            }
            const std::size_t length = utf8Length(text_.substr(at_));
            if (length == 0) return fail(fmt::format("{} is not UTF-8", found()));
            node.scalar.append(text_.substr(at_, length));
            advance(length);
        }
        advance();
        return true;
    }

    bool escape(std::string& out) {
        const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        constexpr std::string_view kKinds = "\"\\/bfnrt";
        constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
        if (const std::size_t i = kKinds.find(kind); i != std::string_view::npos) {
            out += kMeant[i];
            advance(2);
            return true;
        }
        std::optional<std::uint32_t> code = kind == 'u' ? unit(at_ + 2) : std::nullopt;
        std::size_t length = 6;
        if (code && *code >= 0xd800 && *code < 0xe000) {
            const bool pair = *code < 0xdc00 && text_.substr(at_ + 6).starts_with("\\u");
            const std::optional<std::uint32_t> low = pair ? unit(at_ + 8) : std::nullopt;
            if (!low || *low < 0xdc00 || *low >= 0xe000) return fail("half of a surrogate pair of \\u escapes");
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
            length = 12;
        }
        if (!code) return fail("an escape that JSON does not have", "a backslash itself is written \\\\");
        appendUtf8(out, *code);
        advance(length);
        return true;
    }

    std::optional<std::uint32_t> unit(std::size_t at) const {
        const std::string_view hex = at <= text_.size() ? text_.substr(at, 4) : "";
        std::uint32_t code = 0;
        const auto [rest, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
        if (hex.size() != 4 || problem != std::errc{} || rest != hex.data() + 4) return std::nullopt;
        return code;
    }

    enum class Next { value, end, wrong };

    /// Between two values of a list or map, and at its end.
    Next next(char close, bool first) {
        if (!skip()) return Next::wrong;
        const bool comma = !first && peek() == ',';
        const SourceLocation where = here();
        if (comma) advance();
        if (!skip()) return Next::wrong;
        if (peek() == close) {
            if (comma) warn(where, fmt::format("a comma before '{}' is passed over", close), "remove it");
            advance();
            return Next::end;
        }
        if (at_ >= text_.size()) return fail(fmt::format("the file ends before '{}'", close)), Next::wrong;
        if (first || comma) return Next::value;
        const bool begins = std::string_view("\"{[-").find(peek()) != std::string_view::npos || isDigit(peek());
        if (!begins) return fail(fmt::format("',' or '{}' is expected here, not {}", close, found())), Next::wrong;
        warn(here(), "a comma is missing before this; it is read as if one stood there", "insert it");
        return Next::value;
    }

    bool sequence(Node& node, int depth) {
        node.kind = Node::Kind::sequence;
        advance();
        Next what = next(']', true);
        for (; what == Next::value; what = next(']', false)) {
            if (!value(node.items.emplace_back(), depth + 1)) return false;
        }
        return what == Next::end;
    }

    bool map(Node& node, int depth) {
        node.kind = Node::Kind::map;
        std::unordered_map<std::string, std::size_t> places;
        advance();
        Next what = next('}', true);
        for (; what == Next::value; what = next('}', false)) {
            if (!entry(node, places, depth)) return false;
        }
        return what == Next::end;
    }

    bool entry(Node& map, std::unordered_map<std::string, std::size_t>& places, int depth) {
        Node key;
        Node content;
        key.where = here();
        key.quoted = true;
        if (peek() != '"')
            return fail(fmt::format("a key in double quotes is expected here, not {}", found()),
                        peek() == ',' ? "remove the second comma" : "");
        if (!string(key) || !skip()) return false;
        if (peek() != ':')
            return fail(fmt::format("':' is expected behind the key '{}', not {}", shown(key.scalar), found()));
        advance();
        if (!skip() || !value(content, depth + 1)) return false;
        const auto [place, isNew] = places.emplace(key.scalar, map.entries.size());
        if (isNew) {
            map.entries.emplace_back(std::move(key), std::move(content));
            return true;
        }
        Node::Entry& old = map.entries[place->second];
        warn(key.where,
             fmt::format("the key '{}' stands twice in this map, first in line {}; the last one counts",
                         shown(key.scalar), old.first.where.line),
             "remove one of them");
        old = Node::Entry(std::move(key), std::move(content));
        return true;
    }

    std::string_view text_;
    std::string file_;
    Diagnostics& diagnostics_;
    std::size_t at_ = 0;
    int line_ = 1;
    int column_ = 1;
    std::size_t nodes_ = 0;
    int warnings_ = 0;
};

}  // namespace

std::optional<Node> parse(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    return Reader(text, file, diagnostics).document();
}

std::optional<Node> parseFile(const std::string& path, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 28);
    if (!text) return std::nullopt;
    return parse(*text, path, diagnostics);
}

std::string quote(std::string_view text) {
    std::string result = "\"";
    for (std::size_t length = 0; !text.empty(); text.remove_prefix(length)) {
        length = utf8Length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        if (byte == '"' || byte == '\\') {
            result.append("\\").push_back(text[0]);
        } else if (byte < 0x20) {
            result += fmt::format("\\u{:04x}", byte);
        } else if (length == 0) {
            result += "\xef\xbf\xbd";
            length = 1;
        } else {
            result += text.substr(0, length);
        }
    }
    return result + "\"";
}

}  // namespace millrace::json
