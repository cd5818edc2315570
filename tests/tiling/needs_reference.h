#pragma once
#include <cstddef>
#include <map>
#include <vector>

#include "explore/workload/workload.h"
#include "support/box.h"

/// A slow answer to "which elements does a tile touch": every point of the tile's loop nest, one after the other, by
/// the words of workload.h. Nothing but its structures is used.
namespace millrace::test {

/// One flag for each element of a tensor, in row-major order.
using Bitmap = std::vector<bool>;
/// Tensors of which nothing is touched are left out.
using Bitmaps = std::map<workload::TensorId, Bitmap>;

/// What a tile of the layer (one range for each loop dimension, inside of the loop) reads by one of its inputs: the
/// elements of tensors that stand for the elements of the operand at some point of the tile. Of barriers, all elements
/// as soon as the tile touches one existing element of the operand.
Bitmaps elementsRead(const workload::Workload& workload, const workload::Operand& operand,
                     const std::vector<Interval>& tile);
/// The same for all inputs together.
Bitmaps elementsRead(const workload::Workload& workload, const workload::Layer& layer,
                     const std::vector<Interval>& tile);
/// Bitmap of the layer's result that some point of the tile writes or adds to.
Bitmap elementsWritten(const workload::Layer& layer, const std::vector<Interval>& tile);

/// How many there are.
std::int64_t countOf(const Bitmap& elements);
/// Adds the elements of a box of a tensor of this shape. False if the box leaves the tensor or repeats an element.
bool addBox(Bitmap& elements, const std::vector<std::int64_t>& shape, const Box& box);

/// Is what the tile touches of the operand a box, without holes?
bool touchesBox(const workload::Operand& operand, const std::vector<Interval>& tile);
/// Must `workload::needs` be exactly what is read (`read`, by `elementsRead`), by its words?
bool mustBeExact(const workload::Operand& operand, const std::vector<Interval>& tile, const Bitmaps& read);
/// Is all of `inner` in `outer`?
bool holds(const Bitmaps& outer, const Bitmaps& inner);

}  // namespace millrace::test
