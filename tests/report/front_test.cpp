#include "report/front.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/explored.h"
#include "report/image.h"
#include "report/report.h"
#include "report/statistics.h"

namespace millrace::report {
namespace {

using explore::FrontPoint;
using testing::HasSubstr;

FrontPoint point(std::int64_t latency, double energy, std::int64_t bits) {
    return {Cycles(latency), Picojoules(energy), Bits(bits), "made up", latency};
}

/// A curve of so many points, from fast and costly to slow and cheap.
explore::Result sample(std::int64_t count) {
    explore::Result result = test::fusedSample();
    result.bounds.latency = Cycles(800000);
    result.bounds.energy = Picojoules(2e8);
    result.front.emplace();
    for (std::int64_t i = 0; i < count; ++i) {
        const double energy = 3e8 + 1e14 / (400000.0 + 40000.0 * static_cast<double>(i));
        result.front->add(point(1000000 + 40000 * i, energy, (2000 + 977 * i % 3000) * 8192));
    }
    result.front->rules = point(1900000, 6e8, 4000 * 8192);
    result.front->layerByLayer = point(3100000, 7e8, 6000 * 8192);
    return result;
}

TEST(Front, PeakMemoryIsWhatTheCourseOfAllMemoriesSays) {
    test::forRandomResults(40, 11, [](const explore::Result& result) {
        const Statistics sums = statistics(result);
        std::int64_t bits = 0;
        for (const schedule::MemoryId id : result.problem.memories.ids()) {
            if (!result.problem.memories[id].offchip) bits += sums.memories[id.index()].peak.value();
        }
        EXPECT_EQ(result.peakMemory.value(), bits);
        EXPECT_GT(bits, 0);
    });
}

TEST(Front, Json) {
    const explore::Result result = sample(30);
    const auto json = nlohmann::json::parse(frontJson(result));
    EXPECT_EQ(json["schema"], "millrace.front/1");
    EXPECT_EQ(json["lower_bound"]["latency_cycles"], 800000);
    ASSERT_EQ(json["points"].size(), 30U);
    EXPECT_EQ(json["points"][3]["latency_cycles"], 1120000);
    EXPECT_EQ(json["points"][3]["peak_memory_bits"], (2000 + 977 * 3 % 3000) * 8192);
    EXPECT_EQ(json["points"][3]["index"], 1120000);
    EXPECT_EQ(json["points"][0]["best_for"], "latency, memory");
    EXPECT_EQ(json["points"][29]["best_for"], "energy");
    EXPECT_EQ(json["layer_by_layer"]["latency_cycles"], 3100000);
    EXPECT_EQ(json["rules"]["energy_pj"], 6e8);
    const auto empty = nlohmann::json::parse(frontJson({}));
    EXPECT_TRUE(empty["points"].empty() && empty["rules"].is_null());
}

TEST(Front, TableHasAtMostTwelvePointsAndTheBestOfThem) {
    for (const std::int64_t count : {0, 1, 12, 13, 30, 500}) {
        const explore::Result result = sample(count);
        const std::string text = frontTable(*result.front);
        EXPECT_THAT(text, HasSubstr("(layer by layer)"));
        EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 2 + 12 + 2 + 1 + 1) << text;
        if (count == 0) continue;
        EXPECT_THAT(text, HasSubstr("least latency"));
        EXPECT_THAT(text, HasSubstr("1,000,000"));
        EXPECT_THAT(table(result), HasSubstr(text));
        EXPECT_EQ(text.find("more points") != std::string::npos, count > 12) << text;
        EXPECT_EQ(text.find("and 18 more points") != std::string::npos, count == 30) << text;
    }
}

TEST(Front, PictureShowsAllPointsBoundsAndTheScale) {
    const test::Image image = test::decode(frontPng(sample(30)));
    EXPECT_EQ(image.width, 1600);
    EXPECT_GT(image.count(test::rgb(kAlarm)), 300);
    explore::Result unbounded = sample(30);
    unbounded.bounds = {};
    EXPECT_EQ(test::decode(frontPng(unbounded)).count(test::rgb(kAlarm)), 0);
    // The point, which has the least memory.
    const test::Image one = test::decode(frontPng(sample(1)));
    EXPECT_GT(one.count(test::rgb(Colour{0.99, 0.80, 0.35, 1})), 100);
    for (const std::int64_t count : {0, 1, 2, 500}) EXPECT_FALSE(frontPng(sample(count)).empty());
    EXPECT_FALSE(frontPng({}).empty());
    EXPECT_THAT(frontSvg(sample(3)), HasSubstr("<svg"));
    EXPECT_EQ(frontPng(sample(30)), frontPng(sample(30)));
}

}  // namespace
}  // namespace millrace::report
