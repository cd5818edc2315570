#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/tiling/cells.h"
#include "explore/tiling/tilegrid.h"
#include "explore/workload/workload.h"

/// How `Cells` come to be: ranges of elements first, for every axis and tile; cuts where they begin and end; ranges of
/// cells last.
namespace millrace::tiling {

class CellBuilder {
public:
    CellBuilder(const workload::Workload& workload, Table<workload::LayerId, TileGrid>& grids);

    /// Stretches the tiles of these layers to what their readers need.
    void stretch(const std::vector<bool>& recomputing);
    /// Cuts all tensors.
    void cut();

    Table<workload::TensorId, TensorCells> takeCells() { return std::move(cells_); }
    TensorAccess writes(workload::LayerId layer, const Table<workload::TensorId, TensorCells>& cells) const;
    std::vector<TensorAccess> reads(workload::LayerId layer, const Table<workload::TensorId, TensorCells>& cells) const;
    /// Inputs whose sources are reshaped.
    std::vector<std::size_t> mixed(workload::LayerId layer) const;

private:
    /// The elements that tiles touch on one axis, by their coordinates in the slots that it depends on.
    struct Ranges {
        std::optional<std::size_t> axis;  ///< of the tensor; nothing: of the operand only
        std::vector<AxisTable::Key> keys;
        std::vector<Interval> intervals;
    };
    struct Access {
        workload::TensorId tensor;
        std::size_t input = 0;
        std::vector<Ranges> axes;
    };

    Ranges rangesOf(workload::LayerId layer, const workload::Axis& axis) const;
    Access written(workload::LayerId layer) const;
    std::vector<Access> read(workload::LayerId layer) const;
    Access pieceOf(workload::LayerId layer, std::size_t input, const workload::Piece& piece) const;
    std::vector<Interval> wanted(workload::TensorId tensor, std::size_t axis, std::size_t parts) const;
    bool stretchAxis(workload::LayerId layer, const Ranges& ranges);
    void markMixed(std::vector<std::vector<std::int64_t>>& cuts, workload::LayerId layer,
                   workload::TensorId tensor) const;
    void cutTensor(workload::TensorId tensor);
    void follow(TensorCells::Axis& axis, const Ranges& ranges) const;
    TensorAccess tables(const Access& access, const Table<workload::TensorId, TensorCells>& cells) const;

    const workload::Workload& workload_;
    Table<workload::LayerId, TileGrid>& grids_;
    Table<workload::LayerId, Access> writes_;
    Table<workload::LayerId, std::vector<Access>> reads_;
    Table<workload::TensorId, std::vector<workload::LayerId>> readers_;
    /// For each tensor and axis: the intervals of its copies, if it has any.
    Table<workload::TensorId, std::vector<std::vector<Interval>>> copies_;
    Table<workload::TensorId, TensorCells> cells_;
};

}  // namespace millrace::tiling
