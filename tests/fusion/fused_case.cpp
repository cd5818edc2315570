#include "fusion/fused_case.h"

#include <fmt/format.h>

#include <stdexcept>
#include <tuple>

#include "explore/bounds/bounds.h"
#include "explore/fusion/halos.h"
#include "explore/fusion/unfold.h"
#include "explore/platform/tensors.h"
#include "schedule/verify.h"

namespace millrace::test {

using fusion::Engine;
using fusion::Order;
using workload::LayerId;

fusion::Plan plainPlan(const workload::Workload& workload) {
    fusion::Plan plan;
    plan.stacks.push_back(workload.layers.ids());
    for (std::size_t i = 0; i < workload.layers.size(); ++i) plan.layers.add({0, {}, {}, {hardware::CoreId(0)}});
    return plan;
}

FusedRun::FusedRun(FusedCase given) : given_(std::move(given)) {
    Diagnostics diagnostics;
    fusion::CoreSums sums = fusion::sumOverCores(given_.workload, given_.plan);
    given_.workload = std::move(sums.workload);
    given_.plan = std::move(sums.plan);
    costed_ = std::move(sums.costed);
    result_.chip = given_.chip;
    result_.workload = given_.workload;
    platform_ = platform::Platform::make(given_.chip, result_.problem, diagnostics);
    if (!platform_) throw std::logic_error(diagnostics.text());
    if (!given_.workload.hostOperators.empty()) {
        result_.problem.memories[platform_->offchip()].cores.push_back(result_.problem.cores.add({"host"}));
    }
    resources_ = result_.problem;
    platform::addTensors(given_.workload, platform_->offchip(), result_.problem);
    cells_.emplace(fusion::cellsOf(given_.workload, given_.plan, given_.policy.halo == fusion::Halo::recompute));
    costs_.emplace(costed_, given_.chip, nullptr, explore::Objective::latency, 4);
    setup_ = fusion::Setup::make(given_.workload, given_.chip, *platform_, resources_, given_.plan, *cells_, *costs_,
                                 diagnostics);
    if (!setup_) throw std::logic_error(diagnostics.text());
    engine_.emplace(*setup_, given_.policy);
}

bool FusedRun::commit(FusedTile tile) {
    if (!engine_->commit(tile.work, tile.tile)) return false;
    committed_.push_back(tile);
    return true;
}

static std::vector<std::uint32_t> numbers(const fusion::Setup& setup, const std::vector<FusedTile>& order) {
    std::vector<std::uint32_t> result;
    for (const FusedTile& tile : order) result.push_back(setup.works()[tile.work].firstTile + tile.tile);
    return result;
}

bool FusedRun::all() {
    const bool dynamic = given_.policy.order == Order::earliestReady;
    const auto order = fusion::orderOf(*setup_, dynamic ? Order::depthFirst : given_.policy.order);
    if (!dynamic) {
        std::vector<FusedTile> tiles;
        for (const std::uint32_t number : order) {
            const fusion::WorkId work = setup_->workOf(number);
            tiles.push_back({work, number - setup_->works()[work].firstTile});
        }
        return all(tiles);
    }
    engine_->follow(fusion::positionsOf(order));
    fusion::Lanes lanes(*setup_, Order::earliestReady);
    while (const auto tile = lanes.next([&](FusedTile next) { return engine_->ready(next.work, next.tile); })) {
        if (!commit(*tile)) return false;
    }
    return true;
}

bool FusedRun::all(const std::vector<FusedTile>& order, std::size_t from) {
    engine_->follow(fusion::positionsOf(numbers(*setup_, order)));
    for (std::size_t i = from; i < order.size(); ++i) {
        if (!commit(order[i])) return false;
    }
    return true;
}

std::optional<explore::Result> FusedRun::finish(Diagnostics& diagnostics) {
    explore::Result result = result_;
    fusion::unfold(*engine_, result);
    result.offchipTraffic = schedule::offchipTraffic(result.problem, result.schedule);
    result.bounds = bounds::boundsOf(given_.workload, given_.chip, nullptr);
    if (!schedule::check(result.problem, diagnostics)) return std::nullopt;
    if (!schedule::verify(result.problem, result.schedule, diagnostics)) return std::nullopt;
    return result;
}

std::vector<FusedTile> randomOrder(const fusion::Setup& setup, Rng& rng, const std::vector<FusedTile>& first) {
    fusion::Lanes lanes(setup, Order::given);
    std::vector<FusedTile> order;
    std::vector<std::pair<FusedTile, std::uint32_t>> open;  // the next tile of a part, and its step
    for (const fusion::WorkId work : setup.works().ids()) {
        for (std::uint32_t part = 0; part < setup.works()[work].parts; ++part) open.push_back({{work, part}, 0});
    }
    const auto take = [&](std::size_t at) {
        auto& [tile, step] = open[at];
        if (!lanes.take(tile)) return false;
        order.push_back(tile);
        const fusion::Work& work = setup.works()[tile.work];
        tile.tile += work.parts;
        if (++step == work.steps) open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        return true;
    };
    for (const FusedTile& tile : first) {
        std::size_t at = 0;
        while (open[at].first.work != tile.work || open[at].first.tile != tile.tile) ++at;
        if (!take(at)) throw std::logic_error("the tiles that stand first are not in order");
    }
    std::size_t at = 0;
    while (!open.empty()) {
        // Some runs of one part, some jumps.
        if (rng.below(3) == 0 || at >= open.size()) at = rng.below(open.size());
        std::size_t tries = 0;
        while (!take(at)) {
            if (++tries > open.size()) throw std::logic_error("no tile can run");
            at = (at + 1) % open.size();
        }
    }
    return order;
}

namespace {

auto fields(const fusion::Held& h) {
    return std::make_tuple(h.tensor, h.site, h.permanent, h.keeper, h.box, h.bits, h.start, h.valid, h.last, h.end,
                           h.pending, h.transfer, h.sum, h.next, h.previous);
}
auto fields(const fusion::Sent& s) {
    return std::make_tuple(s.tensor, s.box, s.from, s.cause, s.buffer, s.start, s.end, s.bandwidth, s.leader,
                           s.follower, s.work);
}
auto fields(const fusion::SumRoom& s) { return std::make_tuple(s.tensor, s.box, s.memory, s.bits, s.start, s.end); }

template <class Item>
std::string differ(const char* what, const std::vector<Item>& a, const std::vector<Item>& b) {
    if (a.size() != b.size()) return fmt::format("{} and {} {}", a.size(), b.size(), what);
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (fields(a[i]) != fields(b[i])) return fmt::format("{} {} of {}", what, i, a.size());
    }
    return "";
}

}  // namespace

std::string difference(const fusion::Record& a, const fusion::Record& b) {
    if (a.starts != b.starts) return "starts of tiles";
    if (a.boxes != b.boxes) return "boxes";
    for (const std::string& found :
         {differ("buffers", a.buffers, b.buffers), differ("transfers", a.transfers, b.transfers),
          differ("rooms of sums", a.sums, b.sums)}) {
        if (!found.empty()) return found;
    }
    return "";
}

}  // namespace millrace::test
