#include "explore/fusion/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace millrace::fusion {

using schedule::kForever;
using schedule::MemoryId;
using schedule::TransferCause;
using tiling::CellBox;
using workload::TensorId;

/// Tiles that bring their own copies of shared data do so only a few tiles ahead, or copies would fill the memories.
static std::size_t lookaheadOf(const Policy& policy) {
    constexpr std::size_t kCopiesAhead = 8;
    if (policy.halo == Halo::again && policy.lookahead <= 0) return kCopiesAhead;
    return static_cast<std::size_t>(std::max(policy.lookahead, 0));
}

Engine::Engine(const Setup& setup, const Policy& policy) : setup_(setup), policy_(policy) {
    const schedule::Problem& resources = setup.resources();
    for (std::size_t i = 0; i < resources.cores.size(); ++i) cores_.emplace_back(1);
    for (const schedule::Link& link : resources.links) links_.emplace_back(link.bandwidth);
    for (const schedule::Memory& memory : resources.memories) memories_.emplace_back(memory.capacity.value());
    heads_.assign(resources.memories.size(), kNone);
    heldBits_.assign(resources.memories.size(), 0);
    missing_.assign(resources.memories.size(), 0);
    lookahead_ = lookaheadOf(policy);
    recent_.assign(resources.cores.size() * lookahead_, Cycles(0));
    turns_.assign(resources.cores.size(), 0);
    lastEnds_.assign(resources.cores.size(), Cycles(0));
    brought_.resize(resources.cores.size());
    done_.resize(setup.works().size());
    for (const WorkId work : setup.works().ids()) done_[work.index()].assign(setup.works()[work].parts, 0);
    record_.starts.assign(setup.tiles(), kSkipped);
    record_.buffers.reserve(setup.tiles());
    holders_.assign(setup.tableSize(), kNone);
    uses_.assign(setup.usesSize(), 0);
    countUses();
}

void Engine::countUses() {
    for (const Work& work : setup_.works()) {
        for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
            const tiling::Coordinates coordinates = setup_.at(work, tile);
            bool writes = false;
            setup_.writes(work, coordinates, [&](TensorId, const CellBox&) { writes = true; });
            if (!writes) continue;
            const Work::Place& place = work.places[tile % work.parts];
            setup_.needs(work, coordinates, [&](TensorId tensor, const CellBox& box, std::size_t input) {
                const MemoryId memory = place.inputs[work.layer.valid() ? input : 0];
                const std::uint64_t base = setup_.sites(tensor).uses[setup_.site(tensor, memory)];
                setup_.cells().cells(tensor).each(box, [&](std::uint32_t cell, const tiling::CellPlace&) {
                    ++uses_[base + cell];
                    return true;
                });
            });
        }
    }
}

bool Engine::fail(std::string reason) {
    reason_ = std::move(reason);
    return false;
}

std::int64_t Engine::peak(schedule::MemoryId memory) const {
    return memories_[memory.index()].peak({Cycles(0), schedule::kForever});
}

Cycles Engine::end(WorkId id, std::uint32_t tile) const {
    const Work& work = setup_.works()[id];
    const Cycles start = record_.starts[work.firstTile + tile];
    if (start == kSkipped || !work.layer.valid()) return std::max(start, Cycles(0));
    return start + setup_.kind(work, setup_.at(work, tile), tile % work.parts)->duration;
}

CellBox Engine::box(TensorId tensor, std::uint32_t index) const {
    const std::size_t axes = setup_.cells().cells(tensor).axes().size();
    CellBox result;
    for (std::size_t i = 0; i < axes; ++i) {
        result.begin[i] = record_.boxes[index + 2 * i];
        result.end[i] = record_.boxes[index + 2 * i + 1];
    }
    return result;
}

bool Engine::commit(WorkId id, std::uint32_t tile) {
    const Work& work = setup_.works()[id];
    const std::uint32_t part = tile % work.parts;
    const tiling::Coordinates coordinates = setup_.at(work, tile);
    ++serial_;
    outputs_.clear();
    setup_.writes(work, coordinates, [&](TensorId tensor, const CellBox& box) {
        const Site site = setup_.site(tensor, work.places[part].output);
        outputs_.push_back({tensor, box, site, work.places[part].output});
    });
    if (outputs_.empty()) {
        ranTile(id, tile, std::nullopt);
        return true;
    }
    currentCore_ = work.places[part].core.index();
    currentWork_ = id;
    const explore::TileKind* kind = work.layer.valid() ? setup_.kind(work, coordinates, part) : nullptr;
    if (work.layer.valid() && kind == nullptr) {
        return fail(fmt::format("the cost model finds no mapping on core {}: {}", work.places[part].core.index(),
                                setup_.costReason()));
    }
    gather(work, coordinates, part);
    Step step{id, &work, tile, kind, 0, 0, true, true};
    measure(step, coordinates);
    if (!makeRoom(step)) return false;
    const Cycles from =
        lookahead_ > 0 ? recent_[currentCore_ * lookahead_ + turns_[currentCore_] % lookahead_] : Cycles(0);
    Cycles ready;
    for (const Input& input : inputs_) {
        if (!fetch(input, from, ready)) return false;
    }
    return run(step, ready);
}

void Engine::gather(const Work& work, const tiling::Coordinates& coordinates, std::uint32_t part) {
    inputs_.clear();
    const Work::Place& place = work.places[part];
    setup_.needs(work, coordinates, [&](TensorId tensor, const CellBox& box, std::size_t input) {
        const MemoryId memory = place.inputs[work.layer.valid() ? input : 0];
        const Sites& sites = setup_.sites(tensor);
        if (sites.initial == memory) return;
        inputs_.push_back({tensor, box, setup_.site(tensor, memory), memory});
    });
    if (policy_.halo == Halo::again) dropBrought(currentCore_);
    countMissing();
}

/// What of its data a tile does not find in its memories; what it finds stays there.
void Engine::countMissing() {
    std::fill(missing_.begin(), missing_.end(), 0);
    for (const Input& input : inputs_) {
        const Sites& sites = setup_.sites(input.tensor);
        const std::uint64_t base = sites.base[input.site];
        const tiling::TensorCells& cells = setup_.cells().cells(input.tensor);
        std::int64_t here = 0;
        cells.each(input.box, [&](std::uint32_t cell, const tiling::CellPlace& at) {
            const std::uint32_t holder = holders_[base + cell];
            if (isOpen(holder)) record_.buffers[holder].pinned = serial_;
            if (isOpen(holder) || isNeeded(input, at, &input)) here += cells.elementsAt(at);
            return true;
        });
        missing_[input.memory.index()] += (cells.elements(input.box) - here) * sites.bits;
    }
}

/// Does an input (before `end`) need this cell of this tensor in this memory?
bool Engine::isNeeded(const Input& where, const tiling::CellPlace& at, const Input* end) const {
    const std::size_t axes = setup_.cells().cells(where.tensor).axes().size();
    for (const Input* input = inputs_.data(); input != end; ++input) {
        if (input->tensor != where.tensor || input->site != where.site) continue;
        bool inside = true;
        for (std::size_t i = 0; i < axes; ++i) {
            inside = inside && input->box.begin[i] <= at[i] && at[i] < input->box.end[i];
        }
        if (inside) return true;
    }
    return false;
}

/// What tiles of the core brought in for themselves goes, unless the next one needs just the same.
void Engine::dropBrought(std::size_t core) {
    const std::vector<Brought> before = brought_[core];
    std::vector<Brought> after;
    for (const Brought& brought : before) {
        if (!isOpen(brought.buffer)) continue;
        const bool same = std::any_of(inputs_.begin(), inputs_.end(), [&](const Input& input) {
            return input.tensor == brought.tensor && input.site == brought.site && input.box == brought.box;
        });
        if (same) {
            after.push_back(brought);
            continue;
        }
        const Held& held = record_.buffers[brought.buffer];
        close(brought.buffer, std::max(held.last, held.valid));
    }
    if (logging_) oldBrought_.emplace_back(core, before);
    brought_[core] = std::move(after);
}

void Engine::measure(Step& step, const tiling::Coordinates& coordinates) {
    const Work& work = *step.work;
    if (work.layer.valid()) {
        const tiling::TileGrid& grid = setup_.cells().grid(work.layer);
        step.starts = grid.sums() == 1 || grid.startsSum(coordinates);
        step.ends = grid.sums() == 1 || grid.endsSum(coordinates);
    }
    for (const Input& output : outputs_) {
        const std::int64_t elements = setup_.cells().elements(output.tensor, output.box);
        if (step.starts) step.outputBits += elements * (setup_.sites(output.tensor).bits + work.sumBits);
        step.scratchBits += elements * work.scratchBits;
    }
    if (!step.starts) {
        const Input& output = outputs_.front();
        const std::uint64_t base = setup_.sites(output.tensor).base[output.site];
        const std::uint32_t holder = holders_[base + setup_.cells().cells(output.tensor).first(output.box)];
        record_.buffers[holder].pinned = serial_;
    }
}

bool Engine::makeRoom(const Step& step) {
    const MemoryId output = outputs_.front().memory;
    for (const MemoryId memory : setup_.resources().memories.ids()) {
        const std::int64_t result = memory == output ? step.outputBits + step.scratchBits : 0;
        if (missing_[memory.index()] + result == 0) continue;
        const std::int64_t capacity = setup_.resources().memories[memory].capacity.value();
        while (heldBits_[memory.index()] + missing_[memory.index()] + result > capacity) {
            if (evict(memory) || trim(memory)) continue;
            std::int64_t pinned = 0;
            for (std::uint32_t i = heads_[memory.index()]; i != kNone; i = record_.buffers[i].next) {
                if (record_.buffers[i].pinned == serial_) pinned += record_.buffers[i].bits;
            }
            const std::int64_t sums = heldBits_[memory.index()] - pinned;
            return fail(fmt::format("tile {} of {} needs {} bits in {}, which has {}{}", step.tile,
                                    step.work->parts * step.work->steps, missing_[memory.index()] + result + pinned,
                                    setup_.resources().memories[memory].name, capacity,
                                    sums > 0 ? fmt::format(", {} of them taken by unfinished sums", sums) : ""));
        }
    }
    return true;
}

std::optional<Cycles> Engine::startOf(const Step& step, Cycles ready) {
    const schedule::CoreId core = step.work->places[step.tile % step.work->parts].core;
    const Cycles duration = step.kind != nullptr ? step.kind->duration : Cycles(0);
    const schedule::Timeline& memory = memories_[outputs_.front().memory.index()];
    std::optional<Cycles> start = policy_.fillGaps ? ready : std::max(ready, lastEnds_[core.index()]);
    for (Cycles last(-1); start && *start != last;) {
        last = *start;
        start = cores_[core.index()].earliest(*start, duration, 1);
        if (start && step.scratchBits > 0) {
            start = memory.earliest(*start, duration, step.outputBits + step.scratchBits);
        }
        if (start && step.outputBits > 0) start = memory.earliestForever(*start, step.outputBits);
    }
    return start;
}

bool Engine::run(const Step& step, Cycles ready) {
    const Work& work = *step.work;
    std::uint32_t sum = kNone;
    if (!step.starts) {
        const Input& output = outputs_.front();
        const std::uint64_t base = setup_.sites(output.tensor).base[output.site];
        sum = holders_[base + setup_.cells().cells(output.tensor).first(output.box)];
        ready = std::max(ready, record_.buffers[sum].last);
    }
    const std::optional<Cycles> start = startOf(step, ready);
    if (!start) {
        return fail(
            fmt::format("its result finds no room in {}", setup_.resources().memories[outputs_.front().memory].name));
    }
    const Cycles end = *start + (step.kind != nullptr ? step.kind->duration : Cycles(0));
    book(cores_[currentCore_], {*start, end}, 1);
    if (step.scratchBits > 0) book(memories_[outputs_.front().memory.index()], {*start, end}, step.scratchBits);
    ranTile(step.id, step.tile, start);
    lastEnds_[currentCore_] = std::max(lastEnds_[currentCore_], end);
    latency_ = std::max(latency_, end);
    for (const Input& output : outputs_) {
        std::uint32_t buffer = sum;
        if (step.starts) {
            buffer = open(output.tensor, output.box, output.site, *start);
            change(buffer).keeper = true;
            if (work.sumBits > 0) openSum(step, output, buffer, *start);
        }
        Held& held = change(buffer);
        held.last = end;
        if (!step.ends) continue;
        held.valid = end;
        if (held.sum != kNone) closeSum(held.sum, end);
    }
    finishInputs(end);
    if (!step.ends) return true;
    for (const Input& output : outputs_) {
        const std::uint64_t base = setup_.sites(output.tensor).base[output.site];
        const std::uint32_t buffer = holders_[base + setup_.cells().cells(output.tensor).first(output.box)];
        if (!deliver(output.tensor, buffer)) return false;
    }
    return true;
}

void Engine::finishInputs(Cycles end) {
    for (const Input& input : inputs_) {
        const Sites& sites = setup_.sites(input.tensor);
        const std::uint64_t base = sites.base[input.site];
        const std::uint64_t uses = sites.uses[input.site];
        const bool serves = policy_.halo == Halo::again && !sites.initial.valid();
        std::uint32_t holder = kNone;
        std::uint32_t cells = 0;
        setup_.cells().cells(input.tensor).each(input.box, [&](std::uint32_t cell, const tiling::CellPlace&) {
            setUses(uses + cell, uses_[uses + cell] - 1);
            if (holders_[base + cell] != holder) {
                if (cells > 0) use(holder, end, cells);
                holder = holders_[base + cell];
                cells = 0;
            }
            ++cells;
            if (serves && uses_[uses + cell] == 0) serve(input.tensor, cell, input.site);
            return true;
        });
        if (cells > 0) use(holder, end, cells);
    }
}

/// Results of the network go out at once; what nobody needs is dropped.
bool Engine::deliver(TensorId tensor, std::uint32_t buffer) {
    const Sites& sites = setup_.sites(tensor);
    const CellBox cells = box(tensor, record_.buffers[buffer].box);
    const Site offchip = setup_.site(tensor, setup_.platform().offchip());
    const Site site = record_.buffers[buffer].site;
    if (sites.leaves && site == offchip) {
        change(buffer).permanent = true;
    } else if (sites.leaves) {
        const std::uint32_t copy =
            send(tensor, cells, site, offchip, record_.buffers[buffer].valid, TransferCause::output);
        if (copy == kNone) {
            const schedule::Memory& memory = setup_.resources().memories[setup_.platform().offchip()];
            return fail(fmt::format("its result of {} bits finds no way to {} or no room there ({} bits)",
                                    setup_.bits(tensor, cells), memory.name, memory.capacity.value()));
        }
        change(copy).permanent = true;
        settle(copy, cells);
        Held& held = change(buffer);
        held.last = std::max(held.last, record_.buffers[copy].valid);
    }
    settle(buffer, cells);
    const Held& held = record_.buffers[buffer];
    if (held.pending == 0 && !held.permanent) close(buffer, std::max(held.last, held.valid));
    return true;
}

Cycles Engine::ready(WorkId id, std::uint32_t tile) const {
    Cycles result;
    const Work& work = setup_.works()[id];
    setup_.needs(work, setup_.at(work, tile), [&](TensorId tensor, const CellBox& box, std::size_t) {
        const Sites& sites = setup_.sites(tensor);
        if (sites.initial.valid()) return;
        setup_.cells().cells(tensor).each(box, [&](std::uint32_t cell, const tiling::CellPlace&) {
            Cycles first = kForever;
            for (const std::uint64_t base : sites.base) {
                const std::uint32_t holder = holders_[base + cell];
                if (isOpen(holder)) first = std::min(first, record_.buffers[holder].valid);
            }
            if (first < kForever) result = std::max(result, first);
            return true;
        });
    });
    return result;
}

}  // namespace millrace::fusion
