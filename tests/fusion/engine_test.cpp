#include "explore/fusion/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "fusion/longest_path.h"
#include "fusion/random_case.h"
#include "shared.h"
#include "tiling/needs_reference.h"

namespace millrace::fusion {
namespace {

using schedule::MemoryId;
using schedule::TransferCause;
using test::FusedCase;
using test::FusedRun;
using workload::LayerId;
using workload::TensorId;

/// Reads of all operands but those through reshapes are exactly what the points of a tile touch.
bool exact(const workload::Workload& workload) {
    for (const workload::Layer& layer : workload.layers) {
        for (const workload::Operand& operand : layer.inputs) {
            const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source);
            if (pieces == nullptr) return false;
            for (const workload::Axis& axis : operand.axes) {
                std::int64_t reach = 1;
                for (const workload::AffineTerm& term : axis.index.terms) {
                    if (std::abs(term.coefficient) > reach) return false;
                    reach = std::max(reach, layer.dims[term.dim].size);
                }
            }
            for (const workload::Piece& piece : *pieces) {
                if (!piece.viewShape.empty()) return false;
                for (const workload::AxisMap& map : piece.map) {
                    if (std::abs(map.coefficient) > 1) return false;
                }
            }
        }
    }
    return true;
}

/// Does something that was off-chip from the start come from a memory on the chip?
bool fromCores(const explore::Result& result) {
    return std::any_of(result.schedule.transfers.begin(), result.schedule.transfers.end(),
                       [&](const schedule::Transfer& transfer) {
                           const MemoryId initial = result.problem.tensors[transfer.tensor].initial;
                           return initial.valid() && transfer.from != initial;
                       });
}

TEST(Engine, WithoutContentionTheLatencyIsTheLongestPath) {
    Rng rng(12);
    const std::int64_t runs = test::count(10000);
    std::int64_t compared = 0;
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given = test::randomCase(rng, 1);
        if (!given.workload.hostOperators.empty() || !exact(given.workload)) continue;
        const bool shared = rng.below(2) == 0;
        given.chip = test::freeChip(shared ? rng.between(1, 4) : 2, shared);
        given.plan = test::randomPlan(given.workload, given.chip, rng, rng.between(1, 16));
        given.policy.halo = Halo::keep;
        given.policy.prefetch = false;
        // Several sources in one transfer come when the last is there: not with all of the past at hand.
        if (!shared) given.policy.lookahead = 10000;
        FusedRun run(given);
        ASSERT_TRUE(run.all()) << run.engine().reason();
        Diagnostics diagnostics;
        const auto result = run.finish(diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        const std::int64_t latency = result->schedule.latency.value();
        const std::int64_t path = test::longestPath(run).value();
        ASSERT_GE(latency, path) << "run " << i;
        // What was off-chip from the start may come from another core instead, a cycle later.
        if (fromCores(*result)) continue;
        ASSERT_EQ(latency, path) << "run " << i;
        ++compared;
    }
    EXPECT_GT(10 * compared, runs);
}

using Elements = std::map<std::pair<schedule::TensorId, MemoryId>, test::Bitmap>;

void addTo(Elements& all, const explore::Result& result, schedule::TensorId id, MemoryId memory, const Box& box) {
    const schedule::Tensor& tensor = result.problem.tensors[id];
    const auto size = static_cast<std::size_t>(volume(tensor.whole()));
    test::addBox(all.try_emplace({id, memory}, size).first->second, tensor.shape, box);
}

/// What tiles read where they do not make it and it is not from the start; results where they must be in the end.
Elements toBeMoved(const explore::Result& result) {
    Elements needed;
    Elements made;
    for (const schedule::Task& task : result.problem.tasks) {
        for (std::size_t i = 0; i < task.reads.size(); ++i) {
            const MemoryId memory = task.options[0].readMemories[i];
            const schedule::TensorId tensor = task.reads[i].tensor;
            if (result.problem.tensors[tensor].initial == memory) continue;
            addTo(needed, result, tensor, memory, task.reads[i].box);
        }
        for (std::size_t i = 0; i < task.writes.size(); ++i)
            addTo(made, result, task.writes[i].tensor, task.options[0].writeMemories[i], task.writes[i].box);
    }
    for (const schedule::TensorId id : result.problem.tensors.ids()) {
        const schedule::Tensor& tensor = result.problem.tensors[id];
        if (tensor.final.valid()) addTo(needed, result, id, tensor.final, tensor.whole());
    }
    for (auto& [where, elements] : needed) {
        const auto here = made.find(where);
        if (here == made.end()) continue;
        for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = elements[i] && !here->second[i];
    }
    for (auto entry = needed.begin(); entry != needed.end();) {
        entry = test::countOf(entry->second) == 0 ? needed.erase(entry) : std::next(entry);
    }
    return needed;
}

/// With room for all, every byte that is missing somewhere is brought there once, and nothing else (stream.md 7.2,
/// no. 5).
TEST(Engine, MovesExactlyWhatIsMissing) {
    Rng rng(13);
    const std::int64_t runs = test::count(10000);
    std::int64_t moved = 0;
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given = test::randomCase(rng, 100);
        if (given.policy.halo == Halo::again) given.policy.halo = Halo::keep;
        FusedRun run(given);
        ASSERT_TRUE(run.all()) << run.engine().reason();
        Diagnostics diagnostics;
        const auto result = run.finish(diagnostics);
        ASSERT_TRUE(result) << diagnostics.text();
        Elements brought;
        for (const schedule::Transfer& transfer : result->schedule.transfers) {
            const schedule::Tensor& tensor = result->problem.tensors[transfer.tensor];
            const auto size = static_cast<std::size_t>(volume(tensor.whole()));
            test::Bitmap& there = brought.try_emplace({transfer.tensor, transfer.to}, size).first->second;
            ASSERT_TRUE(test::addBox(there, tensor.shape, transfer.box)) << "run " << i << " brought twice";
            ASSERT_NE(transfer.cause, TransferCause::spill);
            ++moved;
        }
        ASSERT_EQ(brought, toBeMoved(*result)) << "run " << i;
    }
    EXPECT_GT(moved, 5 * runs);
}

std::int64_t linkBits(const explore::Result& result) {
    std::int64_t bits = 0;
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        const schedule::Transfer& transfer = result.schedule.transfers[id];
        std::set<schedule::LinkId> carried;
        for (const schedule::TransferId other : result.schedule.transfers.ids()) {
            const schedule::Transfer& before = result.schedule.transfers[other];
            const bool same =
                transfer.with.valid() && (other == transfer.with || (before.with == transfer.with && other < id));
            if (same) carried.insert(before.route.begin(), before.route.end());
        }
        const std::int64_t size = result.problem.tensors[transfer.tensor].size(transfer.box).value();
        for (const schedule::LinkId link : transfer.route) bits += carried.count(link) == 0 ? size : 0;
    }
    return bits;
}

/// With room for all a multicast saves. Case by case where all ways are one link; elsewhere what is near depends on
/// what came before.
TEST(Engine, MulticastsCarryNoMore) {
    Rng rng(14);
    const std::int64_t runs = test::count(10000);
    std::int64_t fewer = 0, near = 0;
    std::int64_t all[2] = {0, 0};
    for (std::int64_t i = 0; i < runs; ++i) {
        FusedCase given = test::randomCase(rng, 100);
        given.policy.halo = Halo::keep;
        std::int64_t bits[2];
        bool isNear = true;
        for (const bool multicast : {false, true}) {
            given.policy.multicast = multicast;
            FusedRun run(given);
            ASSERT_TRUE(run.all()) << run.engine().reason();
            Diagnostics diagnostics;
            const auto result = run.finish(diagnostics);
            ASSERT_TRUE(result) << diagnostics.text();
            bits[multicast ? 1 : 0] = linkBits(*result);
            all[multicast ? 1 : 0] += bits[multicast ? 1 : 0];
            for (const auto& transfer : result->schedule.transfers) isNear = isNear && transfer.route.size() == 1;
        }
        ASSERT_LE(bits[1], isNear ? bits[0] : 2 * bits[0]) << "run " << i;
        near += isNear;
        fewer += bits[1] < bits[0];
    }
    EXPECT_LT(all[1], all[0]);
    EXPECT_GT(10 * near, runs);
    EXPECT_GT(200 * fewer, runs);
}

}  // namespace
}  // namespace millrace::fusion
