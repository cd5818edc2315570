#include "support/json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "shared.h"
#include "support/rng.h"

namespace millrace::json {
namespace {

using yaml::Node;

std::string problems(std::string_view text) {
    Diagnostics diagnostics;
    const auto node = parse(text, "f.json", diagnostics);
    EXPECT_EQ(node.has_value(), !diagnostics.failed()) << text;
    return diagnostics.text();
}

/// The tree as nlohmann has it, for comparison.
nlohmann::json asNlohmann(const Node& node) {
    if (node.isNull()) return nullptr;
    if (node.isScalar() && node.quoted) return node.scalar;
    if (node.isScalar()) return nlohmann::json::parse(node.scalar);
    auto result = node.isMap() ? nlohmann::json::object() : nlohmann::json::array();
    for (const Node& item : node.items) result.push_back(asNlohmann(item));
    for (const auto& [key, value] : node.entries) result[key.scalar] = asNlohmann(value);
    return result;
}

/// Strict JSON is read as nlohmann reads it; the rest is a warning or an error.
void compare(const std::string& text) {
    Diagnostics diagnostics;
    const auto ours = parse(text, "f.json", diagnostics);
    const bool strict = nlohmann::json::accept(text);
    if (!strict) {
        EXPECT_FALSE(diagnostics.all().empty()) << text;
        return;
    }
    ASSERT_TRUE(ours) << text << "\n" << diagnostics.text();
    EXPECT_EQ(asNlohmann(*ours), nlohmann::json::parse(text)) << text;
    for (const Diagnostic& diagnostic : diagnostics.all())
        EXPECT_NE(diagnostic.message.find("stands twice"), std::string::npos) << text << "\n" << diagnostic.text();
}

TEST(Json, PlacesCountFromOne) {
    Diagnostics diagnostics;
    const auto root = parse("{\n  \"ü\": [1,\n \"x\"]}", "f.json", diagnostics);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->where.text(), "f.json:1:1");
    EXPECT_EQ(root->entries[0].first.where.text(), "f.json:2:3");
    EXPECT_EQ(root->find("ü")->where.text(), "f.json:2:8");
    EXPECT_EQ(root->find("ü")->items[0].where.text(), "f.json:2:9");
    EXPECT_EQ(root->find("ü")->items[1].where.text(), "f.json:3:2");
    EXPECT_TRUE(root->find("ü")->items[1].quoted);
}

TEST(Json, FaultsOfHandwrittenFilesAreWarnings) {
    // As a printed manual has it: no comma behind the first list, one too many behind the second.
    EXPECT_EQ(problems("{\n\"inputs\": [\"a\", \"b\"]\n\"outputs\": [\"c\", \"d\"],\n}"),
              "f.json:3:1: warning: a comma is missing before this; it is read as if one stood there (insert it)\n"
              "f.json:3:22: warning: a comma before '}' is passed over (remove it)\n");
    EXPECT_EQ(problems("[1, 2,]"), "f.json:1:6: warning: a comma before ']' is passed over (remove it)\n");
    EXPECT_EQ(problems("[1 2]"),
              "f.json:1:4: warning: a comma is missing before this; it is read as if one stood there (insert it)\n");
    for (const char* text : {"// why\n1", "1 // why", "/* why */ 1", "# why\n1", "[/**/]", "{\"a\"/*x*/:1}"})
        EXPECT_THAT(problems(text), testing::HasSubstr("warning: comments are not part of JSON")) << text;
    EXPECT_EQ(problems("{\"a\": 1,\n\"a\": 2}"),
              "f.json:2:1: warning: the key 'a' stands twice in this map, first in line 1; the last one counts "
              "(remove one of them)\n");
}

TEST(Json, ErrorsSayWhereAndWhatIsExpected) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "1:1: error: a value is expected here, not the end of the file"},
        {"[1", "1:3: error: the file ends before ']'"},
        {"{\"a\": 1", "1:8: error: the file ends before '}'"},
        {"{\"a\" 1}", "1:6: error: ':' is expected behind the key 'a', not '1'"},
        {"{a: 1}", "1:2: error: a key in double quotes is expected here, not 'a'"},
        {"{\"a\": 1,,}", "1:9: error: a key in double quotes is expected here, not ',' (remove the second comma)"},
        {"['a']", "1:2: error: a value is expected here, not ''' (JSON writes strings in double quotes)"},
        {"[1 true]", "1:4: error: ',' or ']' is expected here, not 't'"},
        {"{} {}", "1:4: error: '{' stands behind the end of the value (a JSON file holds one value)"},
        {"01", "1:1: error: 01 is not a number as JSON writes them"},
        {"[1.]", "1:2: error: 1. is not a number as JSON writes them"},
        {"-", "1:1: error: - is not a number as JSON writes them"},
        {"1e999", "1:1: error: 1e999 is too large a number"},
        {"\"abc", "1:1: error: the string that begins here has no end (close it with \")"},
        {"\"a\nb\"", "1:3: error: a line end inside of a string"},
        {"\"\\q\"", "1:2: error: an escape that JSON does not have (a backslash itself is written \\\\)"},
        {"\"\\ud800x\"", "1:2: error: half of a surrogate pair of \\u escapes"},
        {"\"\xff\"", "1:2: error: the byte 0xff is not UTF-8"},
        {"/* x", "1:1: error: the comment that begins here has no end"},
        {"nul", "1:1: error: a value is expected here, not 'n'"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_THAT(problems(text), testing::HasSubstr(std::string("f.json:") + expected)) << text;
}

TEST(Json, BoundsOfNestingAndWarnings) {
    EXPECT_EQ(problems(std::string(64, '[') + "1" + std::string(64, ']')), "");
    EXPECT_THAT(problems(std::string(65, '[') + "1" + std::string(65, ']')), testing::HasSubstr("more than 64 levels"));
    EXPECT_THAT(problems(std::string(1'000'000, '[')), testing::HasSubstr("more than 64 levels"));
    std::string many = "[1";
    for (int i = 0; i < 1000; ++i) many += " 1";
    Diagnostics diagnostics;
    ASSERT_TRUE(parse(many + "]", "f.json", diagnostics));
    EXPECT_EQ(diagnostics.all().size(), 20U);
    EXPECT_THAT(diagnostics.all().back().message, testing::HasSubstr("further faults of this file are not listed"));
}

TEST(Json, TypedValuesAndStringsAreNotMixedUp) {
    Diagnostics diagnostics;
    const auto root = parse("{\"a\": \"4\", \"b\": 16.0, \"c\": true, \"d\": null}", "f.json", diagnostics);
    ASSERT_TRUE(root);
    EXPECT_EQ(yaml::integer(*root->find("b"), "b", diagnostics), 16);
    EXPECT_EQ(yaml::boolean(*root->find("c"), "c", diagnostics), true);
    EXPECT_TRUE(root->find("d")->isNull());
    EXPECT_FALSE(yaml::integer(*root->find("a"), "a", diagnostics));
    EXPECT_THAT(
        diagnostics.text(),
        testing::HasSubstr("f.json:1:7: error: a must be a whole number, but is the text '4' (remove the quotes)"));
}

TEST(Json, QuotedTextsReadBack) {
    for (const std::string text : {"", "a", "a\"b\\c/", "line\nend\t\x01", "\xc3\xa4\xf0\x9f\x98\x80"}) {
        EXPECT_EQ(nlohmann::json::parse(quote(text)), text);
        Diagnostics diagnostics;
        EXPECT_EQ(parse(quote(text), "f.json", diagnostics)->scalar, text);
    }
    EXPECT_EQ(quote("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(Json, AgreesWithAnotherReader) {
    for (const char* text : {"{}", "[]", "\"\\u00e4\\ud83d\\ude00\\n\\/\"", "-0.0e-5", "1e-400", "\xef\xbb\xbf[1]",
                             "[1]\f", "[\"\x7f\"]", "[\"\xc3\xa4\"]", "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]",
                             "[\"\xe0\x80\x80\"]", "{\"\":{\"\":[]}}", "123456789012345678901234567890"})
        compare(text);
    // Random texts of tokens, and such with a byte changed.
    const char* tokens[] = {"{",      "}",    "[",     "]",    ",", ":",  "\"a\"",       "\"b\\n\"", "1",
                            "-2.5e3", "true", "false", "null", " ", "\n", "\"\\u0041\"", "0"};
    Rng rng(17);
    const auto value = [&](auto&& self, int depth) -> std::string {
        const auto kind = rng.below(depth > 3 ? 3 : 5);
        if (kind < 3) return tokens[6 + rng.below(7)];
        std::string result = kind == 3 ? "[" : "{";
        const auto n = rng.below(4);
        for (std::uint64_t i = 0; i < n; ++i) {
            if (i > 0) result += ", ";
            if (kind == 4) result += fmt::format("\"k{}\": ", rng.below(5));
            result += self(self, depth + 1);
        }
        return result + (kind == 3 ? "]" : "}");
    };
    const std::int64_t n = test::count(400'000);
    for (std::int64_t i = 0; i < n; ++i) {
        std::string text = value(value, 0);
        if (i % 2 == 1) {
            const std::size_t at = rng.below(text.size());
            text.replace(at, rng.below(2), tokens[rng.below(std::size(tokens))]);
        }
        compare(text);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace millrace::json
