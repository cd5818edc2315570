#include "model/network/summary.h"

#include <gtest/gtest.h>

#include <limits>

#include "model/builder.h"
#include "model/onnx/facts.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;

Summary summaryOf(const ModelBuilder& builder) {
    Diagnostics diagnostics;
    const auto network = builder.import(diagnostics);
    EXPECT_TRUE(network) << diagnostics.text();
    return network ? summarize(*network) : Summary{};
}

// x (400 B) -> a (400 B) -> b (400 B); y = b + x: while it runs x, b and y are there, and a while b is made.
TEST(Summary, PeakHoldsWhatIsReadLater) {
    ModelBuilder chain;
    chain.input("x", {100}).output("y");
    chain.node("Relu", {"x"}, {"a"});
    chain.node("Relu", {"a"}, {"b"});
    chain.node("Relu", {"b"}, {"y"}).name("end");
    EXPECT_EQ(summaryOf(chain).peakActivationBytes, 800);
    ModelBuilder skip;
    skip.input("x", {100}).output("y");
    skip.node("Relu", {"x"}, {"a"});
    skip.node("Relu", {"a"}, {"b"});
    skip.node("Add", {"b", "x"}, {"y"});
    EXPECT_EQ(summaryOf(skip).peakActivationBytes, 1200);
    EXPECT_EQ(summaryOf(skip).peakAt, OperatorId(1));
    chain.output("a");
    EXPECT_EQ(summaryOf(chain).peakActivationBytes, 1200);
    EXPECT_EQ(summaryOf(chain).peakAt, OperatorId(2));
}

TEST(Summary, CountsTypesAndParameters) {
    ModelBuilder b;
    b.importDomain("own", 1)
        .input("x", {1, 4, 8, 8})
        .weight("w", {4, 4, 3, 3})
        .floats("bias", {1, 2, 3, 4})
        .output("y");
    b.node("Conv", {"x", "w", "bias"}, {"a"}).integers("pads", {1, 1, 1, 1});
    b.node("Conv", {"a", "w"}, {"b"}).integers("pads", {1, 1, 1, 1});
    b.node("Strange", {"b"}, {"y"}).domain("own");
    const Summary summary = summaryOf(b);
    const std::vector<TypeCount> expected{{"Conv", "", 2, 2, 148}, {"Strange", "own", 1, 0, 0}};
    EXPECT_EQ(summary.types, expected);
    EXPECT_EQ(summary.constants, 2);
    EXPECT_EQ(summary.constantElements, 148);
    EXPECT_EQ(summary.constantBytes, 592);
    EXPECT_EQ(summary.constantsWithoutValues, 1);
    EXPECT_EQ(summary.bytesWithoutValues, 576);
    EXPECT_EQ(summary.unsizedActivations, 1);
}

TEST(Summary, LargeSumsAreBounded) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(boundedSum(most - 1, 1), most);
    EXPECT_EQ(boundedSum(most, 5), most);
    EXPECT_EQ(boundedSum(2, 3), 5);
}

TEST(Facts, SayWhatTheFileSays) {
    ModelBuilder b(17);
    b.importDomain("own", 3);
    b.model.set_producer_name("exporter");
    b.model.set_producer_version("2.1");
    Diagnostics diagnostics;
    const auto facts = readFacts(b.bytes(), "m.onnx", diagnostics);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->irVersion, 8);
    EXPECT_EQ(facts->producer, "exporter 2.1");
    EXPECT_EQ(facts->bytes, static_cast<std::int64_t>(b.bytes().size()));
    ASSERT_EQ(facts->opsets.size(), 2U);
    EXPECT_EQ(facts->opsets[0], (std::pair<std::string, std::int64_t>("", 17)));
    EXPECT_EQ(facts->opsets[1], (std::pair<std::string, std::int64_t>("own", 3)));
    EXPECT_FALSE(readFacts("text", "m.onnx", diagnostics));
}

}  // namespace
}  // namespace millrace::model
