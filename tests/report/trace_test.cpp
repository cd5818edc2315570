#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "explored.h"
#include "report/report.h"
#include "report/statistics.h"
#include "report/waits.h"
#include "sample.h"

namespace millrace {
namespace {

using nlohmann::json;

class TraceOf : public testing::TestWithParam<explore::Result (*)()> {
protected:
    TraceOf() : result_(GetParam()()), root_(json::parse(report::perfettoTrace(result_))) {}
    std::vector<json> events(const std::string& phase) const {
        std::vector<json> found;
        for (const json& event : root_.at("traceEvents")) {
            if (event.at("ph") == phase) found.push_back(event);
        }
        return found;
    }

    explore::Result result_;
    json root_;
};

TEST_P(TraceOf, HasEveryTaskOnce) {
    std::set<std::size_t> seen;
    for (const json& event : events("X")) {
        if (event.at("cat") != "task") continue;
        const schedule::TaskId id(event.at("args").at("task").get<std::size_t>());
        EXPECT_TRUE(seen.insert(id.index()).second);
        const schedule::Placement& placement = result_.schedule.placements[id];
        EXPECT_EQ(event.at("ts"), placement.span.start.value());
        EXPECT_EQ(event.at("dur"), placement.span.length().value());
        EXPECT_EQ(event.at("name"), result_.problem.tasks[id].name);
        EXPECT_EQ(event.at("args").at("energy_pj"), result_.problem.tasks[id].options[placement.option].energy.value());
        std::int64_t bits = 0;
        for (const auto& [tensor, amount] : event.at("args").at("reads_bits").items())
            bits += amount.get<std::int64_t>();
        for (const schedule::Access& access : result_.problem.tasks[id].reads) {
            bits -= volume(access.box) * result_.problem.tensors[access.tensor].bits;
        }
        EXPECT_EQ(bits, 0);
    }
    EXPECT_EQ(seen.size(), result_.problem.tasks.size());
}

TEST_P(TraceOf, HasEveryTransferOnEachLink) {
    std::map<std::size_t, std::size_t> hops;
    for (const json& event : events("X")) {
        if (event.at("args").count("bits") == 0) continue;
        const schedule::TransferId id(event.at("args").at("transfer").get<std::size_t>());
        ++hops[id.index()];
        const schedule::Transfer& transfer = result_.schedule.transfers[id];
        EXPECT_EQ(event.at("ts"), transfer.span.start.value());
        EXPECT_EQ(event.at("dur"), transfer.span.length().value());
        EXPECT_EQ(event.at("cat"), report::causeName(transfer.cause));
        EXPECT_EQ(event.at("args").at("bits"), report::size(result_, transfer).value());
    }
    for (const schedule::TransferId id : result_.schedule.transfers.ids()) {
        EXPECT_EQ(hops[id.index()], std::max<std::size_t>(result_.schedule.transfers[id].route.size(), 1));
    }
}

TEST_P(TraceOf, HasEveryIdleCycleWithItsCause) {
    std::map<std::string, std::int64_t> cycles;
    for (const json& event : events("X")) {
        if (event.at("cat") != "idle") continue;
        const json& args = event.at("args");
        cycles[args.at("cause").get<std::string>()] += event.at("dur").get<std::int64_t>();
        EXPECT_EQ(args.contains("link"), args.at("cause") == "link");
        EXPECT_EQ(args.contains("memory"), args.at("cause") == "space");
        EXPECT_EQ(args.contains("after_task"), args.at("cause") == "predecessor");
        EXPECT_EQ(args.contains("next_task"), args.at("cause") != "nothing");
    }
    const report::Waits waits = report::waits(result_);
    for (std::size_t i = 0; i < waits.sums.size(); ++i) {
        const std::string cause = schedule::text(static_cast<schedule::IdleCause>(i));
        EXPECT_EQ(cycles[cause], waits.sums[i].value()) << cause;
    }
}

TEST_P(TraceOf, SaysWhichStackATileIsIn) {
    std::vector<std::int64_t> tiles(result_.stacks.size(), 0);
    for (const json& event : events("X")) {
        if (event.at("cat") == "stack") {
            const std::size_t stack = std::stoul(event.at("name").get<std::string>().substr(6));
            tiles.at(stack) += event.at("args").at("tiles").get<std::int64_t>();
        }
        if (event.at("cat") != "task") continue;
        const json& args = event.at("args");
        EXPECT_EQ(args.contains("stack"), !result_.stacks.empty());
        if (args.contains("stack")) --tiles.at(args.at("stack").get<std::size_t>());
    }
    for (const std::int64_t left : tiles) EXPECT_EQ(left, 0);
}

TEST_P(TraceOf, EventsOfAThreadDoNotOverlap) {
    std::map<int, std::vector<std::pair<std::int64_t, std::int64_t>>> threads;
    std::set<int> named;
    for (const json& event : events("M")) {
        if (event.at("name") == "thread_name") named.insert(event.at("tid").get<int>());
    }
    for (const json& event : events("X")) {
        const auto start = event.at("ts").get<std::int64_t>();
        threads[event.at("tid").get<int>()].emplace_back(start, start + event.at("dur").get<std::int64_t>());
    }
    for (auto& [thread, spans] : threads) {
        EXPECT_TRUE(named.count(thread)) << thread;
        std::sort(spans.begin(), spans.end());
        for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_LE(spans[i - 1].second, spans[i].first);
    }
}

TEST_P(TraceOf, CountersFollowTheMemories) {
    std::map<std::string, std::int64_t> peaks;
    for (const json& event : events("C")) {
        const std::int64_t now = event.at("args").at("weights").get<std::int64_t>() +
                                 event.at("args").at("activations").get<std::int64_t>() +
                                 event.at("args").value("scratch", std::int64_t{0});
        std::int64_t& peak = peaks[event.at("name").get<std::string>()];
        peak = std::max(peak, now);
    }
    const report::Statistics sums = report::statistics(result_);
    for (const schedule::MemoryId id : result_.problem.memories.ids()) {
        const std::string name = result_.problem.memories[id].name + ", bytes";
        EXPECT_EQ(peaks[name] * 8, sums.memories[id.index()].peak.value()) << name;
    }
}

const auto name = [](const auto& info) {
    constexpr std::array names{"small", "large", "single", "empty", "fused"};
    return std::string(names[info.index]);
};
INSTANTIATE_TEST_SUITE_P(Results, TraceOf,
                         testing::Values(test::smallSample, test::largeSample, test::singleTask, test::emptyResult,
                                         test::fusedSample),
                         name);

TEST(Trace, TransfersThatOverlapGetThreadsOfTheirOwn) {
    explore::Result result = test::smallSample();
    result.verified = false;
    for (schedule::Transfer& transfer : result.schedule.transfers) {
        transfer.span.start = Cycles(transfer.span.start.value() / 100000 * 100000);
        transfer.route = {schedule::LinkId(0), schedule::LinkId(1)};
    }
    result.schedule.transfers[schedule::TransferId(0)].route.clear();
    const json root = json::parse(report::perfettoTrace(result));
    std::map<int, std::vector<std::pair<std::int64_t, std::int64_t>>> threads;
    std::size_t hops = 0;
    for (const json& event : root.at("traceEvents")) {
        if (event.at("ph") != "X" || event.at("args").count("bits") == 0) continue;
        ++hops;
        const auto start = event.at("ts").get<std::int64_t>();
        threads[event.at("tid").get<int>()].emplace_back(start, start + event.at("dur").get<std::int64_t>());
    }
    EXPECT_EQ(hops, 2 * result.schedule.transfers.size() - 1);
    EXPECT_GT(threads.size(), 6U);
    for (auto& [thread, spans] : threads) {
        std::sort(spans.begin(), spans.end());
        for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_LE(spans[i - 1].second, spans[i].first);
    }
}

TEST(Trace, NamesOfAnyBytesStayValid) {
    test::SampleOptions options;
    options.layers = 3;
    options.name = "\"{}\\ \xff";
    options.prefix = "{0}\n\"\xfe/";
    const explore::Result result = test::sample(options);
    const json root = json::parse(report::perfettoTrace(result));
    EXPECT_EQ(report::perfettoTrace(result), report::perfettoTrace(result));
    EXPECT_GT(root.at("traceEvents").size(), 12U);
}

}  // namespace
}  // namespace millrace
