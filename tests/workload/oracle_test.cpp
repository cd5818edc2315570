#include "workload/oracle.h"

#include <gmock/gmock.h>

#include "explore/workload/lower.h"
#include "shared.h"
#include "support/rng.h"
#include "workload/nets.h"

namespace millrace::workload {
namespace {

using model::TensorId;
using test::Elements;
using test::Index;
using test::Net;
using test::Oracle;
using test::Shape;

/// Random small networks of rank-4 values, with moving operators between computing ones.
class RandomNet {
public:
    RandomNet(Net& net, Rng& rng) : net_(net), rng_(rng) {}

    void build() {
        values_.push_back(net_.input({rng_.between(1, 2), rng_.between(1, 4), rng_.between(3, 6), rng_.between(3, 6)}));
        for (std::int64_t steps = rng_.between(2, 6); steps > 0; --steps) {
            const TensorId next = rng_.below(2) == 0 ? compute(pick()) : move(pick());
            if (next.valid() && test::sizeOf(net_.shape(next)) <= 400) values_.push_back(next);
        }
        // Whatever came last is read by something.
        const TensorId last = values_.back();
        net_.output(net_.op("Relu", {last}, Shape(net_.shape(last))));
    }

private:
    TensorId pick() { return values_[rng_.below(values_.size())]; }

    TensorId compute(TensorId x) {
        const Shape in = net_.shape(x);
        switch (rng_.below(9)) {
            case 0: return conv(x, in);
            case 1: return convTranspose(x, in);
            case 2: return pool(x, in);
            case 3: return net_.op("GlobalAveragePool", {x}, {in[0], in[1], 1, 1});
            case 4: return matMul(x, in);
            case 5: return resize(x, in);
            case 6: return add(x, in);
            case 7: return net_.op("LRN", {x}, in, {{"size", rng_.between(1, 4)}});
            default: return reduce(x, in);
        }
    }

    TensorId conv(TensorId x, const Shape& in) {
        const std::int64_t group = in[1] % 2 == 0 && rng_.below(2) == 0 ? 2 : 1;
        const Shape kernel{rng_.between(1, 3), rng_.between(1, 3)};
        const Shape dilations{rng_.between(1, 2), rng_.between(1, 2)};
        const Shape pads{rng_.between(0, 2), rng_.between(0, 2), rng_.between(0, 2), rng_.between(0, 2)};
        for (std::size_t i = 0; i < 2; ++i) {
            if (in[i + 2] + pads[i] + pads[i + 2] < (kernel[i] - 1) * dilations[i] + 1) return TensorId();
        }
        return net_.conv(x, group * rng_.between(1, 2), kernel, {rng_.between(1, 3), rng_.between(1, 3)}, pads,
                         dilations, group);
    }

    TensorId convTranspose(TensorId x, const Shape& in) {
        const std::int64_t group = in[1] % 2 == 0 && rng_.below(2) == 0 ? 2 : 1;
        const Shape kernel{rng_.between(1, 4), rng_.between(1, 4)};
        const Shape strides{rng_.between(1, 3), rng_.between(1, 3)};
        Shape pads;
        for (std::size_t i = 0; i < 4; ++i) pads.push_back(rng_.between(0, kernel[i % 2] - 1));
        const std::int64_t filters = rng_.between(1, 2);
        Shape out{in[0], filters * group};
        for (std::size_t i = 0; i < 2; ++i) {
            out.push_back((in[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2] +
                          rng_.between(0, strides[i] - 1));
            if (out.back() < 1) return TensorId();
        }
        return net_.op("ConvTranspose", {x, net_.weights({in[1], filters, kernel[0], kernel[1]})}, out,
                       {{"strides", strides}, {"pads", pads}, {"group", group}});
    }

    TensorId pool(TensorId x, const Shape& in) {
        const Shape kernel{rng_.between(1, 3), rng_.between(1, 3)};
        const Shape pads{rng_.between(0, kernel[0] - 1), rng_.between(0, kernel[1] - 1), 0, 0};
        if (in[2] + pads[0] < kernel[0] || in[3] + pads[1] < kernel[1]) return TensorId();
        return net_.pool("MaxPool", x, kernel, {rng_.between(1, 2), rng_.between(1, 3)}, pads);
    }

    TensorId matMul(TensorId x, const Shape& in) {
        Shape w{in[3], rng_.between(1, 4)};
        if (rng_.below(2) == 0) w.insert(w.begin(), rng_.below(2) == 0 ? 1 : in[1]);
        return net_.op("MatMul", {x, net_.weights(w)}, {in[0], in[1], in[2], w.back()});
    }

    TensorId resize(TensorId x, const Shape& in) {
        Shape out{in[0], in[1], in[2] * rng_.between(1, 2), in[3] * rng_.between(1, 3)};
        if (rng_.below(3) == 0) out[2] = rng_.between(1, 7);
        return net_.op(
            "Resize", {x}, out,
            {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
    }

    TensorId add(TensorId x, const Shape& in) {
        for (const TensorId other : values_) {
            if (other != x && net_.shape(other) == in) return net_.op("Add", {x, other}, in);
        }
        Shape shape = in;
        for (std::int64_t& size : shape) size = rng_.below(2) == 0 ? 1 : size;
        if (rng_.below(2) == 0) shape.erase(shape.begin());
        return net_.op("Mul", {x, net_.weights(shape)}, in);
    }

    TensorId reduce(TensorId x, const Shape& in) {
        Shape axes;
        Shape out = in;
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (rng_.below(2) == 0) continue;
            axes.push_back(static_cast<std::int64_t>(i));
            out[i] = 1;
        }
        return axes.empty() ? TensorId() : net_.op("ReduceMean", {x}, out, {{"axes", axes}});
    }

    TensorId move(TensorId x) {
        const Shape in = net_.shape(x);
        switch (rng_.below(8)) {
            case 0: return transpose(x, in);
            case 1: return concat(x, in);
            case 2: return slice(x, in);
            case 3: return pad(x, in);
            case 4: return reshape(x, in);
            case 5: return split(x, in);
            case 6: return tile(x, in);
            default: return gather(x, in);
        }
    }

    TensorId transpose(TensorId x, const Shape& in) {
        Shape perm{0, 1, 2, 3};
        for (std::size_t i = 4; i-- > 1;) std::swap(perm[i], perm[rng_.below(i + 1)]);
        Shape out;
        for (const std::int64_t axis : perm) out.push_back(in[static_cast<std::size_t>(axis)]);
        return net_.op("Transpose", {x}, out, {{"perm", perm}});
    }

    TensorId concat(TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        std::vector<TensorId> parts{x};
        Shape out = in;
        for (const TensorId other : values_) {
            Shape shape = net_.shape(other);
            const std::int64_t size = shape[axis];
            shape[axis] = in[axis];
            if (shape != in || parts.size() == 3) continue;
            parts.push_back(other);
            out[axis] += size;
        }
        return net_.op("Concat", parts, out, {{"axis", static_cast<std::int64_t>(axis)}});
    }

    TensorId slice(TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        const std::int64_t step = rng_.below(3) == 0 ? -1 : rng_.between(1, 2);
        const std::int64_t start = rng_.between(0, in[axis] - 1);
        const std::int64_t room = (step > 0 ? in[axis] - 1 - start : start) / (step > 0 ? step : -step) + 1;
        Shape out = in;
        out[axis] = rng_.between(1, room);
        return net_.op("Slice",
                       {x, net_.integers({rng_.below(2) == 0 ? start : start - in[axis]}), net_.integers({0}),
                        net_.integers({static_cast<std::int64_t>(axis)}), net_.integers({step})},
                       out);
    }

    TensorId pad(TensorId x, const Shape& in) {
        static const std::string modes[] = {"constant", "edge", "reflect"};
        const std::string mode = modes[rng_.below(3)];
        Shape pads;
        for (std::size_t i = 0; i < 8; ++i) pads.push_back(rng_.between(-1, 2));
        Shape out;
        for (std::size_t i = 0; i < 4; ++i) {
            if (mode == "reflect") pads[i] = std::min(pads[i], in[i] - 1);
            if (mode == "reflect") pads[i + 4] = std::min(pads[i + 4], in[i] - 1);
            out.push_back(in[i] + pads[i] + pads[i + 4]);
            if (out.back() < 1) return TensorId();
        }
        return net_.op("Pad", {x, net_.integers(pads)}, out, {{"mode", mode}});
    }

    TensorId reshape(TensorId x, const Shape& in) {
        Shape out = in;
        const std::size_t a = rng_.below(4);
        const std::size_t b = rng_.below(4);
        for (const std::int64_t factor : {2, 3, 5}) {
            if (a == b || out[a] % factor != 0) continue;
            out[a] /= factor;
            out[b] *= factor;
        }
        return net_.op("Reshape", {x}, out);
    }

    TensorId split(TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        if (in[axis] < 2) return TensorId();
        Shape first = in;
        first[axis] = rng_.between(1, in[axis] - 1);
        Shape second = in;
        second[axis] -= first[axis];
        const auto parts = net_.ops("Split", {x}, {first, second}, {{"axis", static_cast<std::int64_t>(axis)}});
        values_.push_back(parts[0]);
        return parts[1];
    }

    TensorId tile(TensorId x, const Shape& in) {
        Shape out = in;
        out[rng_.below(4)] *= rng_.between(1, 3);
        return net_.op("Tile", {x, net_.weights({4})}, out);
    }

    TensorId gather(TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        std::vector<std::int64_t> indices;
        for (std::int64_t i = rng_.between(1, 3); i > 0; --i) indices.push_back(rng_.between(0, in[axis] - 1));
        Shape out = in;
        out[axis] = static_cast<std::int64_t>(indices.size());
        return net_.op("Gather", {x, net_.integers(indices)}, out, {{"axis", static_cast<std::int64_t>(axis)}});
    }

    Net& net_;
    Rng& rng_;
    std::vector<TensorId> values_;
};

/// How the comparison went.
struct Verdict {
    std::int64_t checked = 0;
    std::int64_t exact = 0;  ///< of these, not more than needed
    std::string wrong;       ///< the first contradiction
};

/// True if needs may give more than is needed: strided maps, reshapes with many runs, or barriers.
bool mayCover(const Operand& operand) {
    const auto* pieces = std::get_if<std::vector<Piece>>(&operand.source);
    if (pieces == nullptr) return true;
    for (const Piece& piece : *pieces) {
        if (!piece.viewShape.empty() && volume(piece.region) > 64) return true;
        for (const AxisMap& map : piece.map) {
            if (map.coefficient > 1 || map.coefficient < -1) return true;
        }
    }
    return false;
}

/// Windows without gaps: at an edge, the first row of the range is a row that a tap reads.
bool dense(const model::Operator& op) {
    if (op.type == "ConvTranspose" || op.type == "Resize") return false;
    const Shape strides = op.integers("strides", {1, 1});
    const Shape dilations = op.integers("dilations", {1, 1});
    return strides == Shape{1, 1} && dilations == Shape{1, 1};
}

Box clipped(const Operand& operand, const std::vector<Interval>& tile) {
    Box box;
    for (const Axis& axis : operand.axes) {
        const Interval side = range(axis.index, tile);
        box.push_back({std::max<std::int64_t>(side.begin, 0), std::min(side.end, axis.extent)});
    }
    return box;
}

/// Elements that `needs` names; empty and `wrong` set if a box repeats an element or leaves its tensor.
Elements named(const Workload& workload, const Operand& operand, const Box& box, std::string& wrong) {
    Elements result;
    for (const Need& need : needs(workload, operand.source, box)) {
        const Tensor& tensor = workload.tensors[need.tensor];
        if (!contains(wholeBox(tensor.shape), need.box)) wrong = "a box leaves tensor " + tensor.name;
        if (!wrong.empty()) return {};
        Index sizes;
        for (const Interval& side : need.box) sizes.push_back(side.size());
        for (std::int64_t flat = 0; flat < volume(need.box); ++flat) {
            Index index = test::unflatten(flat, sizes);
            for (std::size_t i = 0; i < index.size(); ++i) index[i] += need.box[i].begin;
            if (!result.insert({tensor.name, test::flatten(index, tensor.shape)}).second) wrong = "an element twice";
        }
    }
    return result;
}

class Comparison {
public:
    Comparison(const Net& net, const Workload& workload) : net_(net), workload_(workload), oracle_(net.network) {
        for (const Layer& layer : workload.layers) byName_[workload.tensors[layer.result].name] = &layer;
    }

    Verdict run(Rng& rng) {
        for (const model::Operator& op : net_.network.operators) {
            if (Oracle::moves(op.type)) continue;
            const auto found = byName_.find(net_.network.tensors[op.outputs[0]].name);
            if (found == byName_.end()) {
                verdict_.wrong = op.name + " has no layer";
            } else {
                compare(op, *found->second, rng);
            }
        }
        return verdict_;
    }

private:
    void compare(const model::Operator& op, const Layer& layer, Rng& rng) {
        std::vector<Interval> tile;
        for (const LoopDim& dim : layer.dims) {
            const std::int64_t begin = rng.between(0, dim.size - 1);
            // Tiles of a phase write rows with gaps; their box says too much.
            const bool part = dim.kind == DimKind::parallel && dim.name[0] != 'P' && rng.below(4) != 0;
            tile.push_back(part ? Interval{begin, rng.between(begin + 1, dim.size)} : Interval{0, dim.size});
        }
        // Parts of several groups have gaps as well.
        const auto groups = layer.dim("G");
        const auto filters = layer.dim("K");
        if (groups && filters && tile[*groups].size() > 1) tile[*filters] = {0, layer.dims[*filters].size};
        const Box written = clipped(layer.output, tile);
        if (volume(written) == 0) return;
        // For each input of the operator: what is read, and the hull of where it is read.
        std::vector<Elements> expected(op.inputs.size());
        std::vector<Box> hull(op.inputs.size());
        Index sizes;
        for (const Interval& side : written) sizes.push_back(side.size());
        for (std::int64_t flat = 0; flat < volume(written); ++flat) {
            Index out = test::unflatten(flat, sizes);
            for (std::size_t i = 0; i < out.size(); ++i) out[i] += written[i].begin;
            oracle_.reads(op, out, [&](std::size_t input, const Index& index) {
                const Elements& made = element(op, input, index);
                expected[input].insert(made.begin(), made.end());
                if (hull[input].empty()) hull[input].resize(index.size(), {std::int64_t{1} << 40, 0});
                for (std::size_t i = 0; i < index.size(); ++i) {
                    hull[input][i] = {std::min(hull[input][i].begin, index[i]),
                                      std::max(hull[input][i].end, index[i] + 1)};
                }
            });
        }
        for (const Operand& operand : layer.inputs) {
            if (operand.bits == 0) continue;
            const std::size_t input = inputOf(op, layer, operand);
            judge(op, operand, clipped(operand, tile), expected[input], inHull(op, input, hull[input]));
        }
    }

    const Elements& element(const model::Operator& op, std::size_t input, const Index& index) const {
        return oracle_.element(op.inputs[input], test::flatten(index, net_.shape(op.inputs[input])));
    }

    Elements inHull(const model::Operator& op, std::size_t input, const Box& hull) const {
        Elements result;
        Index sizes;
        for (const Interval& side : hull) sizes.push_back(side.size());
        for (std::int64_t flat = 0; flat < volume(hull) && !hull.empty(); ++flat) {
            Index index = test::unflatten(flat, sizes);
            for (std::size_t i = 0; i < index.size(); ++i) index[i] += hull[i].begin;
            const Elements& made = element(op, input, index);
            result.insert(made.begin(), made.end());
        }
        return result;
    }

    /// W is the second input; of an element-wise pair the smaller one.
    std::size_t inputOf(const model::Operator& op, const Layer& layer, const Operand& operand) const {
        if (layer.inputs.size() == 1 || op.inputs.size() == 1) return 0;
        const bool pair = op.type == "Add" || op.type == "Mul";
        const bool swapped = pair && test::sizeOf(net_.shape(op.inputs[0])) < test::sizeOf(net_.shape(op.inputs[1]));
        return (operand.name == "W") != swapped ? 1 : 0;
    }

    void judge(const model::Operator& op, const Operand& operand, const Box& box, const Elements& least,
               const Elements& most) {
        std::string wrong;
        const Elements got = named(workload_, operand, box, wrong);
        ++verdict_.checked;
        if (got == most) ++verdict_.exact;
        if (!std::includes(got.begin(), got.end(), least.begin(), least.end())) wrong = "something is missing";
        if (!mayCover(operand) && dense(op) && got != most) wrong = "something is not needed";
        if (!wrong.empty() && verdict_.wrong.empty())
            verdict_.wrong = op.name + " operand " + operand.name + ": " + wrong;
    }

    const Net& net_;
    const Workload& workload_;
    Oracle oracle_;
    std::map<std::string, const Layer*> byName_;
    Verdict verdict_;
};

TEST(Needs, AgreeWithAnInterpreterOnRandomNetworks) {
    Rng rng(2024);
    Verdict total;
    const std::int64_t runs = test::count(100000);
    for (std::int64_t run = 0; run < runs; ++run) {
        Net net;
        RandomNet(net, rng).build();
        Diagnostics diagnostics;
        const auto workload = lower(net.network, {}, diagnostics);
        ASSERT_TRUE(workload) << diagnostics.text() << printText(net.network);
        const Verdict verdict = Comparison(net, *workload).run(rng);
        ASSERT_EQ(verdict.wrong, "") << printText(net.network) << printText(*workload);
        total.checked += verdict.checked;
        total.exact += verdict.exact;
    }
    EXPECT_GT(total.checked, 2 * runs);
    EXPECT_GT(10 * total.exact, 8 * total.checked) << total.exact << " of " << total.checked;
}

/// A network with an offset on every way: padding, a slice, a concatenation, a transpose; nothing is square.
Net offsetsEverywhere() {
    Net net;
    const TensorId x = net.input({1, 3, 7, 5});
    const TensorId a = net.conv(x, 2, {3, 2}, {1, 1}, {2, 1, 0, 0});
    const TensorId b =
        net.op("Slice", {x, net.integers({1}), net.integers({3}), net.integers({1}), net.integers({1})}, {1, 2, 7, 5});
    const TensorId c = net.op("Concat", {a, b}, {1, 4, 7, 5}, {{"axis", std::int64_t{1}}});
    const TensorId d = net.op("Transpose", {c}, {1, 4, 5, 7}, {{"perm", Shape{0, 1, 3, 2}}});
    net.output(net.conv(d, 3, {2, 3}, {1, 1}, {1, 0, 0, 2}));
    return net;
}

/// True if some of many tiles shows a contradiction.
bool caught(const Net& net, const Workload& workload) {
    Rng rng(11);
    for (int run = 0; run < 200; ++run) {
        if (!Comparison(net, workload).run(rng).wrong.empty()) return true;
    }
    return false;
}

TEST(Needs, PlantedFaultsAreCaught) {
    const Net net = offsetsEverywhere();
    Diagnostics diagnostics;
    const auto good = lower(net.network, {}, diagnostics);
    ASSERT_TRUE(good) << diagnostics.text();
    EXPECT_FALSE(caught(net, *good));
    int planted = 0;
    for (const LayerId id : good->layers.ids()) {
        for (const std::size_t axis : {2U, 3U}) {
            Workload bad = *good;
            bad.layers[id].inputs[1].axes[axis].index.offset = 0;
            const bool changed = good->layers[id].inputs[1].axes[axis].index.offset != 0;
            EXPECT_EQ(caught(net, bad), changed) << "padding of axis " << axis;
            planted += changed ? 1 : 0;
        }
        Workload swapped = *good;
        std::swap(swapped.layers[id].inputs[1].axes[2].index, swapped.layers[id].inputs[1].axes[3].index);
        EXPECT_TRUE(caught(net, swapped)) << "height and width";
        Workload window = *good;
        std::swap(window.layers[id].inputs[0].axes[2].index, window.layers[id].inputs[0].axes[3].index);
        EXPECT_TRUE(caught(net, window)) << "height and width of the kernel";
    }
    EXPECT_EQ(planted, 3);
    const auto& pieces = std::get<std::vector<Piece>>(good->layers[LayerId(1)].inputs[1].source);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        for (std::size_t axis = 0; axis < 4; ++axis) {
            if (pieces[i].map[axis].offset == 0) continue;
            Workload bad = *good;
            std::get<std::vector<Piece>>(bad.layers[LayerId(1)].inputs[1].source)[i].map[axis].offset += 1;
            EXPECT_TRUE(caught(net, bad)) << "offset of a piece";
        }
        Workload bad = *good;
        std::get<std::vector<Piece>>(bad.layers[LayerId(1)].inputs[1].source)[i].region[1].end -= 1;
        EXPECT_TRUE(caught(net, bad)) << "region of a piece";
    }
}

}  // namespace
}  // namespace millrace::workload
