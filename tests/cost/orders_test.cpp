#include "explore/mapper/orders.h"

#include <gmock/gmock.h>

#include <set>

#include "explore/cost/setorder.h"
#include "toy.h"

namespace millrace::mapper {
namespace {

using testing::ElementsAre;

std::vector<std::string> sequence(std::vector<std::uint32_t> values) {
    std::vector<std::string> result;
    Orders orders(std::move(values));
    std::vector<std::uint32_t> order;
    do {
        orders.current(order);
        std::string text;
        for (const std::uint32_t value : order) text += static_cast<char>('0' + value);
        result.push_back(text);
    } while (orders.next());
    return result;
}

TEST(Orders, CoolLexSequence) {
    EXPECT_THAT(sequence({1, 2, 3}), ElementsAre("321", "132", "312", "231", "123", "213"));
    EXPECT_THAT(sequence({1, 1, 2}), ElementsAre("211", "121", "112"));
    EXPECT_THAT(sequence({2, 1, 1, 2}), ElementsAre("2211", "1221", "2121", "1212", "1122", "2112"));
    EXPECT_THAT(sequence({5}), ElementsAre("5"));
    EXPECT_THAT(sequence({1, 2}), ElementsAre("21", "12"));
    EXPECT_THAT(sequence({3, 3}), ElementsAre("33"));
}

TEST(Orders, EachOrderOnce) {
    const auto all = sequence({0, 0, 1, 2, 3, 3, 3});
    EXPECT_EQ(all.size(), 420u);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 420u);
    EXPECT_EQ(orderCount({{0, 2}, {0, 2}, {1, 2}, {2, 2}, {3, 2}, {3, 2}, {3, 2}}), 420);
    EXPECT_EQ(orderCount({{0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}, {5, 2}}), 720);
    EXPECT_EQ(orderCount(std::vector<cost::Loop>(30, {0, 2})), 1);
}

std::vector<std::int64_t> factorsOf(const std::vector<std::int64_t>& sizes, int limit, cost::DimIndex dim) {
    std::vector<std::int64_t> result;
    for (const cost::Loop& loop : loopFactors(sizes, limit)) {
        if (loop.dim == dim) result.push_back(loop.factor);
    }
    return result;
}

TEST(LoopFactors, Tables) {
    const std::vector<std::int64_t> conv{2, 112, 112, 7, 7};
    EXPECT_THAT(factorsOf(conv, 6, 0), ElementsAre(2));
    EXPECT_THAT(factorsOf(conv, 6, 1), ElementsAre(112));
    EXPECT_THAT(factorsOf(conv, 6, 2), ElementsAre(7, 16));
    EXPECT_THAT(factorsOf(conv, 6, 3), ElementsAre(7));
    for (const cost::DimIndex dim : {0, 1, 2}) EXPECT_THAT(factorsOf({8, 8, 8}, 6, dim), ElementsAre(2, 4));
    EXPECT_THAT(factorsOf({16, 32}, 6, 0), ElementsAre(2, 2, 4));
    EXPECT_THAT(factorsOf({16, 32}, 6, 1), ElementsAre(2, 4, 4));
    EXPECT_THAT(factorsOf({60, 6}, 4, 0), ElementsAre(5, 12));
    EXPECT_THAT(factorsOf({60, 6}, 4, 1), ElementsAre(2, 3));
    EXPECT_EQ(loopFactors({2, 3, 5, 7}, 2).size(), 4u);  // the limit is raised to the number of loops
    EXPECT_THAT(loopFactors({1, 1}, 6), ElementsAre(cost::Loop{0, 1}));
}

TEST(SetOrder, HashesAndOrdersOfPythonSets) {
    using cost::SetKind;
    EXPECT_EQ(cost::setHash(SetKind::arrayDimension, "D1"), 2048910558639910025);
    EXPECT_EQ(cost::setHash(SetKind::arrayDimension, "D4"), 1190809941726157689);
    EXPECT_EQ(cost::setHash(SetKind::loopDimension, "K"), 808955158820251385);
    EXPECT_EQ(cost::setHash(SetKind::loopDimension, "H"), 388853881137512038);
    const auto order = [](SetKind kind, const std::vector<std::string>& names) {
        std::string text;
        for (const std::size_t i : cost::setOrder(kind, names)) text += names[i] + " ";
        return text;
    };
    EXPECT_EQ(order(SetKind::arrayDimension, {"D1", "D2"}), "D1 D2 ");
    EXPECT_EQ(order(SetKind::arrayDimension, {"D2", "D3"}), "D3 D2 ");
    EXPECT_EQ(order(SetKind::arrayDimension, {"D1", "D2", "D3", "D4"}), "D1 D2 D4 D3 ");
    EXPECT_EQ(order(SetKind::loopDimension, {"B", "K", "C", "OY", "OX", "FY", "FX", "G"}), "FY FX B G OX C K OY ");
    EXPECT_EQ(order(SetKind::loopDimension, {"B", "K", "C", "OY", "OX", "FY", "FX"}), "FY FX B OX C K OY ");
    EXPECT_EQ(order(SetKind::loopDimension, {"K", "K"}), "K ");
}

/// Orders of the toy's temporal loops (K 6, C 3, OY 2, OX 2) under a user's wishes.
struct Asked {
    std::vector<std::string> orders;
    bool complete = false;
    std::string errors;
};

Asked ask(const std::vector<mapping::TemporalLoop>& temporal, int limit = 4) {
    const cost::Nest nest = test::toyNest();
    Diagnostics diagnostics;
    Asked asked;
    const auto source = OrderSource::make(nest, {1, 6, 3, 2, 2, 1, 1}, temporal, limit, diagnostics);
    asked.errors = diagnostics.text();
    if (!source) return asked;
    asked.complete = source->complete();
    source->forEach([&](const std::vector<std::uint32_t>& kinds) {
        std::string text;
        for (const std::uint32_t kind : kinds) {
            const cost::Loop& loop = source->kinds()[kind];
            text += nest.dims[loop.dim].name + std::to_string(loop.factor) + " ";
        }
        asked.orders.push_back(text);
        return true;
    });
    return asked;
}

TEST(TemporalOrder, CompleteOrdersAreTakenAsTheyAre) {
    const Asked asked = ask({{"C", 3}, {"OX", 2}, {"K", 6}, {"OY", 2}});
    EXPECT_TRUE(asked.complete);
    EXPECT_THAT(asked.orders, ElementsAre("C3 OX2 K6 OY2 "));
    EXPECT_THAT(ask({{"K", 2}, {"C", 3}, {"OX", 2}, {"Z", 5}, {"K", 3}, {"OY", 2}}).orders,
                ElementsAre("K2 C3 OX2 K3 OY2 "));
}

TEST(TemporalOrder, ConstraintsPinPositions) {
    EXPECT_EQ(ask({}).orders.size(), 24u);
    const Asked pinned = ask({{"OX", std::nullopt}, {"K", 6}});
    EXPECT_FALSE(pinned.complete);
    EXPECT_THAT(pinned.orders, testing::UnorderedElementsAre("OX2 K6 C3 OY2 ", "OX2 K6 OY2 C3 "));
    const Asked half = ask({{"K", 2}}, 5);
    EXPECT_EQ(half.orders.size(), 24u);
    EXPECT_THAT(half.orders, testing::Each(testing::StartsWith("K2 ")));
}

TEST(TemporalOrder, MistakesAreReported) {
    EXPECT_THAT(ask({{"K", 4}, {"C", std::nullopt}}).errors, testing::HasSubstr("a loop K of 4, but 6 is left"));
    EXPECT_THAT(ask({{"K", std::nullopt},
                     {"C", std::nullopt},
                     {"OX", std::nullopt},
                     {"OY", std::nullopt},
                     {"FX", std::nullopt}})
                    .errors,
                testing::HasSubstr("names 5 loops, which cannot all be among the 4"));
}

}  // namespace
}  // namespace millrace::mapper
