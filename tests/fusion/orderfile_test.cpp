#include "explore/fusion/orderfile.h"

#include <gmock/gmock.h>

#include "explore/fusion/run.h"
#include "fusion/micro.h"
#include "fusion/random_case.h"
#include "shared.h"

/// Orders of tiles that are given.
namespace millrace::fusion {
namespace {

using test::FusedCase;
using test::FusedRun;
using testing::HasSubstr;
using workload::LayerId;
using workload::TensorId;

constexpr workload::DimIndex kOY = 1;

/// "a" of 3 tiles, "b, too" of 2 that reads it, and a layer called "0" of one tile.
workload::Workload threeLayers() {
    workload::Workload workload;
    const TensorId a = test::addElementwise(workload, "a", {test::addInput(workload, {2, 6, 2})});
    const TensorId b = test::addElementwise(workload, "b, too", {a});
    workload.tensors[test::addElementwise(workload, "0", {b})].isOutput = true;
    return workload;
}

FusedCase threeLayerCase() {
    FusedCase result{threeLayers(), test::WiredChip(1, 1 << 20).bus(32).chip, {}, {}};
    result.plan = test::plainPlan(result.workload);
    result.plan.layers[LayerId(0)].intra = {{kOY, 3}};
    result.plan.layers[LayerId(1)].intra = {{kOY, 2}};
    result.policy.order = Order::given;
    result.policy.givenFile = "order.csv";
    return result;
}

TileOrder tilesOf(std::initializer_list<std::pair<std::size_t, std::uint32_t>> tiles) {
    TileOrder order;
    for (const auto& [layer, tile] : tiles) order.emplace_back(layer, tile);
    return order;
}

TEST(OrderFile, LinesAreLayersAndTiles) {
    Diagnostics diagnostics;
    const auto order = parseOrder(
        "# by hand\n"
        "a,0\r\n"
        "\n"
        "  1 , 1  # the second layer\n"
        "b, too,2\n"
        "0,3\n"
        "2,4294967295",
        "order.csv", threeLayers(), diagnostics);
    ASSERT_TRUE(order) << diagnostics.text();
    EXPECT_EQ(order->tiles, tilesOf({{0, 0}, {1, 1}, {1, 2}, {2, 3}, {2, 4294967295U}})) << "names before numbers";
    EXPECT_EQ(order->lines, (std::vector{2, 4, 5, 6, 7}));
}

TEST(OrderFile, EachWrongLineIsNamed) {
    const std::pair<const char*, const char*> cases[] = {
        {"3", "'3' is not of the form LAYER,TILE"},
        {"a,", "'a,' is not of the form LAYER,TILE"},
        {"a,x", "'a,x' is not of the form LAYER,TILE"},
        {"a,-1", "'a,-1' is not of the form LAYER,TILE"},
        {"a,1.5", "'a,1.5' is not of the form LAYER,TILE"},
        {"a,4294967296", "'a,4294967296' is not of the form LAYER,TILE"},
        {"c,1", "the workload has no layer 'c' (a name, or a number from 0 to 2)"},
        {"3,1", "the workload has no layer '3' (a name, or a number from 0 to 2)"},
        {"-1,1", "the workload has no layer '-1'"},
        {",1", "the workload has no layer ''"},
    };
    for (const auto& [line, message] : cases) {
        Diagnostics diagnostics;
        EXPECT_FALSE(parseOrder(std::string("a,0\n#\n") + line + "\na,1\n", "f.csv", threeLayers(), diagnostics));
        EXPECT_THAT(diagnostics.text(), HasSubstr(std::string("f.csv:3:1: error: ") + message));
        EXPECT_EQ(diagnostics.failures(), 1u);
    }
    Diagnostics diagnostics;
    EXPECT_FALSE(parseOrder("x\na,0\ny,0\n", "f.csv", threeLayers(), diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("f.csv:1:1"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("f.csv:3:1")) << "all at once";
}

TEST(OrderFile, WithoutALineItIsRefused) {
    for (const char* text : {"", "\n\n", "# nothing\n   \t\r\n"}) {
        Diagnostics diagnostics;
        EXPECT_FALSE(parseOrder(text, "f.csv", threeLayers(), diagnostics));
        EXPECT_THAT(diagnostics.text(), HasSubstr("f.csv: error: the order names no tile: it is empty"));
    }
    Diagnostics diagnostics;
    EXPECT_TRUE(parseOrder("", "f.csv", workload::Workload(), diagnostics)) << "there is nothing to name";
}

/// What a run says of an order, from its text on.
std::string said(FusedCase given, const std::string& text) {
    Diagnostics diagnostics;
    const auto order = parseOrder(text, "order.csv", given.workload, diagnostics);
    if (order) {
        given.policy.given = order->tiles;
        given.policy.givenLines = order->lines;
        FusedRun run(std::move(given));
        const bool good = fusion::run(run.engine(), diagnostics).has_value();
        EXPECT_EQ(good, !diagnostics.failed());
    }
    return diagnostics.text();
}

TEST(OrderFile, OrdersThatAreNoneAreRefusedWithTheirLine) {
    const FusedCase given = threeLayerCase();
    EXPECT_EQ(said(given, "a,0\na,1\n1,0\na,2\n1,1\n0,0\n"), "");
    EXPECT_THAT(said(given, "a,0\n#\n\n1,0\na,1\na,2\n1,1\n0,0\n"),
                HasSubstr("order.csv:4:1: error: tile 0 of layer 'b, too' stands before a tile that it needs"));
    EXPECT_THAT(said(given, "a,1\na,0\na,2\n1,0\n1,1\n0,0\n"),
                HasSubstr("order.csv:1:1: error: tile 1 of layer 'a' stands before a tile that it needs, or before an "
                          "earlier one of its part"));
    EXPECT_THAT(said(given, "a,0\na,1\na,1\n"), HasSubstr("order.csv:3:1: error: tile 1 of layer 'a' stands twice"));
    EXPECT_THAT(said(given, "a,0\n a,3"),
                HasSubstr("order.csv:2:1: error: layer 'a' has no tile 3: its tiles are 0 to 2"));
    EXPECT_THAT(said(given, "a,0\na,1\n1,0\n"),
                HasSubstr("order.csv: error: the order names 3 of 6 tiles: tile 2 of layer 'a' is missing"));
}

/// Without lines, as of an order that no file has: entries count from 1.
TEST(OrderFile, OrdersFromElsewhereHaveEntries) {
    FusedCase given = threeLayerCase();
    given.policy.given = tilesOf({{0, 0}, {7, 0}});
    given.policy.givenFile = "";
    FusedRun run(given);
    Diagnostics diagnostics;
    EXPECT_FALSE(fusion::run(run.engine(), diagnostics));
    EXPECT_EQ(diagnostics.text(), "error: the order of tiles is wrong at entry 2: there is no such layer\n");
}

/// Host operators run as soon as they can; they have no lines, and are counted nowhere.
TEST(OrderFile, HostOperatorsHaveNoLines) {
    FusedCase given = threeLayerCase();
    const TensorId before = given.workload.layers[LayerId(0)].result;
    workload::Tensor tensor = given.workload.tensors[before];
    tensor.origin = workload::TensorOrigin::host;
    tensor.producer = {};
    const TensorId after = given.workload.tensors.add(tensor);
    std::get<0>(given.workload.layers[LayerId(1)].inputs[0].source)[0].tensor = after;
    given.workload.hostOperators.push_back({"host", "Unknown", "nobody knows it", {before}, {after}});
    EXPECT_EQ(said(given, "a,0\na,1\na,2\n1,0\n1,1\n0,0\n"), "");
    EXPECT_THAT(said(given, "a,0\na,1\n1,0\n"),
                HasSubstr("order.csv:3:1: error: tile 0 of layer 'b, too' stands before"));
    EXPECT_THAT(said(given, "a,0\na,1\na,2\n1,1\n"), HasSubstr("order.csv:4:1: error: tile 1 of layer 'b, too'"));
    EXPECT_THAT(said(given, "a,0\na,1\na,2\n1,0\n1,1\n"),
                HasSubstr("names 5 of 6 tiles: tile 0 of layer '0' is missing"));
}

/// What a run used, printed, read and given: the same schedule.
TEST(OrderFile, APrintedOrderGivesTheSameSchedule) {
    Rng rng(41);
    std::int64_t good = 0, hosts = 0, sums = 0;
    const std::int64_t runs = test::count(4000);
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given = test::randomCase(rng, test::randomShare(rng));
        FusedRun first(given);
        Diagnostics diagnostics;
        const auto order = fusion::run(first.engine(), diagnostics);
        if (!order) continue;
        const workload::Workload& scheduled = first.given().workload;
        const auto read = parseOrder(printOrder(*order), "order.csv", scheduled, diagnostics);
        ASSERT_TRUE(read) << diagnostics.text();
        ASSERT_EQ(read->tiles, *order);
        hosts += !scheduled.hostOperators.empty();
        sums += scheduled.layers.size() > given.workload.layers.size();
        const bool dynamic = given.policy.order == Order::earliestReady;
        given.policy.order = Order::given;
        given.policy.given = read->tiles;
        FusedRun second(given);
        // Of earliest-ready orders the first run did not know what would come, for its choice of what leaves.
        if (fusion::run(second.engine(), diagnostics)) {
            ++good;
            const std::string other = test::difference(first.record(), second.record());
            ASSERT_TRUE(dynamic || other.empty()) << "run " << i << " " << other;
        } else {
            ASSERT_TRUE(dynamic) << diagnostics.text();
        }
    }
    EXPECT_GT(3 * good, runs);
    EXPECT_GT(hosts, runs / 50);
    EXPECT_GT(sums, runs / 50);
}

}  // namespace
}  // namespace millrace::fusion
