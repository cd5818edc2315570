#include "hardware/quantity.h"

#include <gmock/gmock.h>

namespace millrace::hardware {
namespace {

using testing::HasSubstr;

yaml::Node parsed(std::string_view text) {
    Diagnostics diagnostics;
    auto node = yaml::parse(text, "f.yaml", diagnostics);
    EXPECT_EQ(diagnostics.text(), "");
    return node.value_or(yaml::Node());
}

TEST(Quantity, Bits) {
    const std::vector<std::pair<std::string, std::int64_t>> good{{"64", 64},
                                                                 {"16_777_216", 16777216},
                                                                 {"16 bit", 16},
                                                                 {"16 bits", 16},
                                                                 {"64 B", 512},
                                                                 {"2 MiB", 16777216},
                                                                 {"2MiB", 16777216},
                                                                 {"\"2 MiB\"", 16777216},
                                                                 {"1.5 KiB", 12288},
                                                                 {"1 kB", 8000},
                                                                 {"1 MB", 8000000},
                                                                 {"1 Kibit", 1024},
                                                                 {"1 Gbit", 1000000000},
                                                                 {"4 TiB", std::int64_t{4} << 43},
                                                                 {"1e3", 1000},
                                                                 {"0 B", 0},
                                                                 {".5 B", 4}};
    for (const auto& [text, bits] : good) {
        Diagnostics diagnostics;
        EXPECT_EQ(readBits(parsed(text), "size", diagnostics), bits) << text << diagnostics.text();
    }
    const std::vector<std::pair<std::string, std::string>> bad{
        {"2 MiX", "f.yaml:1:1: error: size must be a whole number, but is the text '2 MiX'\n"},
        {"MiB", "f.yaml:1:1: error: size must be a whole number, but is the text 'MiB'\n"},
        {"1.2.3 B", "f.yaml:1:1: error: size must be a number, but is the text '1.2.3'\n"},
        {"0.3 B", "f.yaml:1:1: error: size must be a whole number of bits, but is 0.3 B = 2.4 bits\n"},
        {"-1", "f.yaml:1:1: error: size must lie from 0 to 2^60 bits, but is -1\n"},
        {"-1 B", "f.yaml:1:1: error: size must be a whole number, but is the text '-1 B'\n"},
        {"1000000 TiB", "f.yaml:1:1: error: size must lie from 0 to 2^60 bits, but is 1000000 TiB\n"},
        {"[1]", "f.yaml:1:1: error: size must be a whole number, but is a list\n"}};
    for (const auto& [text, message] : bad) {
        Diagnostics diagnostics;
        EXPECT_FALSE(readBits(parsed(text), "size", diagnostics)) << text;
        EXPECT_EQ(diagnostics.text(), message);
    }
}

TEST(Quantity, Bandwidths) {
    for (const char* text : {"32", "32 bit", "4 B", "32 bit/cycle", "4 B/cycle", "4 B /cycle"}) {
        Diagnostics diagnostics;
        EXPECT_EQ(readBandwidth(parsed(text), "bandwidth", diagnostics), 32) << text << diagnostics.text();
    }
    for (const char* text : {"0", "0 B", "1 TiB", "x"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(readBandwidth(parsed(text), "bandwidth", diagnostics)) << text;
        EXPECT_EQ(diagnostics.failures(), 1U);
    }
}

TEST(Quantity, NamedValues) {
    const auto read = [](std::string_view text) {
        Diagnostics diagnostics;
        const auto pair = readNamedValue(parsed(text), "entry", "'A, b'", diagnostics);
        EXPECT_TRUE(pair) << diagnostics.text();
        return pair.value_or(NamedValue{});
    };
    EXPECT_EQ(read("K, 32").name, "K");
    EXPECT_EQ(read("K, 32").value.where.text(), "f.yaml:1:4");
    EXPECT_EQ(read("'K,  32'").value.where.text(), "f.yaml:1:6");
    EXPECT_EQ(read("[K, 32]").value.scalar, "32");
    EXPECT_EQ(read("K, *").value.scalar, "*");
    EXPECT_EQ(read("K ,").value.scalar, "");
    for (const char* text : {"K", "K, 1, 2", "[K]", "{K: 1}", "~", "[[K], 1]"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(readNamedValue(parsed(text), "entry", "'A, b'", diagnostics)) << text;
        EXPECT_THAT(diagnostics.text(), HasSubstr("f.yaml:1:1: error: entry must be 'A, b', but is "));
    }
}

TEST(Quantity, Names) {
    for (const char* name : {"K", "OX", "D1", "FY", "D12"}) EXPECT_TRUE(isLoopName(name)) << name;
    for (const char* name : {"", "k", "1", "O1X", "O X", "1D", "ABCDEFGHIJKLMNOPQ"})
        EXPECT_FALSE(isLoopName(name)) << name;
    for (const char* name : {"D1", "D10"}) EXPECT_TRUE(isArrayDimensionName(name)) << name;
    for (const char* name : {"", "D", "E1", "D1x", "D1000"}) EXPECT_FALSE(isArrayDimensionName(name)) << name;
}

}  // namespace
}  // namespace millrace::hardware
