#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "model/exec/convert.h"
#include "model/exec/registry.h"
#include "model/exec/seen.h"
#include "model/exec/strides.h"

namespace millrace::model::exec {

namespace {

/// What one output position along an axis is made of: `count` neighbours from `first` on in the tables.
struct Blend {
    std::size_t first = 0;
    std::size_t count = 0;
    bool outside = false;
};

struct AxisPlan {
    std::vector<Blend> outputs;
    std::vector<std::int64_t> sources;
    std::vector<float> weights;
};

struct AxisRequest {
    std::int64_t in, out;
    Rational scale;
    double roiBegin = 0, roiEnd = 1;
};

/// Position of an output in the input, as ONNX's coordinate transformations say.
double position(const ResizeAttributes& r, const AxisRequest& a, std::int64_t i) {
    const auto in = static_cast<double>(a.in);
    const double scale = static_cast<double>(a.scale.numerator) / static_cast<double>(a.scale.denominator);
    const double wide = in * static_cast<double>(a.scale.numerator) / static_cast<double>(a.scale.denominator);
    const auto divided = [&](double x) {
        return x * static_cast<double>(a.scale.denominator) / static_cast<double>(a.scale.numerator);
    };
    const auto x = static_cast<double>(i);
    const std::string& mode = r.coordinateTransformation;
    if (mode == "align_corners") return wide == 1 ? 0 : x * (in - 1) / (wide - 1);
    if (mode == "asymmetric") return divided(x);
    if (mode == "tf_crop_and_resize") {
        const double size = (a.roiEnd - a.roiBegin) * (in - 1);
        return a.roiBegin * (in - 1) + (a.out == 1 ? size / 2 : x * size / (static_cast<double>(a.out) - 1));
    }
    if (mode == "tf_half_pixel_for_nn") return divided(x + 0.5);
    if (mode == "pytorch_half_pixel" && a.out == 1) return -0.5;
    if (mode == "half_pixel_symmetric") {
        const double adjustment = static_cast<double>(a.out) / (scale * in);
        return in / 2 * (1 - adjustment) + divided(x + 0.5) - 0.5;
    }
    if (mode == "half_pixel" || mode == "pytorch_half_pixel") return divided(x + 0.5) - 0.5;
    throw Refused{fmt::format("coordinate_transformation_mode '{}' is not one of ONNX's", mode)};
}

double cubic(double apart, double a) {
    const double x = std::abs(apart);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/// 1: the left one of two neighbours is the nearest; `ratio` in (0, 1] is the distance from it.
bool isLeftNearest(const std::string& mode, double ratio) {
    if (ratio == 1) return false;
    if (mode == "round_prefer_floor") return ratio <= 0.5;
    if (mode == "round_prefer_ceil") return ratio < 0.5;
    if (mode == "floor") return true;
    if (mode == "ceil") return false;
    throw Refused{fmt::format("nearest_mode '{}' is not one of ONNX's", mode)};
}

void addOutput(const ResizeAttributes& r, const AxisRequest& a, double x, AxisPlan& plan) {
    Blend blend{plan.sources.size(), 0, false};
    const auto limit = static_cast<double>(a.in - 1);
    blend.outside = r.coordinateTransformation == "tf_crop_and_resize" && (x < 0 || x > limit);
    x = std::clamp(x, -4.0, limit + 4);
    const double base = std::ceil(x) - 1;
    const double ratio = x - base;
    if (r.mode == "nearest") {
        const double at = std::clamp(isLeftNearest(r.nearestMode, ratio) ? base : base + 1, 0.0, limit);
        plan.sources.push_back(static_cast<std::int64_t>(at));
        plan.weights.push_back(1);
        blend.count = 1;
        plan.outputs.push_back(blend);
        return;
    }
    const double scale = static_cast<double>(a.scale.numerator) / static_cast<double>(a.scale.denominator);
    const double squeeze = r.antialias ? std::min(1.0, scale) : 1.0;
    const double reach = r.mode == "cubic" ? 2 : 1;
    const auto half = static_cast<std::int64_t>(-std::floor(-reach / squeeze));
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t i = 1 - half; i <= half; ++i) {
        const double apart = (static_cast<double>(i) - ratio) * squeeze;
        double weight = r.mode == "cubic" ? cubic(apart, r.cubicCoefficient) : std::max(0.0, 1 - std::abs(apart));
        const double at = base + static_cast<double>(i);
        if (r.excludeOutside && (at < 0 || at > limit)) weight = 0;
        weights.push_back(weight);
        sum += weight;
    }
    const bool normalise = r.antialias || r.excludeOutside;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        const double at = std::clamp(base + static_cast<double>(i) + static_cast<double>(1 - half), 0.0, limit);
        plan.sources.push_back(static_cast<std::int64_t>(at));
        plan.weights.push_back(static_cast<float>(normalise && sum != 0 ? weights[i] / sum : weights[i]));
        ++blend.count;
    }
    plan.outputs.push_back(blend);
}

AxisPlan planAxis(const ResizeAttributes& r, const AxisRequest& a) {
    AxisPlan plan;
    for (std::int64_t i = 0; i < a.out; ++i) addOutput(r, a, position(r, a, i), plan);
    return plan;
}

/// Resizes the middle axis of [outer, size, inner].
template <class T>
void blendAxis(const Environment& environment, const AxisPlan& plan, const Around& from, const T* input, T* output) {
    const auto out = static_cast<std::int64_t>(plan.outputs.size());
    const std::int64_t rowWork = std::max<std::int64_t>(1, out * from.inner);
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / rowWork);
    parallelFor(environment, from.outer, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t o = begin; o < end; ++o) {
            const T* source = input + o * from.size * from.inner;
            for (std::int64_t i = 0; i < out; ++i) {
                const Blend& blend = plan.outputs[static_cast<std::size_t>(i)];
                T* to = output + (o * out + i) * from.inner;
                const std::int64_t* sources = plan.sources.data() + blend.first;
                if (blend.count == 1 && plan.weights[blend.first] == 1) {
                    if (from.inner == 1) {
                        *to = source[sources[0]];
                        continue;
                    }
                    std::copy_n(source + sources[0] * from.inner, from.inner, to);
                    continue;
                }
                if constexpr (std::is_floating_point_v<T>) {
                    const float* weights = plan.weights.data() + blend.first;
                    for (std::size_t k = 0; k < blend.count; ++k) {
                        const T* row = source + sources[k] * from.inner;
                        const T weight = weights[k];
                        if (k == 0) {
                            for (std::int64_t j = 0; j < from.inner; ++j) to[j] = weight * row[j];
                        } else {
                            for (std::int64_t j = 0; j < from.inner; ++j) to[j] += weight * row[j];
                        }
                    }
                }
            }
        }
    });
}

/// The unsigned integer of an element's width: enough to copy it.
template <class F>
void dispatchWidth(int bits, F&& f) {
    if (bits == 8) f.template operator()<std::uint8_t>();
    if (bits == 16) f.template operator()<std::uint16_t>();
    if (bits == 32) f.template operator()<std::uint32_t>();
    if (bits == 64) f.template operator()<std::uint64_t>();
}

class Resizing {
public:
    explicit Resizing(const Call& call) : call_(call), input_(call.in(0)) {
        Seen seen(call, 1);
        const TensorId output = seen.network.tensors.add(Tensor{});
        seen.op.outputs = {output};
        const OperatorId id = seen.network.operators.add(seen.op);
        Diagnostics diagnostics;
        if (!inferShapes(seen.network, id, diagnostics)) throw Refused{diagnostics.text()};
        attributes_ = orRefuse(resolveResize(seen.network, seen.network.operators[id]));
        if (!seen.network.tensors[output].shape) throw Refused{"scales or sizes have more than 64 elements"};
        shape_ = *seen.network.tensors[output].shape;
        elementsOf(shape_);
        readRegion();
    }

    void run() {
        const DataType type = input_.type();
        if (attributes_.mode == "nearest") {
            const int bits = bitWidth(type);
            if (bits == 0 || bits > 64) refuseType(call_, type);
            Value& result = call_.result(type, shape_);
            dispatchWidth(bits, [&]<class T>() {
                resize(reinterpret_cast<const T*>(input_.bytes().data()),
                       reinterpret_cast<T*>(result.writeBytes().data()));
            });
            return fillOutside(result);
        }
        if (type == DataType::float64) {
            Value& result = call_.result(type, shape_);
            resize(input_.read<double>().data(), result.write<double>().data());
            return fillOutside(result);
        }
        const As<float> input(call_, input_);
        Value wide(DataType::float32, shape_);
        resize(input.data(), wide.write<float>().data());
        fillOutside(wide);
        if (type == DataType::float32 || type == DataType::float16 || type == DataType::bfloat16) {
            call_.result(DataType::float32, {}) = rounded(std::move(wide), type);
            return;
        }
        dispatchOrRefuse(call_, Types<std::uint8_t, std::int8_t, std::int32_t>{}, type, [&]<class T>() {
            const auto to = call_.result(type, shape_).template write<T>();
            for (std::size_t i = 0; i < to.size(); ++i) {
                const double value = static_cast<double>(wide.read<float>()[i]);
                to[i] = static_cast<T>(std::clamp(value, static_cast<double>(std::numeric_limits<T>::min()),
                                                  static_cast<double>(std::numeric_limits<T>::max())));
            }
        });
    }

private:
    void readRegion() {
        const std::size_t rank = shape_.size();
        region_.assign(2 * rank, 0);
        std::fill(region_.begin() + static_cast<std::ptrdiff_t>(rank), region_.end(), 1.0);
        if (attributes_.coordinateTransformation != "tf_crop_and_resize") return;
        const As<double> roi(call_, call_.in(1));
        std::vector<std::int64_t> axes = call_.op.integers("axes");
        if (axes.empty()) {
            for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
        }
        const auto count = static_cast<std::int64_t>(axes.size());
        if (call_.in(1).elements() != 2 * count) {
            throw Refused{fmt::format("roi has {} elements, and {} are needed", call_.in(1).elements(), 2 * count)};
        }
        for (std::int64_t i = 0; i < count; ++i) {
            const std::size_t axis = Call::axis(axes[static_cast<std::size_t>(i)], rank);
            region_[axis] = roi[i];
            region_[axis + rank] = roi[count + i];
        }
    }

    AxisPlan plan(std::size_t axis) const {
        return planAxis(attributes_, {input_.shape()[axis], shape_[axis], attributes_.scales[axis], region_[axis],
                                      region_[axis + shape_.size()]});
    }
    bool isTouched(std::size_t axis) const {
        return shape_[axis] != input_.shape()[axis] || attributes_.scales[axis] != Rational{} || region_[axis] != 0 ||
               region_[axis + shape_.size()] != 1;
    }

    /// Axis by axis, the last one first.
    template <class T>
    void resize(const T* input, T* output) {
        Shape shape = input_.shape();
        std::vector<std::size_t> axes;
        for (std::size_t axis = shape.size(); axis > 0; --axis) {
            if (isTouched(axis - 1)) axes.push_back(axis - 1);
        }
        if (axes.empty()) std::copy_n(input, elementsOf(shape), output);
        std::unique_ptr<T[]> held;
        std::unique_ptr<T[]> next;
        for (std::size_t i = 0; i < axes.size(); ++i) {
            const Around around(shape, axes[i]);
            shape[axes[i]] = shape_[axes[i]];
            const bool isLast = i + 1 == axes.size();
            if (!isLast) next.reset(new T[static_cast<std::size_t>(elementsOf(shape))]);
            blendAxis(call_.environment, plan(axes[i]), around, i == 0 ? input : held.get(),
                      isLast ? output : next.get());
            held.swap(next);
        }
    }

    void fillOutside(Value& result) const {
        if (attributes_.coordinateTransformation != "tf_crop_and_resize") return;
        std::vector<AxisPlan> plans;
        for (std::size_t axis = 0; axis < shape_.size(); ++axis) plans.push_back(plan(axis));
        dispatch(Numbers{}, result.type(), [&]<class T>() {
            const auto to = result.write<T>();
            if (to.empty()) return;
            Counter counter(shape_);
            std::size_t at = 0;
            do {
                bool outside = false;
                for (std::size_t axis = 0; axis < plans.size(); ++axis) {
                    outside = outside || plans[axis].outputs[static_cast<std::size_t>(counter.index()[axis])].outside;
                }
                if (outside) to[at] = T(attributes_.extrapolationValue);
                ++at;
            } while (counter.next());
        });
    }

    const Call& call_;
    const Value& input_;
    ResizeAttributes attributes_;
    Shape shape_;
    std::vector<double> region_;
};

void resize(Call& call) { Resizing(call).run(); }

constexpr KernelEntry kEntries[] = {
    {"", "Resize", 10, kNewest, resize},
    {"", "Upsample", 7, 9, resize},
};

}  // namespace

std::span<const KernelEntry> resizeKernels() { return kEntries; }

}  // namespace millrace::model::exec
