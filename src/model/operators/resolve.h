#pragma once
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "model/operators/attributes.h"
#include "model/operators/inference.h"

namespace millrace::model {

/// Attributes with defaults filled in, or why they are wrong, or (neither) that they hang on values not at hand.
template <class T>
struct Resolved {
    std::optional<T> value;
    std::string wrong;

    Resolved(T resolved) : value(std::move(resolved)) {}
    static Resolved error(std::string why) { return Resolved(std::nullopt, std::move(why)); }
    static Resolved notAtHand() { return Resolved(std::nullopt, ""); }

    T orThrow() && {
        if (!value) throw std::invalid_argument(wrong.empty() ? "values of an input are not at hand" : wrong);
        return *std::move(value);
    }

private:
    Resolved(std::nullopt_t, std::string why) : wrong(std::move(why)) {}
};

Resolved<ConvAttributes> resolveConv(const Network& network, const Operator& op);
Resolved<ConvTransposeAttributes> resolveConvTranspose(const Network& network, const Operator& op);
Resolved<PoolAttributes> resolvePool(const Network& network, const Operator& op);
Resolved<ResizeAttributes> resolveResize(const Network& network, const Operator& op);
Resolved<ReduceAttributes> resolveReduce(const Network& network, const Operator& op);
Resolved<std::vector<SliceAxis>> resolveSlice(const Network& network, const Operator& op);
Resolved<PadAttributes> resolvePad(const Network& network, const Operator& op);
Resolved<SplitAttributes> resolveSplit(const Network& network, const Operator& op);
Resolved<std::vector<std::size_t>> resolvePermutation(const Network& network, const Operator& op);
Resolved<std::size_t> resolveAxis(const Network& network, const Operator& op, std::int64_t otherwise);

/// Shape of input `i`, or a scalar if it is left out or unknown.
const Shape& inputShape(const Network& network, const Operator& op, std::size_t i);
/// Integer values of input `i`: nothing if it is left out or not at hand.
std::optional<std::vector<std::int64_t>> inputIntegers(const Network& network, const Operator& op, std::size_t i);
/// Real values of input `i`, likewise.
std::optional<std::vector<double>> inputReals(const Network& network, const Operator& op, std::size_t i);
/// An axis counted from the front, or nothing.
std::optional<std::size_t> normalAxis(std::int64_t axis, std::size_t rank);
/// "axis 4 is outside of [-4, 3] ..."
std::string badAxis(std::int64_t axis, std::size_t rank);
/// Output size of a window along spatial axis `i`; less than 1 if the kernel is larger than the padded input.
std::int64_t windowOutput(const WindowAttributes& window, std::size_t i, std::int64_t in, bool ceilMode);
/// "[1,2]"
std::string listText(const std::vector<std::int64_t>& values);

}  // namespace millrace::model
