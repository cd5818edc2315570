#include "workload/oracle.h"

#include <algorithm>

namespace millrace::test {

std::int64_t flatten(const Index& index, const Index& shape) {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) flat = flat * shape[i] + index[i];
    return flat;
}

Index unflatten(std::int64_t flat, const Index& shape) {
    Index index(shape.size());
    for (std::size_t i = shape.size(); i-- > 0;) {
        index[i] = flat % shape[i];
        flat /= shape[i];
    }
    return index;
}

std::int64_t sizeOf(const Index& shape) {
    std::int64_t size = 1;
    for (const std::int64_t each : shape) size *= each;
    return size;
}

bool Oracle::moves(const std::string& type) {
    static const std::set<std::string> types{"Reshape", "Flatten", "Transpose", "Concat", "Slice",   "Pad",
                                             "Expand",  "Split",   "Tile",      "Gather", "Identity"};
    return types.count(type) > 0;
}

Oracle::Oracle(const model::Network& network) : network_(network), values_(network.tensors.size()) {
    for (const model::TensorId id : network.inputs) store(id);
    for (const model::TensorId id : network.tensors.ids()) {
        if (network.tensors[id].constant) store(id);
    }
    for (const model::Operator& op : network.operators) {
        for (std::size_t i = 0; i < op.outputs.size(); ++i) {
            const model::TensorId result = op.outputs[i];
            if (!moves(op.type)) {
                store(result);
                continue;
            }
            for (std::int64_t flat = 0; flat < sizeOf(shape(result)); ++flat) {
                values_[result.index()].push_back(moved(op, i, unflatten(flat, shape(result))));
            }
        }
    }
}

void Oracle::store(model::TensorId tensor) {
    for (std::int64_t flat = 0; flat < sizeOf(shape(tensor)); ++flat) {
        values_[tensor.index()].push_back({{network_.tensors[tensor].name, flat}});
    }
}

Elements Oracle::at(const model::Operator& op, std::size_t input, const Index& index) const {
    return element(op.inputs[input], flatten(index, shape(op.inputs[input])));
}

Elements Oracle::moved(const model::Operator& op, std::size_t output, const Index& out) const {
    const Index& in = shape(op.inputs[0]);
    Index index = out;
    if (op.type == "Identity") return at(op, 0, out);
    if (op.type == "Reshape" || op.type == "Flatten") {
        return at(op, 0, unflatten(flatten(out, shape(op.outputs[0])), in));
    }
    if (op.type == "Transpose") {
        const auto perm = op.integers("perm");
        for (std::size_t i = 0; i < perm.size(); ++i) index[static_cast<std::size_t>(perm[i])] = out[i];
        return at(op, 0, index);
    }
    if (op.type == "Concat") {
        const auto axis = static_cast<std::size_t>(op.integer("axis", 0));
        std::size_t input = 0;
        while (index[axis] >= shape(op.inputs[input])[axis]) index[axis] -= shape(op.inputs[input++])[axis];
        return at(op, input, index);
    }
    if (op.type == "Split") {
        const auto axis = static_cast<std::size_t>(op.integer("axis", 0));
        for (std::size_t i = 0; i < output; ++i) index[axis] += shape(op.outputs[i])[axis];
        return at(op, 0, index);
    }
    if (op.type == "Slice") {
        const auto starts = *network_.tensors[op.inputs[1]].integers();
        const auto axes = *network_.tensors[op.inputs[3]].integers();
        const auto steps = *network_.tensors[op.inputs[4]].integers();
        for (std::size_t i = 0; i < axes.size(); ++i) {
            const auto axis = static_cast<std::size_t>(axes[i]);
            const std::int64_t start = starts[i] < 0 ? starts[i] + in[axis] : starts[i];
            index[axis] = start + out[axis] * steps[i];
        }
        return at(op, 0, index);
    }
    if (op.type == "Pad") {
        const auto pads = *network_.tensors[op.inputs[1]].integers();
        const std::string mode = op.text("mode", "constant");
        for (std::size_t i = 0; i < in.size(); ++i) {
            index[i] -= pads[i];
            if (index[i] >= 0 && index[i] < in[i]) continue;
            if (mode == "constant") return {};
            if (mode == "edge") index[i] = index[i] < 0 ? 0 : in[i] - 1;
            if (mode == "reflect") index[i] = index[i] < 0 ? -index[i] : 2 * (in[i] - 1) - index[i];
        }
        return at(op, 0, index);
    }
    if (op.type == "Gather") {
        const auto axis = static_cast<std::size_t>(op.integer("axis", 0));
        index[axis] = (*network_.tensors[op.inputs[1]].integers())[static_cast<std::size_t>(out[axis])];
        return at(op, 0, index);
    }
    // Expand and Tile: modulo the input's size.
    index.erase(index.begin(), index.end() - static_cast<std::ptrdiff_t>(in.size()));
    for (std::size_t i = 0; i < in.size(); ++i) index[i] %= in[i];
    return at(op, 0, index);
}

/// Calls `tap` for all kernel positions of two axes.
static void forTaps(std::int64_t rows, std::int64_t columns,
                    const std::function<void(std::int64_t, std::int64_t)>& tap) {
    for (std::int64_t fy = 0; fy < rows; ++fy) {
        for (std::int64_t fx = 0; fx < columns; ++fx) tap(fy, fx);
    }
}

static bool within(std::int64_t value, std::int64_t size) { return value >= 0 && value < size; }

static void broadcastRead(std::size_t input, const Index& in, const Index& out, const Oracle::Visit& visit) {
    Index index(out.end() - static_cast<std::ptrdiff_t>(in.size()), out.end());
    for (std::size_t i = 0; i < in.size(); ++i) index[i] = in[i] == 1 ? 0 : index[i];
    visit(input, index);
}

static void convReads(const model::Operator& op, const Index& in, const Index& w, const Index& result, const Index& out,
                      const Oracle::Visit& visit) {
    const auto s = op.integers("strides");
    const auto p = op.integers("pads");
    const auto d = op.integers("dilations");
    const std::int64_t group = out[1] / (result[1] / op.integer("group", 1));
    for (std::int64_t c = 0; c < w[1]; ++c) {
        forTaps(w[2], w[3], [&](std::int64_t fy, std::int64_t fx) {
            const std::int64_t y = out[2] * s[0] - p[0] + fy * d[0];
            const std::int64_t x = out[3] * s[1] - p[1] + fx * d[1];
            visit(1, {out[1], c, fy, fx});
            if (within(y, in[2]) && within(x, in[3])) visit(0, {out[0], group * w[1] + c, y, x});
        });
    }
}

/// Scatter form: input (y, x) adds tap (fy, fx) to output (y * s - p + fy, x * s - p + fx).
static void convTransposeReads(const model::Operator& op, const Index& in, const Index& w, const Index& out,
                               const Oracle::Visit& visit) {
    const auto s = op.integers("strides");
    const auto p = op.integers("pads");
    const std::int64_t perGroup = in[1] / op.integer("group", 1);
    const std::int64_t group = out[1] / w[1];
    for (std::int64_t y = 0; y < in[2]; ++y) {
        for (std::int64_t x = 0; x < in[3]; ++x) {
            const std::int64_t fy = out[2] - y * s[0] + p[0];
            const std::int64_t fx = out[3] - x * s[1] + p[1];
            if (!within(fy, w[2]) || !within(fx, w[3])) continue;
            for (std::int64_t c = group * perGroup; c < (group + 1) * perGroup; ++c) {
                visit(0, {out[0], c, y, x});
                visit(1, {c, out[1] % w[1], fy, fx});
            }
        }
    }
}

static void poolReads(const model::Operator& op, const Index& in, const Index& out, const Oracle::Visit& visit) {
    const auto k = op.integers("kernel_shape", {in[2], in[3]});
    const auto s = op.integers("strides", {1, 1});
    const auto p = op.integers("pads", {0, 0, 0, 0});
    forTaps(k[0], k[1], [&](std::int64_t fy, std::int64_t fx) {
        const std::int64_t y = out[2] * s[0] - p[0] + fy;
        const std::int64_t x = out[3] * s[1] - p[1] + fx;
        if (within(y, in[2]) && within(x, in[3])) visit(0, {out[0], out[1], y, x});
    });
}

static void matMulReads(const Index& a, const Index& b, const Index& out, const Oracle::Visit& visit) {
    for (std::int64_t c = 0; c < a.back(); ++c) {
        Index left = out;
        left.back() = c;
        Index right = out;
        right[out.size() - 2] = c;
        const auto fit = [](Index index, const Index& shape) {
            index.erase(index.begin(), index.end() - static_cast<std::ptrdiff_t>(shape.size()));
            for (std::size_t i = 0; i + 2 < shape.size(); ++i) index[i] %= shape[i];
            return index;
        };
        visit(0, fit(left, a));
        visit(1, fit(right, b));
    }
}

static void reduceReads(const model::Operator& op, const Index& in, const Index& out, const Oracle::Visit& visit) {
    const auto axes = op.integers("axes");
    for (std::int64_t flat = 0; flat < sizeOf(in); ++flat) {
        const Index index = unflatten(flat, in);
        bool same = true;
        for (std::size_t i = 0; i < in.size(); ++i) {
            const bool reduced = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
            same = same && (reduced || index[i] == out[i]);
        }
        if (same) visit(0, index);
    }
}

void Oracle::reads(const model::Operator& op, const Index& out, const Visit& visit) const {
    const Index& in = shape(op.inputs[0]);
    const Index& result = shape(op.outputs[0]);
    if (op.type == "Conv") {
        convReads(op, in, shape(op.inputs[1]), result, out, visit);
    } else if (op.type == "ConvTranspose") {
        convTransposeReads(op, in, shape(op.inputs[1]), out, visit);
    } else if (op.type.find("Pool") != std::string::npos) {
        poolReads(op, in, out, visit);
    } else if (op.type == "MatMul") {
        matMulReads(in, shape(op.inputs[1]), out, visit);
    } else if (op.type == "ReduceMean") {
        reduceReads(op, in, out, visit);
    } else if (op.type == "Resize") {
        visit(0, {out[0], out[1], out[2] * in[2] / result[2], out[3] * in[3] / result[3]});
    } else if (op.type == "LRN") {
        const std::int64_t size = op.integer("size", 1);
        for (std::int64_t c = out[1] - (size - 1) / 2; c <= out[1] + size / 2; ++c) {
            if (within(c, in[1])) visit(0, {out[0], c, out[2], out[3]});
        }
    } else if (op.type == "BatchNormalization") {
        visit(0, out);
        visit(1, {out[1]});
    } else {
        for (std::size_t i = 0; i < op.inputs.size(); ++i) broadcastRead(i, shape(op.inputs[i]), out, visit);
    }
}

}  // namespace millrace::test
