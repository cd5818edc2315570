#include "hardware/cacti.h"

#include <gmock/gmock.h>

#include <cmath>

#include "hardware/print.h"
#include "hardware/read.h"
#include "texts.h"

namespace millrace::hardware {
namespace {

using testing::HasSubstr;

std::string edited(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

/// The buffer of the small core: 64 bits wide, of another size and with other lines.
std::string buffer(const std::string& size, const std::string& lines) {
    return edited(test::kCore, "    size: 4096\n    r_cost: 10\n    w_cost: 12\n", "    size: " + size + "\n" + lines);
}

struct Answer {
    std::optional<Core> core;
    std::string messages;
};

Answer read(const std::string& text) {
    Diagnostics diagnostics;
    auto core = parseCore(text, "c.yaml", diagnostics);
    return {std::move(core), diagnostics.text()};
}

const std::string kAutomatic = "    auto_cost_extraction: true\n";

/// What ZigZag keeps of its own runs of CACTI, and a few more.
TEST(Cacti, PointsAreThoseOfCacti) {
    struct Known {
        std::int64_t bytes, bits;
        double read, write, area;
    };
    for (const Known& known : {Known{128, 8, 7.39625e-05, 9.96867e-05, 0.000309137},
                               {128, 16, 8.78633e-05, 0.000159245, 0.000320741},
                               {2097152, 256, 0.134898, 0.139563, 3.66505},
                               {33554432, 8192, 24.0313, 35.7058, 153.898},
                               {32768, 128, 0.00740436, 0.00793982, 0.0684577},
                               {64, 8, 4.6343e-05, 8.63606e-05, 0.00021481}}) {
        const auto cost = cactiCost(known.bytes, known.bits);
        ASSERT_TRUE(cost) << known.bytes;
        EXPECT_TRUE(cost->exact());
        EXPECT_EQ(cost->readCost, known.read * 1000);
        EXPECT_EQ(cost->writeCost, known.write * 1000);
        EXPECT_EQ(cost->area, known.area);
    }
}

TEST(Cacti, TheTableIsSortedAndHasEveryStep) {
    const auto points = cactiPoints();
    for (std::size_t i = 1; i < points.size(); ++i) {
        EXPECT_LT(std::pair(points[i - 1].bytes, points[i - 1].bits), std::pair(points[i].bytes, points[i].bits));
    }
    std::size_t exact = 0;
    for (std::int64_t size = 64; size <= 64 << 20; size *= 2) {
        for (std::int64_t width = 8; width <= 16384; width *= 2) {
            for (const auto& [bytes, bits] : {std::pair{size, width}, {3 * size / 2, width}, {size, 3 * width / 2}}) {
                const bool inside = bytes <= 64 << 20 && bits <= 16384 && 4 * bits <= bytes;
                const auto cost = cactiCost(bytes, bits);
                EXPECT_EQ(cost.has_value(), inside || (bits == 12 && bytes >= 64)) << bytes << ' ' << bits;
                if (!cost) continue;
                EXPECT_EQ(cost->exact(), bits != 12) << bytes << ' ' << bits;
                EXPECT_GT(cost->readCost, 0);
                EXPECT_GT(cost->writeCost, 0);
                EXPECT_GT(cost->area, 0);
                exact += cost->exact() ? 1 : 0;
            }
        }
    }
    EXPECT_GT(exact, 400u);
}

/// A small table whose figures follow power laws: there, the interpolation is exact.
std::vector<CactiPoint> powerLaws(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& widths) {
    std::vector<CactiPoint> points;
    for (const std::int64_t bytes : sizes) {
        for (const std::int64_t bits : widths) {
            const double s = static_cast<double>(bytes);
            const double w = static_cast<double>(bits);
            points.push_back({bytes, bits, std::sqrt(s) * w, std::sqrt(s) * w * w, s * std::sqrt(w)});
        }
    }
    return points;
}

TEST(Cacti, InterpolatesLogarithms) {
    const auto fine = powerLaws({1024, 1536, 2048}, {8, 16, 24, 32});
    const auto near = cactiCost(1300, 20, fine);
    ASSERT_TRUE(near);
    EXPECT_EQ(text(near->from), "1024 B x 16 bit, 1024 B x 24 bit, 1536 B x 16 bit, 1536 B x 24 bit");
    EXPECT_NEAR(near->readCost, 1000 * std::sqrt(1300) * 20, 1e-6);
    EXPECT_NEAR(near->writeCost, 1000 * std::sqrt(1300) * 400, 1e-4);
    EXPECT_NEAR(near->area, 1300 * std::sqrt(20), 1e-8);
    EXPECT_FALSE(near->exact());
    EXPECT_EQ(text(cactiCost(1800, 32, fine)->from), "1536 B x 32 bit, 2048 B x 32 bit");
    EXPECT_EQ(text(cactiCost(2048, 30, fine)->from), "2048 B x 24 bit, 2048 B x 32 bit");
    EXPECT_NEAR(cactiCost(2048, 30, fine)->readCost, 1000 * std::sqrt(2048) * 30, 1e-6);
    const auto coarse = powerLaws({1024, 2048}, {16, 32});
    EXPECT_EQ(text(cactiCost(1536, 24, coarse)->from),
              "1024 B x 16 bit, 1024 B x 32 bit, 2048 B x 16 bit, 2048 B x 32 bit");
    EXPECT_NEAR(cactiCost(1536, 24, coarse)->readCost, 1000 * std::sqrt(1536) * 24, 1e-6);
    for (const auto& [bytes, bits] : {std::pair{1000, 16}, {2049, 16}, {1536, 15}, {1536, 33}, {0, 16}, {1024, -1}}) {
        EXPECT_FALSE(cactiCost(bytes, bits, coarse)) << bytes << ' ' << bits;
    }
}

TEST(Cacti, OutsideOfTheTable) {
    for (const auto& [bytes, bits] : {std::pair<std::int64_t, std::int64_t>{63, 8},
                                      {(64 << 20) + 1, 8},
                                      {4096, 4},
                                      {1 << 24, 16385},
                                      {512, 256},
                                      {std::int64_t{1} << 62, std::int64_t{1} << 62}}) {
        EXPECT_FALSE(cactiCost(bytes, bits)) << bytes << ' ' << bits;
    }
}

TEST(AutomaticCosts, ComeFromTheTable) {
    const auto [core, messages] = read(buffer("262144", kAutomatic));
    ASSERT_TRUE(core) << messages;
    EXPECT_EQ(messages, "");
    const CactiCost cost = *cactiCost(32768, 64);
    EXPECT_EQ(core->memories[1].readCost, cost.readCost);
    EXPECT_EQ(core->memories[1].writeCost, cost.writeCost);
    EXPECT_EQ(core->memories[1].area, cost.area);
    EXPECT_EQ(*read(printCore(*core)).core, *core);
    const auto registers = read(buffer("256", kAutomatic + "    mem_type: rf\n"));
    ASSERT_TRUE(registers.core) << registers.messages;
    EXPECT_EQ(registers.core->memories[1].readCost, cactiCost(4096, 64)->readCost);
}

TEST(AutomaticCosts, TheFirstPortThatReadsGivesTheWidth) {
    const std::string text = edited(test::kCore, "    size: 64\n    r_cost: 0.5\n    w_cost: 0.75\n    area: 0\n",
                                    "    size: 8192\n    auto_cost_extraction: true\n");
    const std::string wider = edited(text, "type: read\n        bandwidth_min: 8\n        bandwidth_max: 8",
                                     "type: read\n        bandwidth_min: 8\n        bandwidth_max: 32");
    EXPECT_EQ(read(text).core->memories[0].readCost, cactiCost(1024, 8)->readCost);
    EXPECT_EQ(read(wider).core->memories[0].readCost, cactiCost(1024, 32)->readCost);
}

TEST(AutomaticCosts, EstimatesSaySo) {
    const auto [core, messages] = read(buffer("80000", kAutomatic));
    ASSERT_TRUE(core) << messages;
    const CactiCost cost = *cactiCost(10000, 64);
    EXPECT_EQ(core->memories[1].readCost, cost.readCost);
    EXPECT_FALSE(cost.exact());
    EXPECT_EQ(messages,
              "c.yaml:26:27: warning: the automatic costs of memory 'buffer' of core 'small' (10000 B x 64 bit) are "
              "estimates from " +
                  text(cost.from) + "\n");
}

TEST(AutomaticCosts, GivenOnesCountWhereTheTableHasNone) {
    const std::string given = kAutomatic + "    r_cost: 10\n    w_cost: 12\n";
    const auto inside = read(buffer("262144", given));
    ASSERT_TRUE(inside.core);
    EXPECT_EQ(inside.core->memories[1].readCost, cactiCost(32768, 64)->readCost);
    EXPECT_THAT(inside.messages, HasSubstr("asks for automatic costs: its r_cost and w_cost do not count"));
    const auto outside = read(buffer("512", given));
    ASSERT_TRUE(outside.core);
    EXPECT_EQ(outside.core->memories[1].readCost, 10);
    EXPECT_EQ(outside.core->memories[1].writeCost, 12);
    EXPECT_THAT(outside.messages, HasSubstr("warning: CACTI's table has no memory like memory 'buffer' of core 'small' "
                                            "(64 B x 64 bit): the given costs count"));
}

TEST(AutomaticCosts, ErrorsSayWhatToDo) {
    const auto fails = [](const std::string& text, const std::string& says) {
        const Answer answer = read(text);
        EXPECT_FALSE(answer.core);
        EXPECT_THAT(answer.messages, HasSubstr(says));
        EXPECT_THAT(answer.messages, HasSubstr("(set auto_cost_extraction to false and give r_cost and w_cost)"));
    };
    fails(
        buffer("512", kAutomatic),
        "c.yaml:26:27: error: memory 'buffer' of core 'small' asks for automatic costs, but CACTI's table has none for "
        "64 B x 64 bit; it has 64 to 67108864 B, 8 to 16384 bit, with at least four bytes for each bit of an access");
    fails(buffer("128 MiB", kAutomatic), "has none for 134217728 B x 64 bit");
    fails(buffer("262144", kAutomatic + "    mem_type: dram\n"),
          "but its mem_type is 'dram', and CACTI's table has sram and rf");
    fails(buffer("262145", kAutomatic), "but its size is not in whole bytes: 262145 bits");
}

}  // namespace
}  // namespace millrace::hardware
