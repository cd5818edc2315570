#include <fmt/format.h>

#include "model/exec/copy.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

void give(Call& call, Value value) {
    if (call.outputs.empty()) throw Refused{"it has no output"};
    call.outputs[0] = std::move(value);
}

const Value& sequenceIn(const Call& call, std::size_t i) {
    const Value& value = call.in(i);
    if (!value.isSequence()) throw Refused{fmt::format("input {} is no sequence", i)};
    return value;
}

/// A place in [-size, last], counted from the front.
std::size_t place(const Call& call, std::size_t input, std::size_t size, std::int64_t last, std::int64_t otherwise) {
    const auto count = static_cast<std::int64_t>(size);
    const std::int64_t at = call.optional(input) != nullptr ? call.integerScalar(input) : otherwise;
    if (at < -count || at > last) throw Refused{fmt::format("place {} in a sequence of {}", at, size)};
    return static_cast<std::size_t>(at < 0 ? at + count : at);
}

void construct(Call& call) {
    std::vector<Value> items;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
        items.push_back(call.in(i));
        if (items[i].type() != items[0].type()) throw Refused{"the tensors are of different types"};
    }
    give(call, Value::sequence(items.empty() ? DataType::float32 : items[0].type(), std::move(items)));
}

void empty(Call& call) {
    const auto type = dataType(call.op.integer("dtype", 1));
    if (!type) throw Refused{"attribute 'dtype' names a type that is not supported"};
    give(call, Value::sequence(*type, {}));
}

void insert(Call& call) {
    const Value& sequence = sequenceIn(call, 0);
    std::vector<Value> items = sequence.items();
    const auto count = static_cast<std::int64_t>(items.size());
    const std::size_t at = place(call, 2, items.size(), count, count);
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), call.in(1));
    give(call, Value::sequence(call.in(1).type(), std::move(items)));
}

void erase(Call& call) {
    const Value& sequence = sequenceIn(call, 0);
    std::vector<Value> items = sequence.items();
    const auto last = static_cast<std::int64_t>(items.size()) - 1;
    if (items.empty()) throw Refused{"the sequence is empty"};
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(place(call, 1, items.size(), last, last)));
    give(call, Value::sequence(sequence.type(), std::move(items)));
}

void at(Call& call) {
    const std::vector<Value>& items = sequenceIn(call, 0).items();
    if (items.empty()) throw Refused{"the sequence is empty"};
    give(call, items[place(call, 1, items.size(), static_cast<std::int64_t>(items.size()) - 1, 0)]);
}

void length(Call& call) {
    const auto count = static_cast<std::int64_t>(sequenceIn(call, 0).items().size());
    call.result(DataType::int64, {}).write<std::int64_t>()[0] = count;
}

void splitToSequence(Call& call) {
    const Value& input = call.in(0);
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), input.shape().size());
    const std::int64_t size = input.shape()[axis];
    const Value* given = call.optional(1);
    const bool whole = given == nullptr || given->shape().empty();
    const std::int64_t each = given == nullptr ? 1 : (whole ? call.integerScalar(1) : 0);
    std::vector<std::int64_t> sizes;
    if (!whole) {
        sizes = call.integers(1);
    } else {
        if (each < 1) throw Refused{fmt::format("parts of {}", each)};
        for (std::int64_t begin = 0; begin < size; begin += each) sizes.push_back(std::min(each, size - begin));
    }
    std::vector<Value> items;
    std::int64_t begin = 0;
    for (const std::int64_t one : sizes) {
        if (one < 0 || one > size - begin) throw Refused{fmt::format("a part of {} of {} elements", one, size)};
        Value item = part(input, axis, begin, one);
        begin += one;
        const bool dropsAxis = given == nullptr && call.op.integer("keepdims", 1) == 0;
        if (dropsAxis) {
            Shape shape = item.shape();
            shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
            item = item.reshaped(std::move(shape));
        }
        items.push_back(std::move(item));
    }
    if (begin != size) throw Refused{fmt::format("parts of {} of {} elements in all", begin, size)};
    give(call, Value::sequence(input.type(), std::move(items)));
}

void concatFromSequence(Call& call) {
    std::vector<Value> items = sequenceIn(call, 0).items();
    if (items.empty()) throw Refused{"the sequence is empty"};
    const bool fresh = call.op.integer("new_axis", 0) != 0;
    const std::size_t rank = items[0].shape().size() + (fresh ? 1 : 0);
    const std::size_t axis = Call::axis(call.op.integer("axis", 0), rank);
    std::vector<const Value*> parts;
    for (Value& item : items) {
        if (fresh) {
            Shape shape = item.shape();
            if (axis > shape.size()) throw Refused{"the tensors are of different ranks"};
            shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
            item = item.reshaped(std::move(shape));
        }
        parts.push_back(&item);
    }
    give(call, concatenated(parts, axis));
}

void optional(Call& call) { give(call, call.optional(0) != nullptr ? call.in(0) : Value()); }

void hasElement(Call& call) {
    const Value* value = call.optional(0);
    call.result(DataType::boolean, {}).write<bool>()[0] = value != nullptr && value->present();
}

void getElement(Call& call) {
    if (!call.in(0).present()) throw Refused{"the optional is empty"};
    give(call, call.in(0));
}

const KernelEntry kTable[] = {
    {"", "SequenceConstruct", 11, kNewest, construct},
    {"", "SequenceEmpty", 11, kNewest, empty},
    {"", "SequenceInsert", 11, kNewest, insert},
    {"", "SequenceErase", 11, kNewest, erase},
    {"", "SequenceAt", 11, kNewest, at},
    {"", "SequenceLength", 11, kNewest, length},
    {"", "SplitToSequence", 11, kNewest, splitToSequence},
    {"", "ConcatFromSequence", 11, kNewest, concatFromSequence},
    {"", "Optional", 15, kNewest, optional},
    {"", "OptionalHasElement", 15, kNewest, hasElement},
    {"", "OptionalGetElement", 15, kNewest, getElement},
};

}  // namespace

std::span<const KernelEntry> sequenceKernels() { return kTable; }

}  // namespace millrace::model::exec
