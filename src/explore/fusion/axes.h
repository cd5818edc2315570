#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "explore/workload/workload.h"

/// Which loops of fused layers run over the same axis of the data that they pass on.
namespace millrace::fusion {

/// Loops of the layers of a stack in classes: a reader's loop and the loop of the producer that writes what it reads.
/// A window counts with the loop that moves it (OY of `2*OY + FY`), a reduced one (global pooling) with its taps;
/// channels of a convolution are K of the producer and C of the reader. A reshape keeps the axes
/// that it does not touch; a part of a concatenation that is half of it or less joins nothing.
class SharedAxes {
public:
    SharedAxes(const workload::Workload& workload, const std::vector<workload::LayerId>& layers);

    /// A number that loops of one class have in common.
    std::size_t classOf(workload::LayerId layer, workload::DimIndex dim) const;
    /// The layer's loop of a class: of several the first that its result has. Nothing if it has none.
    std::optional<workload::DimIndex> loop(workload::LayerId layer, std::size_t axis) const;
    /// All classes, rising.
    std::vector<std::size_t> classes() const;

private:
    void join(workload::LayerId reader);
    void join(workload::LayerId reader, const workload::Operand& operand, const workload::Piece& piece);

    const workload::Workload& workload_;
    std::map<workload::LayerId, std::size_t> first_;  ///< number of a layer's first loop
    mutable std::vector<std::size_t> parent_;
};

}  // namespace millrace::fusion
