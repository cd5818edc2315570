#include "explore/mapper/mapper.h"

#include <gmock/gmock.h>

#include "explore/cost/spatial.h"
#include "explore/explore.h"
#include "explore/mapper/exact/search.h"
#include "explore/mapper/spatialsearch.h"
#include "explore/workload/lower.h"
#include "hardware/read.h"
#include "model/onnx/onnx.h"
#include "random.h"
#include "shared.h"

namespace millrace::mapper {
namespace {

using test::Problem;

constexpr Objective kObjectives[] = {Objective::latency, Objective::energy, Objective::edp};

double valueOf(const Mapping& mapping, Objective objective) {
    if (objective == Objective::energy) return mapping.energy;
    return objective == Objective::latency ? mapping.latency : mapping.energy * mapping.latency;
}

/// Empty if nothing fits.
std::optional<Mapping> solve(const Problem& problem, Options options, const Limits& limits = {}) {
    Diagnostics diagnostics;
    Request request{problem.nest, problem.core, problem.spatial};
    request.options = options;
    request.limits = limits;
    auto mapping = map(request, diagnostics);
    EXPECT_TRUE(mapping || diagnostics.anyInfeasible()) << diagnostics.text();
    return mapping;
}

Options exactly(Objective objective, cost::Corrections corrections = {}) {
    Options options;
    options.engine = Engine::exact;
    options.objective = objective;
    options.corrections = corrections;
    return options;
}

TEST(ExactMapper, IsNotWorseThanZigZagAndSaysSo) {
    test::RandomProblem random(21);
    std::int64_t better = 0;
    for (std::int64_t i = 0; i < test::count(10'000); ++i) {
        const Problem problem = random.draw(1 + static_cast<std::size_t>(i) % 6);
        for (const Objective objective : kObjectives) {
            Options zigzag;
            zigzag.objective = objective;
            const auto loma = solve(problem, zigzag);
            const auto exact = solve(problem, exactly(objective));
            ASSERT_TRUE(exact || !loma) << i;
            if (!exact) continue;
            const double value = valueOf(*exact, objective);
            ASSERT_TRUE(exact->certificate);
            EXPECT_TRUE(exact->certificate->optimal);
            EXPECT_DOUBLE_EQ(exact->certificate->value, value);
            EXPECT_EQ(exact->certificate->bound, exact->certificate->value);
            EXPECT_GT(exact->certificate->space, 0);
            if (!loma) continue;
            EXPECT_LE(value, valueOf(*loma, objective));
            better += value < valueOf(*loma, objective) ? 1 : 0;
        }
    }
    EXPECT_GT(better, 0);
}

/// Whenever it is stopped, the optimum lies between bound and value.
TEST(ExactMapper, StoppedEarlyItBoundsTheOptimum) {
    test::RandomProblem random(22);
    const std::atomic<bool> stop = true;
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < test::count(3'000); ++i) {
        const Problem problem = random.draw(3 + static_cast<std::size_t>(i) % 3);
        for (const Objective objective : kObjectives) {
            const auto exact = solve(problem, exactly(objective));
            if (!exact) continue;
            const double optimum = valueOf(*exact, objective);
            for (const std::size_t labels : {std::size_t{0}, std::size_t{2}, std::size_t{20}, std::size_t{200}}) {
                Limits limits;
                limits.labels = labels;
                if (labels == 0) limits = {{}, &stop};
                const auto early = solve(problem, exactly(objective), limits);
                if (!early) continue;
                const Certificate& certificate = *early->certificate;
                EXPECT_LE(certificate.bound, optimum * (1 + 1e-12)) << i;
                EXPECT_GE(certificate.value, optimum * (1 - 1e-12)) << i;
                EXPECT_GE(certificate.gap(), 0);
                EXPECT_TRUE(!certificate.optimal || certificate.value <= optimum * (1 + 1e-12)) << i;
                open += certificate.optimal ? 0 : 1;
            }
        }
    }
    EXPECT_GT(open, 0);
}

TEST(ExactMapper, TakesACompleteOrderAndNoOther) {
    Problem problem{test::toyNest(), test::toyCore(), test::toySpatial()};
    Diagnostics diagnostics;
    Request request{problem.nest, problem.core, problem.spatial};
    request.options = exactly(Objective::energy);
    request.temporal = {{"C", 3}, {"OX", 2}, {"K", 6}, {"OY", 2}};
    const auto fixed = map(request, diagnostics);
    ASSERT_TRUE(fixed) << diagnostics.text();
    std::string order;
    for (const MappedLoop& loop : fixed->loops) order += loop.dim;
    EXPECT_THAT(order, testing::AnyOf("COXKKOY", "COXKOY"));
    EXPECT_LE(fixed->energy, 11734.4 + 1e-9);
    request.temporal = {};
    const auto any = map(request, diagnostics);
    EXPECT_NEAR(any->energy, 6396, 1e-9);
    EXPECT_LT(any->energy, fixed->energy);
    request.temporal = {{"C", std::nullopt}};
    EXPECT_FALSE(map(request, diagnostics));
    EXPECT_THAT(diagnostics.text(), testing::HasSubstr("names every loop"));
    request.temporal = {};
    request.options.even = true;
    EXPECT_FALSE(map(request, diagnostics));
    EXPECT_THAT(diagnostics.text(), testing::HasSubstr("uneven"));
}

/// zigzag.md 19.1 and 21.7.
TEST(ExactMapper, Toy) {
    const Problem problem{test::toyNest(), test::toyCore(), test::toySpatial()};
    EXPECT_NEAR(solve(problem, exactly(Objective::energy))->energy, 6396, 1e-9);
    EXPECT_EQ(solve(problem, exactly(Objective::latency))->latency, 93);
    const auto edp = solve(problem, exactly(Objective::edp));
    EXPECT_NEAR(edp->energy * edp->latency, 1'005'739.2, 1e-6);
}

TEST(ExactMapper, FrontHoldsBothOptima) {
    test::RandomProblem random(23);
    std::size_t longest = 0;
    for (std::int64_t i = 0; i < test::count(3'000); ++i) {
        const Problem problem = random.draw(3 + static_cast<std::size_t>(i) % 5);
        const auto energy = solve(problem, exactly(Objective::energy));
        const auto latency = solve(problem, exactly(Objective::latency));
        if (!energy) continue;
        Diagnostics diagnostics;
        const std::vector<Mapping> found = front({problem.nest, problem.core, problem.spatial}, diagnostics);
        ASSERT_FALSE(found.empty());
        longest = std::max(longest, found.size());
        for (std::size_t k = 1; k < found.size(); ++k) {
            EXPECT_LT(found[k - 1].energy, found[k].energy);
            EXPECT_GT(found[k - 1].latency, found[k].latency);
        }
        EXPECT_NEAR(found.front().energy, energy->energy, energy->energy * 1e-12);
        EXPECT_NEAR(found.back().latency, latency->latency, 1e-6);
        EXPECT_TRUE(energy->certificate->tieBroken && latency->certificate->tieBroken);
        EXPECT_NEAR(found.front().latency, energy->latency, 1e-6);
        EXPECT_NEAR(found.back().energy, latency->energy, latency->energy * 1e-12);
    }
    EXPECT_GT(longest, 2u);
}

TEST(SpatialSearch, IsTheBestOfAllUnrollings) {
    test::RandomProblem random(24);
    for (std::int64_t i = 0; i < test::count(2'000); ++i) {
        Problem problem = random.draw(2 + static_cast<std::size_t>(i) % 3);
        if (i % 3 == 0) problem.nest.corrections = random.corrections();
        Diagnostics diagnostics;
        const auto machine = cost::machineOf(problem.nest, problem.core, diagnostics);
        for (const Objective objective : kObjectives) {
            Options options = exactly(objective, problem.nest.corrections);
            double best = std::numeric_limits<double>::infinity();
            const auto given = solve(problem, options);
            if (given) best = valueOf(*given, objective);
            Problem other = problem;
            forEveryUnrolling({problem.nest, problem.core}, *machine, [&](const auto& flows) {
                const cost::Model model(problem.nest, *machine,
                                        cost::spatialOf(problem.nest, problem.core, *machine, flows));
                const LeastCost least = leastCost(model);
                const auto primes = loopFactors(cost::temporalSizes(problem.nest, model.spatial().fractional), 64);
                const auto space = exact::Space::make(model, primes, 100'000);
                exact::Aim aim(objective);
                exact::Search(*space, 0, aim, {}).run();
                if (aim.empty()) return true;
                best = std::min(best, aim.best());
                EXPECT_LE(least.energy, aim.found().front().score.energy * (1 + 1e-12)) << i;
                EXPECT_LE(least.latency, aim.found().front().score.latency2 * (1 + 1e-12)) << i;
                return true;
            });
            options.spatialSearch = true;
            const auto searched = solve(problem, options);
            ASSERT_EQ(searched.has_value(), best < std::numeric_limits<double>::infinity()) << i;
            if (!searched) continue;
            EXPECT_NEAR(valueOf(*searched, objective), best, best * 1e-12) << i;
        }
    }
}

/// One thing of a core made larger, at the same costs: a memory, a port or the array.
Problem enlarged(const Problem& problem, Rng& rng, bool array) {
    Problem result = problem;
    if (array) {
        hardware::ArrayDimension& dimension = result.core.array.dimensions[rng.below(2)];
        dimension.size += rng.between(1, 4);
        return result;
    }
    hardware::Memory& memory = result.core.memories[rng.below(result.core.memories.size())];
    if (rng.below(2) == 0) {
        memory.size = Bits(memory.size.value() * rng.between(10, 25) / 10 + rng.between(0, 8));
    } else {
        hardware::Port& port = memory.ports[rng.below(memory.ports.size())];
        port.bandwidthMax += rng.between(1, 24);
    }
    return result;
}

/// Did a memory become larger, and nothing else?
bool sizesDiffer(const Problem& a, const Problem& b) {
    for (std::size_t i = 0; i < a.core.memories.size(); ++i) {
        if (a.core.memories[i].size != b.core.memories[i].size) return true;
    }
    return false;
}

/// What the model promises: exact optima, all corrections (docs/mapper.md).
TEST(MoreHardware, IsNotWorse) {
    test::RandomProblem random(25);
    Rng rng(26);
    std::int64_t compared = 0;
    std::int64_t better = 0;
    for (std::int64_t i = 0; i < test::count(20'000); ++i) {
        const Problem small = random.draw(2 + static_cast<std::size_t>(i) % 4);
        const bool array = i % 10 == 0;
        const Problem large = enlarged(small, rng, array);
        // What the mapping file unrolls is clipped to the array and to the ports of the innermost memories.
        const bool sameUnrolling = sizesDiffer(small, large);
        for (const Objective objective : kObjectives) {
            Options options = exactly(objective, cost::Corrections::all());
            options.spatialSearch = !sameUnrolling;
            const auto before = solve(small, options);
            const auto after = solve(large, options);
            if (!before) continue;
            ASSERT_TRUE(after) << i;
            EXPECT_LE(valueOf(*after, objective), valueOf(*before, objective) * (1 + 1e-12))
                << "problem " << i << " objective " << static_cast<int>(objective);
            ++compared;
            better += valueOf(*after, objective) < valueOf(*before, objective) ? 1 : 0;
        }
    }
    EXPECT_GT(compared, test::count(20'000));
    EXPECT_GT(better, 0);
}

/// What it does not promise: ZigZag's search in ZigZag's model.
TEST(MoreHardware, MayBeWorseInZigZagsModel) {
    test::RandomProblem random(25);
    Rng rng(26);
    std::int64_t worse = 0;
    const std::int64_t count = 2'000;
    for (std::int64_t i = 0; i < count; ++i) {
        const Problem small = random.draw(2 + static_cast<std::size_t>(i) % 4);
        const Problem large = enlarged(small, rng, false);
        const auto before = solve(small, {});
        const auto after = solve(large, {});
        if (before && after && after->latency > before->latency) ++worse;
    }
    std::printf("[  WORSE   ] %lld of %lld\n", static_cast<long long>(worse), static_cast<long long>(count));
    EXPECT_GT(worse, 0);
}

class Resnet18 : public testing::TestWithParam<std::tuple<const char*, const char*, double>> {};

/// zigzag.md 19.1, and the same for two threads.
TEST_P(Resnet18, EnergyOptimum) {
    MILLRACE_NEEDS_SHARED();
    const auto [core, mapping, energy] = GetParam();
    const std::string folder = test::sharedDir() + "/peers/zigzag/";
    Diagnostics diagnostics;
    const auto network = model::readOnnx(test::sharedDir() + "/models/peers/resnet18.onnx", {}, diagnostics);
    const auto hardware = hardware::readCore(folder + "hardware/" + core + ".yaml", diagnostics);
    const auto mapped = mapping::readMapping(folder + "mapping/" + mapping + ".yaml", diagnostics);
    ASSERT_TRUE(network && hardware && mapped) << diagnostics.text();
    const auto workload = workload::lower(*network, {}, diagnostics);
    explore::CostOptions options;
    options.mapper = exactly(Objective::energy);
    const auto one = costLayers(*workload, *hardware, &*mapped, options, diagnostics);
    ASSERT_TRUE(one) << diagnostics.text();
    EXPECT_NEAR(one->energy, energy, 0.005);
    options.threads = 2;
    const auto two = costLayers(*workload, *hardware, &*mapped, options, diagnostics);
    EXPECT_EQ(two->energy, one->energy);
    EXPECT_EQ(two->evaluations, one->evaluations);
    for (std::size_t i = 0; i < one->layers.size(); ++i) {
        EXPECT_TRUE(one->layers[i].mapping->certificate->optimal);
        EXPECT_EQ(temporalText(*one->layers[i].mapping), temporalText(*two->layers[i].mapping));
        EXPECT_EQ(one->layers[i].mapping->certificate->generated, two->layers[i].mapping->certificate->generated);
    }
}

INSTANTIATE_TEST_SUITE_P(Cores, Resnet18,
                         testing::Values(std::tuple("tpu_like", "tpu_like", 1859878498.99),
                                         std::tuple("edge_tpu_like", "edge_tpu_like", 1899078154.19),
                                         std::tuple("meta_prototype", "meta_prototype_like", 1676764774.24)));

}  // namespace
}  // namespace millrace::mapper
