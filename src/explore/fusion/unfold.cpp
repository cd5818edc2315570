#include "explore/fusion/unfold.h"

#include <algorithm>

#include "explore/platform/summary.h"

namespace millrace::fusion {

using schedule::BufferId;
using schedule::kForever;
using schedule::TaskId;
using schedule::TransferId;
using tiling::CellBox;
using workload::TensorId;

namespace {

schedule::TensorId scheduled(TensorId id) { return schedule::TensorId(id.index()); }

class Unfolding {
public:
    Unfolding(const Engine& engine, explore::Result& result)
        : engine_(engine), setup_(engine.setup()), result_(result), sums_(setup_.workload().tensors.size()) {}

    void run() {
        shapeTensors();
        std::vector<platform::LayerSummary> summaries;
        for (const WorkId id : setup_.works().ids()) addGroup(id, summaries);
        for (const WorkId id : setup_.works().ids()) addTasks(id, summaries);
        addBuffers();
        addTransfers(summaries);
        for (platform::LayerSummary& summary : summaries) result_.layers.add(summary.take());
        finish();
    }

private:
    void shapeTensors() {
        schedule::Problem& problem = result_.problem;
        for (const TensorId id : setup_.workload().tensors.ids()) {
            problem.tensors[scheduled(id)].shape = setup_.cells().cells(id).shape();
        }
        for (const Work& work : setup_.works()) {
            if (!work.layer.valid()) continue;
            const TensorId id = setup_.workload().layers[work.layer].result;
            schedule::Tensor& tensor = problem.tensors[scheduled(id)];
            tensor.writers = setup_.cells().grid(work.layer).sums();
            if (work.sumBits == 0) continue;
            schedule::Tensor wide = tensor;
            wide.name += " (partial sums)";
            wide.bits = work.sumBits;
            wide.final = {};
            sums_[id] = problem.tensors.add(std::move(wide));
        }
    }

    void addGroup(WorkId id, std::vector<platform::LayerSummary>& summaries) {
        const Work& work = setup_.works()[id];
        schedule::Problem& problem = result_.problem;
        if (work.layer.valid()) {
            const workload::Layer& layer = setup_.workload().layers[work.layer];
            groups_.push_back(schedule::GroupId(work.layer.index()));
            summaries.emplace_back(groups_.back(), result_.chip);
            problem.groups.resize(std::max(problem.groups.size(), setup_.workload().layers.size()));
            problem.groups[groups_.back()] = {layer.name, 0};
        } else {
            problem.groups.resize(std::max(problem.groups.size(), setup_.workload().layers.size()));
            groups_.push_back(problem.groups.add({setup_.workload().hostOperators[work.host].name, 0}));
        }
    }

    void addTasks(WorkId id, std::vector<platform::LayerSummary>& summaries) {
        const Work& work = setup_.works()[id];
        for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
            const Cycles start = engine_.record().starts[work.firstTile + tile];
            if (start == kSkipped) continue;
            const tiling::Coordinates coordinates = setup_.at(work, tile);
            const std::uint32_t part = tile % work.parts;
            const explore::TileKind* kind = work.layer.valid() ? setup_.kind(work, coordinates, part) : nullptr;
            const schedule::Span span{start, start + (kind != nullptr ? kind->duration : Cycles(0))};
            const TaskId task = result_.problem.tasks.add(taskOf(id, work, tile, coordinates, kind));
            result_.schedule.placements.add({work.places[part].core, 0, span});
            if (kind == nullptr) continue;
            summaries[work.layer.index()].addTask(task, span, hardware::CoreId(work.places[part].core.index()), *kind);
        }
    }

    schedule::Task taskOf(WorkId id, const Work& work, std::uint32_t tile, const tiling::Coordinates& coordinates,
                          const explore::TileKind* kind) const {
        const Work::Place& place = work.places[tile % work.parts];
        schedule::Task task;
        task.group = groups_[id.index()];
        task.name = result_.problem.groups[task.group].name;
        schedule::Option option;
        option.core = place.core;
        if (kind != nullptr) {
            option.duration = kind->duration;
            option.energy = kind->energy;
        }
        setup_.needs(work, coordinates, [&](TensorId tensor, const CellBox& box, std::size_t input) {
            task.reads.push_back({scheduled(tensor), setup_.cells().cells(tensor).box(box)});
            option.readMemories.push_back(place.inputs[work.layer.valid() ? input : 0]);
        });
        setup_.writes(work, coordinates, [&](TensorId tensor, const CellBox& box) {
            const tiling::TensorCells& cells = setup_.cells().cells(tensor);
            task.writes.push_back({scheduled(tensor), cells.box(box)});
            option.writeMemories.push_back(place.output);
            if (sums_[tensor].valid()) {
                task.writes.push_back({sums_[tensor], cells.box(box)});
                option.writeMemories.push_back(place.output);
            }
            const std::int64_t scratch = cells.elements(box) * work.scratchBits;
            if (scratch > 0) option.scratch.push_back({place.output, Bits(scratch)});
        });
        task.options.push_back(std::move(option));
        return task;
    }

    void addBuffers() {
        const auto until = [&](Cycles end, Cycles start) {
            return end == kForever ? std::max(start, engine_.latency()) : end;
        };
        for (const Held& held : engine_.record().buffers) {
            const tiling::TensorCells& cells = setup_.cells().cells(held.tensor);
            result_.schedule.buffers.add({setup_.sites(held.tensor).memories[held.site],
                                          scheduled(held.tensor),
                                          cells.box(engine_.box(held.tensor, held.box)),
                                          {held.start, until(held.end, held.start)}});
        }
        for (const SumRoom& room : engine_.record().sums) {
            const tiling::TensorCells& cells = setup_.cells().cells(room.tensor);
            result_.schedule.buffers.add({room.memory,
                                          sums_[room.tensor],
                                          cells.box(engine_.box(room.tensor, room.box)),
                                          {room.start, until(room.end, room.start)}});
        }
    }

    void addTransfers(std::vector<platform::LayerSummary>& summaries) {
        for (const Sent& sent : engine_.record().transfers) {
            const Sites& sites = setup_.sites(sent.tensor);
            schedule::Transfer transfer;
            transfer.tensor = scheduled(sent.tensor);
            transfer.box = setup_.cells().cells(sent.tensor).box(engine_.box(sent.tensor, sent.box));
            transfer.from = sites.memories[sent.from];
            transfer.to = sites.memories[engine_.record().buffers[sent.buffer].site];
            transfer.route = setup_.platform().route(transfer.from, transfer.to)->links;
            transfer.bandwidth = sent.bandwidth;
            transfer.span = {sent.start, sent.end};
            transfer.cause = sent.cause;
            if (sent.leader != kNone) transfer.with = TransferId(sent.leader);
            const Work& work = setup_.works()[sent.work];
            if (work.layer.valid()) summaries[work.layer.index()].addTransfer(transfer.span);
            result_.schedule.transfers.add(std::move(transfer));
        }
    }

    void finish() {
        Cycles latency;
        schedule::Schedule& schedule = result_.schedule;
        for (const schedule::Placement& placement : schedule.placements) {
            latency = std::max(latency, placement.span.end);
        }
        for (const schedule::Transfer& transfer : schedule.transfers) latency = std::max(latency, transfer.span.end);
        schedule.latency = latency;
        schedule.energy = schedule::energy(result_.problem, schedule);
    }

    const Engine& engine_;
    const Setup& setup_;
    explore::Result& result_;
    std::vector<schedule::GroupId> groups_;     ///< by work
    Table<TensorId, schedule::TensorId> sums_;  ///< by result
};

}  // namespace

void unfold(const Engine& engine, explore::Result& result) { Unfolding(engine, result).run(); }

}  // namespace millrace::fusion
