#include "model/exec/executor.h"

#include <gtest/gtest.h>

#include "model/exec/types.h"

namespace millrace::model::exec {

namespace {

Network parsed(std::string_view text) {
    Diagnostics diagnostics;
    const auto network = parseText(text, "test.txt", diagnostics);
    EXPECT_TRUE(network) << diagnostics.text();
    return network.value_or(Network{});
}

Value floats(Shape shape, const std::vector<float>& values) {
    Value value(DataType::float32, std::move(shape));
    std::copy(values.begin(), values.end(), value.write<float>().begin());
    return value;
}

std::vector<float> list(const Value& value) {
    const auto read = value.read<float>();
    return {read.begin(), read.end()};
}

constexpr const char* kDifference = R"(network "n"
input %a : float32[2,3]
input %b : float32[3]
op "first": Add@13(%a, %b) -> (%c : float32[2,3])
op "second": Sub@13(%c, %a) -> (%d : float32[2,3])
output %d
)";

TEST(Executor, RunsAndStretches) {
    Diagnostics diagnostics;
    const Network network = parsed(kDifference);
    const auto result = run(network, {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({3}, {10, 20, 30})}, {}, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(list(result->outputs[0]), (std::vector<float>{10, 20, 30, 10, 20, 30}));
    EXPECT_TRUE(result->tensors.empty());
}

TEST(Executor, KeepsEveryTensorWhenAsked) {
    Diagnostics diagnostics;
    const Network network = parsed(kDifference);
    RunOptions options;
    options.everyTensor = true;
    const auto result =
        run(network, {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({3}, {10, 20, 30})}, options, diagnostics);
    ASSERT_TRUE(result) << diagnostics.text();
    EXPECT_EQ(list(result->tensors[network.find("c")]), (std::vector<float>{11, 22, 33, 14, 25, 36}));
}

TEST(Executor, NamesWhatDoesNotFit) {
    Diagnostics diagnostics;
    const Network network = parsed(kDifference);
    EXPECT_FALSE(run(network, {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({2}, {10, 20})}, {}, diagnostics));
    EXPECT_NE(diagnostics.text().find("input 'b' is given as float32[2]; the network reads float32[3]"),
              std::string::npos)
        << diagnostics.text();
}

TEST(Executor, NamesOperatorAndTensorsOfARefusal) {
    Diagnostics diagnostics;
    const Network network = parsed(R"(network "n"
input %a : float32[2]
input %b : float32[3]
host "sum": Add@13(%a, %b) -> (%c : float32[?])
output %c
)");
    EXPECT_FALSE(run(network, {floats({2}, {1, 2}), floats({3}, {1, 2, 3})}, {}, diagnostics));
    EXPECT_NE(diagnostics.text().find("operator 'sum' (Add), inputs 'a' float32[2], 'b' float32[3]"), std::string::npos)
        << diagnostics.text();
}

TEST(Executor, SaysWhichOperatorHasNoKernel) {
    Diagnostics diagnostics;
    const Network network = parsed(R"(network "n"
input %a : float32[2]
host "odd": Nonsense@1 in "org.example"(%a) -> (%c : float32[?])
output %c
)");
    EXPECT_FALSE(run(network, {floats({2}, {1, 2})}, {}, diagnostics));
    EXPECT_NE(diagnostics.text().find("operator 'odd' (org.example.Nonsense"), std::string::npos) << diagnostics.text();
}

TEST(Value, CopiesShareUntilWritten) {
    Value a = floats({2}, {1, 2});
    Value b = a;
    EXPECT_EQ(a.read<float>().data(), b.read<float>().data());
    b.write<float>()[0] = 7;
    EXPECT_EQ(list(a), (std::vector<float>{1, 2}));
    EXPECT_EQ(list(b), (std::vector<float>{7, 2}));
    EXPECT_THROW(a.reshaped({3}), Refused);
    EXPECT_THROW(Value(DataType::float32, {1 << 16, 1 << 16}), Refused);
}

TEST(Types, HalvesRoundToNearestEven) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const Float16 half = Float16::ofBits(static_cast<std::uint16_t>(bits));
        const float wide = half;
        if (wide != wide) continue;
        ASSERT_EQ(Float16(wide).bits, bits);
        ASSERT_EQ(Float16(static_cast<double>(wide)).bits, bits);
        const BFloat16 brain = BFloat16::ofBits(static_cast<std::uint16_t>(bits));
        const float wideBrain = brain;
        if (wideBrain == wideBrain) {
            ASSERT_EQ(BFloat16(wideBrain).bits, bits);
        }
    }
    EXPECT_EQ(Float16(1.0F + 0x1.0p-11F).bits, 0x3c00);
    EXPECT_EQ(Float16(1.0F + 0x1.8p-10F).bits, 0x3c02);
    EXPECT_EQ(Float16(1.0 + 0x1.0p-11 + 0x1.0p-40).bits, 0x3c01);
    EXPECT_EQ(Float16(65520.0F).bits, 0x7c00);
    EXPECT_EQ(Float16(0x1.0p-25F).bits, 0);
    EXPECT_EQ(Float16(0x1.2p-25F).bits, 1);
}

}  // namespace

}  // namespace millrace::model::exec
