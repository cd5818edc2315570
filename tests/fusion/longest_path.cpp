#include "fusion/longest_path.h"

#include <algorithm>

#include "chips.h"
#include "tiling/needs_reference.h"

namespace millrace::test {

using hardware::CoreId;
using workload::TensorId;

hardware::Chip freeChip(std::size_t cores, bool shared) {
    constexpr std::int64_t kWord = 1'000'000;
    constexpr std::int64_t kEnough = 1'000'000'000;
    hardware::Chip chip;
    chip.name = "free";
    for (std::size_t i = 0; i < cores; ++i) {
        hardware::Core core = matrixCore("matrix", 2, 2, kEnough);
        for (hardware::Port& port : core.memories.back().ports) port.bandwidthMax = port.bandwidthMin = kWord;
        chip.cores.add(std::move(core));
    }
    if (shared && cores > 1) chip.sharedMemories.push_back(chip.cores.ids());
    chip.offchip = chip.cores.add(dram(kWord));
    hardware::Link bus;
    bus.name = "bus";
    bus.bus = true;
    bus.bandwidth = 1000 * kEnough;
    bus.cores = chip.cores.ids();
    chip.links.add(std::move(bus));
    return chip;
}

namespace {

class Path {
public:
    explicit Path(FusedRun& run) : run_(run), workload_(run.given().workload), made_(workload_.tensors.size()) {}

    Cycles latency() {
        for (const FusedTile& tile : run_.committed()) add(tile);
        return latency_;
    }

private:
    using Times = std::vector<Cycles>;

    /// When each element is in a memory; never if it is not there.
    Times& there(TensorId tensor, schedule::MemoryId memory) {
        const auto size = static_cast<std::size_t>(workload_.tensors[tensor].elements());
        return there_.try_emplace({tensor, memory}, size, schedule::kForever).first->second;
    }

    /// When all that the tile reads is in the memories of its place.
    Cycles arrivals(const fusion::Work& work, const fusion::Work::Place& place, const std::vector<Interval>& tile,
                    Cycles from) {
        Cycles ready;
        const workload::Layer& layer = workload_.layers[work.layer];
        for (std::size_t input = 0; input < layer.inputs.size(); ++input) {
            for (const auto& [tensor, elements] : elementsRead(workload_, layer.inputs[input], tile)) {
                Times& times = there(tensor, place.inputs[input]);
                const bool made = workload_.tensors[tensor].origin == workload::TensorOrigin::layer;
                for (std::size_t i = 0; i < elements.size(); ++i) {
                    if (!elements[i]) continue;
                    const Cycles source = made ? made_[tensor.index()][i] : Cycles(0);
                    if (times[i] == schedule::kForever) times[i] = std::max(source, from) + Cycles(1);
                    ready = std::max(ready, times[i]);
                }
            }
        }
        return ready;
    }

    Cycles gap(std::size_t core, Cycles from, Cycles length) {
        auto& busy = busy_[core];
        std::sort(busy.begin(), busy.end());
        for (const schedule::Span& span : busy) {
            if (from + length <= span.start) break;
            from = std::max(from, span.end);
        }
        busy.push_back({from, from + length});
        return from;
    }

    void add(const FusedTile& committed) {
        const fusion::Work& work = run_.setup().works()[committed.work];
        const fusion::Work::Place& place = work.places[committed.tile % work.parts];
        const workload::Layer& layer = workload_.layers[work.layer];
        const tiling::TileGrid& grid = run_.setup().cells().grid(work.layer);
        const std::vector<Interval> tile = grid.tile(grid.at(committed.tile));
        const Bitmap written = elementsWritten(layer, tile);
        if (countOf(written) == 0) return;
        auto& starts = starts_[place.core.index()];
        const auto back = static_cast<std::size_t>(run_.given().policy.lookahead);
        const Cycles from = starts.size() >= back ? starts[starts.size() - back] : Cycles(0);
        Cycles ready = arrivals(work, place, tile, from);
        Times& made = made_[layer.result.index()];
        made.resize(written.size());
        for (std::size_t i = 0; i < written.size(); ++i) {
            if (written[i]) ready = std::max(ready, made[i]);  // of sums: the tile before
        }
        const explore::TileKind* kind = run_.costs().cost(work.layer, tile, CoreId(place.core.index()));
        const Cycles start = gap(place.core.index(), ready, kind->duration);
        starts.push_back(start);
        const Cycles end = start + kind->duration;
        const bool out = workload_.tensors[layer.result].isOutput && grid.endsSum(grid.at(committed.tile));
        latency_ = std::max(latency_, out ? end + Cycles(1) : end);
        Times& here = there(layer.result, place.output);
        for (std::size_t i = 0; i < written.size(); ++i) {
            if (written[i]) made[i] = here[i] = end;
        }
    }

    FusedRun& run_;
    const workload::Workload& workload_;
    std::vector<Times> made_;
    std::map<std::pair<TensorId, schedule::MemoryId>, Times> there_;
    std::map<std::size_t, std::vector<schedule::Span>> busy_;
    std::map<std::size_t, std::vector<Cycles>> starts_;
    Cycles latency_;
};

}  // namespace

Cycles longestPath(FusedRun& run) { return Path(run).latency(); }

}  // namespace millrace::test
