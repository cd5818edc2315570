#include "targets/barvinn/format/format.h"

#include <gmock/gmock.h>

#include <random>

#include "shared.h"
#include "support/rng.h"

namespace millrace::targets::barvinn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Planes, MostSignificantFirstLaneZeroLowest) {
    const std::vector<std::int32_t> values{6, 1, -8};  // 0110, 0001, 1000
    EXPECT_THAT(encodePlanes(values, 4), ElementsAre(0b100, 0b001, 0b001, 0b010));
    const auto back = decodePlanes(encodePlanes(values, 4), true);
    EXPECT_THAT(std::vector<std::int32_t>(back.begin(), back.begin() + 4), ElementsAre(6, 1, -8, 0));
    EXPECT_EQ(decodePlanes(encodePlanes(values, 4), false)[2], 8);
    EXPECT_TRUE(fits(values, 4, true));
    EXPECT_FALSE(fits(values, 3, true));
    EXPECT_FALSE(fits(values, 4, false));
}

TEST(Images, MapsAndWeightsLieWhereTheMachineLooks) {
    Rng rng(1);
    const MapShape map{70, 3, 4};
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < map.elements(); ++i) values.push_back(static_cast<std::int32_t>(rng.between(-4, 3)));
    const auto words = encodeMap(values, map, 3);
    ASSERT_EQ(words.size(), 3U * 4 * 2 * 3);
    // Channel 66, row 2, column 1: block 1, lane 2.
    const auto value = static_cast<std::uint32_t>(values[(66 * 3 + 2) * 4 + 1]);
    for (std::size_t plane = 0; plane < 3; ++plane)
        EXPECT_EQ(words[((2 * 4 + 1) * 2 + 1) * 3 + plane] >> 2 & 1, value >> (2 - plane) & 1);
    EXPECT_EQ(decodeMap(words, map, 3, true), values);

    const FilterShape filter{65, 130, 2, 3};
    values.clear();
    for (std::int64_t i = 0; i < filter.elements(); ++i) values.push_back(static_cast<std::int32_t>(rng.between(0, 3)));
    const auto weights = encodeWeights(values, filter, 2);
    ASSERT_EQ(weights.size(), 2U * 2 * 3 * 3 * 2);
    // Output 64, input 129, row 1, column 2: blocks 1 and 2, lanes 0 and 1.
    const auto weight = static_cast<std::uint32_t>(values[((64 * 130 + 129) * 2 + 1) * 3 + 2]);
    for (std::size_t plane = 0; plane < 2; ++plane)
        EXPECT_EQ(weights[(((1 * 2 + 1) * 3 + 2) * 3 + 2) * 2 + plane][0] >> 1 & 1, weight >> (1 - plane) & 1);
    EXPECT_EQ(decodeWeights(weights, filter, 2, false), values);

    Diagnostics diagnostics;
    EXPECT_EQ(*parseWeightText(weightText(weights), "w", diagnostics), weights);
    EXPECT_EQ(*parseInputText(inputText(words), "i", diagnostics), words);
    EXPECT_EQ(*parseOutputText(outputText(words), "o", diagnostics), words);
}

TEST(Images, ScalersAndBiases) {
    const std::vector<std::int16_t> scalers{1, -2, 3};
    EXPECT_EQ(decodeScalers(encodeScalers(scalers), 3), scalers);
    std::vector<std::int32_t> biases(70, -5);
    EXPECT_EQ(encodeBiases(biases).size(), 2U);
    EXPECT_EQ(decodeBiases(encodeBiases(biases), 70), biases);
}

/// MVU_Code_Gen changes lanes and taps over.
TEST(Images, LegacyWeightsAreTransposed) {
    const FilterShape shape{2, 2, 2, 2};
    std::vector<std::int32_t> values(16);
    values[((1 * 2 + 0) * 2 + 1) * 2 + 0] = 1;  // output 1, input 0, row 1, column 0
    EXPECT_EQ(encodeWeights(values, shape, 1)[2][1], 1U);
    EXPECT_EQ(encodeWeightsLegacy(values, shape, 1)[1][0], 2U);
}

/// FNV-1a, to hold a long text against a digest.
std::uint64_t digest(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
}

/// The input that MVU_Code_Gen makes up for 64 x 32 x 32 values of 2 bits: NumPy's generator with seed 0.
TEST(Images, LegacyTestInput) {
    std::mt19937 generator(0);  // NOLINT: the seed is the tool's
    std::vector<std::int32_t> values(64 * 32 * 32);
    for (std::int32_t& value : values) value = static_cast<std::int32_t>(generator() & 3);
    const std::string text = inputText(encodeFlat(values, 2));
    EXPECT_EQ(text.substr(0, 65), "1111101101000011110100110111010100000000111101000110101011110010\n");
    // The text whose MD5, without its last line end, is 5e844c89e78639830324b743f6890bb6.
    EXPECT_EQ(digest(text), 410543865656413768ULL);
}

TEST(Registers, JobsSurviveTheirRegisters) {
    Rng rng(3);
    const std::int64_t rounds = test::count(100000);
    for (std::int64_t round = 0; round < rounds; ++round) {
        Job job;
        job.weightBase = static_cast<std::uint32_t>(rng.below(512));
        job.inputBase = static_cast<std::uint32_t>(rng.below(32768));
        job.outputBase = static_cast<std::uint32_t>(rng.below(32768));
        for (Walk* walk : {&job.weight, &job.input}) {
            for (std::size_t i = 0; i < kJumps; ++i) {
                walk->jump[i] = static_cast<std::int32_t>(rng.between(-16384, 16383));
                if (i > 0) walk->length[i] = static_cast<std::int32_t>(rng.below(32768));
            }
        }
        job.scaler.length[1] = job.bias.length[1] = static_cast<std::int32_t>(rng.below(64));
        job.weightBits = static_cast<int>(rng.between(1, 16));
        job.inputBits = static_cast<int>(rng.between(1, 16));
        job.outputBits = static_cast<int>(rng.between(1, 27));
        job.weightSigned = rng.below(2) != 0;
        job.inputSigned = rng.below(2) != 0;
        job.destinations = static_cast<std::uint32_t>(rng.below(256));
        job.mulMode = static_cast<MulMode>(rng.below(4));
        job.countdown = static_cast<std::uint32_t>(rng.below(1U << 29));
        ASSERT_EQ(jobOf(registerWrites(job)), job);
    }
    Job plain;
    plain.weightBits = plain.inputBits = plain.outputBits = 2;
    EXPECT_EQ(registerWrites(plain).front(), (CsrWrite{csr::precision, 0x2082}));
    EXPECT_EQ(registerWrites(plain).back(), (CsrWrite{csr::command, 0x40000001}));
}

TEST(Registers, NamesAndNumbers) {
    EXPECT_EQ(csrNamed("mvuwbaseptr"), csr::wbaseptr);
    EXPECT_EQ(csrNamed("MVUUSEBIAS_MEM"), csr::usebiasmem);
    EXPECT_EQ(csrNamed("mhartid"), 0xF14);
    EXPECT_EQ(csrNamed("mvu"), std::nullopt);
    int mvuRegisters = 0;
    for (CsrNumber number = csr::firstMvu; number <= csr::lastMvu; ++number) {
        ASSERT_FALSE(csrName(number).empty()) << number;
        EXPECT_EQ(csrNamed(csrName(number)), number);
        ++mvuRegisters;
    }
    EXPECT_EQ(mvuRegisters, 74);
}

TEST(Images, MalformedTexts) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseInputText("01\n", "f", diagnostics));
    EXPECT_FALSE(parseInputText(std::string(63, '0') + "2\n", "f", diagnostics));
    EXPECT_FALSE(parseOutputText("000000000000000G", "f", diagnostics));
    EXPECT_FALSE(parseWeightText(std::string(4095, '1'), "f", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("f:1: error: has 2 characters instead of 64 binary digits"));
}

}  // namespace
}  // namespace millrace::targets::barvinn
