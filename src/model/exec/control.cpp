#include <fmt/format.h>

#include <algorithm>

#include "model/exec/copy.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

const Body& bodyOf(const Call& call, std::string_view attribute) {
    const Body* body = call.op.body(attribute);
    if (body == nullptr || !body->network) throw Refused{fmt::format("it has no graph '{}'", attribute)};
    return *body;
}

/// Runs a body on its formal inputs and on the outer tensors that it reads.
std::vector<Value> runBody(const Call& call, const Body& body, std::vector<Value> formals, std::size_t outputs) {
    if (formals.size() != body.formals) {
        throw Refused{fmt::format("its body has {} inputs, and gets {}", body.formals, formals.size())};
    }
    for (const std::size_t index : body.captured) formals.push_back(call.in(index));
    std::vector<Value> results = call.environment.runBody(*body.network, std::move(formals));
    if (results.size() != outputs) {
        throw Refused{fmt::format("its body has {} outputs; {} are needed", results.size(), outputs)};
    }
    return results;
}

bool onlyBool(const Value& value, std::string_view what) {
    if (value.type() != DataType::boolean || value.elements() != 1) {
        throw Refused{fmt::format("{} is {}{}, not one bool", what, name(value.type()), text(value.shape()))};
    }
    return value.read<bool>()[0];
}

void ifOf(Call& call) {
    const bool chosen = onlyBool(call.in(0), "the condition");
    auto results = runBody(call, bodyOf(call, chosen ? "then_branch" : "else_branch"), {}, call.outputs.size());
    std::move(results.begin(), results.end(), call.outputs.begin());
}

void countIteration(const Call& call) {
    if (--*call.environment.iterationsLeft < 0) {
        throw Refused{"the iterations of all loops together are more than the bound of the run"};
    }
}

/// Results of the iterations, stacked along a new axis.
class Stack {
public:
    explicit Stack(std::size_t axis = 0, bool backwards = false) : axis_(axis), backwards_(backwards) {}

    void add(const Value& value) {
        if (value.isSequence() || !value.present()) throw Refused{"a scan output is no tensor"};
        elements_ += value.elements();
        if (elements_ > kMaxValueElements) throw Refused{"a scan output has too many elements"};
        Shape shape = value.shape();
        if (axis_ > shape.size()) throw Refused{fmt::format("scan output axis {} of {}", axis_, text(shape))};
        shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis_), 1);
        items_.push_back(value.reshaped(std::move(shape)));
    }

    /// `type` is for a stack of nothing.
    Value value() {
        if (items_.empty()) return Value(DataType::float32, {0});
        if (backwards_) std::reverse(items_.begin(), items_.end());
        std::vector<const Value*> parts;
        for (const Value& item : items_) parts.push_back(&item);
        return concatenated(parts, axis_);
    }

private:
    std::size_t axis_;
    bool backwards_;
    std::int64_t elements_ = 0;
    std::vector<Value> items_;
};

void loop(Call& call) {
    const Body& body = bodyOf(call, "body");
    if (body.formals < 2) throw Refused{fmt::format("its body has {} inputs, not 2 or more", body.formals)};
    const std::size_t states = body.formals - 2;
    if (call.outputs.size() < states)
        throw Refused{fmt::format("{} outputs for {} states", call.outputs.size(), states)};
    const std::size_t scans = call.outputs.size() - states;
    const Value* trips = call.optional(0);
    const std::int64_t most = trips != nullptr ? call.integerScalar(0) : 0;
    bool goesOn = call.optional(1) == nullptr || onlyBool(call.in(1), "the condition");
    std::vector<Value> state;
    for (std::size_t i = 0; i < states; ++i) state.push_back(call.in(2 + i));
    std::vector<Stack> stacks(scans);
    for (std::int64_t i = 0; goesOn && (trips == nullptr || i < most); ++i) {
        countIteration(call);
        std::vector<Value> formals(2);
        formals[0] = Value(DataType::int64, {});
        formals[0].write<std::int64_t>()[0] = i;
        formals[1] = Value(DataType::boolean, {});
        formals[1].write<bool>()[0] = true;
        std::move(state.begin(), state.end(), std::back_inserter(formals));
        auto results = runBody(call, body, std::move(formals), 1 + states + scans);
        goesOn = onlyBool(results[0], "the condition of its body");
        std::move(results.begin() + 1, results.begin() + 1 + static_cast<std::ptrdiff_t>(states), state.begin());
        for (std::size_t k = 0; k < scans; ++k) stacks[k].add(results[1 + states + k]);
    }
    std::move(state.begin(), state.end(), call.outputs.begin());
    for (std::size_t k = 0; k < scans; ++k) {
        if (call.wants(states + k)) call.outputs[states + k] = stacks[k].value();
    }
}

/// One Scan over tensors without a batch; `state` and `scanned` are its inputs, its results come in the same order.
struct ScanPlan {
    const Body& body;
    std::vector<std::size_t> axes, outputAxes;
    std::vector<bool> backwards, outputBackwards;
};

std::vector<Value> runScan(const Call& call, const ScanPlan& plan, std::vector<Value> state,
                           const std::vector<Value>& scanned, std::int64_t length) {
    std::vector<Stack> stacks;
    for (std::size_t k = 0; k < plan.outputAxes.size(); ++k) {
        stacks.emplace_back(plan.outputAxes[k], plan.outputBackwards[k]);
    }
    for (std::int64_t i = 0; i < length; ++i) {
        countIteration(call);
        std::vector<Value> formals = state;
        for (std::size_t k = 0; k < scanned.size(); ++k) {
            const std::int64_t at = plan.backwards[k] ? length - 1 - i : i;
            Shape shape = scanned[k].shape();
            shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(plan.axes[k]));
            formals.push_back(part(scanned[k], plan.axes[k], at, 1).reshaped(std::move(shape)));
        }
        auto results = runBody(call, plan.body, std::move(formals), state.size() + stacks.size());
        std::move(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(state.size()), state.begin());
        for (std::size_t k = 0; k < stacks.size(); ++k) stacks[k].add(results[state.size() + k]);
    }
    for (Stack& stack : stacks) state.push_back(stack.value());
    return state;
}

std::vector<bool> directions(const Call& call, std::string_view attribute, std::size_t count) {
    const auto given = call.op.integers(attribute, std::vector<std::int64_t>(count, 0));
    if (given.size() != count) throw Refused{fmt::format("{} {} for {}", given.size(), attribute, count)};
    std::vector<bool> result;
    for (const std::int64_t direction : given) result.push_back(direction != 0);
    return result;
}

struct ScanSizes {
    std::size_t first, states, scans, outputs;
};

ScanSizes scanSizes(const Call& call, const Body& body, std::size_t first) {
    const std::int64_t scans = call.op.integer("num_scan_inputs", 0);
    if (scans < 1 || scans > static_cast<std::int64_t>(body.formals)) {
        throw Refused{fmt::format("num_scan_inputs is {}; its body has {} inputs", scans, body.formals)};
    }
    const std::size_t states = body.formals - static_cast<std::size_t>(scans);
    if (call.outputs.size() < states)
        throw Refused{fmt::format("{} outputs for {} states", call.outputs.size(), states)};
    return {first, states, static_cast<std::size_t>(scans), call.outputs.size() - states};
}

void scan(Call& call) {
    const Body& body = bodyOf(call, "body");
    const ScanSizes sizes = scanSizes(call, body, 0);
    ScanPlan plan{body,
                  {},
                  {},
                  directions(call, "scan_input_directions", sizes.scans),
                  directions(call, "scan_output_directions", sizes.outputs)};
    const auto axes = call.op.integers("scan_input_axes", std::vector<std::int64_t>(sizes.scans, 0));
    const auto outputAxes = call.op.integers("scan_output_axes", std::vector<std::int64_t>(sizes.outputs, 0));
    if (axes.size() != sizes.scans || outputAxes.size() != sizes.outputs) throw Refused{"axes are too few or too many"};
    std::vector<Value> state;
    std::vector<Value> scanned;
    for (std::size_t i = 0; i < sizes.states; ++i) state.push_back(call.in(i));
    std::int64_t length = -1;
    for (std::size_t k = 0; k < sizes.scans; ++k) {
        scanned.push_back(call.in(sizes.states + k));
        plan.axes.push_back(Call::axis(axes[k], scanned[k].shape().size()));
        const std::int64_t size = scanned[k].shape()[plan.axes[k]];
        if (length >= 0 && size != length) throw Refused{fmt::format("scan inputs of {} and {} steps", length, size)};
        length = size;
    }
    for (const std::int64_t axis : outputAxes) {
        if (axis < 0) throw Refused{"a scan output axis counted from the end is not supported"};
        plan.outputAxes.push_back(static_cast<std::size_t>(axis));
    }
    auto results = runScan(call, plan, std::move(state), scanned, length);
    std::move(results.begin(), results.end(), call.outputs.begin());
}

Value withoutFirst(const Value& value, std::int64_t at) {
    if (value.shape().empty()) throw Refused{"an input has no batch axis"};
    Shape shape(value.shape().begin() + 1, value.shape().end());
    if (at >= value.shape()[0]) throw Refused{"the inputs are of different batches"};
    return part(value, 0, at, 1).reshaped(std::move(shape));
}

/// Opset 8: a batch in front of everything, scanned along the second axis, and lengths in input 0.
void scanBatched(Call& call) {
    const Body& body = bodyOf(call, "body");
    const ScanSizes sizes = scanSizes(call, body, 1);
    const ScanPlan plan{body, std::vector<std::size_t>(sizes.scans, 0), std::vector<std::size_t>(sizes.outputs, 0),
                        directions(call, "directions", sizes.scans), std::vector<bool>(sizes.outputs, false)};
    const Shape& shape = call.in(sizes.first + sizes.states).shape();
    if (shape.size() < 2) throw Refused{fmt::format("a scan input of shape {}", text(shape))};
    if (call.optional(0) != nullptr) throw Refused{"lengths per sequence are not supported"};
    std::vector<Stack> stacks(call.outputs.size());
    for (std::int64_t b = 0; b < shape[0]; ++b) {
        std::vector<Value> state;
        std::vector<Value> scanned;
        for (std::size_t i = 0; i < sizes.states; ++i) state.push_back(withoutFirst(call.in(sizes.first + i), b));
        for (std::size_t k = 0; k < sizes.scans; ++k) {
            scanned.push_back(withoutFirst(call.in(sizes.first + sizes.states + k), b));
            if (scanned[k].shape().empty() || scanned[k].shape()[0] != shape[1]) throw Refused{"uneven scan inputs"};
        }
        const auto results = runScan(call, plan, std::move(state), scanned, shape[1]);
        for (std::size_t i = 0; i < results.size(); ++i) stacks[i].add(results[i]);
    }
    for (std::size_t i = 0; i < stacks.size(); ++i) call.outputs[i] = stacks[i].value();
}

const KernelEntry kTable[] = {
    {"", "If", 1, kNewest, ifOf},
    {"", "Loop", 1, kNewest, loop},
    {"", "Scan", 8, 8, scanBatched},
    {"", "Scan", 9, kNewest, scan},
};

}  // namespace

std::span<const KernelEntry> controlKernels() { return kTable; }

}  // namespace millrace::model::exec
