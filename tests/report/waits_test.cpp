#include "report/waits.h"

#include <gmock/gmock.h>

#include <map>

#include "explored.h"
#include "report/report.h"
#include "report/statistics.h"
#include "sample.h"
#include "shared.h"

namespace millrace {
namespace {

using namespace report;
using schedule::IdleCause;

Cycles sum(const IdleSums& sums) {
    Cycles all;
    for (const Cycles one : sums) all += one;
    return all;
}

TEST(Waits, AreUnknownWithoutVerification) {
    explore::Result result = test::smallSample();
    EXPECT_TRUE(waits(result).known);
    result.verified = false;
    EXPECT_FALSE(waits(result).known);
    EXPECT_TRUE(waits(result).waits.empty());
    EXPECT_EQ(waits(test::emptyResult()).computing, 0U);
}

/// Whatever the schedule: busy and idle make up the time, and the sums by layer and by what was waited for agree.
TEST(Waits, AddUp) {
    test::forRandomResults(test::count(4000), 11, [](const explore::Result& result) {
        const Waits all = waits(result);
        const Statistics sums = statistics(result);
        ASSERT_TRUE(all.known);
        ASSERT_EQ(all.computing, result.chip.computeCores().size());
        IdleSums byCore{};
        for (const schedule::CoreId core : result.problem.cores.ids()) {
            ASSERT_EQ(sums.cores[core.index()].busy + sum(all.cores[core].sums), result.schedule.latency);
            if (!computes(result, core)) continue;
            for (std::size_t i = 0; i < byCore.size(); ++i) byCore[i] += all.cores[core].sums[i];
        }
        ASSERT_EQ(byCore, all.sums);
        IdleSums byLayer{};
        for (const IdleSums& layer : all.layers) {
            for (std::size_t i = 0; i < byLayer.size(); ++i) byLayer[i] += layer[i];
        }
        byLayer[static_cast<std::size_t>(IdleCause::nothing)] = all.sums[static_cast<std::size_t>(IdleCause::nothing)];
        ASSERT_EQ(byLayer, all.sums);
        IdleSums byResource{};
        Cycles before = result.schedule.latency * 5;
        for (const Wait& wait : all.waits) {
            ASSERT_LE(wait.cycles, before);
            ASSERT_FALSE(nameOf(result, wait).empty());
            before = wait.cycles;
            byResource[static_cast<std::size_t>(wait.cause)] += wait.cycles;
        }
        for (const IdleCause cause : {IdleCause::input, IdleCause::link, IdleCause::space, IdleCause::predecessor}) {
            ASSERT_EQ(byResource[static_cast<std::size_t>(cause)], all.sums[static_cast<std::size_t>(cause)]);
        }
    });
}

/// Core a makes x in [0, 10), which goes over a wide and a narrow link [10, 18) to core b; b runs in [20, 25). The
/// first link comes from the off-chip core, which runs nothing.
explore::Result twoCores() {
    explore::Result result;
    schedule::Problem& problem = result.problem;
    for (const char* name : {"a", "between", "b", "far"}) {
        problem.cores.add({name});
        result.chip.cores.add({});
    }
    result.chip.offchip = hardware::CoreId(3);
    for (std::size_t i = 0; i < 4; ++i) {
        const std::string name = "memory of " + problem.cores[schedule::CoreId(i)].name;
        problem.memories.add({name, Bits(1000), {schedule::CoreId(i)}, 8, 8, 0, 0, i == 3});
    }
    problem.links.add({"wide", false, {schedule::CoreId(0), schedule::CoreId(1)}, {}, {}, 32, 0});
    problem.links.add({"narrow", false, {schedule::CoreId(1), schedule::CoreId(2)}, {}, {}, 8, 0});
    const schedule::MemoryId from(0);
    const schedule::MemoryId to(2);
    const Box box{{0, 8}};
    const schedule::TensorId x = problem.tensors.add({"x", {8}, 8, {}, {}, {}});
    const schedule::TensorId y = problem.tensors.add({"y", {8}, 8, {}, {}, {}});
    for (const char* name : {"first", "second"}) {
        const schedule::GroupId group = problem.groups.add({name, 0});
        workload::Layer layer;
        layer.name = name;
        layer.result = workload::TensorId(group.index());
        result.workload.layers.add(layer);
        explore::LayerResult entry;
        entry.group = group;
        entry.tasks = {schedule::TaskId(group.index())};
        entry.span =
            group.index() == 0 ? schedule::Span{Cycles(0), Cycles(10)} : schedule::Span{Cycles(10), Cycles(25)};
        result.layers.add(entry);
    }
    problem.tasks.add(
        {"first", schedule::GroupId(0), {}, {{x, box}}, {{schedule::CoreId(0), Cycles(10), {}, {}, {from}}}});
    problem.tasks.add(
        {"second", schedule::GroupId(1), {{x, box}}, {{y, box}}, {{schedule::CoreId(2), Cycles(5), {}, {to}, {to}}}});
    schedule::Schedule& schedule = result.schedule;
    schedule.placements.add({schedule::CoreId(0), 0, {Cycles(0), Cycles(10)}});
    schedule.placements.add({schedule::CoreId(2), 0, {Cycles(20), Cycles(25)}});
    schedule.buffers.add({from, x, box, {Cycles(0), Cycles(18)}});
    schedule.buffers.add({to, x, box, {Cycles(10), Cycles(25)}});
    schedule.buffers.add({to, y, box, {Cycles(20), Cycles(25)}});
    schedule.transfers.add({x,
                            box,
                            from,
                            to,
                            {schedule::LinkId(0), schedule::LinkId(1)},
                            8,
                            {Cycles(10), Cycles(18)},
                            schedule::TransferCause::forward});
    schedule.latency = Cycles(25);
    result.verified = true;
    return result;
}

TEST(Waits, NameWhatWasWaitedFor) {
    const explore::Result result = twoCores();
    const Waits all = waits(result);
    std::map<std::string, std::int64_t> named;
    for (const Wait& wait : all.waits) {
        named[std::string(schedule::text(wait.cause)) + " " + kindName(wait.kind) + " " + nameOf(result, wait)] =
            wait.cycles.value();
    }
    EXPECT_THAT(named, testing::UnorderedElementsAre(testing::Pair("predecessor core a", 10),
                                                     testing::Pair("input link narrow", 8)));
    EXPECT_EQ(all.computing, 3U) << "not the off-chip core";
    EXPECT_EQ(all.sums[static_cast<std::size_t>(IdleCause::order)], Cycles(2));
    EXPECT_EQ(all.sums[static_cast<std::size_t>(IdleCause::nothing)], Cycles(15 + 25)) << "of a, and of between";
    EXPECT_EQ(sum(all.layers[0]), Cycles(0));
    EXPECT_EQ(sum(all.layers[1]), Cycles(20));
}

TEST(Waits, StandInTheTableBehindTheirCause) {
    const std::string text = table(twoCores());
    const auto lineWith = [&](const std::string& part) {
        const std::size_t at = text.find(part);
        return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
    };
    EXPECT_THAT(lineWith("running tiles"), testing::EndsWith(" 20 %")) << "15 of 75 cycles";
    EXPECT_THAT(lineWith("waiting for data on their way"), testing::EndsWith(" 11 %  narrow 11 %"));
    EXPECT_THAT(lineWith("waiting for tiles of other cores"), testing::EndsWith(" 13 %  a 13 %"));
    EXPECT_THAT(lineWith("held back by the order of tiles"), testing::EndsWith(" 3 %"));
    EXPECT_THAT(lineWith("no more tiles to run"), testing::EndsWith(" 53 %"));
    EXPECT_EQ(lineWith("waiting for room"), "");
}

TEST(Explain, CountsWhatCameInForALayerOnly) {
    explore::Result result = twoCores();
    result.schedule.transfers.add(result.schedule.transfers[schedule::TransferId(0)]);
    EXPECT_THAT(explain(result, "second"), testing::HasSubstr("moved in: 16 B from other cores"));
    result.schedule.transfers[schedule::TransferId(1)].span = {Cycles(30), Cycles(38)};
    EXPECT_THAT(explain(result, "second"), testing::HasSubstr("moved in: 8 B from other cores"))
        << "not what came after its end";
    result.schedule.transfers[schedule::TransferId(0)].to = schedule::MemoryId(1);
    EXPECT_THAT(explain(result, "second"), testing::Not(testing::HasSubstr("moved in"))) << "its tile reads elsewhere";
    EXPECT_THAT(explain(result, "first"), testing::HasSubstr("its result: 16 B to other cores"));
}

TEST(Waits, OfATransferWithoutLinksAreForItsMemory) {
    explore::Result result = twoCores();
    result.schedule.transfers[schedule::TransferId(0)].route.clear();
    const Waits all = waits(result);
    ASSERT_EQ(all.waits.size(), 2U);
    EXPECT_EQ(nameOf(result, all.waits[1]), "memory of b");
    EXPECT_STREQ(kindName(all.waits[1].kind), "memory");
}

}  // namespace
}  // namespace millrace
