#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "explore/cost/machine.h"
#include "explore/cost/model.h"
#include "explore/cost/spatial.h"
#include "explore/mapper/exact/search.h"
#include "explore/mapper/orders.h"
#include "random.h"
#include "shared.h"

namespace millrace::mapper::exact {
namespace {

using test::Problem;

/// Every order of the primes, every cut of every operand that the memories can hold, each evaluated by the cost model:
/// slow and obvious.
class BruteForce {
public:
    BruteForce(const cost::Model& model, std::vector<cost::Loop> primes) : model_(model), primes_(std::move(primes)) {
        std::vector<std::size_t> order(primes_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        const auto less = [&](std::size_t a, std::size_t b) { return key(primes_[a]) < key(primes_[b]); };
        std::sort(order.begin(), order.end(), less);
        do {
            order_.clear();
            for (const std::size_t i : order) order_.push_back(primes_[i]);
            allocation_ = {};
            cutFrom(0, 1);
        } while (std::next_permutation(order.begin(), order.end(), less));
    }

    std::int64_t mappings = 0;
    double energy = std::numeric_limits<double>::infinity();
    double latency = std::numeric_limits<double>::infinity();
    double edp = std::numeric_limits<double>::infinity();
    std::map<double, double> front;  ///< energy -> latency

private:
    static std::pair<cost::DimIndex, std::int64_t> key(const cost::Loop& loop) { return {loop.dim, loop.factor}; }

    const cost::Machine& machine() const { return model_.machine(); }

    void cutFrom(std::size_t op, std::size_t a) {
        if (op == machine().operands) {
            if (fits()) evaluate();
            return;
        }
        const std::size_t next = a == machine().levels[op] ? op + 1 : op;
        const std::size_t least = a == machine().levels[op] ? order_.size() : std::size_t{allocation_.cut[op][a - 1]};
        for (std::size_t cut = least; cut <= order_.size(); ++cut) {
            allocation_.cut[op][a] = static_cast<std::uint8_t>(cut);
            cutFrom(next, next == op ? a + 1 : 1);
        }
    }

    /// zigzag.md 6.4: the tile of the output counts with partial sums if a loop that accumulates lies above the cut
    /// below it.
    bool fits() const {
        for (const cost::Machine::Node& node : machine().nodes) {
            double bits = 0;
            for (std::size_t k = 0; k < node.count; ++k) bits += bitsOf(node.operand[k], node.level[k]);
            if (bits > node.size) return false;
        }
        return true;
    }

    /// Distinct places of a window of a by b (the cores' strides are never larger than the windows here).
    double indices(const cost::Relation& relation, double a, double b) const {
        const auto cap = static_cast<double>(relation.cap);
        if (!model_.nest().corrections.has(cost::Correction::halo)) {
            return std::min(cap, static_cast<double>(
                                     cost::halo(relation, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b))));
        }
        const auto stride = static_cast<double>(relation.coefficients[0]);
        return std::min({cap, a * b, a * b - std::max(0.0, b - stride) * std::max(0.0, a - 1)});
    }

    double bitsOf(std::size_t op, std::size_t level) const {
        const cost::Nest& nest = model_.nest();
        const cost::Operand& operand = nest.operands[op];
        std::vector<double> size(nest.dims.size(), 1.0);
        for (std::size_t i = 0; i < allocation_.cut[op][level + 1]; ++i)
            size[order_[i].dim] *= static_cast<double>(order_[i].factor);
        for (std::size_t b = 0; b <= level; ++b) {
            for (const cost::SpatialLoop& loop : model_.spatial().fractional.level[op][b].loops)
                size[loop.dim] *= loop.factor;
        }
        double elements = machine().level[op][level].copies;
        for (const cost::DimIndex dim : operand.relevant) elements *= size[dim];
        if (operand.partial) {
            for (const cost::Relation& relation : nest.relations)
                elements *= indices(relation, size[relation.dims[0]], size[relation.dims[1]]);
        }
        if (op != 0) return elements * operand.bits;
        bool partial = false;
        for (std::size_t i = allocation_.cut[0][level]; i < order_.size(); ++i)
            partial = partial || (operand.irrelevantMask >> order_[i].dim & 1) != 0;
        const auto& levels = model_.spatial().fractional.level[0];
        for (std::size_t b = level + 1; b < levels.size(); ++b) {
            for (const cost::SpatialLoop& loop : levels[b].loops)
                partial = partial || (operand.irrelevantMask >> loop.dim & 1) != 0;
        }
        return elements * (partial ? operand.bits : nest.finalBits);
    }

    void evaluate() {
        const cost::Score score = model_.evaluate(order_, allocation_);
        ++mappings;
        energy = std::min(energy, score.energy);
        latency = std::min(latency, score.latency2);
        edp = std::min(edp, score.energy * score.latency2);
        for (const auto& [e, l] : front) {
            if (e <= score.energy && l <= score.latency2) return;
        }
        std::erase_if(front,
                      [&](const auto& known) { return score.energy <= known.first && score.latency2 <= known.second; });
        front[score.energy] = score.latency2;
    }

    const cost::Model& model_;
    std::vector<cost::Loop> primes_;
    std::vector<cost::Loop> order_;
    cost::Allocation allocation_;
};

struct Answer {
    bool found = false;
    double value = 0;
    std::vector<Found> all;
};

Answer solve(const Space& space, Objective objective, bool front = false) {
    Aim aim(objective, front ? Aim::Kind::front : Aim::Kind::best);
    Limits limits;
    Search search(space, 0, aim, limits);
    EXPECT_TRUE(search.run());
    if (aim.empty()) return {};
    EXPECT_LE(search.rootBound(), front ? search.rootBound() : aim.best() * (1 + 1e-12));
    return {true, aim.best(), aim.found()};
}

/// Draws `first` problems that it does not look at, and compares the `count` that follow.
void compareWithBruteForce(std::uint64_t seed, std::int64_t first, std::int64_t count, bool corrected) {
    test::RandomProblem random(seed);
    std::int64_t compared = 0;
    std::int64_t mappings = 0;
    for (std::int64_t i = 0; i < first + count && !testing::Test::HasFailure(); ++i) {
        Problem problem = random.draw(i % 20 == 19 ? 5 : 1 + static_cast<std::size_t>(i) % 4);
        if (corrected) problem.nest.corrections = random.corrections();
        Diagnostics diagnostics;
        const auto machine = cost::machineOf(problem.nest, problem.core, diagnostics);
        ASSERT_TRUE(machine) << diagnostics.text();
        const auto flows = cost::cleanUp(problem.nest, problem.core, *machine, problem.spatial);
        const cost::SpatialPair spatial = cost::spatialOf(problem.nest, problem.core, *machine, flows);
        const cost::Model model(problem.nest, *machine, spatial);
        const auto primes = loopFactors(cost::temporalSizes(problem.nest, spatial.fractional), 64);
        if (primes.size() > 5 || i < first) continue;
        const BruteForce brute(model, primes);
        const auto space = Space::make(model, primes, 100'000);
        ASSERT_TRUE(space);
        const Answer energy = solve(*space, Objective::energy);
        ASSERT_EQ(energy.found, brute.mappings > 0) << "problem " << i;
        if (!energy.found) continue;
        EXPECT_NEAR(energy.value, brute.energy, brute.energy * 1e-12) << "problem " << i;
        EXPECT_NEAR(solve(*space, Objective::latency).value, brute.latency, brute.latency * 1e-12) << "problem " << i;
        EXPECT_NEAR(solve(*space, Objective::edp).value, brute.edp, brute.edp * 1e-12) << "problem " << i;
        const Found fastest = solve(*space, Objective::latency).all.front();
        Aim tie = Aim::tie(Objective::latency, fastest);
        Search ties(*space, 0, tie, Limits());
        EXPECT_TRUE(ties.run());
        const double thriftiest = brute.front.rbegin()->first;
        EXPECT_NEAR(tie.found().front().score.energy, thriftiest, thriftiest * 1e-12) << "problem " << i;
        EXPECT_EQ(tie.found().front().score.latency2, fastest.score.latency2) << "problem " << i;
        const Answer front = solve(*space, Objective::latency, true);
        ASSERT_EQ(front.all.size(), brute.front.size()) << "problem " << i;
        std::size_t at = 0;
        for (const auto& [e, l] : brute.front) {
            EXPECT_NEAR(front.all[at].score.energy, e, e * 1e-12) << "problem " << i;
            EXPECT_NEAR(front.all[at++].score.latency2, l, l * 1e-12) << "problem " << i;
        }
        ++compared;
        mappings += brute.mappings;
    }
    std::printf("[  EXACT   ] %lld problems, %lld mappings tried one by one\n", static_cast<long long>(compared),
                static_cast<long long>(mappings));
    EXPECT_GE(compared, (count + 1) / 2);
}

TEST(Exact, EqualsBruteForce) { compareWithBruteForce(7, 0, test::count(20'000), false); }

TEST(Exact, EqualsBruteForceUnderCorrections) { compareWithBruteForce(8, 0, test::count(20'000), true); }

/// Once the output's one transfer is cut, its smallest tile still decides how far it can be shortened.
TEST(Exact, SmallestTilesMatterToTheEnd) { compareWithBruteForce(8, 19'781, 1, true); }

}  // namespace
}  // namespace millrace::mapper::exact
