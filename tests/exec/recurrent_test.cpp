#include "exec/kernels.h"
#include "model/exec/rounding.h"
#include "shared.h"

namespace millrace::model::exec::test {

namespace {

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Layer {
    std::int64_t steps, batch, size, hidden, gates, directions;
    Value x, w, r, b, lengths, h0, c0, p;

    double in(const Value& value, std::int64_t i) const {
        return static_cast<double>(value.read<float>()[static_cast<std::size_t>(i)]);
    }
    /// Gate `g`, neuron `j`: input part and recurrent part, each with its bias.
    double input(std::int64_t d, std::int64_t t, std::int64_t n, std::int64_t g, std::int64_t j) const {
        const std::int64_t row = (d * gates + g) * hidden + j;
        double sum = in(b, d * 2 * gates * hidden + g * hidden + j);
        for (std::int64_t k = 0; k < size; ++k) sum += in(x, (t * batch + n) * size + k) * in(w, row * size + k);
        return sum;
    }
    double back(std::int64_t d, const Doubles& h, std::int64_t g, std::int64_t j) const {
        const std::int64_t row = (d * gates + g) * hidden + j;
        double sum = in(b, (d * 2 + 1) * gates * hidden + g * hidden + j);
        for (std::int64_t k = 0; k < hidden; ++k) sum += h[static_cast<std::size_t>(k)] * in(r, row * hidden + k);
        return sum;
    }
    double peep(std::int64_t d, std::int64_t g, std::int64_t j) const { return in(p, (d * 3 + g) * hidden + j); }
};

Layer randomLayer(Rng& rng, std::int64_t gates) {
    Layer layer{};
    layer.steps = rng.between(1, 5);
    layer.batch = rng.between(1, 3);
    layer.size = rng.between(1, 5);
    layer.hidden = rng.between(1, 20);
    layer.gates = gates;
    layer.directions = rng.between(1, 2);
    const std::int64_t width = gates * layer.hidden;
    layer.x = randomFloats({layer.steps, layer.batch, layer.size}, rng);
    layer.w = randomFloats({layer.directions, width, layer.size}, rng);
    layer.r = randomFloats({layer.directions, width, layer.hidden}, rng);
    layer.b = randomFloats({layer.directions, 2 * width}, rng);
    layer.lengths = randomIntegers<std::int32_t>({layer.batch}, rng, 0, layer.steps);
    layer.h0 = randomFloats({layer.directions, layer.batch, layer.hidden}, rng);
    layer.c0 = randomFloats({layer.directions, layer.batch, layer.hidden}, rng);
    layer.p = randomFloats({layer.directions, 3 * layer.hidden}, rng);
    return layer;
}

/// Walks every sequence; `step` makes the next h (and c) of the old.
template <class Step>
void expectSequences(const Layer& l, const std::vector<Value>& results, Step step) {
    for (std::int64_t d = 0; d < l.directions; ++d) {
        for (std::int64_t n = 0; n < l.batch; ++n) {
            Doubles h;
            Doubles c;
            const std::int64_t state = (d * l.batch + n) * l.hidden;
            for (std::int64_t j = 0; j < l.hidden; ++j) {
                h.push_back(l.in(l.h0, state + j));
                c.push_back(l.in(l.c0, state + j));
            }
            const std::int64_t length = l.lengths.read<std::int32_t>()[static_cast<std::size_t>(n)];
            for (std::int64_t i = 0; i < l.steps; ++i) {
                const std::int64_t t = i < length && d == 1 ? length - 1 - i : i;
                if (i < length) step(d, t, n, h, c);
                for (std::int64_t j = 0; j < l.hidden; ++j) {
                    const double y = l.in(results[0], ((t * l.directions + d) * l.batch + n) * l.hidden + j);
                    ASSERT_NEAR(y, i < length ? h[static_cast<std::size_t>(j)] : 0.0, 1e-5);
                }
            }
            for (std::int64_t j = 0; j < l.hidden; ++j) {
                ASSERT_NEAR(l.in(results[1], state + j), h[static_cast<std::size_t>(j)], 1e-5);
                if (results.size() > 2) {
                    ASSERT_NEAR(l.in(results[2], state + j), c[static_cast<std::size_t>(j)], 1e-5);
                }
            }
        }
    }
}

std::string directionOf(const Layer& l) { return l.directions == 2 ? "bidirectional" : "forward"; }

TEST(Recurrent, LstmEqualsItsDefinition) {
    Rng rng(51);
    const std::int64_t count = millrace::test::count(3000);
    for (std::int64_t i = 0; i < count; ++i) {
        const Layer l = randomLayer(rng, 4);
        const Case op{"LSTM",
                      14,
                      {l.x, l.w, l.r, l.b, l.lengths, l.h0, l.c0, l.p},
                      {{"hidden_size", l.hidden}, {"direction", directionOf(l)}},
                      3};
        expectSequences(l, op.run(2), [&](std::int64_t d, std::int64_t t, std::int64_t n, Doubles& h, Doubles& c) {
            const Doubles old = h;
            for (std::int64_t j = 0; j < l.hidden; ++j) {
                const auto gate = [&](std::int64_t g) { return l.input(d, t, n, g, j) + l.back(d, old, g, j); };
                double& cell = c[static_cast<std::size_t>(j)];
                const double in = sigmoid(gate(0) + l.peep(d, 0, j) * cell);
                const double forget = sigmoid(gate(2) + l.peep(d, 2, j) * cell);
                cell = forget * cell + in * std::tanh(gate(3));
                h[static_cast<std::size_t>(j)] = sigmoid(gate(1) + l.peep(d, 1, j) * cell) * std::tanh(cell);
            }
        });
    }
}

TEST(Recurrent, GruAndRnnEqualTheirDefinition) {
    Rng rng(52);
    const std::int64_t count = millrace::test::count(3000);
    for (std::int64_t i = 0; i < count; ++i) {
        const Layer l = randomLayer(rng, 3);
        const bool linear = rng.below(2) == 0;
        const Case op{"GRU",
                      14,
                      {l.x, l.w, l.r, l.b, l.lengths, l.h0},
                      {{"linear_before_reset", std::int64_t{linear}}, {"direction", directionOf(l)}},
                      2};
        expectSequences(l, op.run(2), [&](std::int64_t d, std::int64_t t, std::int64_t n, Doubles& h, Doubles&) {
            const Doubles old = h;
            Doubles reset;
            Doubles gated;
            for (std::int64_t j = 0; j < l.hidden; ++j) {
                reset.push_back(sigmoid(l.input(d, t, n, 1, j) + l.back(d, old, 1, j)));
                gated.push_back(reset.back() * old[static_cast<std::size_t>(j)]);
            }
            for (std::int64_t j = 0; j < l.hidden; ++j) {
                const auto at = static_cast<std::size_t>(j);
                const double update = sigmoid(l.input(d, t, n, 0, j) + l.back(d, old, 0, j));
                const double back = linear ? reset[at] * l.back(d, old, 2, j) : l.back(d, gated, 2, j);
                h[at] = (1 - update) * std::tanh(l.input(d, t, n, 2, j) + back) + update * old[at];
            }
        });
        const Layer simple = randomLayer(rng, 1);
        const Case rnn{"RNN",
                       14,
                       {simple.x, simple.w, simple.r, simple.b, simple.lengths, simple.h0},
                       {{"direction", directionOf(simple)}},
                       2};
        expectSequences(simple, rnn.run(), [&](std::int64_t d, std::int64_t t, std::int64_t n, Doubles& h, Doubles&) {
            const Doubles old = h;
            for (std::int64_t j = 0; j < simple.hidden; ++j) {
                h[static_cast<std::size_t>(j)] = std::tanh(simple.input(d, t, n, 0, j) + simple.back(d, old, 0, j));
            }
        });
    }
}

TEST(Recurrent, RefusesWhatDoesNotFit) {
    const Value x(DataType::float32, {2, 1, 3});
    const Value w(DataType::float32, {1, 4, 3});
    const Value r(DataType::float32, {1, 4, 4});
    const auto rnn = [&](const Value& weights, const Attributes& attributes) {
        return Case{"RNN", 14, {x, weights, r}, attributes, 2}.refusal();
    };
    EXPECT_EQ(rnn(w, {}), "");
    EXPECT_NE(rnn(Value(DataType::float32, {1, 4, 2}), {}).find("[1,4,3]"), std::string::npos);
    EXPECT_NE(rnn(w, {{"direction", std::string("up")}}).find("'up'"), std::string::npos);
    EXPECT_NE(rnn(w, {{"activations", std::vector<std::string>{"Sine"}}}).find("'Sine'"), std::string::npos);
}

TEST(Quantize, RoundsTiesToEvenAndSaturates) {
    const Value x = filled<float>({6}, {-300, -0.5F, 0.5F, 1.5F, 2.5F, 300});
    const Value scale = filled<float>({}, {1});
    EXPECT_EQ(list<std::uint8_t>(Case({"QuantizeLinear", 13, {x, scale, filled<std::uint8_t>({}, {2})}}).one()),
              (std::vector<std::uint8_t>{0, 2, 2, 4, 4, 255}));
    EXPECT_EQ(list<std::int8_t>(Case({"QuantizeLinear", 13, {x, scale, filled<std::int8_t>({}, {0})}}).one()),
              (std::vector<std::int8_t>{-128, 0, 0, 2, 2, 127}));
}

TEST(Quantize, PerAxisAndInBlocks) {
    const Value q = filled<std::int8_t>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const Value scale = filled<float>({2}, {1, 10});
    const Value zero = filled<std::int8_t>({2}, {0, 1});
    EXPECT_EQ(list<float>(Case({"DequantizeLinear", 13, {q, scale, zero}, {{"axis", std::int64_t{0}}}}).one()),
              (std::vector<float>{1, 2, 3, 4, 40, 50, 60, 70}));
    const Value blocks = filled<float>({2, 2}, {1, 10, 100, 1000});
    const Attributes attributes{{"axis", std::int64_t{1}}, {"block_size", std::int64_t{2}}};
    const Value real = Case({"DequantizeLinear", 21, {q, blocks}, attributes}).one();
    EXPECT_EQ(list<float>(real), (std::vector<float>{1, 2, 30, 40, 500, 600, 7000, 8000}));
    const Value zeros = filled<std::int8_t>({2, 2}, {0, 0, 0, 0});
    EXPECT_TRUE(sameBytes(Case({"QuantizeLinear", 21, {real, blocks, zeros}, attributes}).one(), q));
    EXPECT_NE(Case({"DequantizeLinear", 13, {q, filled<float>({3}, {1, 1, 1})}}).refusal(), "");
}

TEST(Quantize, FindsItsRange) {
    const auto results = Case{"DynamicQuantizeLinear", 11, {filled<float>({3}, {-1, 0, 1.55F})}, {}, 3}.run();
    EXPECT_NEAR(static_cast<double>(results[1].read<float>()[0]), 2.55 / 255, 1e-8);
    EXPECT_EQ(list<std::uint8_t>(results[2]), std::vector<std::uint8_t>{100});
    EXPECT_EQ(list<std::uint8_t>(results[0]), (std::vector<std::uint8_t>{0, 100, 255}));
}

TEST(Quantize, QonnxClipsBeforeItRounds) {
    const Value x = filled<float>({5}, {-9, -0.7F, 0.25F, 0.8F, 9});
    const Value scale = filled<float>({}, {0.5F});
    const Value zero = filled<float>({}, {0});
    const auto run = [&](float bits, const Attributes& attributes) {
        return list<float>(
            Case{"Quant", 1, {x, scale, zero, filled<float>({}, {bits})}, attributes, 1, "qonnx.custom_op.general"}
                .one());
    };
    const Attributes narrow{{"signed", std::int64_t{1}}, {"narrow", std::int64_t{1}}};
    const Attributes natural{
        {"signed", std::int64_t{0}}, {"narrow", std::int64_t{0}}, {"rounding_mode", std::string("CEIL")}};
    EXPECT_EQ(run(2, narrow), (std::vector<float>{-0.5F, -0.5F, 0, 0.5F, 0.5F}));
    EXPECT_EQ(run(2, natural), (std::vector<float>{0, 0, 0.5F, 1, 1.5F}));
    const Case bipolar{"BipolarQuant", 1, {x, scale}, {}, 1, "onnx.brevitas"};
    EXPECT_EQ(list<float>(bipolar.one()), (std::vector<float>{-0.5F, -0.5F, 0.5F, 0.5F, 0.5F}));
    const Case cut{
        "Trunc",
        1,
        {filled<float>({2}, {14, -3}), filled<float>({}, {1}), zero, filled<float>({}, {4}), filled<float>({}, {2})},
        {},
        1,
        "qonnx.custom_op.general"};
    EXPECT_EQ(list<float>(cut.one()), (std::vector<float>{3, -1}));
}

TEST(Integer, ProductsAreExact) {
    Rng rng(53);
    const Value a = randomIntegers<std::uint8_t>({5, 7}, rng, 0, 255);
    const Value b = randomIntegers<std::int8_t>({7, 3}, rng, -128, 127);
    const Value aZero = randomIntegers<std::uint8_t>({5}, rng, 0, 255);
    const Value bZero = randomIntegers<std::int8_t>({3}, rng, -128, 127);
    const Value y = Case({"MatMulInteger", 10, {a, b, aZero, bZero}}).one(2);
    const Value scale = filled<float>({}, {0.02F});
    const Value q = Case({"QLinearMatMul",
                          10,
                          {a, scale, aZero, b, filled<float>({3}, {0.1F, 0.2F, 0.3F}), bZero, filled<float>({}, {0.5F}),
                           filled<std::int8_t>({}, {3})}})
                        .one();
    for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            int sum = 0;
            for (std::size_t k = 0; k < 7; ++k) {
                sum += (a.read<std::uint8_t>()[i * 7 + k] - aZero.read<std::uint8_t>()[i]) *
                       (b.read<std::int8_t>()[k * 3 + j] - bZero.read<std::int8_t>()[j]);
            }
            EXPECT_EQ(y.read<std::int32_t>()[i * 3 + j], sum);
            const double real = sum * 0.02 * 0.1 * static_cast<double>(j + 1) / 0.5;
            EXPECT_NEAR(q.read<std::int8_t>()[i * 3 + j], std::clamp(real + 3, -128.0, 127.0), 0.51);
        }
    }
}

TEST(Integer, ConvolutionPadsWithTheZeroPoint) {
    Rng rng(54);
    const Value x = randomIntegers<std::uint8_t>({1, 2, 4, 4}, rng, 0, 255);
    const Value w = randomIntegers<std::uint8_t>({3, 2, 3, 3}, rng, 0, 255);
    const Value zero = filled<std::uint8_t>({}, {100});
    const Attributes attributes{{"pads", Ints{1, 1, 1, 1}}};
    const Value y = Case({"ConvInteger", 10, {x, w, zero, zero}, attributes}).one(2);
    const auto centred = [](const Value& value) {
        Value result(DataType::float64, value.shape());
        for (std::size_t i = 0; i < value.read<std::uint8_t>().size(); ++i)
            result.write<double>()[i] = value.read<std::uint8_t>()[i] - 100;
        return result;
    };
    const Value exact = Case({"Conv", 11, {centred(x), centred(w)}, attributes}).one();
    EXPECT_TRUE(sameBytes(cast<double, std::int32_t>(y), exact));
    const Value one = filled<float>({}, {1});
    const Value bias = filled<std::int32_t>({3}, {1000, -1000, 0});
    const Value q =
        Case({"QLinearConv",
              10,
              {x, one, zero, w, one, zero, filled<float>({}, {1000}), filled<std::uint8_t>({}, {128}), bias},
              attributes})
            .one();
    for (std::size_t i = 0; i < 48; ++i) {
        const double sum = exact.read<double>()[i] + bias.read<std::int32_t>()[i / 16];
        EXPECT_NEAR(q.read<std::uint8_t>()[i], std::clamp(sum / 1000 + 128, 0.0, 255.0), 0.51);
    }
}

TEST(Rounding, TiesGoToEven) {
    const double from[] = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999999999999994, 4503599627370497.0};
    const double to[] = {-2, -2, 0, 0, 2, 2, 0, 4503599627370497.0};
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(roundEven(from[i]), to[i]);
}

}  // namespace

}  // namespace millrace::model::exec::test
