#include <gmock/gmock.h>

#include <cmath>

#include "support/yaml.h"

namespace millrace::yaml {
namespace {

using testing::HasSubstr;

Node parsed(std::string_view text) {
    Diagnostics diagnostics;
    auto node = parse(text, "f.yaml", diagnostics);
    EXPECT_EQ(diagnostics.text(), "");
    return node.value_or(Node());
}

TEST(YamlValues, Integers) {
    const std::vector<std::pair<std::string, std::int64_t>> good{
        {"0", 0},
        {"-7", -7},
        {"+7", 7},
        {"010", 10},
        {"16_777_216", 16777216},
        {"1e6", 1000000},
        {"64.0", 64},
        {"-2.0", -2},
        {"9223372036854775807", std::numeric_limits<std::int64_t>::max()}};
    for (const auto& [text, value] : good) {
        Diagnostics diagnostics;
        EXPECT_EQ(integer(parsed(text), "n", diagnostics), value) << text << diagnostics.text();
    }
    for (const char* text :
         {"x", "1.5", "0x10", "1__0", "_1", "1_", "1e", "\"5\"", "[1]", "~", ".inf", "--1", "+-1", "1 2"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(integer(parsed(text), "n", diagnostics)) << text;
        EXPECT_EQ(diagnostics.failures(), 1U) << text;
    }
}

TEST(YamlValues, IntegerMessages) {
    const auto message = [](std::string_view text) {
        Diagnostics diagnostics;
        integer(parsed(text), "size of memory 'rf'", diagnostics);
        return diagnostics.text();
    };
    EXPECT_EQ(message("big"), "f.yaml:1:1: error: size of memory 'rf' must be a whole number, but is the text 'big'\n");
    EXPECT_EQ(
        message("'5'"),
        "f.yaml:1:1: error: size of memory 'rf' must be a whole number, but is the text '5' (remove the quotes)\n");
    EXPECT_EQ(message("{a: 1}"), "f.yaml:1:1: error: size of memory 'rf' must be a whole number, but is a map\n");
    EXPECT_EQ(message("1e30"), "f.yaml:1:1: error: size of memory 'rf' is 1e30, which is too large\n");
    EXPECT_EQ(message("9223372036854775808"),
              "f.yaml:1:1: error: size of memory 'rf' is 9223372036854775808, which is too large\n");
    EXPECT_THAT(message(std::string(1000, 'x')), HasSubstr("'" + std::string(40, 'x') + "...'"));
    EXPECT_THAT(message("\"\\x01\""), HasSubstr("'?'"));
}

TEST(YamlValues, Reals) {
    const std::vector<std::pair<std::string, double>> good{{"1", 1},          {"-0.5", -0.5},  {".5", 0.5},
                                                           {"32_000", 32000}, {"1e-3", 0.001}, {"+2.5", 2.5}};
    for (const auto& [text, value] : good) {
        Diagnostics diagnostics;
        EXPECT_EQ(real(parsed(text), "n", diagnostics), value) << text << diagnostics.text();
    }
    for (const char* text : {"x", "inf", "nan", ".nan", "-inf", "1e999", "1,5", "\"1\"", "[]"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(real(parsed(text), "n", diagnostics)) << text;
        EXPECT_THAT(diagnostics.text(), HasSubstr("n must be a number, but is")) << text;
    }
}

TEST(YamlValues, Booleans) {
    for (const char* text : {"true", "True", "TRUE", "yes"}) {
        Diagnostics diagnostics;
        EXPECT_EQ(boolean(parsed(text), "b", diagnostics), true) << text;
    }
    for (const char* text : {"false", "False", "FALSE", "no"}) {
        Diagnostics diagnostics;
        EXPECT_EQ(boolean(parsed(text), "b", diagnostics), false) << text;
    }
    for (const char* text : {"1", "tRUE", "'true'", "maybe"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(boolean(parsed(text), "b", diagnostics)) << text;
        EXPECT_THAT(diagnostics.text(), HasSubstr("b must be true or false, but is the text")) << text;
    }
}

TEST(YamlValues, Texts) {
    Diagnostics diagnostics;
    EXPECT_EQ(text(parsed("12"), "t", diagnostics), "12");
    EXPECT_FALSE(text(parsed("[a]"), "t", diagnostics));
    EXPECT_EQ(diagnostics.text(), "f.yaml:1:1: error: t must be a text, but is a list\n");
}

TEST(YamlValues, QuotedTextsReadBack) {
    std::string all;
    for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
    for (const std::string& text :
         std::vector<std::string>{"plain", "/conv1/Conv", "core 0 -> core 1", "", "null", "True", "no", "12", "a: b",
                                  "- x", "*", "\"", "\\", "'", "Größe", "a\tb\nc", "#", "<<", all}) {
        Diagnostics diagnostics;
        const auto node = parse("k: " + quote(text) + "\n", "f.yaml", diagnostics);
        ASSERT_TRUE(node) << text << diagnostics.text();
        ASSERT_TRUE(node->find("k")->isScalar()) << text;
        EXPECT_EQ(node->find("k")->scalar, text);
    }
    EXPECT_EQ(quote("plain"), "plain");
    EXPECT_EQ(quote("no"), "\"no\"");
}

/// What reading a map with required `size`, `cost`, `name` and optional others says.
std::string readMap(std::string_view text) {
    const Node node = parsed(text);
    Diagnostics diagnostics;
    MapReader map(node, "memory 'rf'", diagnostics);
    map.integer("size");
    map.real("cost");
    map.text("name");
    map.integer("latency", 1);
    map.real("area", 0);
    map.boolean("double", false);
    map.text("kind", "sram");
    map.finish();
    return diagnostics.text();
}

TEST(YamlMapReader, Messages) {
    EXPECT_EQ(readMap("{size: 1, cost: 2, name: x}"), "");
    EXPECT_EQ(readMap("[1]"), "f.yaml:1:1: error: memory 'rf' must be a map, but is a list\n");
    EXPECT_EQ(readMap("{size: 1, name: x}"), "f.yaml:1:1: error: memory 'rf' has no 'cost'\n");
    EXPECT_EQ(readMap("{size: ~, cost: 2, name: x}"), "f.yaml:1:8: error: 'size' of memory 'rf' is empty\n");
    EXPECT_EQ(readMap("{size: a, cost: 2, name: x}"),
              "f.yaml:1:8: error: 'size' of memory 'rf' must be a whole number, but is the text 'a'\n");
    EXPECT_EQ(readMap("{size: 1, cost: 2, name: x, latency: soon, area: big, double: 2, kind: []}"),
              "f.yaml:1:38: error: 'latency' of memory 'rf' must be a whole number, but is the text 'soon'\n"
              "f.yaml:1:50: error: 'area' of memory 'rf' must be a number, but is the text 'big'\n"
              "f.yaml:1:63: error: 'double' of memory 'rf' must be true or false, but is the text '2'\n"
              "f.yaml:1:72: error: 'kind' of memory 'rf' must be a text, but is a list\n");
    EXPECT_EQ(readMap("{size: 1, cost: 2, name: x, lattency: 3}"),
              "f.yaml:1:29: error: memory 'rf' has no field 'lattency' (did you mean 'latency'?)\n");
    EXPECT_EQ(
        readMap("{size: 1, cost: 2, name: x, q: 3}"),
        "f.yaml:1:29: error: memory 'rf' has no field 'q' (known: size, cost, name, latency, area, double, kind)\n");
    // A misspelt required key is one mistake.
    EXPECT_EQ(readMap("{sizee: 1, cost: 2, name: x}"),
              "f.yaml:1:1: error: memory 'rf' has no 'size'\n"
              "f.yaml:1:2: note: memory 'rf' has no field 'sizee' (did you mean 'size'?)\n");
}

TEST(YamlMapReader, DefaultsAndValues) {
    const Node node = parsed("{latency: 5, area: ~, double: yes, kind: rf}");
    Diagnostics diagnostics;
    MapReader map(node, "m", diagnostics);
    EXPECT_EQ(map.integer("latency", 1), 5);
    EXPECT_EQ(map.real("area", 2.5), 2.5);
    EXPECT_TRUE(map.boolean("double", false));
    EXPECT_EQ(map.text("kind", "sram"), "rf");
    EXPECT_EQ(map.integer("absent", 9), 9);
    map.finish();
    EXPECT_EQ(diagnostics.text(), "");
}

}  // namespace
}  // namespace millrace::yaml
