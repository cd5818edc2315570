#include <algorithm>

#include "explore/fusion/engine.h"

namespace millrace::fusion {

using schedule::kForever;
using schedule::MemoryId;
using schedule::TransferCause;
using tiling::CellBox;
using workload::TensorId;

bool Engine::fetch(const Input& input, Cycles from, Cycles& ready) {
    const std::uint64_t base = setup_.sites(input.tensor).base[input.site];
    return setup_.cells().cells(input.tensor).each(input.box, [&](std::uint32_t cell, const tiling::CellPlace& at) {
        if (!isOpen(holders_[base + cell]) && !fetchBox(input, cell, at, from)) return false;
        ready = std::max(ready, record_.buffers[holders_[base + cell]].valid);
        return true;
    });
}

std::optional<Site> Engine::sourceOf(const Input& input, std::uint32_t cell) const {
    const Sites& sites = setup_.sites(input.tensor);
    for (const Site source : sites.sources[input.site]) {
        if (sites.initial == sites.memories[source]) return source;
        const std::uint32_t holder = holders_[sites.base[source] + cell];
        if (isOpen(holder) && record_.buffers[holder].valid < kForever) return source;
    }
    return std::nullopt;
}

/// May this cell come with those of `buffer`? All of one buffer may; others if they are ready when a transfer could
/// start.
bool Engine::fits(const Input& input, std::uint32_t cell, Site source, std::uint32_t buffer, Cycles from) const {
    const Sites& sites = setup_.sites(input.tensor);
    if (isOpen(holders_[sites.base[input.site] + cell])) return false;
    if (sites.memories[source] == sites.initial) return sourceOf(input, cell) == source;
    const std::uint32_t holder = holders_[sites.base[source] + cell];
    return isOpen(holder) && (holder == buffer || record_.buffers[holder].valid <= from) &&
           sourceOf(input, cell) == source;
}

/// The largest box from this cell on that one transfer can bring.
CellBox Engine::grow(const Input& input, const tiling::CellPlace& at, std::uint32_t cell, Site source,
                     Cycles from) const {
    const tiling::TensorCells& cells = setup_.cells().cells(input.tensor);
    const std::uint32_t buffer = holders_[setup_.sites(input.tensor).base[source] + cell];
    CellBox box;
    for (std::size_t i = 0; i < cells.axes().size(); ++i) {
        box.begin[i] = at[i];
        box.end[i] = at[i] + 1;
    }
    for (std::size_t axis = cells.axes().size(); axis-- > 0;) {
        while (box.end[axis] < input.box.end[axis]) {
            CellBox slab = box;
            slab.begin[axis] = box.end[axis];
            slab.end[axis] = box.end[axis] + 1;
            const bool all = cells.each(slab, [&](std::uint32_t next, const tiling::CellPlace&) {
                return fits(input, next, source, buffer, from);
            });
            if (!all) break;
            ++box.end[axis];
        }
    }
    return box;
}

TransferCause Engine::causeOf(const Input& input, Site source) const {
    const auto origin = setup_.workload().tensors[input.tensor].origin;
    const MemoryId offchip = setup_.platform().offchip();
    if (origin == workload::TensorOrigin::constant) return TransferCause::weight;
    if (setup_.sites(input.tensor).memories[source] == offchip) {
        return origin == workload::TensorOrigin::layer ? TransferCause::reload : TransferCause::input;
    }
    return input.memory == offchip ? TransferCause::output : TransferCause::forward;
}

bool Engine::fetchBox(const Input& input, std::uint32_t cell, const tiling::CellPlace& at, Cycles from) {
    const std::optional<Site> source = sourceOf(input, cell);
    if (!source) return fail("data that it needs lie in no memory with a way to its core");
    const bool constant = setup_.workload().tensors[input.tensor].origin == workload::TensorOrigin::constant;
    const Cycles bound = constant && policy_.prefetch ? Cycles(0) : from;
    std::uint32_t buffer = policy_.multicast ? join(input, cell, *source, bound) : kNone;
    if (buffer == kNone) {
        const Sites& sites = setup_.sites(input.tensor);
        const CellBox box = grow(input, at, cell, *source, bound);
        Cycles earliest = bound;
        if (sites.memories[*source] != sites.initial) {
            setup_.cells().cells(input.tensor).each(box, [&](std::uint32_t part, const tiling::CellPlace&) {
                earliest = std::max(earliest, record_.buffers[holders_[sites.base[*source] + part]].valid);
                return true;
            });
        }
        buffer = send(input.tensor, box, *source, input.site, earliest, causeOf(input, *source));
        if (buffer == kNone) return fail("data that it needs find no room or no way to its core");
        arrived(buffer, box, *source);
    }
    if (policy_.halo == Halo::again && !constant) {
        if (logging_) oldBrought_.emplace_back(currentCore_, brought_[currentCore_]);
        brought_[currentCore_].push_back({input.tensor, input.box, input.site, buffer});
    }
    return true;
}

std::uint32_t Engine::send(TensorId tensor, const CellBox& box, Site from, Site to, Cycles earliest,
                           TransferCause cause) {
    const Sites& sites = setup_.sites(tensor);
    const platform::Route* route = setup_.platform().route(sites.memories[from], sites.memories[to]);
    if (route == nullptr) return kNone;
    const std::int64_t bits = setup_.bits(tensor, box);
    const Cycles duration(ceilDiv(bits, route->bandwidth));
    const schedule::Timeline& memory = memories_[sites.memories[to].index()];
    way_.clear();
    for (const schedule::LinkId link : route->links) way_.push_back({&links_[link.index()], route->bandwidth});
    std::optional<Cycles> start = earliest;
    for (Cycles last(-1); start && *start != last;) {
        last = *start;
        start = schedule::earliest(way_, *start, duration);
        if (start) start = memory.earliestForever(*start, bits);
    }
    if (!start) return kNone;
    const Cycles end = *start + duration;
    for (const schedule::LinkId link : route->links) book(links_[link.index()], {*start, end}, route->bandwidth);
    const std::uint32_t buffer = open(tensor, box, to, *start);
    Held& held = change(buffer);
    held.valid = end;
    held.last = end;
    held.transfer = static_cast<std::uint32_t>(record_.transfers.size());
    record_.transfers.push_back(
        {tensor, held.box, from, cause, buffer, *start, end, route->bandwidth, kNone, kNone, currentWork_});
    latency_ = std::max(latency_, end);
    return buffer;
}

/// A copy is there: its source was used until then, and those who keep the data for this site have one use less.
void Engine::arrived(std::uint32_t buffer, const CellBox& box, Site from) {
    const TensorId tensor = record_.buffers[buffer].tensor;
    const Sites& sites = setup_.sites(tensor);
    const Cycles end = record_.buffers[buffer].valid;
    settle(buffer, box);
    const bool given = sites.memories[from] == sites.initial;
    setup_.cells().cells(tensor).each(box, [&](std::uint32_t cell, const tiling::CellPlace&) {
        if (given) return false;
        Held& source = change(holders_[sites.base[from] + cell]);
        source.last = std::max(source.last, end);
        return true;
    });
    if (policy_.halo == Halo::again || sites.initial.valid()) return;
    const Site to = record_.buffers[buffer].site;
    setup_.cells().cells(tensor).each(box, [&](std::uint32_t cell, const tiling::CellPlace&) {
        if (sites.reads[to] && uses_[sites.uses[to] + cell] > 0) serve(tensor, cell, to);
        return true;
    });
}

/// A site has what it needs of a cell: the copy that was kept for it has one use less.
void Engine::serve(TensorId tensor, std::uint32_t cell, Site to) {
    const Sites& sites = setup_.sites(tensor);
    for (std::size_t site = 0; site < sites.memories.size(); ++site) {
        const std::uint32_t holder = holders_[sites.base[site] + cell];
        if (site == to || !isOpen(holder) || !record_.buffers[holder].keeper) continue;
        use(holder, record_.buffers[holder].last, 1);
        return;
    }
}

/// The links that a transfer and its followers take; nothing if one of them goes to `site` already.
std::optional<std::vector<schedule::LinkId>> Engine::linksOf(std::uint32_t leader, Site site) const {
    std::vector<schedule::LinkId> result;
    for (std::uint32_t i = leader; i != kNone; i = record_.transfers[i].follower) {
        const Sent& sent = record_.transfers[i];
        const Sites& sites = setup_.sites(sent.tensor);
        const Site to = record_.buffers[sent.buffer].site;
        if (to == site) return std::nullopt;
        const auto& links = setup_.platform().route(sites.memories[sent.from], sites.memories[to])->links;
        result.insert(result.end(), links.begin(), links.end());
    }
    return result;
}

/// Takes part in a transfer of the same cells to another site, if there is room from its start on and the links that
/// only this site needs are free, and no more than from the nearest copy. The other site may be done with them, but
/// data that came for it before `from` stay in the past.
std::uint32_t Engine::join(const Input& input, std::uint32_t cell, Site nearest, Cycles from) {
    const Sites& sites = setup_.sites(input.tensor);
    const std::size_t most = setup_.platform().route(sites.memories[nearest], input.memory)->links.size();
    for (std::size_t other = 0; other < sites.memories.size(); ++other) {
        const std::uint32_t copy = holders_[sites.base[other] + cell];
        if (other == input.site || copy == kNone || record_.buffers[copy].transfer == kNone) continue;
        std::uint32_t leader = record_.buffers[copy].transfer;
        if (record_.transfers[leader].leader != kNone) leader = record_.transfers[leader].leader;
        const Sent sent = record_.transfers[leader];
        if (!isOpen(copy) && sent.end <= from) continue;
        const Site source = sent.from;
        const platform::Route* route = setup_.platform().route(sites.memories[source], sites.memories[input.site]);
        if (source == input.site || route == nullptr) continue;
        const CellBox box = this->box(input.tensor, sent.box);
        const tiling::TensorCells& cells = setup_.cells().cells(input.tensor);
        bool inside = sent.start >= from && sent.bandwidth <= route->bandwidth && !route->links.empty();
        for (std::size_t i = 0; i < cells.axes().size(); ++i) {
            inside = inside && box.begin[i] >= input.box.begin[i] && box.end[i] <= input.box.end[i];
        }
        inside = inside && cells.each(box, [&](std::uint32_t part, const tiling::CellPlace&) {
            return !isOpen(holders_[sites.base[input.site] + part]);
        });
        const std::int64_t bits = setup_.bits(input.tensor, box);
        if (!inside || memories_[input.memory.index()].earliestForever(sent.start, bits) != sent.start) continue;
        const auto shared = linksOf(leader, input.site);
        if (!shared) continue;
        std::vector<schedule::LinkId> own;
        for (const schedule::LinkId link : route->links) {
            if (std::find(shared->begin(), shared->end(), link) == shared->end()) own.push_back(link);
        }
        if (own.size() > most) continue;
        const schedule::Span span{sent.start, sent.end};
        const bool free = std::all_of(own.begin(), own.end(), [&](schedule::LinkId link) {
            return links_[link.index()].peak(span) + sent.bandwidth <= links_[link.index()].capacity();
        });
        if (!free) continue;
        for (const schedule::LinkId link : own) book(links_[link.index()], span, sent.bandwidth);
        const std::uint32_t buffer = open(input.tensor, box, input.site, span.start);
        Held& held = change(buffer);
        held.valid = span.end;
        held.last = span.end;
        held.transfer = static_cast<std::uint32_t>(record_.transfers.size());
        if (logging_) oldFollowers_.emplace_back(leader, record_.transfers[leader].follower);
        record_.transfers.push_back({input.tensor, held.box, source, causeOf(input, source), buffer, span.start,
                                     span.end, sent.bandwidth, leader, record_.transfers[leader].follower,
                                     currentWork_});
        record_.transfers[leader].follower = held.transfer;
        arrived(buffer, box, source);
        return buffer;
    }
    return kNone;
}

}  // namespace millrace::fusion
