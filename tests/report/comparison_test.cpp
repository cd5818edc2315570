#include "report/comparison.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "explored.h"
#include "report/report.h"
#include "report/text.h"
#include "sample.h"

namespace millrace {
namespace {

using nlohmann::json;
using report::NamedResult;
using testing::HasSubstr;
using testing::Not;

/// The cells of the row with this title, in the first table that has it.
std::vector<std::string> row(const std::string& text, const std::string& title) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (line.find("  " + title) != 0) continue;
        std::vector<std::string> cells;
        std::string rest = line.substr(title.size() + 2);
        while (!rest.empty()) {
            const std::size_t begin = std::min(rest.find_first_not_of(' '), rest.size());
            const std::size_t end = std::min(rest.find("  ", begin), rest.size());
            if (end > begin) cells.push_back(rest.substr(begin, end - begin));
            rest = rest.substr(end);
        }
        return cells;
    }
    return {};
}

TEST(Comparison, SetsEachBesideTheFirst) {
    const explore::Result first = test::smallSample();
    explore::Result second = first;
    second.schedule.latency = first.schedule.latency * 2;
    second.offchipTraffic = Bits(first.offchipTraffic.value() / 4);
    second.schedule.energy = {};
    second.schedule.energy.compute = first.schedule.energy.total() * 0.5;
    second.verified = false;
    const std::string text = report::comparison({{"one", &first, 2}, {"other", &second, 3}});
    using testing::ElementsAre;
    EXPECT_THAT(row(text, "latency in cycles"), ElementsAre(report::countText(first.schedule.latency.value()),
                                                            report::countText(second.schedule.latency.value()), "x2"));
    EXPECT_THAT(row(text, "· times its lower bound"), ElementsAre("2.00", "4.00", "x2"));
    EXPECT_EQ(row(text, "energy ").back(), "x0.5");
    EXPECT_EQ(row(text, "· of off-chip memory and spills").back(), "x0");
    EXPECT_EQ(row(text, "energy-delay product").back(), "x1");
    EXPECT_EQ(row(text, "off-chip traffic").back(), "x0.25");
    EXPECT_EQ(row(text, "cores running tiles").back(), "x0.5");
    EXPECT_THAT(row(text, "tiles"), ElementsAre("48", "48", "x1"));
    EXPECT_THAT(row(text, "verified"), ElementsAre("yes", "NO"));
    EXPECT_THAT(row(text, "seconds to find it"), ElementsAre("2", "3", "x1.5"));
}

TEST(Comparison, PutsMemoriesOfAKindTogether) {
    explore::Result fused = test::fusedSample();
    schedule::Buffer more = fused.schedule.buffers[schedule::BufferId(0)];
    more.memory = schedule::MemoryId(1);  // the fullest one is neither the first nor the last of its kind
    for (int i = 0; i < 9; ++i) fused.schedule.buffers.add(more);
    fused.verified = false;
    const std::string text = report::comparison({{"fused", &fused, 0}});
    EXPECT_THAT(text, HasSubstr("peak of matrix sram"));
    EXPECT_THAT(text, HasSubstr("peak of vector sram"));
    EXPECT_THAT(text, Not(HasSubstr("core 0")));
    const json root = json::parse(report::comparisonJson({{"fused", &fused, 0}}));
    const json& memories = root.at("runs")[0].at("memories");
    ASSERT_EQ(memories.size(), 2U);
    std::int64_t most = 0;
    const json alone = json::parse(report::resultJson(fused, 0));
    for (const json& memory : alone.at("memories")) {
        if (memory.at("name").get<std::string>().find("(matrix)") != std::string::npos)
            most = std::max(most, memory.at("peak_bits").get<std::int64_t>());
    }
    EXPECT_EQ(memories[0].at("peak_bits"), most);
    EXPECT_EQ(memories[0].at("capacity_bits"), 1 << 16);
}

TEST(Comparison, TakesAnyNumberOfAnyResults) {
    test::SampleOptions options;
    options.layers = 3;
    options.name = "\xff\"\n";
    const std::vector<explore::Result> all{test::smallSample(), test::emptyResult(), test::sample(options),
                                           test::fusedSample(), test::singleTask(),  test::largeSample(),
                                           test::smallSample()};
    std::vector<NamedResult> named;
    for (const explore::Result& result : all) {
        named.push_back({std::string(named.size() * 40, 'n') + "\xfe\n", &result, 0.5});
        const std::string text = report::comparison(named);
        std::istringstream stream(text);
        std::size_t rows = 0;
        for (std::string line; std::getline(stream, line);) {
            EXPECT_LE(report::columns(line), 120U) << line;
            rows += line.find("  tiles ") == 0 ? 1 : 0;
        }
        EXPECT_EQ(rows, std::max<std::size_t>(1, (named.size() + 1) / 3)) << "a table for each three after the first";
        EXPECT_EQ(json::parse(report::comparisonJson(named)).at("runs").size(), named.size());
    }
    EXPECT_EQ(report::comparison({}), "nothing to compare\n");
    EXPECT_TRUE(json::parse(report::comparisonJson({})).at("runs").empty());
}

TEST(Comparison, IsForScriptsToo) {
    const explore::Result result = test::smallSample();
    const json root = json::parse(report::comparisonJson({{"a", &result, 1.5}}));
    EXPECT_EQ(root.at("schema"), "millrace.comparison/1");
    const json& run = root.at("runs")[0];
    EXPECT_EQ(run.at("name"), "a");
    EXPECT_EQ(run.at("latency_cycles"), result.schedule.latency.value());
    EXPECT_EQ(run.at("energy_pj").get<double>(), result.schedule.energy.total().value());
    EXPECT_EQ(run.at("edp").get<double>(),
              result.schedule.energy.total().value() * static_cast<double>(result.schedule.latency.value()));
    EXPECT_EQ(run.at("lower_bound").at("latency_cycles"), result.bounds.latency.value());
    EXPECT_EQ(run.at("offchip_bits"), result.offchipTraffic.value());
    EXPECT_EQ(run.at("wall_seconds"), 1.5);
    EXPECT_EQ(run.at("verified"), true);
}

}  // namespace
}  // namespace millrace
