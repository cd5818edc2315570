#pragma once
#include <cstdint>
#include <vector>

#include "explore/workload/workload.h"

/// The algebra of sources: each function makes the source of a new index space from the source of another.
namespace millrace::workload::views {

using Shape = std::vector<std::int64_t>;

/// The tensor as it is.
Source whole(TensorId tensor, const Shape& shape);
/// All tensors that a source may read, each once, in ascending order.
std::vector<TensorId> tensorsOf(const Source& source);
/// A barrier over everything that the sources read.
Source barrier(const std::vector<Source>& sources);

/// Reads `inner` through an affine map: point x of the new space reads the point of the old one whose coordinate i is
/// `map[i]` at x. Only points of `region` (a box of the new space) read anything.
Source through(const Source& inner, const std::vector<AxisMap>& map, const Box& region);
/// Axis i of the new space is axis `order[i]` of the old one.
Source transposed(const Source& inner, const Shape& shape, const std::vector<std::size_t>& order);
/// Both read where either reads; the spaces are the same and the regions disjoint. A barrier beyond 4096 pieces.
Source joined(Source a, const Source& b);
/// Lays `part` behind `all` along `axis` and grows `shape`. False, and nothing changed, if other axes differ.
bool append(Source& all, Shape& shape, const Source& part, const Shape& partShape, std::size_t axis);
/// Row-major reshape from one shape to another. Adding and dropping axes of size 1 keeps any source exact; other
/// reshapes need a source that is one whole tensor in row-major order, else a barrier results.
Source reshaped(const Source& inner, const Shape& from, const Shape& to, const Table<TensorId, Tensor>& tensors);

enum class PadMode : std::uint8_t { constant, edge, reflect, wrap };
/// Grows axis `axis` by so many elements at its ends (negative: crops). What mode `constant` adds reads nothing.
Source padded(const Source& inner, const Shape& shape, std::size_t axis, std::int64_t before, std::int64_t after,
              PadMode mode);

/// Axis map that is the operand's axis `axis` itself.
AxisMap axisMap(std::size_t axis, std::int64_t offset = 0, std::int64_t coefficient = 1);
/// Axis map that is a constant.
AxisMap fixedMap(std::int64_t index);
/// Identity maps of so many axes.
std::vector<AxisMap> identity(std::size_t rank);

}  // namespace millrace::workload::views
