#include <gtest/gtest.h>

#include "fusion/random_case.h"
#include "shared.h"

namespace millrace::fusion {
namespace {

using test::FusedCase;
using test::FusedRun;
using test::FusedTile;

std::vector<std::uint32_t> positions(const Setup& setup, const std::vector<FusedTile>& order) {
    std::vector<std::uint32_t> numbers;
    for (const FusedTile& tile : order) numbers.push_back(setup.works()[tile.work].firstTile + tile.tile);
    return positionsOf(numbers);
}

/// Commits tiles of an order from `from` on; the number that could be committed.
std::size_t commit(FusedRun& run, const std::vector<FusedTile>& order, std::size_t from, std::size_t to) {
    run.engine().follow(positions(run.setup(), order));
    std::size_t at = from;
    while (at < to && run.commit(order[at])) ++at;
    return at - from;
}

/// Goes astray from a point of an order: other tiles, perhaps more than one time, each time taken back.
void wander(FusedRun& run, const std::vector<FusedTile>& order, std::size_t at, Rng& rng, int depth) {
    const std::vector<FusedTile> done(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(at));
    const std::vector<FusedTile> other = test::randomOrder(run.setup(), rng, done);
    const Engine::Mark mark = run.engine().mark();
    const std::size_t length = rng.below(other.size() - at + 1);
    const std::size_t half = rng.below(length + 1);
    const bool failed = commit(run, other, at, at + half) < half;
    if (!failed && depth > 0) wander(run, other, at + half, rng, depth - 1);
    if (!failed) commit(run, other, at + half, at + length);
    run.engine().undo(mark);
}

/// After a detour that was taken back all goes on as without it: the record at that point and in the end.
TEST(Undo, DetoursLeaveNothing) {
    Rng rng(8);
    const std::int64_t runs = test::count(10000);
    std::int64_t compared = 0, spills = 0, sums = 0, followers = 0;
    for (std::int64_t i = 0; i < runs; ++i) {
        const FusedCase given = test::randomCase(rng, test::randomShare(rng));
        FusedRun straight(given);
        const auto order = test::randomOrder(straight.setup(), rng);
        FusedRun astray(given);
        std::size_t at = 0;
        bool good = true;
        while (good && at < order.size()) {
            const std::size_t next = std::min<std::size_t>(order.size(), at + 1 + rng.below(order.size()));
            wander(astray, order, at, rng, 2);
            ASSERT_EQ(test::difference(straight.engine().record(), astray.engine().record()), "") << "run " << i;
            ASSERT_EQ(straight.engine().latency(), astray.engine().latency()) << "run " << i;
            const std::size_t one = commit(straight, order, at, next);
            const std::size_t two = commit(astray, order, at, next);
            ASSERT_EQ(one, two) << "run " << i;
            good = one == next - at;
            at = next;
        }
        if (!good) {
            ASSERT_EQ(straight.engine().reason(), astray.engine().reason()) << "run " << i;
            const bool costs = straight.engine().reason().find("cost model") != std::string::npos;
            ASSERT_EQ(costs ? straight.costs().reason() : "", costs ? astray.costs().reason() : "") << "run " << i;
            continue;
        }
        ASSERT_EQ(test::difference(straight.engine().record(), astray.engine().record()), "") << "run " << i;
        ++compared;
        sums += !astray.engine().record().sums.empty();
        for (const Sent& sent : astray.engine().record().transfers) {
            spills += sent.cause == schedule::TransferCause::spill;
            followers += sent.leader != kNone;
        }
    }
    EXPECT_GT(2 * compared, runs);
    EXPECT_GT(100 * spills, runs);
    EXPECT_GT(100 * sums, runs);
    EXPECT_GT(100 * followers, runs);
}

/// All the way back to nothing, and again: the schedule is that of a new engine, and legal.
TEST(Undo, BackToTheStart) {
    Rng rng(9);
    const std::int64_t runs = test::count(5000);
    for (std::int64_t i = 0; i < runs; ++i) {
        const FusedCase given = test::randomCase(rng, test::randomShare(rng));
        FusedRun run(given);
        FusedRun fresh(given);
        const Engine::Mark start = run.engine().mark();
        commit(run, test::randomOrder(run.setup(), rng), 0, run.setup().tiles());
        run.engine().undo(start);
        ASSERT_EQ(test::difference(run.engine().record(), fresh.engine().record()), "") << "run " << i;
        const bool good = run.all();
        ASSERT_EQ(fresh.all(), good) << "run " << i;
        if (!good) continue;
        ASSERT_EQ(test::difference(run.engine().record(), fresh.engine().record()), "") << "run " << i;
        Diagnostics diagnostics;
        ASSERT_TRUE(run.finish(diagnostics)) << "run " << i << " " << diagnostics.text();
    }
}

}  // namespace
}  // namespace millrace::fusion
