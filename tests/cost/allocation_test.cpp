#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "explore/cost/model.h"
#include "explore/cost/tables.h"
#include "toy.h"

/// No evaluation allocates: every operator new of this program is counted.
namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace millrace::cost {
namespace {

TEST(Evaluation, AllocatesNothing) {
    const Nest nest = test::toyNest();
    const hardware::Core core = test::toyCore();
    Diagnostics diagnostics;
    const Machine machine = machineOf(nest, core, diagnostics).value();
    const Model model(nest, machine, spatialOf(nest, core, machine, test::toySpatial()));
    const std::vector<Loop> order{{2, 3}, {4, 2}, {1, 6}, {3, 2}};
    const auto tables = Tables::make(model, order).value();
    const std::uint32_t kinds[] = {0, 1, 2, 3};
    ScoreMemo memo;
    const std::int64_t before = allocations;
    TooSmall why;
    const auto allocation = model.allocate(order, false, why);
    const Score walked = model.evaluate(order, *allocation);
    Score score;
    tables.evaluate(kinds, score, why);
    tables.evaluate(kinds, score, why, &memo);
    const std::int64_t after = allocations;
    EXPECT_EQ(after, before);
    EXPECT_EQ(score.energy, walked.energy);
    const auto counted = std::make_unique<int>(1);
    EXPECT_EQ(allocations, after + 1) << "the counter does not count";
    EXPECT_EQ(*counted, 1);
}

}  // namespace
}  // namespace millrace::cost
