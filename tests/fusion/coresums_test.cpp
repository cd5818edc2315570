#include "explore/fusion/coresums.h"

#include <algorithm>
#include <set>

#include "explore/tiling/splits.h"
#include "fusion/micro.h"
#include "fusion/random_case.h"
#include "shared.h"
#include "tiling/needs_reference.h"

/// Layers that are cut over cores along sums.
namespace millrace::fusion {
namespace {

using hardware::CoreId;
using test::Bitmap;
using test::bitsOf;
using test::FusedCase;
using test::FusedRun;
using test::transfersOf;
using test::WiredChip;
using tiling::Split;
using workload::Layer;
using workload::LayerId;
using workload::TensorId;

constexpr std::int64_t kPlenty = 1 << 24;
constexpr workload::DimIndex kK = 0, kC = 1, kOY = 2, kFY = 4;

/// Two convolutions one after another; the second one's rows have a stride.
workload::Workload twoConvs() {
    workload::Workload workload;
    test::ConvShape shape;
    const TensorId middle =
        test::addConv(workload, "first", test::addInput(workload, {shape.c, shape.iy(), shape.ix()}), shape);
    test::ConvShape next;
    next.c = shape.k;
    next.oy = 3;
    next.fy = 4;
    next.strideY = 2;
    workload.tensors[test::addConv(workload, "second", middle, next)].isOutput = true;
    return workload;
}

std::vector<CoreId> cores(std::initializer_list<std::size_t> numbers) {
    std::vector<CoreId> result;
    for (const std::size_t number : numbers) result.emplace_back(number);
    return result;
}

TEST(CoreSums, ALayerIsAChainOfItsParts) {
    const workload::Workload given = twoConvs();
    Plan plan = test::plainPlan(given);
    plan.layers[LayerId(1)] = {0, {{kC, 3}, {kK, 2}}, {{kOY, 2}}, cores({0, 1, 2, 3, 4, 5})};
    const CoreSums sums = sumOverCores(given, plan);
    ASSERT_EQ(sums.workload.layers.size(), 4u);
    ASSERT_EQ(sums.workload.tensors.size(), given.tensors.size() + 2);
    ASSERT_EQ(sums.plan.stacks.size(), 1u);
    EXPECT_EQ(sums.plan.stacks[0], sums.workload.layers.ids());
    EXPECT_EQ(sums.workload.layers[LayerId(0)].name, "first");
    const std::vector<std::int64_t> sizes{3, 3, 2};
    for (std::size_t i = 0; i < 3; ++i) {
        const LayerId id(i + 1);
        const Layer& part = sums.workload.layers[id];
        EXPECT_EQ(part.name, "second (sum " + std::to_string(i + 1) + " of 3)");
        EXPECT_EQ(sums.costed.layers[id].name, "second");
        EXPECT_EQ(part.dims[kC].size, sizes[i]);
        EXPECT_EQ(part.inputs.size(), i == 0 ? 2u : 3u);
        EXPECT_EQ(sums.costed.layers[id].inputs.size(), 2u);
        EXPECT_EQ(sums.workload.tensors[part.result].bits, i < 2 ? 16 : 8);
        EXPECT_EQ(sums.costed.layers[id].outputFinalBits, i < 2 ? 16 : 8);
        EXPECT_EQ(sums.workload.tensors[part.result].isOutput, i == 2);
        EXPECT_EQ(sums.workload.tensors[part.result].producer, id);
        // Part 3 * k + c of the grid is c of the sum, as the first split varies fastest.
        EXPECT_EQ(sums.plan.layers[id].cores, cores({i, i + 3}));
        EXPECT_EQ(sums.plan.layers[id].parts(), 2);
        EXPECT_EQ(sums.plan.layers[id].steps(), 2);
    }
    EXPECT_EQ(sums.workload.layers[LayerId(3)].result, given.layers[LayerId(1)].result);
    plan.layers[LayerId(1)].inter = {{kK, 2}, {kC, 3}};
    EXPECT_EQ(sumOverCores(given, plan).plan.layers[LayerId(2)].cores, cores({2, 3}));
}

TEST(CoreSums, OtherPlansStayAsTheyAre) {
    const workload::Workload given = twoConvs();
    Plan plan = test::plainPlan(given);
    plan.layers[LayerId(0)] = {0, {{kK, 2}}, {{kC, 2}}, cores({1, 0})};
    const CoreSums sums = sumOverCores(given, plan);
    EXPECT_EQ(sums.workload.layers.size(), 2u);
    EXPECT_EQ(sums.workload.tensors.size(), given.tensors.size());
    EXPECT_EQ(sums.plan.layers[LayerId(0)].cores, cores({1, 0}));
    EXPECT_EQ(printText(sums.plan, sums.workload), printText(plan, given));
}

using Indices = std::vector<std::int64_t>;

/// At each point of a layer: the index on each axis of its first operands and of its result.
void addPoints(const Layer& layer, std::size_t operands, std::multiset<Indices>& points) {
    std::int64_t count = 1;
    for (const workload::LoopDim& dim : layer.dims) count *= dim.size;
    for (std::int64_t number = 0; number < count; ++number) {
        std::vector<Interval> at;
        std::int64_t rest = number;
        for (const workload::LoopDim& dim : layer.dims) {
            at.push_back({rest % dim.size, rest % dim.size + 1});
            rest /= dim.size;
        }
        Indices indices;
        const auto look = [&](const workload::Operand& operand) {
            for (const workload::Axis& axis : operand.axes) indices.push_back(workload::range(axis.index, at).begin);
        };
        for (std::size_t i = 0; i < operands; ++i) look(layer.inputs[i]);
        look(layer.output);
        points.insert(std::move(indices));
    }
}

std::int64_t sumParts(const Layer& layer, const LayerPlan& plan) {
    std::int64_t parts = 1;
    for (const Split& split : plan.inter) {
        if (layer.dims[split.dim].kind == workload::DimKind::reduction) parts *= split.parts;
    }
    return parts;
}

/// A part that is not the first takes over, where it writes, just what the part before wrote.
void checkLink(const CoreSums& sums, LayerId before, LayerId part) {
    const Layer& layer = sums.workload.layers[part];
    const tiling::Tile whole = tiling::wholeLayer(layer);
    const auto read = test::elementsRead(sums.workload, layer.inputs.back(), whole);
    const Layer& first = sums.workload.layers[before];
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read.begin()->first, first.result);
    EXPECT_EQ(read.begin()->second, test::elementsWritten(layer, whole));
    EXPECT_EQ(read.begin()->second, test::elementsWritten(first, tiling::wholeLayer(first)));
}

/// Point by point, with padding, strides, groups, transposed convolutions, pooling, products.
TEST(CoreSums, PartsTogetherDoWhatTheLayerDoes) {
    Rng rng(31);
    std::int64_t chains = 0, shifted = 0;
    const std::int64_t runs = test::count(6000);
    for (std::int64_t run = 0; run < runs; ++run) {
        const FusedCase given = test::randomCase(rng, 1);
        const CoreSums sums = sumOverCores(given.workload, given.plan);
        std::size_t next = 0;
        for (const LayerId id : given.workload.layers.ids()) {
            const Layer& layer = given.workload.layers[id];
            const auto parts = static_cast<std::size_t>(sumParts(layer, given.plan.layers[id]));
            const std::size_t first = next;
            next += parts;
            EXPECT_EQ(sums.workload.layers[LayerId(next - 1)].result, layer.result);
            if (parts == 1 || layer.operations() > 3000) continue;
            ++chains;
            std::multiset<Indices> whole;
            std::multiset<Indices> together;
            addPoints(layer, layer.inputs.size(), whole);
            for (std::size_t part = first; part < next; ++part) {
                addPoints(sums.workload.layers[LayerId(part)], layer.inputs.size(), together);
                if (part > first) checkLink(sums, LayerId(part - 1), LayerId(part));
            }
            ASSERT_EQ(whole, together) << "run " << run << " " << layer.name;
            for (const workload::Axis& axis : layer.inputs.front().axes) shifted += axis.index.offset != 0;
        }
        ASSERT_EQ(next, sums.workload.layers.size());
    }
    EXPECT_GT(chains, runs / 10);
    EXPECT_GT(shifted, runs / 200);
}

/// Partial sums of 16 bits go from core to core, the result of 8 bits goes off-chip.
TEST(CoreSums, SumsGoOnAtTheirOwnWidth) {
    FusedCase given{twoConvs(), WiredChip(4, kPlenty).bus(64).chip, {}, {}};
    given.plan = test::plainPlan(given.workload);
    given.plan.layers[LayerId(1)] = {0, {{kC, 4}}, {{kOY, 3}}, cores({0, 1, 2, 3})};
    const std::int64_t elements = 8 * 3 * 10;
    const auto result = test::schedule(given);
    for (std::size_t i = 0; i < 3; ++i) {
        const TensorId passed(given.workload.tensors.size() + i);
        const auto transfers = transfersOf(result, passed);
        EXPECT_EQ(transfers.size(), 3u) << "tile by tile";
        EXPECT_EQ(bitsOf(result, transfers), 16 * elements);
    }
    EXPECT_EQ(bitsOf(result, transfersOf(result, schedule::TransferCause::output)), 8 * elements);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto before = test::spansOf(result, 1 + i);
        const auto after = test::spansOf(result, 2 + i);
        ASSERT_EQ(before.size(), 3u);
        EXPECT_LT(after[0].start, before[2].start) << "a pipeline: the next part does not wait for all";
        for (std::size_t tile = 0; tile < 3; ++tile) EXPECT_GE(after[tile].start, before[tile].end);
    }
}

/// With the same core for two parts nothing is sent between them.
TEST(CoreSums, OneCoreMayHaveSeveralParts) {
    FusedCase given{twoConvs(), WiredChip(1, kPlenty).bus(64).chip, {}, {}};
    given.plan = test::plainPlan(given.workload);
    given.plan.layers[LayerId(0)].inter = {{kC, 2}, {kFY, 3}};
    const auto result = test::schedule(given);
    EXPECT_EQ(result.layers.size(), 7u);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_TRUE(transfersOf(result, TensorId(given.workload.tensors.size() + i)).empty());
    }
}

/// One or two convolutions of random shape, cut over cores along sums too, on cores with plenty of room. No part of a
/// window is shorter than its stride, so that what tiles read has no holes.
FusedCase convCase(Rng& rng) {
    FusedCase result{{}, WiredChip(4, kPlenty).bus(rng.between(8, 64)).chip, {}, {}};
    test::ConvShape shape;
    shape.c = rng.between(1, 5);
    TensorId last;
    for (std::int64_t i = rng.between(1, 2); i > 0; --i) {
        shape.k = rng.between(1, 5);
        shape.strideY = rng.between(1, 2);
        shape.strideX = rng.between(1, 2);
        shape.fy = rng.between(shape.strideY, 4);
        shape.fx = rng.between(shape.strideX, 3);
        shape.padY = rng.between(0, (shape.fy - 1) / 2);
        shape.padX = rng.between(0, (shape.fx - 1) / 2);
        if (last.valid()) {
            shape.padY = (shape.fy - 1) / 2;
            shape.padX = (shape.fx - 1) / 2;
            const auto& have = result.workload.tensors[last].shape;
            shape.oy = (have[1] + 2 * shape.padY - shape.fy) / shape.strideY + 1;
            shape.ox = (have[2] + 2 * shape.padX - shape.fx) / shape.strideX + 1;
            if (shape.oy < 1 || shape.ox < 1 || shape.iy() != have[1] || shape.ix() != have[2]) break;
        } else {
            shape.oy = rng.between(2, 6);
            shape.ox = rng.between(2, 5);
            last = test::addInput(result.workload, {shape.c, shape.iy(), shape.ix()});
        }
        last = test::addConv(result.workload, "conv" + std::to_string(i), last, shape);
        shape.c = shape.k;
    }
    result.workload.tensors[last].isOutput = true;
    result.plan = test::plainPlan(result.workload);
    for (const LayerId id : result.workload.layers.ids()) {
        LayerPlan& plan = result.plan.layers[id];
        const Layer& layer = result.workload.layers[id];
        for (const workload::DimIndex dim : {kC, kOY, kFY, kK}) {
            const std::int64_t parts = rng.between(1, std::min<std::int64_t>(layer.dims[dim].size, 3));
            const std::int64_t stride = layer.inputs[1].axes[1].index.terms[0].coefficient;
            if (dim == kFY && layer.dims[kFY].size / parts < stride) continue;
            if (parts > 1 && rng.below(2) == 0) plan.inter.push_back({dim, parts});
        }
        const std::int64_t rows = layer.dims[kOY].size / tiling::partsOf(plan.inter, kOY);
        if (rows > 1) plan.intra.push_back({kOY, rng.between(2, rows)});
        plan.cores.clear();
        for (std::int64_t i = plan.parts(); i > 0; --i) plan.cores.emplace_back(rng.below(4));
    }
    result.policy.order = static_cast<Order>(rng.below(3));
    result.policy.multicast = rng.below(2) == 0;
    return result;
}

/// Bits that come to each core, element by element: all that its tiles read and none of its tiles wrote, once.
std::map<std::size_t, std::int64_t> bitsToCores(const FusedRun& run) {
    const workload::Workload& workload = run.given().workload;
    std::map<std::pair<std::size_t, TensorId>, Bitmap> read;
    std::map<std::pair<std::size_t, TensorId>, Bitmap> written;
    const auto add = [](Bitmap& all, const Bitmap& more) {
        all.resize(more.size());
        for (std::size_t i = 0; i < more.size(); ++i) all[i] = all[i] || more[i];
    };
    for (const LayerId id : workload.layers.ids()) {
        const Layer& layer = workload.layers[id];
        const LayerPlan& plan = run.given().plan.layers[id];
        const tiling::TileGrid grid(layer, plan.inter, plan.intra);
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            const tiling::Tile ranges = grid.tile(grid.at(tile));
            const std::size_t core = plan.cores[tile % grid.parts() % plan.cores.size()].index();
            add(written[{core, layer.result}], test::elementsWritten(layer, ranges));
            for (const auto& [tensor, elements] : test::elementsRead(workload, layer, ranges))
                add(read[{core, tensor}], elements);
        }
    }
    std::map<std::size_t, std::int64_t> bits;
    for (auto& [place, elements] : read) {
        const auto own = written.find(place);
        for (std::size_t i = 0; i < elements.size(); ++i) {
            const bool comes = elements[i] && (own == written.end() || !own->second[i]);
            bits[place.first] += comes ? workload.tensors[place.second].bits : 0;
        }
    }
    return bits;
}

/// Compute energy of all tiles, as the cost model has it for the layers that were given; tiles that pass their sums on
/// write them as wide as they are.
double energyOfTiles(const FusedCase& given) {
    workload::Workload wide = given.workload;
    for (Layer& layer : wide.layers) layer.outputFinalBits = layer.output.bits;
    platform::TileCosts results(given.workload, given.chip, nullptr, explore::Objective::latency, 4);
    platform::TileCosts sums(wide, given.chip, nullptr, explore::Objective::latency, 4);
    double energy = 0;
    for (const LayerId id : given.workload.layers.ids()) {
        const LayerPlan& plan = given.plan.layers[id];
        const tiling::TileGrid grid(given.workload.layers[id], plan.inter, plan.intra);
        for (std::uint32_t number = 0; number < grid.tiles(); ++number) {
            const CoreId core = plan.cores[number % grid.parts() % plan.cores.size()];
            const tiling::Tile tile = grid.tile(grid.at(number));
            bool last = true;
            for (const workload::DimIndex dim : {kC, kFY})
                last = last && tile[dim].end == given.workload.layers[id].dims[dim].size;
            energy += (last ? results : sums).cost(id, tile, core)->energy.value();
        }
    }
    return energy;
}

TEST(CoreSums, EveryByteComesOnceAndEveryOperationIsDone) {
    Rng rng(32);
    std::int64_t chains = 0;
    const std::int64_t runs = test::count(3000);
    for (std::int64_t i = 0; i < runs; ++i) {
        const FusedCase given = convCase(rng);
        FusedRun run(given);
        ASSERT_TRUE(run.all()) << run.engine().reason();
        Diagnostics diagnostics;
        const auto result = run.finish(diagnostics);
        ASSERT_TRUE(result) << "run " << i << " " << diagnostics.text();
        chains += run.given().workload.layers.size() > given.workload.layers.size();
        std::map<std::size_t, std::int64_t> bits;
        for (const schedule::Transfer& transfer : result->schedule.transfers) {
            if (transfer.to == run.offchip()) continue;
            const schedule::CoreId core = result->problem.memories[transfer.to].cores.front();
            bits[core.index()] += result->problem.tensors[transfer.tensor].size(transfer.box).value();
        }
        ASSERT_EQ(bits, bitsToCores(run)) << "run " << i;
        std::int64_t operations = 0;
        for (const explore::LayerResult& layer : result->layers) operations += layer.operations;
        std::int64_t expected = 0;
        for (const Layer& layer : given.workload.layers) expected += layer.operations();
        ASSERT_EQ(operations, expected);
        const double energy = energyOfTiles(given);
        ASSERT_NEAR(result->schedule.energy.compute.value(), energy, 1e-9 * energy) << "run " << i;
    }
    EXPECT_GT(4 * chains, runs);
}

}  // namespace
}  // namespace millrace::fusion
