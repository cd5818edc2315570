#include "report/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/lanes.h"
#include "sample.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace {
namespace {

using namespace report;

/// A memory and a link with buffers and transfers at random times; no legal schedule, but one that must be counted
/// right.
explore::Result randomResult(Rng& rng) {
    explore::Result result;
    schedule::Problem& problem = result.problem;
    problem.cores.add({"core"});
    problem.memories.add({"sram", Bits(1000), {schedule::CoreId(0)}});
    problem.memories.add({"dram", Bits(1000), {schedule::CoreId(0)}});
    schedule::Link link;
    link.name = "bus";
    link.bandwidth = 8;
    problem.links.add(link);
    for (const auto kind : {schedule::DataClass::weight, schedule::DataClass::activation}) {
        problem.tensors.add({"t", {16}, 4, kind, schedule::MemoryId(), schedule::MemoryId()});
    }
    if (rng.below(2) == 0) problem.tensors[schedule::TensorId(0)].initial = schedule::MemoryId(0);
    const std::uint64_t items = rng.below(12);
    for (std::uint64_t i = 0; i < items; ++i) {
        const std::int64_t begin = rng.between(0, 15);
        const Box box{{begin, rng.between(begin, 16)}};
        const std::int64_t start = rng.between(0, 20);
        const schedule::Span span{Cycles(start), Cycles(rng.between(start, 24))};
        const schedule::TensorId tensor(rng.below(2));
        result.schedule.buffers.add({schedule::MemoryId(0), tensor, box, span});
        result.schedule.transfers.add({tensor,
                                       box,
                                       schedule::MemoryId(1),
                                       schedule::MemoryId(0),
                                       {schedule::LinkId(0)},
                                       rng.between(1, 8),
                                       span,
                                       schedule::TransferCause::input});
    }
    const std::int64_t start = rng.between(0, 20);
    schedule::Option option{schedule::CoreId(0), Cycles(2), {}, {}, {}};
    option.scratch.push_back({schedule::MemoryId(0), Bits(40)});
    problem.tasks.add({"t", {}, {}, {}, {option}});
    result.schedule.placements.add({schedule::CoreId(0), 0, {Cycles(start), Cycles(start + 2)}});
    result.schedule.latency = Cycles(24);
    return result;
}

Step at(const Profile& profile, std::int64_t cycle) {
    Step now;
    for (const Step& step : profile) {
        if (step.at <= cycle) now = step;
    }
    return now;
}

TEST(Profiles, EqualACountAtEveryCycle) {
    Rng rng(1);
    for (std::int64_t round = test::count(20000); round > 0; --round) {
        const explore::Result result = randomResult(rng);
        const Statistics sums = statistics(result);
        const Profile held = memoryProfiles(result)[0];
        const Profile carried = linkProfiles(result)[0];
        std::int64_t peak = 0;
        std::int64_t busy = 0;
        for (std::int64_t cycle = 0; cycle <= 25; ++cycle) {
            std::int64_t weights = result.problem.tensors[schedule::TensorId(0)].initial.valid() ? 64 : 0;
            std::int64_t activations = 0;
            for (const schedule::Buffer& buffer : result.schedule.buffers) {
                if (buffer.span.start.value() > cycle || buffer.span.end.value() <= cycle) continue;
                (buffer.tensor.index() == 0 ? weights : activations) += volume(buffer.box) * 4;
            }
            const schedule::Span& run = result.schedule.placements[schedule::TaskId(0)].span;
            const std::int64_t scratch = run.start.value() <= cycle && cycle < run.end.value() ? 40 : 0;
            std::int64_t bandwidth = 0;
            for (const schedule::Transfer& transfer : result.schedule.transfers) {
                const bool under = transfer.span.start.value() <= cycle && cycle < transfer.span.end.value();
                bandwidth += under ? transfer.bandwidth : 0;
            }
            ASSERT_EQ(at(held, cycle).weights, weights) << "cycle " << cycle;
            ASSERT_EQ(at(held, cycle).activations, activations) << "cycle " << cycle;
            ASSERT_EQ(at(carried, cycle).total(), bandwidth) << "cycle " << cycle;
            ASSERT_EQ(at(held, cycle).scratch, scratch) << "cycle " << cycle;
            peak = std::max(peak, weights + activations + scratch);
            busy += bandwidth > 0 ? 1 : 0;
        }
        ASSERT_EQ(sums.memories[0].peak.value(), peak);
        ASSERT_EQ(sums.links[0].busy.value(), busy);
    }
}

TEST(Statistics, EnergyOfTransfersIsTheSchedules) {
    const explore::Result result = test::smallSample();
    Picojoules spill;
    Picojoules links;
    const schedule::OwnLinks own(result.schedule);
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        const schedule::Transfer& transfer = result.schedule.transfers[id];
        const TransferEnergy cost = energy(result, own, id);
        links += cost.links;
        const bool spilled =
            transfer.cause == schedule::TransferCause::spill || transfer.cause == schedule::TransferCause::reload;
        if (spilled) spill += cost.read + cost.write;
    }
    EXPECT_GT(spill.value(), 0);
    EXPECT_NEAR(spill.value(), result.schedule.energy.spill.value(), 1e-9 * spill.value());
    EXPECT_NEAR(links.value(), result.schedule.energy.links.value(), 1e-9 * links.value());
}

TEST(Statistics, AMulticastIsReadAndCarriedOnce) {
    explore::Result result;
    schedule::Problem& problem = result.problem;
    for (const char* name : {"port", "a", "b"}) problem.cores.add({name});
    for (std::size_t i = 0; i < 3; ++i) {
        problem.memories.add({"m", Bits(100), {schedule::CoreId(i)}, 8, 8, 2, 3, i == 0});
    }
    const schedule::LinkId bus = problem.links.add({"bus", true, problem.cores.ids(), {}, {}, 8, 0.5});
    const schedule::TensorId tensor = problem.tensors.add({"t", {4}, 8, {}, schedule::MemoryId(0), {}});
    const schedule::Span span{Cycles(0), Cycles(4)};
    for (std::size_t to = 1; to < 3; ++to) {
        result.schedule.transfers.add(
            {tensor, {{0, 4}}, schedule::MemoryId(0), schedule::MemoryId(to), {bus}, 8, span});
    }
    result.schedule.transfers[schedule::TransferId(1)].with = schedule::TransferId(0);
    result.schedule.latency = Cycles(4);
    const Statistics sums = statistics(result);
    EXPECT_EQ(sums.links[0].bits, Bits(32));
    EXPECT_EQ(sums.links[0].transfers, 1);
    EXPECT_EQ(sums.links[0].energy.value(), 16);
    EXPECT_EQ(linkProfiles(result)[0].front().total(), 8);
    EXPECT_EQ(sums.memories[0].read, Bits(32));
    EXPECT_EQ(sums.memories[0].energy.value(), 8);
    EXPECT_EQ(sums.memories[1].written, Bits(32));
    EXPECT_EQ(sums.memories[2].written, Bits(32));
    EXPECT_EQ(sums.memories[2].energy.value(), 12);
    const schedule::Energy parts = schedule::energy(problem, result.schedule);
    EXPECT_EQ(parts.total().value(), 16 + 8 + 12 + 12);
}

TEST(Owners, WeightsBelongToTheirReaderAndResultsToTheirMaker) {
    const explore::Result result = test::smallSample();
    const Owners owners(result);
    std::size_t seen = 0;
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        const std::string& name = result.problem.tensors[transfer.tensor].name;
        const bool input = name == "input";
        const std::size_t layer = input ? 0 : static_cast<std::size_t>(std::stoi(name.substr(name.rfind(' '))));
        EXPECT_EQ(owners.layer(transfer).index(), layer) << name;
        ++seen;
    }
    EXPECT_GT(seen, 20U);
}

TEST(Share, OfNothingIsNothing) {
    EXPECT_EQ(share(1.0, 0.0), 0);
    EXPECT_EQ(share(Cycles(3), Cycles(4)), 0.75);
}

std::vector<LaneRequest> randomRequests(Rng& rng) {
    std::vector<LaneRequest> requests(rng.below(14));
    for (LaneRequest& request : requests) {
        request.start = rng.between(0, 20);
        request.end = request.start + rng.between(1, 8);
        request.share = static_cast<double>(rng.between(1, 4)) / 8;
    }
    return requests;
}

bool together(const LaneRequest& a, const LaneRequest& b) { return a.start < b.end && b.start < a.end; }

TEST(Lanes, DoNotOverlapAndAreFew) {
    Rng rng(2);
    for (std::int64_t round = test::count(50000); round > 0; --round) {
        const std::vector<LaneRequest> requests = randomRequests(rng);
        const std::vector<std::size_t> lane = lanes(requests);
        std::size_t used = 0;
        std::size_t deepest = 0;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            used = std::max(used, lane[i] + 1);
            std::size_t depth = 0;
            for (std::size_t j = 0; j < requests.size(); ++j) {
                depth += requests[j].start <= requests[i].start && requests[i].start < requests[j].end ? 1 : 0;
                if (i == j || lane[i] != lane[j]) continue;
                ASSERT_FALSE(together(requests[i], requests[j]));
            }
            deepest = std::max(deepest, depth);
        }
        ASSERT_EQ(used, deepest);
    }
}

TEST(Stack, CoversNothingThatFits) {
    Rng rng(3);
    for (std::int64_t round = test::count(50000); round > 0; --round) {
        std::vector<LaneRequest> requests = randomRequests(rng);
        for (LaneRequest& request : requests) request.share = 1.0 / 16;  // never fills the height
        const std::vector<double> lows = stack(requests);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            ASSERT_GE(lows[i], 0);
            ASSERT_LE(lows[i] + requests[i].share, 1 + 1e-9);
            for (std::size_t j = 0; j < i; ++j) {
                if (!together(requests[i], requests[j])) continue;
                ASSERT_GE(std::abs(lows[i] - lows[j]), 1.0 / 16 - 1e-9);
            }
        }
    }
}

}  // namespace
}  // namespace millrace
