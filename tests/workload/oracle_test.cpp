#include "workload/oracle.h"

#include <gmock/gmock.h>

#include "explore/workload/lower.h"
#include "shared.h"
#include "support/rng.h"
#include "workload/nets.h"
#include "workload/randomnet.h"

namespace millrace::workload {
namespace {

using model::TensorId;
using test::Elements;
using test::Index;
using test::Net;
using test::Oracle;
using test::RandomNet;
using test::Shape;

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

/// What a broken file could contain: one field of the network changed.
void damage(model::Network& network, Rng& rng) {
    if (rng.below(2) == 0) {
        model::Tensor& tensor = network.tensors[TensorId(rng.below(network.tensors.size()))];
        if (!tensor.shape) return;
        if (rng.below(5) == 0) tensor.shape->push_back(rng.between(0, 3));
        if (rng.below(5) == 0 && !tensor.shape->empty()) tensor.shape->pop_back();
        if (rng.below(9) == 0) tensor.shape.reset();
        if (tensor.shape && !tensor.shape->empty())
            (*tensor.shape)[rng.below(tensor.shape->size())] = rng.between(0, 9);
        return;
    }
    model::Operator& op = network.operators[model::OperatorId(rng.below(network.operators.size()))];
    if (rng.below(4) == 0 && !op.inputs.empty()) op.inputs[rng.below(op.inputs.size())] = TensorId();
    if (rng.below(4) == 0 && !op.inputs.empty()) op.inputs.pop_back();
    for (auto& [name, value] : op.attributes) {
        if (auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
            if (rng.below(4) == 0) list->push_back(rng.between(-3, 3));
            for (std::int64_t& item : *list) item = rng.below(3) == 0 ? rng.between(-3, 9) : item;
        } else if (auto* number = std::get_if<std::int64_t>(&value)) {
            *number = rng.between(-3, 5);
        }
    }
}

TEST(Lower, DamagedNetworksEndInErrorsOrGoodWorkloads) {
    Rng rng(77);
    std::int64_t good = 0;
    const std::int64_t runs = test::count(200000);
    for (std::int64_t run = 0; run < runs; ++run) {
        Net net;
        RandomNet(net, rng).build();
        for (std::uint64_t times = 1 + rng.below(3); times > 0; --times) damage(net.network, rng);
        Diagnostics diagnostics;
        const auto workload = lower(net.network, {}, diagnostics);
        ASSERT_NE(workload.has_value(), diagnostics.failed());
        if (!workload) continue;
        ++good;
        ASSERT_TRUE(verify(*workload, diagnostics)) << diagnostics.text();
        for (const Layer& layer : workload->layers) {
            for (const Operand& operand : layer.inputs) {
                std::vector<Interval> all;
                for (const LoopDim& dim : layer.dims) all.push_back({0, dim.size});
                needs(*workload, operand.source, clipped(operand, all));
            }
        }
    }
    EXPECT_GT(good, runs / 20);
    EXPECT_LT(good, runs);
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
