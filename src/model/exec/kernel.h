#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/exec/value.h"

/// What a kernel gets and gives.
namespace millrace::model::exec {

/// What is the same for all operators of a run.
struct Environment {
    int threads = 1;
    /// Of random operators; without one they refuse.
    std::optional<std::uint64_t> seed;
    /// Iterations that all Loops and Scans of the run may still make, counted down by each.
    std::int64_t* iterationsLeft = nullptr;
    /// Runs a body (of If, Loop, Scan, SequenceMap): its outputs. Throws Refused.
    std::function<std::vector<Value>(const Network& body, std::vector<Value> inputs)> runBody;
};

/// One execution of one operator. Outputs come as absent Values, as many as the operator lists, those that are left out
/// among them; a kernel assigns each, or at least each that `wants`.
struct Call {
    const Operator& op;
    std::span<const Value* const> inputs;  ///< null: left out
    std::span<Value> outputs;
    const Environment& environment;

    /// Input `i`. Refused if it is left out.
    const Value& in(std::size_t i) const;
    /// Input `i`, or null if it is left out.
    const Value* optional(std::size_t i) const;
    /// Is output `i` read by anybody?
    bool wants(std::size_t i) const { return i < outputs.size() && op.output(i).valid(); }
    /// An output of that type and shape, filled with zeros. `i` must be below outputs.size(); see `wants`.
    Value& out(std::size_t i, DataType type, Shape shape) const;
    /// As `out(0, ...)`, refused if the operator lists no output.
    Value& result(DataType type, Shape shape) const { return out(0, type, std::move(shape)); }
    /// All elements of integer input `i` (int32 or int64), widened. Refused if it is of another type.
    std::vector<std::int64_t> integers(std::size_t i) const;
    /// The only element of integer input `i`.
    std::int64_t integerScalar(std::size_t i) const;
    /// An axis in [-rank, rank) counted from the front. Refused if it is outside.
    static std::size_t axis(std::int64_t axis, std::size_t rank);
};

/// Throws Refused: input `i` of that type is not supported by this operator.
[[noreturn]] void refuseType(const Call& call, DataType type);

/// `dispatch`, refused if `type` is not in the list.
template <class... Ts, class F>
void dispatchOrRefuse(const Call& call, Types<Ts...> list, DataType type, F&& f) {
    if (!dispatch(list, type, static_cast<F&&>(f))) refuseType(call, type);
}

using Kernel = void (*)(Call&);

/// A kernel and the opsets of its domain for which it holds, inclusive.
struct KernelEntry {
    std::string_view domain, type;
    std::int64_t since, until;
    Kernel kernel;
};
inline constexpr std::int64_t kNewest = 1'000'000;  ///< `until` of an entry that still holds

/// Calls `work(begin, end)` for parts of [0, count) on the environment's threads, each part at least `grain` long. The
/// parts are disjoint and cover all; `work` must not care how they are cut. What a part throws is thrown here.
void parallelFor(const Environment& environment, std::int64_t count, std::int64_t grain,
                 const std::function<void(std::int64_t, std::int64_t)>& work);

}  // namespace millrace::model::exec
