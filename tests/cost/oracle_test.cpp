#include "oracle.h"

#include <gmock/gmock.h>

#include "explore/cost/spatial.h"
#include "explore/cost/tables.h"
#include "shared.h"

namespace millrace::cost {
namespace {

using nlohmann::ordered_json;
using test::hexNumber;
using test::Triple;

/// Compares one triple; the number of values that were compared is added up, so that a test can see that it looked.
class Comparison {
public:
    explicit Comparison(const Triple& triple) : triple_(triple), answer_(triple.json["answer"]) {}

    bool usedTables = false;

    std::int64_t run() {
        Diagnostics diagnostics;
        const auto machine = machineOf(triple_.nest, triple_.core, diagnostics);
        EXPECT_TRUE(machine) << diagnostics.text();
        if (!machine) return 0;
        const SpatialPair spatial = spatialOf(triple_.nest, triple_.core, *machine, triple_.flows);
        compareSpatial(0, spatial.fractional);
        compareSpatial(1, spatial.whole);
        const Model model(triple_.nest, *machine, spatial);
        compareTables(model);
        TooSmall why;
        const auto allocation = model.allocate(triple_.order, triple_.even, why);
        EXPECT_EQ(allocation.has_value(), answer_["fits"].get<bool>());
        if (!allocation || !answer_["fits"].get<bool>()) return compared_;
        compareAllocation(*allocation);
        compareDetail(model, *allocation);
        const Score score = model.evaluate(triple_.order, *allocation);
        equal("energy", answer_["numbers"]["energy"], score.energy);
        equal("lat2", answer_["numbers"]["lat2"], score.latency2);
        return compared_;
    }

private:
    void equal(const char* what, const ordered_json& expected, double value) {
        EXPECT_EQ(hexNumber(expected), value) << what;
        ++compared_;
    }

    void compareSpatial(std::size_t version, const Spatial& spatial) {
        const ordered_json& counts = answer_["counts"][version];
        for (std::size_t op = 0; op < triple_.nest.operands.size(); ++op) {
            const std::string& name = triple_.nest.operands[op].name;
            const ordered_json& levels = answer_["levels"][version][name];
            ASSERT_EQ(levels.size(), spatial.level[op].size());
            for (std::size_t a = 0; a < levels.size(); ++a) {
                const Spatial::Level& level = spatial.level[op][a];
                ASSERT_EQ(levels[a].size(), level.loops.size()) << name << a;
                for (std::size_t i = 0; i < level.loops.size(); ++i) {
                    EXPECT_EQ(levels[a][i][0], triple_.nest.dims[level.loops[i].dim].name);
                    equal("unrolling", levels[a][i][1], level.loops[i].factor);
                }
                equal("instances", counts[0][name][a], level.instances);
                equal("unique", counts[1][name][a], level.unique);
                if (a + 1 < levels.size()) equal("boost", counts[2][name][a], level.boost);
            }
        }
    }

    /// The fast path, where it is exact, says the same.
    void compareTables(const Model& model) {
        const auto tables = triple_.even ? std::nullopt : Tables::make(model, triple_.order);
        if (!tables) return;
        std::vector<std::uint32_t> order;
        for (const Loop& loop : triple_.order) {
            const auto at = std::find(tables->kinds().begin(), tables->kinds().end(), loop);
            order.push_back(static_cast<std::uint32_t>(at - tables->kinds().begin()));
        }
        Score score;
        TooSmall why;
        EXPECT_EQ(tables->evaluate(order.data(), score, why), answer_["fits"].get<bool>());
        if (testing::Test::HasFailure() || !answer_["fits"].get<bool>()) return;
        const ordered_json& numbers = answer_["numbers"];
        equal("table energy", numbers["energy"], score.energy);
        equal("table stall", numbers["stall"], score.stall);
        equal("table on", numbers["on"], score.onload);
        equal("table off", numbers["off"], score.offload);
        equal("table lat2", numbers["lat2"], score.latency2);
        usedTables = true;
    }

    void compareAllocation(const Allocation& allocation) {
        for (std::size_t op = 0; op < triple_.nest.operands.size(); ++op) {
            const ordered_json& loops = answer_["allocation"][triple_.nest.operands[op].name];
            std::size_t cut = 0;
            for (std::size_t m = 0; m < loops.size(); ++m, ++compared_) {
                cut += loops[m].get<std::size_t>();
                EXPECT_EQ(cut, allocation.cut[op][m + 1]) << triple_.nest.operands[op].name << m;
            }
        }
    }

    void compareDetail(const Model& model, const Allocation& allocation) {
        const Detail detail = model.explain(triple_.order, allocation);
        const ordered_json& numbers = answer_["numbers"];
        equal("energy", numbers["energy"], detail.score.energy);
        equal("memory energy", numbers["mem_energy"], detail.memoryEnergy);
        equal("ideal", numbers["ideal"], detail.idealCycles);
        equal("spatial cycles", numbers["tcyc"], detail.score.spatialCycles);
        equal("stall", numbers["stall"], detail.score.stall);
        equal("on", numbers["on"], detail.score.onload);
        equal("off", numbers["off"], detail.score.offload);
        equal("lat0", numbers["lat0"], detail.score.latency0);
        equal("lat1", numbers["lat1"], detail.score.latency1);
        equal("lat2", numbers["lat2"], detail.score.latency2);
        for (std::size_t op = 0; op < triple_.nest.operands.size(); ++op) {
            const std::string& name = triple_.nest.operands[op].name;
            const std::size_t levels = model.machine().levels[op];
            for (std::size_t m = 0; m < levels; ++m) {
                for (const hardware::Direction direction : hardware::kDirections) {
                    const std::string key(hardware::name(direction));
                    equal("accesses", numbers["acc"][name][m][key],
                          detail.accesses[op][m][static_cast<std::size_t>(direction)]);
                }
            }
            for (std::size_t a = 0; a <= levels; ++a) {
                EXPECT_EQ(answer_["db"][name][a].get<bool>(), detail.doubleBuffer[op][a]) << name << a;
                equal("elements", answer_["elements"][0][name][a], detail.elements[op][a]);
                equal("whole elements", answer_["elements"][1][name][a], detail.wholeElements[op][a]);
            }
        }
    }

    const Triple& triple_;
    const ordered_json& answer_;
    std::int64_t compared_ = 0;
};

TEST(Oracle, RandomTriplesEqualTheReference) {
    MILLRACE_NEEDS_SHARED();
    if (!test::oracleAvailable()) GTEST_SKIP() << "needs python3";
    std::int64_t fits = 0;
    std::int64_t fails = 0;
    std::int64_t compared = 0;
    std::int64_t tables = 0;
    const std::int64_t count = test::count(100'000);
    test::forEachTriple(count, 20'260'101, [&](const Triple& triple) {
        if (testing::Test::HasFailure()) return;
        Comparison comparison(triple);
        compared += comparison.run();
        tables += comparison.usedTables ? 1 : 0;
        ++(triple.json["answer"]["fits"].get<bool>() ? fits : fails);
        if (testing::Test::HasFailure()) ADD_FAILURE() << "first different triple: " << triple.json.dump();
    });
    std::printf("[  TRIPLES ] %lld fit, %lld do not, %lld also by tables, %lld values compared\n",
                static_cast<long long>(fits), static_cast<long long>(fails), static_cast<long long>(tables),
                static_cast<long long>(compared));
    EXPECT_GT(fits, count / 2);
    EXPECT_GT(fails, count / 100);
    EXPECT_GT(tables, count / 3);
    EXPECT_GT(compared, 20 * count);
}

}  // namespace
}  // namespace millrace::cost
