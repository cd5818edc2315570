#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/workload/compat.h"
#include "explore/workload/lower.h"
#include "explore/workload/views.h"
#include "explore/workload/workload.h"
#include "model/network/network.h"

/// What the rules of single operators share. Inside of this folder only.
namespace millrace::workload {

using Shape = std::vector<std::int64_t>;

/// A value that an operator reads.
struct Read {
    Source source;
    Shape shape;
    bool constant = false;
};

/// Bits for one operator.
struct Precision {
    int weight = 8;
    int activation = 8;
    int partial = 16;
    int operand(const Read& read) const { return read.constant ? weight : activation; }
};

/// A layer under construction.
struct Nest {
    Layer layer;

    DimIndex dim(std::string name, std::int64_t size, DimKind kind = DimKind::parallel);
    /// Inputs are appended in the order of the calls.
    Operand& input(std::string name, std::string memoryOperand, int bits);
};
/// An index expression over loops; a term is {loop, coefficient}.
AffineExpr expr(std::vector<AffineTerm> terms, std::int64_t offset = 0, std::int64_t divisor = 1);

class Lowering {
public:
    Lowering(const model::Network& network, const LowerOptions& options, Compat compat, Diagnostics& diagnostics);

    /// All operators, then outputs. False if an error was added.
    bool run();
    Workload take() { return std::move(workload_); }

    const model::Network& network() const { return network_; }
    const LowerOptions& options() const { return options_; }
    const Compat& compat() const { return compat_; }
    const Table<TensorId, Tensor>& tensors() const { return workload_.tensors; }

    Precision precision(const model::Operator& op) const;
    /// The shape of a network tensor; it must be known.
    const Shape& shape(model::TensorId tensor) const { return *network_.tensors[tensor].shape; }
    /// A value as an operator reads it. Constants become tensors of the workload here.
    Read read(model::TensorId tensor, const Precision& precision);
    /// Integer values of an input, if it is present and its values are at hand.
    std::optional<std::vector<std::int64_t>> integers(model::TensorId tensor) const;
    /// The attribute of this name, else the input of this index (older and newer opsets).
    std::optional<std::vector<std::int64_t>> integers(const model::Operator& op, std::string_view attribute,
                                                      std::size_t input) const;

    /// Adds the layer; its result becomes the value of `tensor`.
    void emit(Nest nest, const model::Operator& op, model::TensorId tensor);
    /// Adds a layer whose result is no tensor of the network.
    Read emitInner(Nest nest, const std::string& resultName, const Shape& resultShape);
    /// The value of `tensor` is read from elsewhere; no layer.
    void setView(model::TensorId tensor, Source source);
    /// A contradiction in the operator.
    void error(const model::Operator& op, std::string message, std::string hint = {});
    /// If activations are fused and the operator may join the layer before: joins it.
    bool fuse(const model::Operator& op);

private:
    bool foldable(const model::Operator& op) const;
    bool shapesKnown(const model::Operator& op, std::string& reason) const;
    bool othersRead(const model::Operator& op, std::string& reason) const;
    void lowerOperator(const model::Operator& op);
    void host(const model::Operator& op, std::string reason);
    void markOutput(model::TensorId tensor);
    bool add(Nest& nest, const std::string& resultName, const Shape& resultShape, const std::string& where);

    const model::Network& network_;
    const LowerOptions& options_;
    Compat compat_;
    Diagnostics& diagnostics_;
    Workload workload_;
    std::vector<std::optional<Source>> values_;  ///< by network tensor
    std::vector<bool> fixed_;                    ///< by network tensor: follows from constants and shapes
    std::vector<LayerId> madeBy_;                ///< by network tensor: the layer whose result it is
    std::vector<std::int64_t> readers_;          ///< by network tensor, graph outputs included
};

/// A rule lowers one operator. Returns why it cannot, and then has set no value; empty if done (or an error added).
using Rule = std::string (*)(Lowering&, const model::Operator&);
/// Null if there is none for this type.
Rule findRule(const model::Operator& op);

std::string lowerConv(Lowering& lowering, const model::Operator& op);
std::string lowerConvTranspose(Lowering& lowering, const model::Operator& op);
std::string lowerMatMul(Lowering& lowering, const model::Operator& op);
std::string lowerGemm(Lowering& lowering, const model::Operator& op);
std::string lowerPool(Lowering& lowering, const model::Operator& op);
std::string lowerGlobalPool(Lowering& lowering, const model::Operator& op);
std::string lowerLrn(Lowering& lowering, const model::Operator& op);
std::string lowerResize(Lowering& lowering, const model::Operator& op);
std::string lowerUnary(Lowering& lowering, const model::Operator& op);
std::string lowerActivation(Lowering& lowering, const model::Operator& op);
std::string lowerElementwise(Lowering& lowering, const model::Operator& op);
std::string lowerBatchNormalization(Lowering& lowering, const model::Operator& op);
std::string lowerSoftmax(Lowering& lowering, const model::Operator& op);
std::string lowerReduce(Lowering& lowering, const model::Operator& op);
std::string lowerNormalization(Lowering& lowering, const model::Operator& op);
/// Operators that only move data; null if the type is none.
Rule findViewRule(const model::Operator& op);

}  // namespace millrace::workload
