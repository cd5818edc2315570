#include "explore/platform/budget.h"

#include <gmock/gmock.h>

#include "chips.h"

namespace millrace::explore {
namespace {

using hardware::CoreId;
using testing::HasSubstr;

std::optional<Budget> parse(const std::string& text) {
    Diagnostics diagnostics;
    const auto budget = parseBudget(text, diagnostics);
    EXPECT_EQ(budget.has_value(), !diagnostics.failed()) << diagnostics.text();
    return budget;
}

TEST(Budget, Amounts) {
    EXPECT_EQ(parse("memory=3")->memory, Bits(24));
    EXPECT_EQ(parse("memory=2KB")->memory, Bits(16000));
    EXPECT_EQ(parse("memory=2kB")->memory, Bits(16000));
    EXPECT_EQ(parse(" memory = 1.5 KiB ")->memory, Bits(12288));
    EXPECT_EQ(parse("memory=8kbit")->memory, Bits(8000));
    const auto both = parse("area=2.5,memory=1MiB");
    EXPECT_EQ(both->areaMm2, 2.5);
    EXPECT_EQ(both->memory, Bits(8 << 20));
    EXPECT_FALSE(parse("area=1")->memory);
    for (const char* text :
         {"", ",", "area", "area=", "area=x", "area=0", "area=-1", "area=inf", "memory=0", "memory=-3", "memory=4 XB",
          "memory=1e3", "memory=0.1B", "memory=1,memory=2", "watts=3", "memory=1;area=2"})
        EXPECT_FALSE(parse(text)) << text;
}

struct Areas : testing::Test {
    void SetUp() override {
        for (const CoreId id : chip.computeCores()) {
            chip.cores[id].array.unitArea = 0.5;
            for (hardware::Memory& memory : chip.cores[id].memories) memory.area = 1;
        }
    }
    double area() const {
        double sum = 0;
        for (const CoreId id : chip.computeCores()) {
            const hardware::Core& core = chip.cores[id];
            sum += 0.5 * static_cast<double>(core.array.units());
            for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i)
                sum += static_cast<double>(core.instances(i));
        }
        return sum;
    }
    bool fits(double limit) {
        diagnostics = {};
        const bool result = checkArea(chip, {std::nullopt, limit}, diagnostics);
        EXPECT_EQ(result, !diagnostics.failed());
        return result;
    }
    hardware::Chip chip = test::smallChip(3, 1 << 16);
    Diagnostics diagnostics;
};

TEST_F(Areas, AreTheSumOfAllCores) {
    EXPECT_TRUE(fits(area()));
    EXPECT_FALSE(fits(area() - 0.25));
    EXPECT_TRUE(diagnostics.anyInfeasible());
    EXPECT_THAT(diagnostics.text(), HasSubstr("the largest core is"));
    EXPECT_TRUE(checkArea(chip, {}, diagnostics = {}));
}

TEST_F(Areas, SharedMemoriesCountOnce) {
    chip.cores[CoreId(1)] = chip.cores[CoreId(0)];
    const double apart = area();
    const hardware::Core& core = chip.cores[CoreId(0)];
    double tops = 0;
    for (hardware::MemoryIndex i = 0; i < core.memories.size(); ++i) {
        bool top = false;
        for (const hardware::MemoryOperand operand : hardware::kMemoryOperands) top = top || core.top(operand) == i;
        tops += top ? static_cast<double>(core.instances(i)) : 0;
    }
    ASSERT_GT(tops, 0);
    EXPECT_FALSE(fits(apart - tops));
    chip.sharedMemories = {{CoreId(0), CoreId(1)}};
    EXPECT_TRUE(fits(apart - tops));
    EXPECT_FALSE(fits(apart - tops - 0.25));
}

TEST_F(Areas, AFigureThatLacksIsNamed) {
    chip.cores[CoreId(1)].memories.back().area = 0;
    EXPECT_FALSE(fits(1e9));
    EXPECT_THAT(diagnostics.text(),
                HasSubstr("core 1 (" + chip.cores[CoreId(1)].name + ") has no figure for its memory '" +
                          chip.cores[CoreId(1)].memories.back().name + "'"));
    SetUp();
    chip.cores[CoreId(2)].array.unitArea = 0;
    EXPECT_FALSE(fits(1e9));
    EXPECT_THAT(diagnostics.text(), HasSubstr("its array (unit_area)"));
}

}  // namespace
}  // namespace millrace::explore
