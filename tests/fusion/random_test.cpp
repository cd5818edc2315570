#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "fusion/random_case.h"
#include "shared.h"
#include "tiling/needs_reference.h"

namespace millrace::fusion {
namespace {

using explore::Result;
using schedule::TransferCause;
using test::Bitmap;
using test::FusedCase;
using test::FusedRun;
using workload::LayerId;
using workload::TensorId;

/// Operations that the tiles do, and those of the layer's points whose tiles write something.
std::string operationsAreDone(const FusedRun& run, const Result& result) {
    const workload::Workload& workload = run.given().workload;
    for (const LayerId id : workload.layers.ids()) {
        std::int64_t done = 0;
        for (const explore::TileKind& kind : result.layers[id].kinds) {
            std::int64_t points = kind.count;
            for (const std::int64_t size : kind.sizes) points *= size;
            done += points;
        }
        std::int64_t expected = 0;
        const tiling::TileGrid& grid = run.setup().cells().grid(id);
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            const tiling::Tile ranges = grid.tile(grid.at(tile));
            const Bitmap written = test::elementsWritten(workload.layers[id], ranges);
            if (test::countOf(written) > 0) expected += volume(ranges);
        }
        if (done != expected) return workload.layers[id].name + ": operations";
    }
    return "";
}

/// Every element of an output goes off-chip exactly once.
std::string outputsLeaveOnce(const Result& result) {
    for (const schedule::TensorId id : result.problem.tensors.ids()) {
        const schedule::Tensor& tensor = result.problem.tensors[id];
        if (!tensor.final.valid()) continue;
        Bitmap arrived(static_cast<std::size_t>(volume(tensor.whole())));
        for (const schedule::Transfer& transfer : result.schedule.transfers) {
            if (transfer.tensor != id || transfer.to != tensor.final) continue;
            if (!test::addBox(arrived, tensor.shape, transfer.box)) return tensor.name + " goes out twice";
        }
        if (test::countOf(arrived) != volume(tensor.whole())) return tensor.name + " does not go out";
    }
    return "";
}

/// What tiles that write something touch of inputs and weights, and all outputs: bits that must pass the off-chip
/// memory.
std::int64_t compulsoryBits(const FusedRun& run) {
    const workload::Workload& workload = run.given().workload;
    std::map<TensorId, Bitmap> touched;
    std::int64_t bits = 0;
    for (const LayerId id : workload.layers.ids()) {
        const workload::Layer& layer = workload.layers[id];
        const tiling::TileGrid& grid = run.setup().cells().grid(id);
        for (std::uint32_t tile = 0; tile < grid.tiles(); ++tile) {
            const tiling::Tile ranges = grid.tile(grid.at(tile));
            if (test::countOf(test::elementsWritten(layer, ranges)) == 0) continue;
            for (const auto& [tensor, elements] : test::elementsRead(workload, layer, ranges)) {
                Bitmap& all = touched[tensor];
                all.resize(elements.size());
                for (std::size_t i = 0; i < elements.size(); ++i) all[i] = all[i] || elements[i];
            }
        }
        const workload::Tensor& result = workload.tensors[layer.result];
        if (result.isOutput) bits += result.elements() * result.bits;
    }
    for (const auto& [tensor, elements] : touched) {
        if (workload.tensors[tensor].origin != workload::TensorOrigin::layer) {
            bits += test::countOf(elements) * workload.tensors[tensor].bits;
        }
    }
    return bits;
}

/// Nothing is held in the end but results; what tiles bring for themselves goes with the next tile only.
std::string allIsGivenBack(const FusedRun& run) {
    const Record& record = run.record();
    for (const SumRoom& room : record.sums) {
        if (room.end == schedule::kForever) return "room for a sum is held for ever";
    }
    for (const Held& held : record.buffers) {
        const bool stays = held.permanent || run.given().policy.halo == Halo::again;
        if (!stays && held.end == schedule::kForever) return "data are held for ever";
    }
    return "";
}

std::string check(const FusedRun& run, const Result& result) {
    for (const std::string& wrong : {operationsAreDone(run, result), outputsLeaveOnce(result), allIsGivenBack(run)}) {
        if (!wrong.empty()) return wrong;
    }
    if (result.offchipTraffic.value() < compulsoryBits(run)) return "off-chip traffic is too small";
    if (result.offchipTraffic < result.bounds.offchipBits) return "off-chip traffic is below the bound";
    return result.schedule.latency < result.bounds.offchip ? "the latency is below the bound" : "";
}

/// Bits that a tile needs at the same time in each memory: its data, its result and its room for sums.
std::map<schedule::MemoryId, std::int64_t> roomOf(const FusedRun& run, const Work& work, std::uint32_t tile) {
    const Setup& setup = run.setup();
    const tiling::Coordinates at = setup.at(work, tile);
    const Work::Place& place = work.places[tile % work.parts];
    std::map<std::pair<TensorId, schedule::MemoryId>, std::set<std::uint32_t>> seen;
    std::map<schedule::MemoryId, std::int64_t> bits;
    setup.needs(work, at, [&](TensorId tensor, const tiling::CellBox& box, std::size_t input) {
        const schedule::MemoryId memory = place.inputs[work.layer.valid() ? input : 0];
        if (setup.sites(tensor).initial == memory) return;
        setup.cells().cells(tensor).each(box, [&](std::uint32_t cell, const tiling::CellPlace& cellAt) {
            if (!seen[{tensor, memory}].insert(cell).second) return true;
            bits[memory] += setup.cells().cells(tensor).elementsAt(cellAt) * setup.sites(tensor).bits;
            return true;
        });
    });
    setup.writes(work, at, [&](TensorId tensor, const tiling::CellBox& box) {
        const int all = setup.sites(tensor).bits + work.sumBits + work.scratchBits;
        bits[place.output] += setup.cells().elements(tensor, box) * all;
    });
    return bits;
}

struct Tally {
    std::int64_t good = 0, noMapping = 0, tooLarge = 0, unfinishedSums = 0;
    std::map<TransferCause, std::int64_t> causes;
    std::int64_t multicasts = 0, ways = 0, sums = 0, hosts = 0;
};

/// Is the reason for a tile that does not fit one, with numbers?
std::string checkReason(FusedRun& run, Tally& tally) {
    const std::string& reason = run.engine().reason();
    if (reason.find("the cost model finds no mapping on core ") == 0) {
        ++tally.noMapping;
        return run.costs().reason().empty() ? "no reason" : "";
    }
    std::smatch found;
    static const std::regex form(
        "tile \\d+ of \\d+ needs (\\d+) bits in .*, which has (\\d+)(, (\\d+) of them taken by unfinished sums)?");
    if (!std::regex_match(reason, found, form)) return "another reason: " + reason;
    const std::int64_t sums = found[4].length() > 0 ? std::stoll(found[4]) : 0;
    if (std::stoll(found[1]) + sums <= std::stoll(found[2])) return "it would fit: " + reason;
    ++tally.tooLarge;
    tally.unfinishedSums += sums > 0;
    if (sums > 0) return "";
    bool byItself = false;
    for (const Work& work : run.setup().works()) {
        for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
            for (const auto& [memory, bits] : roomOf(run, work, tile)) {
                byItself = byItself || Bits(bits) > run.resources().memories[memory].capacity;
            }
        }
    }
    return byItself ? "" : "every tile fits by itself: " + reason;
}

void count(const Result& result, const FusedRun& run, Tally& tally) {
    ++tally.good;
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        ++tally.causes[transfer.cause];
        tally.multicasts += transfer.with.valid();
        tally.ways += transfer.route.size() > 1;
    }
    for (const schedule::Tensor& tensor : result.problem.tensors) tally.sums += tensor.writers > 1;
    tally.hosts += !run.given().workload.hostOperators.empty();
}

TEST(Random, EveryScheduleIsLegal) {
    Rng rng(5);
    Tally tally;
    const std::int64_t runs = test::count(20000);
    for (std::int64_t i = 0; i < runs; ++i) {
        const FusedCase given = test::randomCase(rng, test::randomShare(rng));
        FusedRun run(given);
        if (!run.all()) {
            ASSERT_EQ(checkReason(run, tally), "") << "run " << i;
            continue;
        }
        Diagnostics diagnostics;
        const auto result = run.finish(diagnostics);
        ASSERT_TRUE(result) << "run " << i << " " << diagnostics.text();
        ASSERT_EQ(check(run, *result), "") << "run " << i;
        count(*result, run, tally);
        if (i % 4 != 0) continue;
        FusedRun twin(given);
        ASSERT_TRUE(twin.all());
        ASSERT_EQ(test::difference(twin.engine().record(), run.engine().record()), "") << "run " << i;
    }
    EXPECT_GT(2 * tally.good, runs);
    EXPECT_GT(tally.tooLarge, runs / 50);
    for (const auto cause : {TransferCause::input, TransferCause::weight, TransferCause::forward, TransferCause::spill,
                             TransferCause::reload, TransferCause::output}) {
        EXPECT_GT(tally.causes[cause], runs / 50) << static_cast<int>(cause);
    }
    EXPECT_GT(tally.multicasts, runs / 50);
    EXPECT_GT(tally.ways, runs / 2);
    EXPECT_GT(tally.sums, runs / 4);
    EXPECT_GT(tally.hosts, runs / 40);
}

/// Any order in which producers stand before consumers will do.
TEST(Random, OrdersThatAreGiven) {
    Rng rng(6);
    const std::int64_t runs = test::count(5000);
    Tally tally;
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given = test::randomCase(rng, test::randomShare(rng));
        FusedRun run(given);
        const auto order = test::randomOrder(run.setup(), rng);
        ASSERT_EQ(order.size(), run.setup().tiles());
        if (!run.all(order)) {
            ASSERT_EQ(checkReason(run, tally), "") << "run " << i;
            continue;
        }
        Diagnostics diagnostics;
        const auto result = run.finish(diagnostics);
        ASSERT_TRUE(result) << "run " << i << " " << diagnostics.text();
        ASSERT_EQ(check(run, *result), "") << "run " << i;
        ++tally.good;
    }
    EXPECT_GT(2 * tally.good, runs);
}

}  // namespace
}  // namespace millrace::fusion
