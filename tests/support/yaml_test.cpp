#include "support/yaml.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "shared.h"
#include "support/files.h"

namespace millrace::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Everything that parsing says.
std::string problems(std::string_view text) {
    Diagnostics diagnostics;
    const auto node = parse(text, "f.yaml", diagnostics);
    EXPECT_EQ(node.has_value(), !diagnostics.failed()) << diagnostics.text();
    return diagnostics.text();
}

Node parsed(std::string_view text) {
    Diagnostics diagnostics;
    auto node = parse(text, "f.yaml", diagnostics);
    EXPECT_EQ(diagnostics.text(), "");
    return node.value_or(Node());
}

std::vector<std::string> keys(const Node& map) {
    std::vector<std::string> result;
    for (const auto& [key, value] : map.entries) result.push_back(key.scalar);
    return result;
}

TEST(Yaml, PlacesCountFromOne) {
    const Node root = parsed("a: 1\nlist:\n  - x\n  - {k: v}\n");
    ASSERT_TRUE(root.isMap());
    EXPECT_EQ(root.where.text(), "f.yaml:1:1");
    EXPECT_EQ(root.find("a")->where.text(), "f.yaml:1:4");
    const Node* list = root.find("list");
    ASSERT_TRUE(list != nullptr && list->isSequence());
    EXPECT_EQ(list->where.text(), "f.yaml:3:3");
    EXPECT_EQ(list->items[0].where.text(), "f.yaml:3:5");
    EXPECT_EQ(list->items[1].find("k")->where.text(), "f.yaml:4:9");
    EXPECT_EQ(root.entries[1].first.where.text(), "f.yaml:2:1");
}

TEST(Yaml, FindGivesNothingForOtherKinds) {
    EXPECT_EQ(parsed("[a, b]").find("a"), nullptr);
    EXPECT_EQ(parsed("a").find("a"), nullptr);
    EXPECT_EQ(parsed("{b: 1}").find("a"), nullptr);
}

TEST(Yaml, EmptyDocumentsAreNull) {
    for (const char* text : {"", "\n", "# comment only\n", "---\n", "~", "null\n"}) {
        const Node root = parsed(text);
        EXPECT_TRUE(root.isNull()) << text;
        EXPECT_EQ(root.where.file, "f.yaml");
        EXPECT_GE(root.where.line, 1);
    }
}

TEST(Yaml, OneDocumentWithMarkers) {
    EXPECT_EQ(parsed("---\na: 1\n...\n").find("a")->scalar, "1");
    EXPECT_EQ(parsed("%YAML 1.2\n---\na: 1\n").find("a")->scalar, "1");
}

TEST(Yaml, DuplicateKeyTakesTheLastInThePlaceOfTheFirst) {
    Diagnostics diagnostics;
    const auto root = parse("a: 1\nb: 2\na: 3\n", "f.yaml", diagnostics);
    ASSERT_TRUE(root);
    EXPECT_FALSE(diagnostics.failed());
    EXPECT_EQ(diagnostics.text(),
              "f.yaml:3:1: warning: the key 'a' stands twice in this map, first in line 1; the one in line 3 counts "
              "(remove one of them)\n");
    EXPECT_THAT(keys(*root), ElementsAre("a", "b"));
    EXPECT_EQ(root->find("a")->scalar, "3");
}

TEST(Yaml, AliasesAreExpanded) {
    const Node root = parsed("one: &x {k: [1, 2]}\ntwo: *x\nthree: [*x, *x]\n");
    EXPECT_EQ(root.find("two")->find("k")->items[1].scalar, "2");
    EXPECT_EQ(root.find("three")->items.size(), 2U);
    EXPECT_EQ(root.find("two")->where.line, 1);
}

TEST(Yaml, MergeKeys) {
    const Node root = parsed("base: &b {x: 1, y: 2}\nmore: &m {y: 5, z: 6}\nuse:\n  <<: [*b, *m]\n  x: 9\n");
    const Node* use = root.find("use");
    EXPECT_THAT(keys(*use), ElementsAre("x", "y", "z"));
    EXPECT_EQ(use->find("x")->scalar, "9");
    EXPECT_EQ(use->find("y")->scalar, "2");
    EXPECT_EQ(use->find("z")->scalar, "6");
    EXPECT_EQ(parsed("{\"<<\": 1}").find("<<")->scalar, "1");
}

TEST(Yaml, SyntaxErrorsNameTheirPlace) {
    EXPECT_THAT(problems("a: [1, 2\nb: 3\n"), HasSubstr("f.yaml:2:2: error: this is not YAML: "));
    EXPECT_THAT(
        problems("a: b: c\n"),
        HasSubstr("f.yaml:1:5: error: this is not YAML: illegal map value (check the indentation and the colons"));
    EXPECT_THAT(problems("a: *nothing\n"), HasSubstr("f.yaml:1:4: error: this is not YAML: "));
    EXPECT_THAT(problems("a: 'open\n"),
                HasSubstr("f.yaml:1:4: error: this quoted text has no end (add the closing quote)"));
    EXPECT_THAT(problems("a: \"open\\\"\n"), HasSubstr("f.yaml:1:4: error: this quoted text has no end"));
    EXPECT_EQ(problems("a: 'it''s'\nb: \"q\\\"\"\n"), "");
}

TEST(Yaml, TabsInTheIndentationGetAHint) {
    EXPECT_THAT(problems("a:\n\tb: 1\n"), HasSubstr("f.yaml:2:3: error"));
    EXPECT_THAT(problems("a:\n\tb: 1\n"), HasSubstr("(indent with spaces: YAML does not allow tabs there)"));
    EXPECT_THAT(problems("a:\n  x: 1\n\ty: 4\n"), HasSubstr("f.yaml:3:1: error"));
    EXPECT_EQ(problems("a:\tb\n"), "");
}

TEST(Yaml, ErrorsOfStructure) {
    EXPECT_EQ(problems("a: 1\n---\nb: 2\n"),
              "f.yaml:2:1: error: a second document starts here (one file holds one document; remove the '---')\n");
    EXPECT_EQ(problems("? [a, b]\n: 1\n"), "f.yaml:1:3: error: a key must be a text, but this is a list\n");
    EXPECT_EQ(problems("~: 1\n"), "f.yaml:1:1: error: a key must be a text, but this is empty\n");
    EXPECT_EQ(problems("a: &x [1, *x]\n"), "f.yaml:1:11: error: an alias stands inside of what it names\n");
    EXPECT_EQ(problems("a:\n  <<: 1\n"),
              "f.yaml:2:7: error: '<<' needs a map or a list of maps, but has the text '1'\n");
    EXPECT_EQ(problems("a:\n  <<: [x]\n"),
              "f.yaml:2:8: error: '<<' needs a map or a list of maps, but the list has the text 'x'\n");
}

TEST(Yaml, NestingEndsAt64Levels) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') + "1" +
               std::string(static_cast<std::size_t>(depth), ']');
    };
    EXPECT_EQ(problems(nested(64)), "");
    EXPECT_EQ(problems(nested(65)), "f.yaml:1:65: error: lists and maps are nested deeper than 64 levels\n");
    EXPECT_THAT(problems(nested(100000)), HasSubstr("deeper than 64 levels"));
    EXPECT_EQ(problems("a: &x " + nested(40) + "\nb: " + std::string(23, '[') + "*x" + std::string(23, ']')), "");
    EXPECT_THAT(problems("a: &x " + nested(40) + "\nb: " + std::string(30, '[') + "*x" + std::string(30, ']')),
                HasSubstr("deeper than 64 levels"));
}

TEST(Yaml, AliasesThatMultiplyAreStopped) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::vector<std::string> ten(10, fmt::format("*a{}", i - 1));
        text += fmt::format("a{}: &a{} [{}]\n", i, i, fmt::join(ten, ", "));
    }
    EXPECT_THAT(problems(text), HasSubstr("error: anchors and aliases expand to more than 1000000 nodes\n"));
    std::string texts = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
    for (int i = 0; i < 100; ++i) texts += "*a, ";
    EXPECT_THAT(problems(texts + "]\n"), HasSubstr("expand to more than 1000000 nodes"));
}

TEST(Yaml, MissingFile) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseFile("/nowhere/f.yaml", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("/nowhere/f.yaml: error: the file does not exist"));
}

TEST(Yaml, PeersFilesParse) {
    MILLRACE_NEEDS_SHARED();
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(test::sharedDir() + "/peers")) {
        if (entry.path().extension() != ".yaml") continue;
        Diagnostics diagnostics;
        const auto root = parseFile(entry.path().string(), diagnostics);
        EXPECT_TRUE(root && !diagnostics.failed()) << diagnostics.text();
        ++files;
    }
    EXPECT_GE(files, 80);
}

/// Any bytes: an answer, and a failure exactly if there is no node.
TEST(Yaml, BrokenTextsNeverCrash) {
    const std::string seed = "a: &x {k: [1, \"t\\n\", 'u'], <<: *y}\n- b\n? c\n: !!str |\n  d\n\t#e\n--- ...\n";
    std::uint64_t state = 1;
    const std::int64_t rounds = test::count(100000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        std::string text = seed;
        for (int edit = 0; edit < 4; ++edit) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            const std::size_t at = (state >> 33) % text.size();
            if ((state >> 60) % 2 == 0) {
                text.erase(at, 1 + (state >> 50) % 5);
            } else {
                text.insert(at, 1, seed[(state >> 20) % seed.size()]);
            }
            if (text.empty()) text = seed;
        }
        problems(text);
    }
}

}  // namespace
}  // namespace millrace::yaml
