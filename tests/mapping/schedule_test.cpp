#include <gmock/gmock.h>

#include "explore/mapping/mapping.h"

namespace millrace::mapping {
namespace {

using testing::HasSubstr;

const std::string kEntry = "layers:\n- name: default\n";

std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    const auto mapping = parseMapping(text, "m.yaml", diagnostics);
    EXPECT_EQ(mapping.has_value(), !diagnostics.failed()) << diagnostics.text();
    return diagnostics.text();
}

TEST(MappingSchedule, AllFieldsPrintAndReadBack) {
    const std::string text = kEntry + R"(schedule:
  kind: layer-by-layer
  fixed: true
  order: "orders of mine/a.csv"
  halo: recompute
  lookahead: 3
  prefetch: true
  fill_gaps: false
  multicast: false
  objective: edp
  lpf_limit: 4
)";
    Diagnostics diagnostics;
    const auto mapping = parseMapping(text, "m.yaml", diagnostics);
    ASSERT_TRUE(mapping && mapping->schedule) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    const Schedule& schedule = *mapping->schedule;
    EXPECT_EQ(schedule.kind, "layer-by-layer");
    EXPECT_TRUE(mapping->isFixed());
    EXPECT_EQ(schedule.order, "orders of mine/a.csv");
    EXPECT_TRUE(schedule.orderIsFile());
    EXPECT_EQ(schedule.halo, "recompute");
    EXPECT_EQ(schedule.lookahead, 3);
    EXPECT_EQ(schedule.prefetch, true);
    EXPECT_EQ(schedule.fillGaps, false);
    EXPECT_EQ(schedule.multicast, false);
    EXPECT_EQ(schedule.objective, "edp");
    EXPECT_EQ(schedule.lpfLimit, 4);
    const auto again = parseMapping(print(*mapping), "n.yaml", diagnostics);
    ASSERT_TRUE(again) << diagnostics.text();
    EXPECT_EQ(again->entries, mapping->entries);
    EXPECT_EQ(again->schedule, mapping->schedule);
}

TEST(MappingSchedule, WhatIsAbsentIsNotSaid) {
    Diagnostics diagnostics;
    const auto mapping = parseMapping(kEntry + "schedule: {order: depth-first}\n", "m.yaml", diagnostics);
    ASSERT_TRUE(mapping && mapping->schedule) << diagnostics.text();
    EXPECT_FALSE(mapping->isFixed());
    EXPECT_FALSE(mapping->schedule->orderIsFile());
    EXPECT_FALSE(mapping->schedule->kind || mapping->schedule->halo || mapping->schedule->lookahead);
    const auto again = parseMapping(print(*mapping), "n.yaml", diagnostics);
    ASSERT_TRUE(again) << diagnostics.text();
    EXPECT_EQ(again->schedule, mapping->schedule);
    EXPECT_FALSE(parseMapping(kEntry, "m.yaml", diagnostics)->schedule);
}

TEST(MappingSchedule, Messages) {
    const std::pair<const char*, const char*> cases[] = {
        {"schedule: deep", "3:11: error: the section 'schedule' must be a map, but is the text 'deep'"},
        {"schedule: {kind: both}",
         "3:18: error: 'kind' of the section 'schedule' is 'both' (it must be one of layer-by-layer, fused)"},
        {"schedule: {halo: twice}",
         "3:18: error: 'halo' of the section 'schedule' is 'twice' (it must be one of keep, again, recompute)"},
        {"schedule: {objective: beauty}", "3:23: error: 'objective' of the section 'schedule' is 'beauty'"},
        {"schedule: {order: ''}", "3:19: error: 'order' of the section 'schedule' is empty"},
        {"schedule: {order: [a]}", "3:19: error: 'order' of the section 'schedule'"},
        {"schedule: {lookahead: -1}",
         "3:23: error: 'lookahead' of the section 'schedule' is -1 (it must be from 0 to 1000000)"},
        {"schedule: {lookahead: 1000001}", "3:23: error: 'lookahead' of the section 'schedule' is 1000001"},
        {"schedule: {lpf_limit: 0}",
         "3:23: error: 'lpf_limit' of the section 'schedule' is 0 (it must be from 1 to 10)"},
        {"schedule: {prefetch: often}", "3:22: error: 'prefetch' of the section 'schedule'"},
        {"schedule: {fixed: 3}", "3:19: error: 'fixed' of the section 'schedule'"},
        {"schedule: {multicasts: true}", "3:12: error: the section 'schedule' has no field 'multicasts'"},
    };
    for (const auto& [line, message] : cases)
        EXPECT_THAT(problems(kEntry + line + "\n"), HasSubstr(std::string("m.yaml:") + message)) << line;
}

TEST(MappingSchedule, LoopsOfHandWrittenLayersMayHaveAnyName) {
    EXPECT_EQ(problems("- name: default\n  inter_core_tiling: [\"MY_ROWS2X, 4\"]\n"), "");
    EXPECT_THAT(problems("- name: default\n  inter_core_tiling: [\"12, 4\"]\n"), HasSubstr("names the loop '12'"));
    EXPECT_THAT(problems("- name: default\n  inter_core_tiling: [\"K-2, 4\"]\n"), HasSubstr("names the loop 'K-2'"));
}

}  // namespace
}  // namespace millrace::mapping
