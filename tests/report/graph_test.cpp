#include "report/graph.h"

#include <gtest/gtest.h>

#include <set>

#include "report/graphlayout.h"
#include "report/image.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::report {
namespace {

bool overlap(const Rect& a, const Rect& b) {
    return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

/// Nodes apart from each other and inside of the picture; edges from the foot of one node to the head of another.
void check(const GraphLayout& layout, const std::vector<GraphEdge>& edges, const GraphSizes& sizes) {
    for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
        const Rect& node = layout.nodes[i];
        EXPECT_GE(node.x, -1e-6);
        EXPECT_LE(node.right(), layout.width + 1e-6);
        EXPECT_GE(node.y, 0);
        EXPECT_LE(node.bottom(), layout.height);
        EXPECT_EQ(node.width, sizes.nodeWidth);
        for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(node, layout.nodes[j])) << i << " " << j;
    }
    ASSERT_EQ(layout.edges.size(), edges.size());
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const Rect& from = layout.nodes[edges[i].from];
        const Rect& to = layout.nodes[edges[i].to];
        EXPECT_NEAR(layout.edges[i].front().x, from.x + from.width / 2, 1e-6);
        EXPECT_NEAR(layout.edges[i].front().y, from.bottom(), 1e-6);
        EXPECT_NEAR(layout.edges[i].back().x, to.x + to.width / 2, 1e-6);
        EXPECT_NEAR(layout.edges[i].back().y, to.y, 1e-6);
    }
}

TEST(Graph, AChainIsStraightAndItsSkipPassesBeside) {
    GraphSizes sizes;
    sizes.aspect = 0;  // one column
    const std::vector<GraphEdge> edges{{0, 1}, {1, 2}, {2, 3}, {0, 3}};
    const GraphLayout layout = layoutGraph(4, edges, sizes);
    check(layout, edges, sizes);
    EXPECT_EQ(layout.columns, 1U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(layout.nodes[i].y, static_cast<double>(i) * sizes.rankPitch);
    for (const Point& point : layout.edges[3]) {
        for (const std::size_t node : {1U, 2U}) {
            const Rect& rect = layout.nodes[node];
            EXPECT_FALSE(point.y >= rect.y && point.y <= rect.bottom() && point.x > rect.x && point.x < rect.right());
        }
    }
}

TEST(Graph, LongGraphsAreFoldedWhereFewEdgesCross) {
    std::vector<GraphEdge> edges;
    for (std::size_t i = 0; i + 1 < 70; ++i) edges.push_back({i, i + 1});
    const GraphLayout layout = layoutGraph(70, edges);
    check(layout, edges, {});
    EXPECT_GT(layout.columns, 2U);
    EXPECT_LT(layout.height, 40 * GraphSizes().rankPitch);
    EXPECT_GT(layout.width / layout.height, 0.7);
    EXPECT_LT(layout.width / layout.height, 3);
}

TEST(Graph, RandomGraphs) {
    Rng rng(77);
    for (std::int64_t i = millrace::test::count(10000); i > 0; --i) {
        const auto nodes = static_cast<std::size_t>(1 + rng.below(40));
        std::vector<GraphEdge> edges;
        std::set<std::pair<std::size_t, std::size_t>> seen;
        for (std::size_t to = 1; to < nodes; ++to) {
            for (auto count = rng.below(4); count > 0; --count) {
                const auto from = static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(to)));
                if (seen.emplace(from, to).second) edges.push_back({from, to});
            }
        }
        const GraphLayout layout = layoutGraph(nodes, edges);
        check(layout, edges, {});
        const GraphLayout again = layoutGraph(nodes, edges);
        for (std::size_t n = 0; n < nodes; ++n) EXPECT_EQ(layout.nodes[n].x, again.nodes[n].x);
    }
}

TEST(Graph, PictureHasABoxForEachOperator) {
    const model::Network empty;
    EXPECT_GT(test::decode(graphPng(empty)).count(0xFFFFFF), 1000);
    model::Network chain;
    model::Tensor tensor{"t0", model::DataType::float32, model::Shape{1, 8}, std::nullopt};
    chain.inputs.push_back(chain.tensors.add(tensor));
    for (int i = 1; i <= 3; ++i) {
        model::Operator op;
        op.name = "op" + std::to_string(i);
        op.type = "MatMul";
        op.inputs = {chain.inputs.empty() ? model::TensorId() : model::TensorId(chain.tensors.size() - 1)};
        tensor.name = "t" + std::to_string(i);
        op.outputs = {chain.tensors.add(tensor)};
        chain.operators.add(op);
    }
    chain.outputs = {model::TensorId(chain.tensors.size() - 1)};
    const auto image = test::decode(graphPng(chain));
    const std::uint32_t blue = test::rgb({0.55, 0.74, 0.93, 1});
    EXPECT_GT(image.count(blue), 3 * 5000);
    EXPECT_LT(image.count(blue), 3 * 9000);
    EXPECT_EQ(graphSvg(chain), graphSvg(chain));
}

}  // namespace
}  // namespace millrace::report
