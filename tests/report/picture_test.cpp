#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "explored.h"
#include "image.h"
#include "report/axis.h"
#include "report/idlestrip.h"
#include "report/palette.h"
#include "report/report.h"
#include "report/statistics.h"
#include "sample.h"
#include "shared.h"

namespace millrace {
namespace {

using namespace report;
using Draw = std::string (*)(const explore::Result&, const DrawOptions&);

class Picture : public testing::TestWithParam<Draw> {};

TEST_P(Picture, IsAPngOfTheAskedWidth) {
    for (const explore::Result& result :
         {test::smallSample(), test::largeSample(), test::singleTask(), test::emptyResult(), test::fusedSample()}) {
        const std::string png = GetParam()(result, {});
        ASSERT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
        const test::Image image = test::decode(png);
        EXPECT_EQ(image.width, 1600);
        EXPECT_GT(image.height, 120);
    }
    DrawOptions options;
    options.width = 900;
    options.scale = 2;
    EXPECT_EQ(test::decode(GetParam()(test::smallSample(), options)).width, 1800);
    options.width = -5;
    options.scale = 1000;
    EXPECT_EQ(test::decode(GetParam()(test::singleTask(), options)).width, 2400);
}

TEST_P(Picture, IsTheSameEveryTime) {
    const explore::Result result = test::largeSample();
    EXPECT_TRUE(GetParam()(result, {}) == GetParam()(result, {}));
}

TEST_P(Picture, TakesNamesOfAnyBytes) {
    test::SampleOptions options;
    options.layers = 8;
    options.name = std::string(3000, 'n') + "\xff\n\"<&";
    options.prefix = "<網絡/Größe&\t\xc3" + std::string(300, 'y') + "/";
    explore::Result result = test::sample(options);
    EXPECT_EQ(test::decode(GetParam()(result, {})).width, 1600);
    result.policy = std::string(2000, 'p');
    EXPECT_EQ(test::decode(GetParam()(result, {})).width, 1600);
}

TEST_P(Picture, TakesAnyWindow) {
    const explore::Result result = test::smallSample();
    const std::string whole = GetParam()(result, {});
    for (const auto& [start, end] : {std::pair{10, 20}, {20, 10}, {-5, 5}, {1'000'000'000, 2'000'000'000}, {0, 0}}) {
        DrawOptions options;
        options.window = schedule::Span{Cycles(start), Cycles(end)};
        const std::string part = GetParam()(result, options);
        EXPECT_EQ(test::decode(part).width, 1600);
        EXPECT_NE(part, whole);
    }
}

const auto name = [](const auto& info) {
    constexpr std::array names{"schedule", "memory"};
    return std::string(names[info.index]);
};
INSTANTIATE_TEST_SUITE_P(Pictures, Picture, testing::Values(schedulePng, memoryPng), name);

TEST(Svg, IsTheSameEveryTimeAndEscaped) {
    test::SampleOptions options;
    options.layers = 8;
    options.name = "a<b>&\"\xff";
    const explore::Result result = test::sample(options);
    for (const Draw draw : {scheduleSvg, memorySvg}) {
        const std::string svg = draw(result, {});
        EXPECT_NE(svg.find("<svg"), std::string::npos);
        EXPECT_NE(svg.find("</svg>"), std::string::npos);
        EXPECT_EQ(svg.find("a<b>"), std::string::npos);
        EXPECT_TRUE(svg == draw(result, {}));
    }
}

/// Where the bars of a core must be: runs of the layers' colours in a line of the picture.
std::vector<test::Run> layerRuns(const test::Image& image, int y, const std::map<std::uint32_t, std::size_t>& colours) {
    std::vector<test::Run> found;
    for (const test::Run& run : test::runs(image, y)) {
        if (run.end - run.begin >= 8 && colours.count(run.colour) > 0) found.push_back(run);
    }
    return found;
}

TEST(SchedulePicture, BarsHaveTheirLayersColourAndPlace) {
    const explore::Result result = test::smallSample();
    const test::Image image = test::decode(schedulePng(result));
    std::map<std::uint32_t, std::size_t> colours;
    for (std::size_t i = 0; i < result.layers.size(); ++i) colours[test::rgb(layerColour(i))] = i;
    ASSERT_EQ(colours.size(), result.layers.size());
    std::vector<std::pair<std::size_t, schedule::Span>> expected;
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const schedule::Placement& placement = result.schedule.placements[id];
        const std::size_t layer = result.problem.tasks[id].group.index();
        if (placement.core.index() == 1 && placement.span.length() > Cycles(20000)) {
            expected.emplace_back(layer, placement.span);
        }
    }
    ASSERT_EQ(expected.size(), 6U);
    int matches = 0;
    for (int y = 0; y < image.height; ++y) {
        const std::vector<test::Run> runs = layerRuns(image, y, colours);
        if (runs.size() != expected.size()) continue;
        const auto cycles = static_cast<double>((expected[5].second.start - expected[0].second.start).value());
        const double scale = (runs[5].begin - runs[0].begin) / cycles;
        bool equal = true;
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const schedule::Span& span = expected[i].second;
            const auto from = static_cast<double>((span.start - expected[0].second.start).value());
            equal = equal && colours[runs[i].colour] == expected[i].first &&
                    std::abs(runs[i].begin - runs[0].begin - from * scale) < 2.5 &&
                    std::abs(runs[i].end - runs[i].begin - static_cast<double>(span.length().value()) * scale) < 4;
        }
        matches += equal ? 1 : 0;
    }
    EXPECT_GE(matches, 8) << "lines of the picture that show core 1";
}

/// Mean darkness of a line in the row of the first core: of the 8th darkest line, since frames and grids are thinner.
double darkness(const explore::Result& result) {
    const test::Image image = test::decode(schedulePng(result));
    std::vector<double> lines;
    for (int y = 70; y < 160; ++y) {
        double sum = 0;
        for (int x = 300; x < 1500; ++x) sum += 255 - static_cast<double>(image.at(x, y) >> 16 & 0xFFU);
        lines.push_back(sum / 1200);
    }
    std::sort(lines.rbegin(), lines.rend());
    return lines[7];
}

explore::Result manyTasks(std::int64_t count, std::int64_t duration) {
    explore::Result result = test::singleTask();
    const schedule::Task task = result.problem.tasks[schedule::TaskId(0)];
    for (std::int64_t i = 1; i < count; ++i) {
        result.problem.tasks.add(task);
        result.schedule.placements.add({schedule::CoreId(0), 0, {Cycles(i * 100), Cycles(i * 100 + duration)}});
    }
    result.schedule.latency = Cycles(count * 100);
    return result;
}

TEST(SchedulePicture, ManyTasksBecomeAShade) {
    const std::int64_t count = std::max<std::int64_t>(test::count(1'000'000), 10'000);
    const double light = darkness(manyTasks(count, 10));
    const double middle = darkness(manyTasks(count, 50));
    const double dark = darkness(manyTasks(count, 100));
    EXPECT_GT(light, 20);
    EXPECT_GT(middle, light * 1.2);
    EXPECT_GT(dark, middle * 1.2);
    EXPECT_NEAR(dark, 255 - layerColour(0).r * 255, 3);
}

/// The longest run of a colour in any line.
int longest(const test::Image& image, Colour colour) {
    int most = 0;
    for (int y = 0; y < image.height; ++y) {
        for (const test::Run& run : test::runs(image, y)) {
            if (run.colour == test::rgb(colour)) most = std::max(most, run.end - run.begin);
        }
    }
    return most;
}

/// Idle for 5 cycles though its data were there, at work for 7, then done.
explore::Result lateTask() {
    explore::Result result = test::singleTask();
    const schedule::Span span{Cycles(5), Cycles(12)};
    result.schedule.placements[schedule::TaskId(0)].span = span;
    result.schedule.buffers[schedule::BufferId(0)].span = {Cycles(5), Cycles(20)};
    result.layers[workload::LayerId(0)].span = span;
    result.schedule.latency = Cycles(20);
    result.verified = true;
    return result;
}

TEST(SchedulePicture, ShowsWhyACoreIsIdle) {
    explore::Result result = lateTask();
    const Colour order = colourOf(schedule::IdleCause::order);
    const test::Image image = test::decode(schedulePng(result));
    EXPECT_NEAR(longest(image, order) / static_cast<double>(longest(image, layerColour(0))), 5.0 / 7, 0.02);
    for (const auto cause : {schedule::IdleCause::input, schedule::IdleCause::link, schedule::IdleCause::space,
                             schedule::IdleCause::predecessor}) {
        EXPECT_EQ(longest(image, colourOf(cause)), 0) << schedule::text(cause);
    }
    result.verified = false;
    EXPECT_EQ(longest(test::decode(schedulePng(result)), order), 0) << "nobody knows";
}

/// Where idle times are narrower than a pixel, their areas still are their shares.
TEST(SchedulePicture, IdleAreasFollowTheShares) {
    const auto area = [](std::int64_t duration) {
        explore::Result result = manyTasks(10'000, duration);
        for (schedule::Task& task : result.problem.tasks) {
            task.writes.clear();
            task.options[0].writeMemories.clear();
        }
        result.verified = true;
        const test::Image image = test::decode(schedulePng(result));
        return static_cast<double>(image.count(test::rgb(colourOf(schedule::IdleCause::order))));
    };
    const double half = area(50);
    EXPECT_GT(half, 2000);
    EXPECT_NEAR(area(20) / half, 1.6, 0.15);
    EXPECT_LT(area(100), 500) << "the first task is short: its pixel, and the sample in the legend";
}

TEST(Pictures, ShowFromWhenToWhenStacksAre) {
    explore::Result result = test::fusedSample();
    for (const Draw draw : {schedulePng, memoryPng}) {
        result.stacks = {{LayerId(0), LayerId(1)}, {LayerId(1), LayerId(2)}};  // layer 1 counts in the second
        const test::Image image = test::decode(draw(result, {}));
        const Statistics sums = statistics(result);
        const auto cycles = [&](std::size_t i) { return static_cast<double>(sums.stacks[i].span.length().value()); };
        EXPECT_NEAR(longest(image, kEvenStack) / static_cast<double>(longest(image, kOddStack)), cycles(0) / cycles(1),
                    0.02);
        result.stacks = {{LayerId(0), LayerId(1)}, {LayerId(2)}};
        EXPECT_EQ(longest(test::decode(draw(result, {})), kOddStack), 0) << "of a single layer";
        result.stacks = {{LayerId(0)}, {LayerId(1)}, {LayerId(2)}};
        const test::Image without = test::decode(draw(result, {}));
        EXPECT_EQ(longest(without, kEvenStack), 0) << "nothing is fused";
        EXPECT_LT(without.height, image.height);
    }
}

TEST(SchedulePicture, MergesOnManyRowsAndLayers) {
    explore::Result result = test::singleTask();
    for (std::size_t i = 1; i < 2000; ++i) {
        result.problem.cores.add({"core " + std::to_string(i)});
        result.layers.add(result.layers[workload::LayerId(0)]);
    }
    const test::Image image = test::decode(schedulePng(result));
    EXPECT_LT(image.height, 10000);
    EXPECT_GT(image.count(test::rgb(layerColour(0))), 1000);
}

TEST(MemoryPicture, AreasFollowTheBuffers) {
    explore::Result result = test::singleTask();
    result.problem.tensors[schedule::TensorId(0)].initial = schedule::MemoryId();
    const schedule::TensorId weights =
        result.problem.tensors.add({"w", {1000}, 8, schedule::DataClass::weight, schedule::MemoryId(), {}});
    const schedule::TensorId data =
        result.problem.tensors.add({"a", {1000}, 8, schedule::DataClass::activation, schedule::MemoryId(), {}});
    result.schedule.buffers = {};
    result.schedule.latency = Cycles(1000);
    const schedule::MemoryId sram(0);
    result.problem.memories[sram].capacity = Bits(8000);
    result.schedule.buffers.add({sram, weights, {{0, 400}}, {Cycles(100), Cycles(600)}});  // 200,000
    result.schedule.buffers.add({sram, data, {{0, 500}}, {Cycles(200), Cycles(400)}});     // 100,000
    const test::Image image = test::decode(memoryPng(result));
    const auto orange = static_cast<double>(image.count(test::rgb(kWeights)));
    const auto blue = static_cast<double>(image.count(test::rgb(kActivations)));
    EXPECT_GT(orange, 10000);
    EXPECT_NEAR(orange / blue, 2.0, 0.15);
    result.problem.memories[sram].capacity = Bits(7000);  // less than the peak: a picture all the same
    EXPECT_EQ(test::decode(memoryPng(result)).width, 1600);
    result.problem.memories[sram].capacity = Bits(0);
    EXPECT_EQ(test::decode(memoryPng(result)).width, 1600);
}

TEST(MemoryPicture, OffchipOnlyIfAsked) {
    const explore::Result result = test::smallSample();
    DrawOptions options;
    options.offchip = true;
    EXPECT_GT(test::decode(memoryPng(result, options)).height, test::decode(memoryPng(result)).height + 50);
}

TEST(Ticks, AreFewAndInside) {
    EXPECT_THAT(niceTicks(0, 10, 5, true), testing::ElementsAre(0, 2, 4, 6, 8, 10));
    EXPECT_THAT(niceTicks(0, 1, 5, true), testing::ElementsAre(0, 1));
    EXPECT_THAT(niceTicks(3, 3, 5, true).size(), 1U);
    for (double high = 1; high < 1e18; high *= 3.7) {
        const std::vector<double> ticks = niceTicks(0, high, 10, true);
        EXPECT_GE(ticks.size(), 2U);
        EXPECT_LE(ticks.size(), 11U);
        EXPECT_LE(ticks.back(), high * (1 + 1e-9));
    }
}

TEST(Palette, NeighboursDiffer) {
    for (std::size_t i = 0; i < 100; ++i) {
        const Colour a = layerColour(i);
        const Colour b = layerColour(i + 1);
        EXPECT_GT(std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b), 0.25) << i;
    }
}

}  // namespace
}  // namespace millrace
