#pragma once
#include <string>
#include <vector>

#include "explore/workload/layerrecord.h"
#include "explore/workload/workload.h"

/// Axes of hand-written layers: index expressions, extents, and how they meet the axes of producers.
namespace millrace::workload {

/// An axis under construction.
struct AxisDraft {
    std::vector<std::string> names;  ///< dimensions that it stands for; {"G", "K"} where two are merged
    AffineExpr index;
    std::int64_t extent = 1;  ///< of a relation, at first: the range that its indices run over
    const Relation* relation = nullptr;
    std::optional<StatedExtent> stated = std::nullopt;
};

/// What an operand reads from other layers, as one tensor.
struct Incoming {
    Source source;
    std::vector<std::int64_t> shape;
    std::vector<std::vector<std::string>> axisNames;
};

/// The axes of an operand. G followed by K or C is one axis, G outermost. Empty, with an error, where they are too
/// large.
std::optional<std::vector<AxisDraft>> draftAxes(const LayerRecord& record, const OperandText& operand,
                                                Diagnostics& diagnostics);
/// Extents of an operand that no layer produces: what is given, or the index range less the padding.
bool fitOffChip(const LayerRecord& record, std::vector<AxisDraft>& axes, Diagnostics& diagnostics);
/// Sets axes and source of an operand that reads other layers. Axes meet as `operand_source_dimension_mapping` says,
/// then by name, then by position; all by position if nothing is said and the ranks are equal.
bool connect(const LayerRecord& record, const std::string& name, const Incoming& from, std::vector<AxisDraft>& axes,
             Operand& operand, Diagnostics& diagnostics);

std::vector<Axis> axesOf(const std::vector<AxisDraft>& drafts);
std::vector<std::int64_t> shapeOf(const std::vector<AxisDraft>& drafts);

}  // namespace millrace::workload
