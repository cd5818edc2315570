#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "explored.h"
#include "report/report.h"
#include "report/waits.h"
#include "sample.h"

namespace millrace {
namespace {

using nlohmann::json;

double sum(const json& list, const char* key) {
    double total = 0;
    for (const json& entry : list) total += entry.at(key).get<double>();
    return total;
}

class JsonOf : public testing::TestWithParam<explore::Result (*)()> {};

TEST_P(JsonOf, HasWhatScriptsRelyOn) {
    const explore::Result result = GetParam()();
    const json root = json::parse(report::resultJson(result, 2.5));
    EXPECT_EQ(root.at("schema"), "millrace.explore/1");
    EXPECT_EQ(root.at("verified"), result.verified);
    EXPECT_EQ(root.at("latency_cycles"), result.schedule.latency.value());
    EXPECT_EQ(root.at("tiles"), result.problem.tasks.size());
    EXPECT_EQ(root.at("offchip_bits"), result.offchipTraffic.value());
    EXPECT_EQ(root.at("evaluations"), result.evaluations);
    EXPECT_EQ(root.at("wall_seconds"), 2.5);
    for (const char* key : {"latency_cycles", "compute_cycles", "offchip_cycles", "energy_pj", "offchip_bits"}) {
        EXPECT_TRUE(root.at("lower_bound").at(key).is_number()) << key;
    }
    EXPECT_EQ(root.at("layers").size(), result.layers.size());
    EXPECT_EQ(root.at("cores").size(), result.problem.cores.size());
    EXPECT_EQ(root.at("links").size(), result.problem.links.size());
    EXPECT_EQ(root.at("memories").size(), result.problem.memories.size());
    EXPECT_TRUE(root.at("host_operators").is_array());
}

TEST_P(JsonOf, DoublesComeBackExactly) {
    const explore::Result result = GetParam()();
    const json root = json::parse(report::resultJson(result, 0));
    EXPECT_EQ(root.at("energy_pj").get<double>(), result.schedule.energy.total().value());
    EXPECT_EQ(root.at("edp").get<double>(),
              result.schedule.energy.total().value() * static_cast<double>(result.schedule.latency.value()));
    EXPECT_EQ(root.at("energy").at("spill_pj").get<double>(), result.schedule.energy.spill.value());
    EXPECT_EQ(root.at("lower_bound").at("energy_pj").get<double>(), result.bounds.energy.value());
    for (std::size_t i = 0; i < result.layers.size(); ++i) {
        EXPECT_EQ(root.at("layers")[i].at("energy_pj").get<double>(),
                  result.layers[workload::LayerId(i)].energy.value());
    }
}

TEST_P(JsonOf, SumsAgree) {
    const explore::Result result = GetParam()();
    const json root = json::parse(report::resultJson(result, 0));
    const json& energy = root.at("energy");
    const double total = root.at("energy_pj").get<double>();
    const double near = 1e-9 * (total + 1);
    double parts = 0;
    for (const char* key : {"compute_pj", "memory_pj", "offchip_pj", "spill_pj", "links_pj"}) {
        parts += energy.at(key).get<double>();
    }
    EXPECT_NEAR(parts, total, near);
    EXPECT_NEAR(sum(root.at("layers"), "energy_pj"), energy.at("compute_pj").get<double>(), near);
    EXPECT_NEAR(sum(root.at("cores"), "energy_pj"), energy.at("compute_pj").get<double>(), near);
    EXPECT_NEAR(sum(root.at("links"), "energy_pj"), energy.at("links_pj").get<double>(), near);
    EXPECT_NEAR(sum(root.at("memories"), "energy_pj"),
                energy.at("memory_pj").get<double>() + energy.at("offchip_pj").get<double>() +
                    energy.at("spill_pj").get<double>(),
                near);
    EXPECT_EQ(sum(root.at("layers"), "tiles"), root.at("tiles").get<double>());
    EXPECT_EQ(sum(root.at("cores"), "tiles"), root.at("tiles").get<double>());
    EXPECT_EQ(sum(root.at("layers"), "busy_cycles"), sum(root.at("cores"), "busy_cycles"));
    double carried = 0;
    for (const auto& [cause, use] : root.at("transfers").items()) carried += use.at("transfers").get<double>();
    EXPECT_EQ(carried, static_cast<double>(result.schedule.transfers.size()));
    double offchip = 0;
    for (const json& memory : root.at("memories")) {
        if (!memory.at("offchip")) continue;
        offchip += memory.at("read_bits").get<double>() + memory.at("written_bits").get<double>();
    }
    EXPECT_EQ(offchip, root.at("offchip_bits").get<double>());
}

TEST_P(JsonOf, OnlyTheWallClockDiffers) {
    const explore::Result result = GetParam()();
    EXPECT_EQ(report::resultJson(result, 1), report::resultJson(result, 1));
    json a = json::parse(report::resultJson(result, 1));
    json b = json::parse(report::resultJson(result, 2));
    EXPECT_NE(a, b);
    b["wall_seconds"] = 1;
    EXPECT_EQ(a, b);
}

const auto name = [](const auto& info) {
    constexpr std::array names{"small", "large", "single", "empty", "fused"};
    return std::string(names[info.index]);
};
INSTANTIATE_TEST_SUITE_P(Results, JsonOf,
                         testing::Values(test::smallSample, test::largeSample, test::singleTask, test::emptyResult,
                                         test::fusedSample),
                         name);

TEST(ResultJson, KindsAddUpToTheirLayer) {
    const explore::Result result = test::smallSample();
    const json root = json::parse(report::resultJson(result, 0));
    double array = 0;
    for (const json& layer : root.at("layers")) {
        double energy = 0;
        double operations = 0;
        std::int64_t tiles = 0;
        for (const json& kind : layer.at("tile_kinds")) {
            const double count = kind.at("count").get<double>();
            energy += count * kind.at("energy_pj").get<double>();
            array += count * kind.at("array_energy_pj").get<double>();
            tiles += kind.at("count").get<std::int64_t>();
            double points = count;
            for (const auto& [dim, size] : kind.at("sizes").items()) points *= size.get<double>();
            operations += points;
        }
        EXPECT_NEAR(energy, layer.at("energy_pj").get<double>(), 1e-9 * energy) << layer.at("name");
        EXPECT_EQ(operations, layer.at("operations").get<double>()) << layer.at("name");
        EXPECT_EQ(tiles, layer.at("tiles").get<std::int64_t>()) << layer.at("name");
    }
    EXPECT_NEAR(array, root.at("energy").at("compute_array_pj").get<double>(), 1e-9 * array);
    EXPECT_NEAR(array + sum(root.at("energy").at("compute_memories"), "energy_pj"),
                root.at("energy").at("compute_pj").get<double>(), 1e-6);
}

TEST_P(JsonOf, SaysWhyCoresAreIdleIfThatIsKnown) {
    const explore::Result result = GetParam()();
    const json root = json::parse(report::resultJson(result, 0));
    EXPECT_EQ(root.at("idle").is_null(), !result.verified);
    std::map<std::string, double> causes;
    std::size_t computing = 0;
    for (const json& core : root.at("cores")) {
        EXPECT_EQ(core.contains("idle_cycles"), result.verified);
        if (!result.verified) continue;
        EXPECT_EQ(core.at("idle_cycles").size(), schedule::kIdleCauses);
        double all = core.at("busy_cycles").get<double>();
        const bool computes = !core.at("offchip");
        computing += computes ? 1 : 0;
        for (const auto& [cause, cycles] : core.at("idle_cycles").items()) {
            all += cycles.get<double>();
            if (computes) causes[cause] += cycles.get<double>();
        }
        EXPECT_EQ(all, root.at("latency_cycles").get<double>());
    }
    if (!result.verified) return;
    EXPECT_EQ(root.at("idle").at("cores"), computing);
    for (const auto& [cause, cycles] : root.at("idle").at("cycles").items()) EXPECT_EQ(cycles, causes.at(cause));
    for (const json& wait : root.at("idle").at("waits")) causes.at(wait.at("cause")) -= wait.at("cycles").get<double>();
    for (const char* cause : {"input", "link", "space", "predecessor"}) EXPECT_EQ(causes[cause], 0) << cause;
}

TEST(ResultJson, HasTheStacksOfAFusedRun) {
    const explore::Result result = test::fusedSample();
    const json root = json::parse(report::resultJson(result, 0));
    const json& stacks = root.at("stacks");
    ASSERT_EQ(stacks.size(), 2U);
    EXPECT_EQ(stacks[0].at("layers"), json({0, 1}));
    EXPECT_EQ(stacks[1].at("layers"), json({2}));
    EXPECT_EQ(sum(stacks, "tiles"), root.at("tiles").get<double>());
    EXPECT_EQ(sum(stacks, "offchip_bits"), root.at("offchip_bits").get<double>());
    EXPECT_NEAR(sum(stacks, "energy_pj"), root.at("energy").at("compute_pj").get<double>(), 1e-6);
    EXPECT_EQ(stacks[0].at("weight_bits"), 8 * 3 * (8 * 4 + 8 * 8)) << "3 rows; 8 bits";
    EXPECT_GT(stacks[0].at("peak_bits"), stacks[0].at("weight_bits"));
    EXPECT_EQ(stacks[0].at("end_cycle"), root.at("layers")[1].at("end_cycle"));
    EXPECT_EQ(root.at("layers")[2].at("stack"), 1);
    EXPECT_GT(root.at("transfers").at("forward").at("multicast_transfers"), 0);
    const json other = json::parse(report::resultJson(test::smallSample(), 0));
    EXPECT_TRUE(other.at("stacks").empty());
    EXPECT_FALSE(other.at("layers")[0].contains("stack"));
}

TEST(ResultJson, NamesOfAnyBytesStayValid) {
    test::SampleOptions options;
    options.layers = 3;
    options.name = "a \"quoted\" \\ name\n\x01 with \xff bytes and Größe 網";
    options.prefix = std::string("\xc3\x28\0/", 4) + std::string(5000, 'x');
    explore::Result result = test::sample(options);
    result.workload.hostOperators.push_back({"\"h\"", "T\xfe", "because", {}, {}});
    const json root = json::parse(report::resultJson(result, 0));
    EXPECT_THAT(root.at("network").get<std::string>(), testing::HasSubstr("a \"quoted\" \\ name\n"));
    EXPECT_THAT(root.at("network").get<std::string>(), testing::HasSubstr("Größe 網"));
    EXPECT_EQ(root.at("host_operators").size(), 1U);
    EXPECT_EQ(root.at("host_operators")[0].at("name"), "\"h\"");
}

TEST(ResultJson, PeriodicSchedulesShareTheInterval) {
    explore::Result result = test::singleTask();
    EXPECT_FALSE(json::parse(report::resultJson(result, 0)).contains("interval_cycles"));
    result.schedule.interval = Cycles(14);
    const json root = json::parse(report::resultJson(result, 0));
    EXPECT_EQ(root.at("interval_cycles"), 14);
    EXPECT_EQ(root.at("cores")[0].at("busy_share"), 0.5);
}

}  // namespace
}  // namespace millrace
