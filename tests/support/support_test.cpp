#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "shared.h"
#include "support/box.h"
#include "support/diagnostics.h"
#include "support/files.h"
#include "support/ids.h"
#include "support/rng.h"
#include "support/units.h"

namespace millrace {
namespace {

using testing::HasSubstr;

TEST(Diagnostics, Texts) {
    EXPECT_EQ((SourceLocation{"f", 3, 7}.text()), "f:3:7");
    EXPECT_EQ((SourceLocation{"f", 3, 0}.text()), "f:3");
    EXPECT_EQ((SourceLocation{"f", 0, 7}.text()), "f");
    Diagnostics diagnostics;
    diagnostics.warning({"f", 1, 2}, "odd");
    EXPECT_FALSE(diagnostics.failed());
    diagnostics.error({}, "wrong", "mend it");
    EXPECT_EQ(diagnostics.failures(), 1U);
    EXPECT_FALSE(diagnostics.anyInfeasible());
    diagnostics.infeasible({"f"}, "too big");
    EXPECT_EQ(diagnostics.failures(), 2U);
    EXPECT_TRUE(diagnostics.anyInfeasible());
    EXPECT_EQ(diagnostics.text(), "f:1:2: warning: odd\nerror: wrong (mend it)\nf: infeasible: too big\n");
}

TEST(Diagnostics, NearestName) {
    EXPECT_EQ(nearestName("sise", {"name", "size"}), "size");
    EXPECT_EQ(nearestName("bandwith", {"bandwidth_min", "bandwidth"}), "bandwidth");
    EXPECT_EQ(nearestName("xyz", {"name", "size"}), "");
    EXPECT_EQ(nearestName("a", {}), "");
}

TEST(Boxes, SubtractLeavesWhatIsNotCovered) {
    Rng rng(7);
    const std::int64_t rounds = test::count(20000);
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto randomBox = [&] {
            Box box;
            for (int axis = 0; axis < 3; ++axis) {
                const std::int64_t a = rng.between(0, 5);
                box.push_back({a, rng.between(a, 6)});
            }
            return box;
        };
        const Box whole = randomBox();
        std::vector<Box> covers;
        for (std::int64_t i = rng.between(0, 3); i > 0; --i) covers.push_back(randomBox());
        const std::vector<Box> rest = subtract(whole, covers);
        for (std::int64_t x = 0; x < 6; ++x) {
            for (std::int64_t y = 0; y < 6; ++y) {
                for (std::int64_t z = 0; z < 6; ++z) {
                    const Box point{{x, x + 1}, {y, y + 1}, {z, z + 1}};
                    bool wanted = contains(whole, point);
                    for (const Box& cover : covers) wanted = wanted && !contains(cover, point);
                    int found = 0;
                    for (const Box& part : rest) found += contains(part, point) ? 1 : 0;
                    ASSERT_EQ(found, wanted ? 1 : 0);
                }
            }
        }
    }
}

TEST(Boxes, Basics) {
    EXPECT_EQ(volume({}), 1);
    EXPECT_EQ(volume({{0, 3}, {2, 4}}), 6);
    EXPECT_EQ(volume({{0, 3}, {4, 2}}), 0);
    EXPECT_EQ(intersect({{0, 3}}, {{2, 5}}), (Box{{2, 3}}));
    EXPECT_TRUE(overlaps({{0, 3}}, {{2, 5}}));
    EXPECT_FALSE(overlaps({{0, 3}}, {{3, 5}}));
    EXPECT_TRUE(contains({{0, 3}}, {{5, 5}}));
    EXPECT_EQ(wholeBox({2, 3}), (Box{{0, 2}, {0, 3}}));
}

TEST(Files, WriteThenRead) {
    const std::string dir = testing::TempDir() + "millrace_files";
    std::filesystem::remove_all(dir);
    Diagnostics diagnostics;
    const std::string path = dir + "/deep/file.txt";
    const std::string content("a\0b\n", 4);
    ASSERT_TRUE(writeFile(path, content, diagnostics)) << diagnostics.text();
    EXPECT_EQ(readFile(path, diagnostics), content);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir + "/deep"), {}), 1);
    EXPECT_FALSE(readFile(path, diagnostics, 3));
    EXPECT_THAT(diagnostics.text(), HasSubstr("is larger than 3 bytes"));
    EXPECT_FALSE(readFile(dir, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("is a folder, not a file"));
    EXPECT_FALSE(writeFile(path + "/under/a/file", "x", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("cannot be made"));
    std::filesystem::remove_all(dir);
}

TEST(Ids, InvalidByDefault) {
    using TestId = Id<struct TestTag>;
    EXPECT_FALSE(TestId().valid());
    Table<TestId, int> table;
    const TestId first = table.add(5);
    EXPECT_EQ(first.index(), 0U);
    EXPECT_EQ(table[first], 5);
    EXPECT_TRUE(table.contains(first));
    EXPECT_FALSE(table.contains(TestId()));
    EXPECT_FALSE(table.contains(TestId(1)));
    Table<TestId, int> other;
    EXPECT_FALSE(table == other);
    other.add(5);
    EXPECT_TRUE(table == other);
}

TEST(Rng, SameEverywhere) {
    Rng rng(1);
    EXPECT_EQ(rng.next(), 0x910a2dec89025cc1ULL);
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t value = rng.between(-3, 3);
        ASSERT_TRUE(value >= -3 && value <= 3);
        const double unit = rng.unit();
        ASSERT_TRUE(unit >= 0 && unit < 1);
    }
}

TEST(Units, CeilDiv) {
    EXPECT_EQ(ceilDiv(0, 4), 0);
    EXPECT_EQ(ceilDiv(1, 4), 1);
    EXPECT_EQ(ceilDiv(8, 4), 2);
    EXPECT_EQ((Cycles(3) + 2 * Cycles(4)).value(), 11);
}

}  // namespace
}  // namespace millrace
