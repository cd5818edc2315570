#include "explore/mapper/unrolling.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "explore/cost/spatial.h"
#include "explore/mapper/orders.h"
#include "explore/mapper/unrollingoptions.h"
#include "shared.h"
#include "toy.h"

namespace millrace::mapper {
namespace {

using testing::ElementsAre;

/// All combinations in sequence, and a stable sort.
std::vector<UnrollingChoice> listed(const cost::Nest& nest, const std::vector<std::int64_t>& base,
                                    const std::vector<std::vector<UnrollingOption>>& options, std::size_t wanted) {
    std::vector<std::pair<double, UnrollingChoice>> all;
    UnrollingChoice choice(options.size(), 0);
    for (bool more = true; more;) {
        std::vector<std::int64_t> total = base;
        for (std::size_t k = 0; k < options.size(); ++k) {
            for (const auto& [dim, factor] : options[k][choice[k]].factors) total[dim] *= factor;
        }
        bool fits = true;
        double units = 1;
        for (std::size_t dim = 0; dim < total.size(); ++dim) {
            fits = fits && total[dim] <= nest.dims[dim].size;
            units *= static_cast<double>(total[dim]);
        }
        const auto largest = static_cast<double>(*std::max_element(total.begin(), total.end()));
        if (fits) all.emplace_back(units + (units / largest - 1), choice);
        more = false;
        for (std::size_t k = options.size(); k-- > 0 && !more;) {
            more = ++choice[k] < options[k].size();
            if (!more) choice[k] = 0;
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<UnrollingChoice> result;
    for (std::size_t i = 0; i < all.size() && i < wanted; ++i) result.push_back(all[i].second);
    return result;
}

TEST(Unrollings, BranchAndBoundFindsWhatListingFinds) {
    std::mt19937 random(7);
    const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    std::size_t several = 0;
    for (std::int64_t i = test::count(20'000); i > 0; --i) {
        const cost::Nest nest = test::convolution(draw(1, 24), draw(1, 24), draw(1, 9), draw(1, 9), draw(1, 3), 3);
        hardware::Core core = test::toyCore();
        core.array.dimensions = {{"D1", draw(1, 12)}, {"D2", draw(1, 12)}, {"D3", draw(1, 4)}};
        Request request{nest, core};
        request.options.mixedSpatial = draw(0, 1) == 1;
        std::vector<std::int64_t> base;
        for (const cost::Dim& dim : nest.dims) base.push_back(draw(0, 3) == 0 ? (dim.size + 1) / 2 : 1);
        std::vector<std::vector<UnrollingOption>> options;
        for (std::size_t d = 0; d < 3; ++d) {
            DimLimits limits;
            for (const cost::Dim& dim : nest.dims) limits.push_back(std::min(dim.size, core.array.dimensions[d].size));
            options.push_back(unrollingOptions(request, d, limits));
        }
        const auto wanted = static_cast<std::size_t>(draw(1, 6));
        const auto found = bestChoices(nest, base, options, wanted);
        ASSERT_TRUE(found);
        EXPECT_EQ(*found, listed(nest, base, options, wanted));
        several += found->size() > 1 ? 1u : 0u;
    }
    EXPECT_GT(several, 0u);
}

TEST(Unrollings, OptionsInZigZagsSequence) {
    const cost::Nest nest = test::convolution(4, 6, 1, 1, 1, 1);
    hardware::Core core = test::toyCore();
    Request request{nest, core};
    request.spatialHint = {{"D1", {"K", "C", "NOT"}}};
    DimLimits limits;
    for (const cost::Dim& dim : nest.dims) limits.push_back(std::min<std::int64_t>(dim.size, 4));
    const auto text = [&] {
        std::vector<std::string> result;
        for (const UnrollingOption& option : unrollingOptions(request, 0, limits)) {
            result.emplace_back();
            for (const auto& [dim, factor] : option.factors)
                result.back() += nest.dims[dim].name + std::to_string(factor);
        }
        return result;
    };
    EXPECT_THAT(text(), ElementsAre("K4", "K2", "K1", "C4", "C2", "C1"));
    request.options.mixedSpatial = true;
    EXPECT_THAT(text(), ElementsAre("K4", "K2", "K1", "C4", "C2", "C1", "K2C2"));
}

/// A register under D1 and D2 holds so many outputs; equal factors shrink alike.
TEST(Unrollings, ShrinkToWhatRegistersHold) {
    const cost::Nest nest = test::convolution(64, 16, 8, 8, 3, 3);
    hardware::Core core = test::toyCore();
    core.array.dimensions = {{"D1", 4}, {"D2", 4}};
    hardware::Memory& outputs = core.memories[1];
    ASSERT_TRUE(outputs.serves(hardware::MemoryOperand::O));
    outputs.servedDimensions = {0, 1};
    for (hardware::Port& port : outputs.ports) port.bandwidthMax = 1024;
    const auto shrunk = [&](std::int64_t bits, std::vector<hardware::Dataflow> given) {
        outputs.size = Bits(bits);
        Diagnostics diagnostics;
        const auto machine = cost::machineOf(nest, core, diagnostics).value();
        Request request{nest, core, std::move(given)};
        std::string text;
        const auto found = unrollings(request, machine, diagnostics);
        for (const hardware::Dataflow& flow : found.front()) {
            for (const hardware::Unrolling& unrolling : flow.unrollings)
                text += unrolling.loop + std::to_string(unrolling.factor) + " ";
        }
        return text;
    };
    const std::int64_t word = nest.operands[0].bits;
    EXPECT_EQ(shrunk(16 * word, {{0, {{"K", 4}}}, {1, {{"OX", 4}}}}), "K4 OX4 ");
    // 16 > 13: K would become 3, but OX is 4 as well and stays so, and a 4 becomes what the last 4 becomes.
    EXPECT_EQ(shrunk(13 * word, {{0, {{"K", 4}}}, {1, {{"OX", 4}}}}), "K4 OX4 ");
    EXPECT_EQ(shrunk(11 * word, {{0, {{"K", 4}}}, {1, {{"OX", 4}}}}), "K3 OX3 ");
    EXPECT_EQ(shrunk(9 * word, {{0, {{"K", 4}}}, {1, {{"OX", 3}}}}), "K3 OX3 ");
    EXPECT_EQ(shrunk(word, {{0, {{"C", 4}}}, {1, {{"OX", 3}}}}), "C4 OX1 ");  // C does not index the output
}

std::string factors(const std::vector<std::int64_t>& sizes, const std::vector<cost::Loop>& given, int limit) {
    const auto loops = loopFactors(sizes, given, limit);
    if (!loops) return "none";
    std::string text;
    for (const cost::Loop& loop : *loops) text += std::to_string(loop.dim) + ":" + std::to_string(loop.factor) + " ";
    return text;
}

TEST(LoopFactors, GivenSizes) {
    EXPECT_EQ(factors({28, 3}, {{0, 4}}, 6), "0:7 0:4 1:3 ");
    EXPECT_EQ(factors({28, 3}, {{0, 7}}, 3), "0:4 0:7 1:3 ");
    EXPECT_EQ(factors({28, 3}, {{0, 5}}, 6), "none");
    EXPECT_EQ(factors({28, 1}, {{1, 3}}, 6), "none");
    EXPECT_EQ(factors({12}, {{0, 6}}, 6), "0:2 0:3 0:6 ");  // ZigZag leaves the 3: 36 instead of 12
    EXPECT_EQ(factors({28, 5}, {{0, 4}}, 2), "none");       // joins a 2 that 4 has used up
}

}  // namespace
}  // namespace millrace::mapper
