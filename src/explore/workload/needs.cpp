#include "explore/workload/flat.h"
#include "explore/workload/workload.h"

namespace millrace::workload {

static Interval mapped(const AxisMap& map, const Box& box) {
    if (!map.operandAxis) return {map.offset, map.offset + 1};
    const Interval& side = box[*map.operandAxis];
    const std::int64_t first = map.coefficient * side.begin + map.offset;
    const std::int64_t last = map.coefficient * (side.end - 1) + map.offset;
    return first <= last ? Interval{first, last + 1} : Interval{last, first + 1};
}

static void addNeed(std::vector<Need>& result, TensorId tensor, Box box) {
    std::vector<Box> earlier;
    for (const Need& need : result) {
        if (need.tensor == tensor && overlaps(need.box, box)) earlier.push_back(need.box);
    }
    if (earlier.empty()) {
        result.push_back({tensor, std::move(box)});
        return;
    }
    for (Box& rest : subtract(box, earlier)) result.push_back({tensor, std::move(rest)});
}

static void addPiece(const Workload& workload, const Piece& piece, const Box& box, std::vector<Need>& result) {
    const Box part = intersect(box, piece.region);
    if (volume(part) == 0) return;
    Box touched;
    touched.reserve(piece.map.size());
    for (const AxisMap& map : piece.map) touched.push_back(mapped(map, part));
    if (piece.viewShape.empty()) {
        addNeed(result, piece.tensor, std::move(touched));
        return;
    }
    for (Box& run : reshapeBox(touched, piece.viewShape, workload.tensors[piece.tensor].shape)) {
        addNeed(result, piece.tensor, std::move(run));
    }
}

std::vector<Need> needs(const Workload& workload, const Source& source, const Box& box) {
    std::vector<Need> result;
    if (volume(box) == 0) return result;
    if (const auto* barrier = std::get_if<Barrier>(&source)) {
        for (const TensorId tensor : barrier->tensors) {
            addNeed(result, tensor, wholeBox(workload.tensors[tensor].shape));
        }
        return result;
    }
    for (const Piece& piece : std::get<std::vector<Piece>>(source)) addPiece(workload, piece, box, result);
    return result;
}

}  // namespace millrace::workload
