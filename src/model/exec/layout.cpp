#include <fmt/format.h>

#include <algorithm>

#include "model/exec/broadcast.h"
#include "model/exec/copy.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

void give(Call& call, Value value) {
    if (call.outputs.empty()) throw Refused{"it has no output"};
    call.outputs[0] = std::move(value);
}

Value integersValue(const std::vector<std::int64_t>& list) {
    Value value(DataType::int64, {static_cast<std::int64_t>(list.size())});
    std::copy(list.begin(), list.end(), value.write<std::int64_t>().begin());
    return value;
}

void identity(Call& call) { give(call, call.inputs.empty() || call.inputs[0] == nullptr ? Value() : call.in(0)); }

void shapeOf(Call& call) {
    const Shape& shape = call.in(0).shape();
    const auto rank = static_cast<std::int64_t>(shape.size());
    const auto clamped = [rank](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
    const std::int64_t start = clamped(call.op.integer("start", 0));
    const std::int64_t end = std::max(start, clamped(call.op.integer("end", rank)));
    give(call, integersValue({shape.begin() + start, shape.begin() + end}));
}

void sizeOf(Call& call) { call.result(DataType::int64, {}).write<std::int64_t>()[0] = call.in(0).elements(); }

void reshape(Call& call) {
    const Value& input = call.in(0);
    Shape shape = call.integers(1);
    const bool zeroStays = call.op.integer("allowzero", 0) != 0;
    std::int64_t known = 1;
    std::size_t free = shape.size();
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 0 && !zeroStays) {
            if (i >= input.shape().size()) throw Refused{fmt::format("size 0 at axis {} copies nothing", i)};
            shape[i] = input.shape()[i];
        }
        if (shape[i] < -1) throw Refused{fmt::format("size {} at axis {}", shape[i], i)};
        if (shape[i] == -1) {
            if (free != shape.size()) throw Refused{"two axes are to be found out (-1)"};
            free = i;
        } else if (shape[i] != 0 && known > kMaxValueElements / shape[i]) {
            throw Refused{fmt::format("the shape {} has too many elements", text(shape))};
        } else {
            known *= shape[i];
        }
    }
    if (free != shape.size()) {
        if (known == 0 || input.elements() % known != 0) {
            throw Refused{fmt::format("{} elements do not make {}", input.elements(), text(shape))};
        }
        shape[free] = input.elements() / known;
    }
    give(call, input.reshaped(std::move(shape)));
}

void flatten(Call& call) {
    const Shape& shape = call.in(0).shape();
    const auto rank = static_cast<std::int64_t>(shape.size());
    const std::int64_t given = call.op.integer("axis", 1);
    if (given < -rank || given > rank) throw Refused{fmt::format("axis {} is outside of [{}, {}]", given, -rank, rank)};
    const auto axis = static_cast<std::size_t>(given < 0 ? given + rank : given);
    give(call, call.in(0).reshaped({product(shape, 0, axis), product(shape, axis, shape.size())}));
}

std::vector<std::int64_t> givenAxes(const Call& call) {
    return call.optional(1) != nullptr ? call.integers(1) : call.op.integers("axes");
}

void squeeze(Call& call) {
    const Shape& shape = call.in(0).shape();
    const auto axes = givenAxes(call);
    const bool all = axes.empty() && call.optional(1) == nullptr && call.op.attributes.count("axes") == 0;
    std::vector<bool> gone(shape.size(), false);
    for (std::size_t i = 0; all && i < shape.size(); ++i) gone[i] = shape[i] == 1;
    for (const std::int64_t axis : axes) {
        const std::size_t at = Call::axis(axis, shape.size());
        if (shape[at] != 1) throw Refused{fmt::format("axis {} has {} elements, not 1", at, shape[at])};
        gone[at] = true;
    }
    Shape result;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (!gone[i]) result.push_back(shape[i]);
    }
    give(call, call.in(0).reshaped(std::move(result)));
}

void unsqueeze(Call& call) {
    const Shape& shape = call.in(0).shape();
    const auto axes = givenAxes(call);
    if (axes.size() > kMaxRank) throw Refused{fmt::format("{} axes are too many", axes.size())};
    std::vector<bool> fresh(shape.size() + axes.size(), false);
    for (const std::int64_t axis : axes) {
        const std::size_t at = Call::axis(axis, fresh.size());
        if (fresh[at]) throw Refused{fmt::format("axis {} is given twice", at)};
        fresh[at] = true;
    }
    Shape result;
    std::size_t next = 0;
    for (const bool isNew : fresh) result.push_back(isNew ? 1 : shape[next++]);
    give(call, call.in(0).reshaped(std::move(result)));
}

void transpose(Call& call) {
    const std::size_t rank = call.in(0).shape().size();
    const auto given = call.op.integers("perm");
    std::vector<std::size_t> perm;
    for (std::size_t i = 0; i < rank; ++i) perm.push_back(rank - 1 - i);
    if (!given.empty() || call.op.attributes.count("perm") != 0) {
        perm.clear();
        for (const std::int64_t axis : given) perm.push_back(Call::axis(axis, rank));
        std::vector<std::size_t> sorted = perm;
        std::sort(sorted.begin(), sorted.end());
        const bool whole = sorted.size() == rank && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
        if (!whole) throw Refused{fmt::format("perm {} is no order of {} axes", text(given), rank)};
    }
    give(call, transposed(call.environment, call.in(0), perm));
}

void expand(Call& call) {
    const Shape asked = call.integers(1);
    give(call, stretched(call.in(0), broadcastShape(call.in(0).shape(), asked)));
}

void tile(Call& call) {
    const Value& input = call.in(0);
    const auto repeats = call.integers(1);
    const Shape& shape = input.shape();
    if (repeats.size() != shape.size()) {
        throw Refused{fmt::format("{} repeats for {} axes", repeats.size(), shape.size())};
    }
    // [a, b] repeated r, s times is [1, a, 1, b] stretched to [r, a, s, b].
    Shape split;
    Shape target;
    Shape result;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (repeats[i] < 0) throw Refused{fmt::format("{} repeats along axis {}", repeats[i], i)};
        if (repeats[i] > kMaxValueElements) throw Refused{fmt::format("{} repeats are too many", repeats[i])};
        result.push_back(shape[i] * repeats[i]);
        if (repeats[i] == 1 && shape[i] == 1) continue;
        if (repeats[i] != 1) {
            split.push_back(1);
            target.push_back(repeats[i]);
        }
        if (shape[i] != 1) {
            split.push_back(shape[i]);
            target.push_back(shape[i]);
        }
    }
    elementsOf(result);
    give(call, stretched(input.reshaped(std::move(split)), target).reshaped(std::move(result)));
}

void checkBlock(const Shape& shape, std::int64_t block) {
    if (shape.size() != 4) throw Refused{fmt::format("the input has {} axes, not 4", shape.size())};
    if (block < 1 || block > (1 << 20)) throw Refused{fmt::format("blocksize {}", block)};
}

void depthToSpace(Call& call) {
    const Value& input = call.in(0);
    const Shape& s = input.shape();
    const std::int64_t block = call.op.integer("blocksize", 0);
    checkBlock(s, block);
    if (s[1] % (block * block) != 0) throw Refused{fmt::format("{} channels in blocks of {}", s[1], block * block)};
    const std::int64_t depth = s[1] / (block * block);
    const bool columnFirst = call.op.text("mode", "DCR") == "CRD";
    const Shape split =
        columnFirst ? Shape{s[0], depth, block, block, s[2], s[3]} : Shape{s[0], block, block, depth, s[2], s[3]};
    const std::vector<std::size_t> perm =
        columnFirst ? std::vector<std::size_t>{0, 1, 4, 2, 5, 3} : std::vector<std::size_t>{0, 3, 4, 1, 5, 2};
    give(call,
         transposed(call.environment, input.reshaped(split), perm).reshaped({s[0], depth, s[2] * block, s[3] * block}));
}

void spaceToDepth(Call& call) {
    const Value& input = call.in(0);
    const Shape& s = input.shape();
    const std::int64_t block = call.op.integer("blocksize", 0);
    checkBlock(s, block);
    if (s[2] % block != 0 || s[3] % block != 0) {
        throw Refused{fmt::format("{} by {} in blocks of {}", s[2], s[3], block)};
    }
    const Value split = input.reshaped({s[0], s[1], s[2] / block, block, s[3] / block, block});
    give(call, transposed(call.environment, split, {0, 3, 5, 1, 2, 4})
                   .reshaped({s[0], s[1] * block * block, s[2] / block, s[3] / block}));
}

const KernelEntry kTable[] = {
    {"", "Identity", 1, kNewest, identity},
    {"", "Shape", 1, kNewest, shapeOf},
    {"", "Size", 1, kNewest, sizeOf},
    {"", "Reshape", 5, kNewest, reshape},
    {"", "Flatten", 1, kNewest, flatten},
    {"", "Squeeze", 1, kNewest, squeeze},
    {"", "Unsqueeze", 1, kNewest, unsqueeze},
    {"", "Transpose", 1, kNewest, transpose},
    {"", "Expand", 8, kNewest, expand},
    {"", "Tile", 6, kNewest, tile},
    {"", "DepthToSpace", 1, kNewest, depthToSpace},
    {"", "SpaceToDepth", 1, kNewest, spaceToDepth},
};

}  // namespace

std::span<const KernelEntry> layoutKernels() { return kTable; }

}  // namespace millrace::model::exec
