#pragma once
#include <string>
#include <utility>
#include <vector>

#include "support/rng.h"
#include "workload/nets.h"

namespace millrace::test {

/// Bounds of a random network.
struct RandomNetLimits {
    std::int64_t leastSide = 3, mostSide = 6;  ///< rows and columns of the input
    std::int64_t mostChannels = 4;             ///< of the input
    std::int64_t leastSteps = 2, mostSteps = 6;
    std::int64_t mostElements = 400;  ///< of a value that is read
    std::uint64_t moving = 2;         ///< one step in so many only moves data
};

/// Random small networks of rank-4 values, with moving operators between computing ones.
class RandomNet {
public:
    RandomNet(Net& net, Rng& rng, const RandomNetLimits& limits = {}) : net_(net), rng_(rng), limits_(limits) {}

    void build() {
        const auto side = [&] { return rng_.between(limits_.leastSide, limits_.mostSide); };
        const Shape in{rng_.between(1, 2), rng_.between(1, limits_.mostChannels), side(), side()};
        values_.push_back(net_.input(in));
        for (std::int64_t steps = rng_.between(limits_.leastSteps, limits_.mostSteps); steps > 0; --steps) {
            const model::TensorId next = rng_.below(limits_.moving) != 0 ? compute(pick()) : move(pick());
            if (next.valid() && elements(net_.shape(next)) <= limits_.mostElements) values_.push_back(next);
        }
        // Whatever came last is read by something.
        const model::TensorId last = values_.back();
        net_.output(net_.op("Relu", {last}, Shape(net_.shape(last))));
    }

private:
    static std::int64_t elements(const Shape& shape) {
        std::int64_t result = 1;
        for (const std::int64_t size : shape) result *= size;
        return result;
    }
    /// Chains and branches.
    model::TensorId pick() { return rng_.below(2) == 0 ? values_.back() : values_[rng_.below(values_.size())]; }
    /// All channels together, in two or three groups, or each for itself.
    std::int64_t groups(std::int64_t channels) {
        const std::int64_t group = rng_.below(3) == 0 ? channels : rng_.between(1, 3);
        return channels % group == 0 ? group : 1;
    }

    model::TensorId compute(model::TensorId x) {
        const Shape in = net_.shape(x);
        switch (rng_.below(11)) {
            case 0:
            case 9: return conv(x, in);
            case 1: return convTranspose(x, in);
            case 2: return pool(x, in);
            case 3: return net_.op("GlobalAveragePool", {x}, {in[0], in[1], 1, 1});
            case 4: return matMul(x, in);
            case 5: return resize(x, in);
            case 6: return add(x, in);
            case 10: return product(x, in);
            case 7: return net_.op("LRN", {x}, in, {{"size", rng_.between(1, 4)}});
            default: return reduce(x, in);
        }
    }

    model::TensorId conv(model::TensorId x, const Shape& in) {
        const std::int64_t group = groups(in[1]);
        const Shape kernel{rng_.between(1, 3), rng_.between(1, 3)};
        const Shape dilations{rng_.between(1, 2), rng_.between(1, 2)};
        const Shape pads{rng_.between(0, 2), rng_.between(0, 2), rng_.between(0, 2), rng_.between(0, 2)};
        for (std::size_t i = 0; i < 2; ++i) {
            if (in[i + 2] + pads[i] + pads[i + 2] < (kernel[i] - 1) * dilations[i] + 1) return model::TensorId();
        }
        return net_.conv(x, group * rng_.between(1, 2), kernel, {rng_.between(1, 3), rng_.between(1, 3)}, pads,
                         dilations, group);
    }

    model::TensorId convTranspose(model::TensorId x, const Shape& in) {
        const std::int64_t group = groups(in[1]);
        const Shape kernel{rng_.between(1, 4), rng_.between(1, 4)};
        const Shape strides{rng_.between(1, 3), rng_.between(1, 3)};
        Shape pads;
        for (std::size_t i = 0; i < 4; ++i) pads.push_back(rng_.between(0, kernel[i % 2] - 1));
        const std::int64_t filters = rng_.between(1, 2);
        Shape out{in[0], filters * group};
        for (std::size_t i = 0; i < 2; ++i) {
            out.push_back((in[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2] +
                          rng_.between(0, strides[i] - 1));
            if (out.back() < 1) return model::TensorId();
        }
        return net_.op("ConvTranspose", {x, net_.weights({in[1], filters, kernel[0], kernel[1]})}, out,
                       {{"strides", strides}, {"pads", pads}, {"group", group}});
    }

    model::TensorId pool(model::TensorId x, const Shape& in) {
        const Shape kernel{rng_.between(1, 3), rng_.between(1, 3)};
        const Shape pads{rng_.between(0, kernel[0] - 1), rng_.between(0, kernel[1] - 1), 0, 0};
        if (in[2] + pads[0] < kernel[0] || in[3] + pads[1] < kernel[1]) return model::TensorId();
        return net_.pool("MaxPool", x, kernel, {rng_.between(1, 2), rng_.between(1, 3)}, pads);
    }

    model::TensorId matMul(model::TensorId x, const Shape& in) {
        Shape w{in[3], rng_.between(1, 4)};
        if (rng_.below(2) == 0) w.insert(w.begin(), rng_.below(2) == 0 ? 1 : in[1]);
        return net_.op("MatMul", {x, net_.weights(w)}, {in[0], in[1], in[2], w.back()});
    }

    /// A product of two values: the second one of fitting shape, or the first one transposed.
    model::TensorId product(model::TensorId x, const Shape& in) {
        for (const model::TensorId other : values_) {
            const Shape shape = net_.shape(other);
            if (shape[0] != in[0] || shape[1] != in[1] || shape[2] != in[3]) continue;
            return net_.op("MatMul", {x, other}, {in[0], in[1], in[2], shape[3]});
        }
        const model::TensorId turned =
            net_.op("Transpose", {x}, {in[0], in[1], in[3], in[2]}, {{"perm", Shape{0, 1, 3, 2}}});
        return net_.op("MatMul", {x, turned}, {in[0], in[1], in[2], in[2]});
    }

    model::TensorId resize(model::TensorId x, const Shape& in) {
        Shape out{in[0], in[1], in[2] * rng_.between(1, 2), in[3] * rng_.between(1, 3)};
        if (rng_.below(3) == 0) out[2] = rng_.between(1, 7);
        return net_.op(
            "Resize", {x}, out,
            {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}});
    }

    model::TensorId add(model::TensorId x, const Shape& in) {
        for (const model::TensorId other : values_) {
            Shape shape = net_.shape(other);
            bool broadcasts = other != x;
            for (std::size_t i = 0; i < 4; ++i) {
                broadcasts = broadcasts && (shape[i] == in[i] || shape[i] == 1 || in[i] == 1);
                shape[i] = std::max(shape[i], in[i]);
            }
            if (broadcasts) return net_.op("Add", {x, other}, shape);
        }
        Shape shape = in;
        for (std::int64_t& size : shape) size = rng_.below(2) == 0 ? 1 : size;
        if (rng_.below(2) == 0) shape.erase(shape.begin());
        return net_.op("Mul", {x, net_.weights(shape)}, in);
    }

    model::TensorId reduce(model::TensorId x, const Shape& in) {
        Shape axes;
        Shape out = in;
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (rng_.below(2) == 0) continue;
            axes.push_back(static_cast<std::int64_t>(i));
            out[i] = 1;
        }
        return axes.empty() ? model::TensorId() : net_.op("ReduceMean", {x}, out, {{"axes", axes}});
    }

    model::TensorId move(model::TensorId x) {
        const Shape in = net_.shape(x);
        switch (rng_.below(10)) {
            case 0: return transpose(x, in);
            case 1: return concat(x, in);
            case 2: return slice(x, in);
            case 3: return pad(x, in);
            case 4:
            case 8:
            case 9: return reshape(x, in);
            case 5: return split(x, in);
            case 6: return tile(x, in);
            default: return gather(x, in);
        }
    }

    model::TensorId transpose(model::TensorId x, const Shape& in) {
        Shape perm{0, 1, 2, 3};
        for (std::size_t i = 4; i-- > 1;) std::swap(perm[i], perm[rng_.below(i + 1)]);
        Shape out;
        for (const std::int64_t axis : perm) out.push_back(in[static_cast<std::size_t>(axis)]);
        return net_.op("Transpose", {x}, out, {{"perm", perm}});
    }

    model::TensorId concat(model::TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        std::vector<model::TensorId> parts{x};
        Shape out = in;
        for (const model::TensorId other : values_) {
            Shape shape = net_.shape(other);
            const std::int64_t size = shape[axis];
            shape[axis] = in[axis];
            if (shape != in || parts.size() == 3) continue;
            parts.push_back(other);
            out[axis] += size;
        }
        return net_.op("Concat", parts, out, {{"axis", static_cast<std::int64_t>(axis)}});
    }

    model::TensorId slice(model::TensorId x, const Shape& in) {
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

    model::TensorId pad(model::TensorId x, const Shape& in) {
        static const std::string modes[] = {"constant", "edge", "reflect"};
        const std::string mode = modes[rng_.below(3)];
        Shape pads;
        for (std::size_t i = 0; i < 8; ++i) pads.push_back(rng_.between(-1, 2));
        Shape out;
        for (std::size_t i = 0; i < 4; ++i) {
            if (mode == "reflect") pads[i] = std::min(pads[i], in[i] - 1);
            if (mode == "reflect") pads[i + 4] = std::min(pads[i + 4], in[i] - 1);
            out.push_back(in[i] + pads[i] + pads[i + 4]);
            if (out.back() < 1) return model::TensorId();
        }
        return net_.op("Pad", {x, net_.integers(pads)}, out, {{"mode", mode}});
    }

    model::TensorId reshape(model::TensorId x, const Shape& in) {
        if (rng_.below(4) == 0) return net_.op("Reshape", {x}, {in[0], 1, 1, in[1] * in[2] * in[3]});
        Shape out = in;
        const std::size_t a = rng_.below(4);
        const std::size_t b = (a + 1 + rng_.below(3)) % 4;
        for (const std::int64_t factor : {2, 3, 5}) {
            if (out[a] % factor != 0) continue;
            out[a] /= factor;
            out[b] *= factor;
        }
        return net_.op("Reshape", {x}, out);
    }

    model::TensorId split(model::TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        if (in[axis] < 2) return model::TensorId();
        Shape first = in;
        first[axis] = rng_.between(1, in[axis] - 1);
        Shape second = in;
        second[axis] -= first[axis];
        const auto parts = net_.ops("Split", {x}, {first, second}, {{"axis", static_cast<std::int64_t>(axis)}});
        values_.push_back(parts[0]);
        return parts[1];
    }

    model::TensorId tile(model::TensorId x, const Shape& in) {
        Shape out = in;
        out[rng_.below(4)] *= rng_.between(1, 3);
        return net_.op("Tile", {x, net_.weights({4})}, out);
    }

    model::TensorId gather(model::TensorId x, const Shape& in) {
        const std::size_t axis = rng_.below(4);
        std::vector<std::int64_t> indices;
        for (std::int64_t i = rng_.between(1, 3); i > 0; --i) indices.push_back(rng_.between(0, in[axis] - 1));
        Shape out = in;
        out[axis] = static_cast<std::int64_t>(indices.size());
        return net_.op("Gather", {x, net_.integers(indices)}, out, {{"axis", static_cast<std::int64_t>(axis)}});
    }

    Net& net_;
    Rng& rng_;
    RandomNetLimits limits_;
    std::vector<model::TensorId> values_;
};

}  // namespace millrace::test
