#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "explore/tiling/tilegrid.h"
#include "explore/workload/workload.h"

/// Which bytes of which tensor a tile needs: exact, enumerated on demand, no list of edges.
///
/// The idea. Each axis of a tensor is cut wherever a tile that writes it or a need of a tile that reads it begins or
/// ends. Between the cuts lie cells, so that what a tile writes and what it needs are whole cells, always. As the index
/// of an axis depends on few loops, the range of cells on an axis is a table over the coordinates of those loops: a
/// need is one look-up per axis. Only reshaped sources, whose axes mix, are computed tile by tile (`workload::needs`).
namespace millrace::tiling {

/// Cut axes that a tensor may have at most.
inline constexpr std::size_t kMostAxes = 8;

/// A cell by its place on each cut axis.
using CellPlace = std::array<std::uint32_t, kMostAxes>;

/// A range of cells on each cut axis of a tensor.
struct CellBox {
    CellPlace begin{};
    CellPlace end{};
    bool operator==(const CellBox&) const = default;
};

/// A tensor as a grid of cells.
class TensorCells {
public:
    /// An axis with more than one cell.
    struct Axis {
        std::size_t axis = 0;            ///< of the tensor
        std::vector<std::int64_t> sums;  ///< elements before each cell, and of all
        std::uint32_t stride = 1;
        /// The cut of the writing layer that this axis follows, if one alone does, and its coordinate for each cell.
        std::optional<std::uint32_t> slot;
        std::vector<std::uint32_t> coordinates;
        /// Not empty: each cell is the part of one tile, halo and all, as tiles that compute halos again hold copies of
        /// their own. The range of the tensor that each cell stands for.
        std::vector<Interval> copies;
        std::uint32_t size() const { return static_cast<std::uint32_t>(sums.size() - 1); }
        /// The cells that an interval touches whose ends are cuts.
        std::pair<std::uint32_t, std::uint32_t> range(const Interval& interval) const;
    };

    const std::vector<Axis>& axes() const { return axes_; }
    std::uint32_t size() const { return size_; }
    CellBox whole() const;
    std::int64_t elements(const CellBox& box) const {
        std::int64_t result = rest_;
        for (std::size_t i = 0; i < axes_.size(); ++i) {
            result *= axes_[i].sums[box.end[i]] - axes_[i].sums[box.begin[i]];
        }
        return result;
    }
    std::uint32_t cells(const CellBox& box) const {
        std::uint32_t result = 1;
        for (std::size_t i = 0; i < axes_.size(); ++i) result *= box.end[i] - box.begin[i];
        return result;
    }
    std::uint32_t first(const CellBox& box) const {
        std::uint32_t result = 0;
        for (std::size_t i = 0; i < axes_.size(); ++i) result += box.begin[i] * axes_[i].stride;
        return result;
    }
    /// Of the cell at this place on each axis.
    std::int64_t elementsAt(const CellPlace& at) const {
        std::int64_t result = rest_;
        for (std::size_t i = 0; i < axes_.size(); ++i) result *= axes_[i].sums[at[i] + 1] - axes_[i].sums[at[i]];
        return result;
    }
    /// Calls `visit(cell, place)` for each cell of a box, the last axis fastest. Stops when it returns false; true if
    /// none did.
    template <class Visit>
    bool each(const CellBox& box, Visit&& visit) const;
    /// The range of an axis that a range of cells holds. On an axis of copies: of all copies laid end to end.
    Interval span(std::size_t axis, std::uint32_t begin, std::uint32_t end) const;
    /// The box of elements, all axes of the tensor. Axes of copies are stretched: copy by copy (`shape`).
    Box box(const CellBox& cells) const;
    /// The tensor's shape with axes of copies stretched to hold all copies.
    const std::vector<std::int64_t>& shape() const { return shape_; }

private:
    friend class CellBuilder;
    std::vector<Axis> axes_;
    std::vector<std::int64_t> shape_;
    std::int64_t rest_ = 1;
    std::uint32_t size_ = 1;
};

/// The range of cells that a tile touches on one axis, by its coordinates in the slots that the axis depends on.
struct AxisTable {
    struct Key {
        std::uint32_t slot = 0;
        std::uint32_t stride = 1;
    };
    std::uint32_t axis = 0;  ///< into `TensorCells::axes`
    std::vector<Key> keys;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
    const std::pair<std::uint32_t, std::uint32_t>& at(const Coordinates& coordinates) const {
        std::uint32_t index = 0;
        for (const Key& key : keys) index += coordinates[key.slot] * key.stride;
        return ranges[index];
    }
};

/// What tiles of a layer touch of one tensor through one piece of a source, or what they write.
struct TensorAccess {
    workload::TensorId tensor;
    std::size_t input = 0;  ///< the layer's operand
    CellBox rest;           ///< on axes without a table
    std::vector<AxisTable> tables;
    std::vector<AxisTable> guards;  ///< an empty range on one of them: nothing is touched
    /// Nothing if the tile touches nothing.
    bool at(const Coordinates& coordinates, CellBox& box) const {
        box = rest;
        for (const AxisTable& table : tables) {
            const auto& range = table.at(coordinates);
            if (range.first == range.second) return false;
            box.begin[table.axis] = range.first;
            box.end[table.axis] = range.second;
        }
        for (const AxisTable& guard : guards) {
            const auto& range = guard.at(coordinates);
            if (range.first == range.second) return false;
        }
        return true;
    }
};

/// The tiles of all layers and what they need of each other.
class Cells {
public:
    /// `grids`: one for each layer. `recomputing` (by layer; empty: none): where the readers of a layer's result are
    /// cut into as many parts along an axis as the layer, part i of the layer is stretched to all that parts i of the
    /// readers need, so that tiles need no other tile's halo: they compute it again, into copies of their own. Layers
    /// whose results leave the chip, or are read through reshapes, stay as they are.
    Cells(const workload::Workload& workload, Table<workload::LayerId, TileGrid> grids,
          const std::vector<bool>& recomputing = {});

    const TileGrid& grid(workload::LayerId layer) const { return grids_[layer]; }
    const TensorCells& cells(workload::TensorId tensor) const { return cells_[tensor]; }
    std::int64_t elements(workload::TensorId tensor, const CellBox& box) const { return cells_[tensor].elements(box); }

    /// What a tile writes. False if nothing (cropped away).
    bool written(workload::LayerId layer, const Coordinates& coordinates, CellBox& box) const {
        return writes_[layer].at(coordinates, box);
    }
    /// Calls `visit(tensor, cells, input)` for all that a tile needs, input by input. Boxes of one input and tensor may
    /// overlap if the source reads an element twice.
    template <class Visit>
    void needs(workload::LayerId layer, const Coordinates& coordinates, Visit&& visit) const {
        CellBox box;
        for (const TensorAccess& access : reads_[layer]) {
            if (access.at(coordinates, box)) visit(access.tensor, box, access.input);
        }
        for (const std::size_t input : mixed_[layer]) {
            for (const auto& [tensor, cells] : mixedNeeds(layer, input, coordinates)) visit(tensor, cells, input);
        }
    }
    /// The accesses that have tables, and the inputs that have none because their sources are reshaped.
    const std::vector<TensorAccess>& reads(workload::LayerId layer) const { return reads_[layer]; }
    const std::vector<std::size_t>& mixedInputs(workload::LayerId layer) const { return mixed_[layer]; }
    const TensorAccess& writes(workload::LayerId layer) const { return writes_[layer]; }

private:
    std::vector<std::pair<workload::TensorId, CellBox>> mixedNeeds(workload::LayerId layer, std::size_t input,
                                                                   const Coordinates& coordinates) const;

    const workload::Workload& workload_;
    Table<workload::LayerId, TileGrid> grids_;
    Table<workload::TensorId, TensorCells> cells_;
    Table<workload::LayerId, TensorAccess> writes_;
    Table<workload::LayerId, std::vector<TensorAccess>> reads_;
    Table<workload::LayerId, std::vector<std::size_t>> mixed_;
};

template <class Visit>
bool TensorCells::each(const CellBox& box, Visit&& visit) const {
    CellPlace at = box.begin;
    if (axes_.empty()) return visit(std::uint32_t{0}, static_cast<const CellPlace&>(at));
    const std::size_t last = axes_.size() - 1;
    while (true) {
        std::uint32_t base = 0;
        for (std::size_t i = 0; i < last; ++i) base += at[i] * axes_[i].stride;
        for (at[last] = box.begin[last]; at[last] < box.end[last]; ++at[last]) {
            if (!visit(base + at[last], static_cast<const CellPlace&>(at))) return false;
        }
        for (std::size_t axis = last;;) {
            if (axis == 0) return true;
            --axis;
            if (++at[axis] < box.end[axis]) break;
            at[axis] = box.begin[axis];
        }
    }
}

}  // namespace millrace::tiling
