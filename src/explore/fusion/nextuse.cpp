#include "explore/fusion/nextuse.h"

#include <algorithm>
#include <limits>

namespace millrace::fusion {

using workload::TensorId;

static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

NextUse::NextUse(const Setup& setup) : setup_(setup), readers_(setup.workload().tensors.size()) {
    for (const WorkId id : setup.works().ids()) {
        const Work& work = setup.works()[id];
        if (!work.layer.valid()) {
            for (const TensorId tensor : setup.workload().hostOperators[work.host].inputs) {
                readers_[tensor].push_back({id, 0, {}});
            }
            continue;
        }
        for (const tiling::TensorAccess& access : setup.cells().reads(work.layer)) {
            readers_[access.tensor].push_back(readerOf(id, access));
        }
        for (const std::size_t input : setup.cells().mixedInputs(work.layer)) {
            const auto& source = setup.workload().layers[work.layer].inputs[input].source;
            for (const auto& piece : std::get<std::vector<workload::Piece>>(source)) {
                readers_[piece.tensor].push_back({id, input, {}});
            }
        }
    }
}

NextUse::Reader NextUse::readerOf(WorkId work, const tiling::TensorAccess& access) const {
    Reader reader{work, access.input, {}};
    const tiling::TensorCells& cells = setup_.cells().cells(access.tensor);
    for (const tiling::AxisTable& table : access.tables) {
        if (table.keys.size() != 1) continue;
        Users users{table.axis, table.keys[0].slot, {}};
        users.ranges.assign(cells.axes()[table.axis].size(), {kNever, 0});
        for (std::uint32_t i = 0; i < table.ranges.size(); ++i) {
            for (std::uint32_t cell = table.ranges[i].first; cell < table.ranges[i].second; ++cell) {
                users.ranges[cell].first = std::min(users.ranges[cell].first, i);
                users.ranges[cell].second = std::max(users.ranges[cell].second, i);
            }
        }
        reader.users.push_back(std::move(users));
    }
    return reader;
}

/// The smallest step not before `from` whose digits all lie in the ranges that the box leaves them.
std::uint32_t NextUse::nextStep(const Reader& reader, const tiling::CellBox& box, std::uint32_t part,
                                std::uint32_t from) const {
    const Work& work = setup_.works()[reader.work];
    if (from >= work.steps) return kNever;
    if (reader.users.empty()) return from;
    const tiling::TileGrid& grid = setup_.cells().grid(work.layer);
    std::array<std::pair<std::uint32_t, std::uint32_t>, tiling::kMostCuts> allowed;
    for (std::size_t slot = 0; slot < grid.slots().size(); ++slot) {
        allowed[slot] = {0, static_cast<std::uint32_t>(grid.slots()[slot].intervals.size()) - 1};
    }
    for (const Users& users : reader.users) {
        std::uint32_t first = kNever;
        std::uint32_t last = 0;
        for (std::uint32_t cell = box.begin[users.axis]; cell < box.end[users.axis]; ++cell) {
            first = std::min(first, users.ranges[cell].first);
            last = std::max(last, users.ranges[cell].second);
        }
        if (first == kNever) return kNever;
        allowed[users.slot].first = std::max(allowed[users.slot].first, first);
        allowed[users.slot].second = std::min(allowed[users.slot].second, last);
    }
    const auto inside = [&](std::uint32_t step) {
        const tiling::Coordinates at = grid.at(step * work.parts + part);
        for (std::size_t slot = 0; slot < grid.slots().size(); ++slot) {
            if (at[slot] < allowed[slot].first || at[slot] > allowed[slot].second) return false;
        }
        return true;
    };
    tiling::Coordinates lowest{};
    for (std::size_t slot = 0; slot < grid.slots().size(); ++slot) lowest[slot] = allowed[slot].first;
    from = std::max(from, grid.step(lowest));
    constexpr std::uint32_t kLooks = 64;
    const std::uint32_t until = std::min(work.steps, from + kLooks);
    while (from < until && !inside(from)) ++from;
    return from;
}

std::optional<std::uint32_t> NextUse::tile(TensorId tensor, const tiling::CellBox& box, Site site, bool anySite,
                                           const std::vector<std::vector<std::uint32_t>>& done,
                                           const std::vector<std::uint32_t>& positions) const {
    std::optional<std::uint32_t> best;
    for (const Reader& reader : readers_[tensor]) {
        const Work& work = setup_.works()[reader.work];
        for (std::uint32_t part = 0; part < work.parts; ++part) {
            const schedule::MemoryId memory = work.places[part].inputs[work.layer.valid() ? reader.input : 0];
            if (!anySite && setup_.site(tensor, memory) != site) continue;
            const std::uint32_t step = nextStep(reader, box, part, done[reader.work.index()][part]);
            if (step >= work.steps) continue;
            const std::uint32_t next = work.firstTile + step * work.parts + part;
            const auto place = [&](std::uint32_t tile) { return positions.empty() ? tile : positions[tile]; };
            if (!best || place(next) < place(*best)) best = next;
        }
    }
    return best;
}

}  // namespace millrace::fusion
