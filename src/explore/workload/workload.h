#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/box.h"
#include "support/diagnostics.h"
#include "support/ids.h"

/// The Workload: each layer as an affine loop nest, with sources that say which bytes of which tensor an operand reads.
///
/// Semantics. A layer runs all points of the box of its loop dimensions. At a point, each operand touches one element,
/// whose index is one affine expression per axis. An index may fall outside of the operand's extent (padding): nothing
/// is read there. The output of a layer is a tensor; it is written where its axes say, summed over the reduction
/// dimensions. What an input operand reads is not a tensor but a *source* (below), so that padding, slices,
/// concatenation, broadcasts, transposes and reshapes need no layers of their own. Loop names are the field's: B, G, K,
/// C, OY, OX, FY, FX; matrix products use B, H (batch), D (rows), K, C. OY belongs to H and OX to W, always.
/// Element-wise layers of rank 4 use B, K, OY, OX. Carries no weight values.
namespace millrace::workload {

using LayerId = Id<struct LayerTag>;
using TensorId = Id<struct WorkloadTensorTag>;
using DimIndex = std::size_t;  ///< into `Layer::dims`

enum class DimKind : std::uint8_t { parallel, reduction, sequential };

struct LoopDim {
    std::string name;
    std::int64_t size = 1;
    DimKind kind = DimKind::parallel;
};

/// floor((sum of coefficient * loop + offset) / divisor), divisor >= 1.
struct AffineTerm {
    DimIndex dim = 0;
    std::int64_t coefficient = 1;
    auto operator<=>(const AffineTerm&) const = default;
};
struct AffineExpr {
    std::vector<AffineTerm> terms;
    std::int64_t offset = 0;
    std::int64_t divisor = 1;
    auto operator<=>(const AffineExpr&) const = default;
};

/// Range of an expression when the loops run over `ranges` (one interval per loop dimension). Exact at the ends.
Interval range(const AffineExpr& expression, const std::vector<Interval>& ranges);

/// What a layer file itself says about a window, whatever its producer has.
struct StatedExtent {
    std::optional<std::int64_t> size;  ///< what exists, without padding
    std::int64_t padding = 0;          ///< both sides
    auto operator<=>(const StatedExtent&) const = default;
};

/// One axis of an operand: its name as the peers write it ("K", "IY"), its index expression, and the extent that
/// exists. Indices outside of [0, extent) are padding.
struct Axis {
    std::string name;
    AffineExpr index;
    std::int64_t extent = 1;
    std::optional<StatedExtent> stated = std::nullopt;  ///< of windows in hand-written layers
};

/// Maps an operand's index space to a tensor's: tensor axis t is `coefficient * operandAxis + offset`, or the constant
/// `offset` if `operandAxis` is not set (broadcast, or an index picked out).
struct AxisMap {
    std::optional<std::size_t> operandAxis;
    std::int64_t coefficient = 1;
    std::int64_t offset = 0;
    auto operator<=>(const AxisMap&) const = default;
};

/// A part of an operand's index space that comes from one tensor by an affine map. What no piece covers is padding:
/// nothing is read there.
struct Piece {
    TensorId tensor;
    Box region;                ///< in the operand's index space
    std::vector<AxisMap> map;  ///< one per axis of the tensor, or of `viewShape` if that is set
    /// Set: the tensor is read in row-major order under this shape (same number of elements; a reshape).
    std::vector<std::int64_t> viewShape = {};
};
/// The whole tensor is needed before anything is (data-dependent or not expressible otherwise).
struct Barrier {
    std::vector<TensorId> tensors;
};
using Source = std::variant<std::vector<Piece>, Barrier>;

/// A region of a tensor that is needed.
struct Need {
    TensorId tensor;
    Box box;
};
struct Workload;
/// Bytes of which tensors an operand needs when it reads `box` of its own index space. Clips to what exists; `box` may
/// reach into padding. Boxes of one tensor are disjoint. Exact for pieces, up to holes of strided maps (the hull is
/// given). Reshaped pieces give boxes per contiguous run: exact up to 64 runs per group of axes that the reshape mixes,
/// a covering set beyond; never too small.
std::vector<Need> needs(const Workload& workload, const Source& source, const Box& box);

enum class TensorOrigin : std::uint8_t {
    input,     ///< off-chip at the start
    constant,  ///< off-chip at the start; weights
    layer,     ///< written by `producer`
    host,      ///< output of a host operator: off-chip before the layers start that need it
};

struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    int bits = 8;  ///< of one element
    TensorOrigin origin = TensorOrigin::input;
    LayerId producer;
    bool isOutput = false;  ///< must be off-chip at the end
    std::int64_t elements() const;
};

struct Operand {
    std::string name;  ///< "O", "W", "I", ... as in the equation
    std::vector<Axis> axes;
    int bits = 8;  ///< of the output: partial sums
    /// Memory role in a core: "O", "I1" or "I2".
    std::string memoryOperand;
    /// Inputs only. An operand of 0 bits (a pooling window's weights) has an empty piece list: nothing is read.
    Source source;
};

/// What the mapping says when it is given inside of the layer (hand-written layers).
struct InlineMapping {
    std::vector<std::int64_t> coreAllocation;
    struct Unrolling {
        std::string arrayDimension;
        std::string loop;
        std::int64_t factor = 1;
    };
    std::vector<Unrolling> spatialMapping;
};

struct Layer {
    std::string name;           ///< no other layer's, in what comes from a network or a layer file
    std::string type;           ///< ONNX operator type, or the layer file's operator_type; key into mapping files
    std::vector<LoopDim> dims;  ///< in the order that the cost model sees
    Operand output;
    int outputFinalBits = 8;
    std::vector<Operand> inputs;  ///< in the order of the equation
    TensorId result;
    InlineMapping mapping;
    SourceLocation where;  ///< in a layer file, if it came from one
    /// For elementary operations that are not multiply-accumulates: true for pooling, Add, Relu, ...
    bool elementwise = false;

    std::optional<DimIndex> dim(std::string_view name) const;
    /// Points of the loop nest.
    std::int64_t operations() const;
};

struct HostOperator {
    std::string name;
    std::string type;
    std::string reason;
    std::vector<TensorId> inputs;  ///< tensors that it waits for
    std::vector<TensorId> outputs;
};

struct Workload {
    std::string name;
    Table<TensorId, Tensor> tensors;
    Table<LayerId, Layer> layers;  ///< in an order in which producers stand before consumers
    std::vector<HostOperator> hostOperators;
};

/// Is the workload what the semantics promise? (ids in range, producers first, expressions over existing dims, sources
/// inside of tensors, extents equal, sizes positive ...). One error for each violation. True if none.
bool verify(const Workload& workload, Diagnostics& diagnostics);

/// A text for people: tensors, then each layer with its loops, index expressions and sources. Stable.
std::string printText(const Workload& workload);
/// "2*OY + FY - 1", "floor((OY) / 2)".
std::string text(const AffineExpr& expression, const std::vector<LoopDim>& dims);

}  // namespace millrace::workload
