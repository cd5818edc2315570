#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/exec/convert.h"
#include "model/exec/registry.h"
#include "model/exec/rounding.h"
#include "model/exec/strides.h"

namespace millrace::model::exec {

namespace {

enum class Interpolation : std::uint8_t { nearest, linear, cubic };
enum class Border : std::uint8_t { zeros, edge, reflection };

struct Sampler {
    Interpolation interpolation;
    Border border;
    bool alignCorners;
};

Sampler readSampler(const Call& call) {
    const std::string mode = call.op.text("mode", call.op.version < 20 ? "bilinear" : "linear");
    const std::string border = call.op.text("padding_mode", "zeros");
    Sampler sampler{Interpolation::linear, Border::zeros, call.op.integer("align_corners", 0) != 0};
    if (mode == "nearest") {
        sampler.interpolation = Interpolation::nearest;
    } else if (mode == "bicubic" || mode == "cubic") {
        sampler.interpolation = Interpolation::cubic;
    } else if (mode != "bilinear" && mode != "linear") {
        throw Refused{fmt::format("mode '{}' is none of nearest, linear, cubic", mode)};
    }
    if (border == "border") {
        sampler.border = Border::edge;
    } else if (border == "reflection") {
        sampler.border = Border::reflection;
    } else if (border != "zeros") {
        throw Refused{fmt::format("padding_mode '{}' is none of zeros, border, reflection", border)};
    }
    return sampler;
}

double reflected(double x, double low, double high) {
    const double range = high - low;
    if (range <= 0) return 0;
    const double apart = std::fmod(std::abs(x - low), 2 * range);
    return low + (apart > range ? 2 * range - apart : apart);
}

/// Positions along one axis that make up a sample; index -1 reads zero.
struct AxisTaps {
    int count = 0;
    std::array<std::int64_t, 4> index{};
    std::array<double, 4> weight{};

    AxisTaps(const Sampler& sampler, double normalised, std::int64_t size) {
        const auto length = static_cast<double>(size);
        const double low = sampler.alignCorners ? 0 : -0.5;
        const double high = sampler.alignCorners ? length - 1 : length - 0.5;
        double x = sampler.alignCorners ? (normalised + 1) / 2 * (length - 1) : ((normalised + 1) * length - 1) / 2;
        if (!(std::abs(x) < 1e15)) x = -1e9;
        if (sampler.interpolation == Interpolation::nearest) {
            x = roundEven(x);
            add(sampler, x, 1, low, high, size);
            return;
        }
        if (sampler.border == Border::edge && sampler.interpolation == Interpolation::linear) {
            x = std::clamp(x, 0.0, length - 1);
        }
        if (sampler.border == Border::reflection && sampler.interpolation == Interpolation::linear) {
            x = std::clamp(reflected(x, low, high), 0.0, length - 1);
        }
        const double base = std::floor(x);
        const double t = x - base;
        if (sampler.interpolation == Interpolation::linear) {
            add(sampler, base, 1 - t, low, high, size);
            add(sampler, base + 1, t, low, high, size);
            return;
        }
        constexpr double kA = -0.75;
        const auto near = [](double d) { return ((kA + 2) * d - (kA + 3)) * d * d + 1; };
        const auto far = [](double d) { return ((kA * d - 5 * kA) * d + 8 * kA) * d - 4 * kA; };
        add(sampler, base - 1, far(t + 1), low, high, size);
        add(sampler, base, near(t), low, high, size);
        add(sampler, base + 1, near(1 - t), low, high, size);
        add(sampler, base + 2, far(2 - t), low, high, size);
    }

private:
    void add(const Sampler& sampler, double x, double part, double low, double high, std::int64_t size) {
        const auto last = static_cast<double>(size - 1);
        if (sampler.border == Border::edge) x = std::clamp(x, 0.0, last);
        if (sampler.border == Border::reflection) x = std::clamp(std::floor(reflected(x, low, high) + 0.5), 0.0, last);
        const auto at = static_cast<std::size_t>(count++);
        index[at] = x >= 0 && x <= last ? static_cast<std::int64_t>(x) : -1;
        weight[at] = part;
    }
};

void gridSample(Call& call) {
    const Shape& in = call.in(0).shape();
    const Shape& grid = call.in(1).shape();
    const std::size_t axes = in.size() < 3 ? 0 : in.size() - 2;
    if (axes < 1 || axes > 3 || grid.size() != in.size() || grid[0] != in[0] ||
        grid.back() != static_cast<std::int64_t>(axes)) {
        throw Refused{
            fmt::format("input {} must be [N,C,spatial], and the grid {} [N,spatial,{}]", text(in), text(grid), axes)};
    }
    for (std::size_t i = 0; i < axes; ++i) {
        if (in[2 + i] < 1) throw Refused{fmt::format("the input {} is empty", text(in))};
    }
    const Sampler sampler = readSampler(call);
    const As<double> image(call, call.in(0));
    const As<double> points(call, call.in(1));
    Shape shape{in[0], in[1]};
    shape.insert(shape.end(), grid.begin() + 1, grid.end() - 1);
    const std::int64_t pixels = product(shape, 2, shape.size());
    const std::int64_t plane = product(in, 2, in.size());
    const std::vector<std::int64_t> strides = rowMajor(in);
    std::vector<double> result(static_cast<std::size_t>(elementsOf(shape)));
    parallelFor(call.environment, in[0] * pixels, 256, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t p = begin; p < end; ++p) {
            std::vector<AxisTaps> taps;
            Shape counts;
            for (std::size_t i = 0; i < axes; ++i) {
                const double at = points[p * static_cast<std::int64_t>(axes) + static_cast<std::int64_t>(axes - 1 - i)];
                taps.emplace_back(sampler, at, in[2 + i]);
                counts.push_back(taps.back().count);
            }
            const std::int64_t n = p / pixels;
            Counter counter(counts);
            do {
                double weight = 1;
                std::int64_t offset = 0;
                bool inside = true;
                for (std::size_t i = 0; i < axes; ++i) {
                    const auto tap = static_cast<std::size_t>(counter.index()[i]);
                    weight *= taps[i].weight[tap];
                    inside = inside && taps[i].index[tap] >= 0;
                    offset += taps[i].index[tap] * strides[2 + i];
                }
                for (std::int64_t c = 0; inside && c < in[1]; ++c) {
                    result[static_cast<std::size_t>((n * in[1] + c) * pixels + p % pixels)] +=
                        weight * image[(n * in[1] + c) * plane + offset];
                }
            } while (counter.next());
        }
    });
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() {
        const auto to = call.result(call.in(0).type(), shape).write<T>();
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = T(result[i]);
    });
}

struct Corners {
    float low[2], high[2];

    Corners(const float* box, bool centred) {
        for (int i = 0; i < 2; ++i) {
            // [y1, x1, y2, x2], or [x, y, width, height] of a centre.
            const float a = centred ? box[1 - i] - box[3 - i] / 2 : box[i];
            const float b = centred ? box[1 - i] + box[3 - i] / 2 : box[2 + i];
            low[i] = std::min(a, b);
            high[i] = std::max(a, b);
        }
    }
    float area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
    bool overlaps(const Corners& other, float limit) const {
        const float height = std::min(high[0], other.high[0]) - std::max(low[0], other.low[0]);
        const float width = std::min(high[1], other.high[1]) - std::max(low[1], other.low[1]);
        if (height <= 0 || width <= 0 || area() <= 0 || other.area() <= 0) return false;
        return height * width / (area() + other.area() - height * width) > limit;
    }
};

void nonMaxSuppression(Call& call) {
    const Shape& boxes = call.in(0).shape();
    const Shape& scores = call.in(1).shape();
    if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 || scores[0] != boxes[0] || scores[2] != boxes[1]) {
        throw Refused{fmt::format("boxes {} must be [batch,boxes,4], and scores {} [batch,classes,boxes]", text(boxes),
                                  text(scores))};
    }
    const auto scalar = [&](std::size_t i, float otherwise) {
        const Value* value = call.optional(i);
        if (value == nullptr || value->elements() == 0) return otherwise;
        return As<float>(call, *value)[0];
    };
    const std::int64_t most = call.optional(2) == nullptr ? 0 : call.integerScalar(2);
    const float limit = scalar(3, 0);
    const bool hasLeast = call.optional(4) != nullptr && call.in(4).elements() > 0;
    const float least = scalar(4, 0);
    const bool centred = call.op.integer("center_point_box", 0) != 0;
    const As<float> box(call, call.in(0));
    const As<float> score(call, call.in(1));
    std::vector<std::int64_t> selected;
    for (std::int64_t i = 0; i < scores[0] * scores[1]; ++i) {
        const float* of = score.data() + i * boxes[1];
        std::vector<std::int64_t> order;
        for (std::int64_t b = 0; b < boxes[1]; ++b) {
            if (!hasLeast || of[b] > least) order.push_back(b);
        }
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return of[a] > of[b]; });
        std::vector<Corners> kept;
        for (const std::int64_t b : order) {
            if (static_cast<std::int64_t>(kept.size()) >= most) break;
            const Corners corners(box.data() + (i / scores[1] * boxes[1] + b) * 4, centred);
            const bool suppressed = std::any_of(kept.begin(), kept.end(),
                                                [&](const Corners& other) { return corners.overlaps(other, limit); });
            if (suppressed) continue;
            kept.push_back(corners);
            selected.insert(selected.end(), {i / scores[1], i % scores[1], b});
        }
    }
    const auto count = static_cast<std::int64_t>(selected.size()) / 3;
    const auto to = call.result(DataType::int64, {count, 3}).write<std::int64_t>();
    std::copy(selected.begin(), selected.end(), to.begin());
}

double determinant(std::vector<double> matrix, std::size_t n) {
    double result = 1;
    for (std::size_t column = 0; column < n; ++column) {
        std::size_t pivot = column;
        for (std::size_t row = column; row < n; ++row) {
            if (std::abs(matrix[row * n + column]) > std::abs(matrix[pivot * n + column])) pivot = row;
        }
        if (matrix[pivot * n + column] == 0) return 0;
        if (pivot != column) {
            for (std::size_t j = 0; j < n; ++j) std::swap(matrix[pivot * n + j], matrix[column * n + j]);
            result = -result;
        }
        result *= matrix[column * n + column];
        for (std::size_t row = column + 1; row < n; ++row) {
            const double factor = matrix[row * n + column] / matrix[column * n + column];
            for (std::size_t j = column; j < n; ++j) matrix[row * n + j] -= factor * matrix[column * n + j];
        }
    }
    return result;
}

void det(Call& call) {
    Shape shape = call.in(0).shape();
    if (shape.size() < 2 || shape[shape.size() - 1] != shape[shape.size() - 2]) {
        throw Refused{fmt::format("{} is no stack of square matrices", text(shape))};
    }
    const std::int64_t n = shape.back();
    shape.resize(shape.size() - 2);
    const As<double> from(call, call.in(0));
    dispatchOrRefuse(call, Floats{}, call.in(0).type(), [&]<class T>() {
        const auto to = call.result(call.in(0).type(), shape).write<T>();
        for (std::size_t i = 0; i < to.size(); ++i) {
            const double* matrix = from.data() + static_cast<std::int64_t>(i) * n * n;
            to[i] = T(determinant({matrix, matrix + n * n}, static_cast<std::size_t>(n)));
        }
    });
}

constexpr KernelEntry kEntries[] = {
    {"", "GridSample", 16, kNewest, gridSample},
    {"", "NonMaxSuppression", 10, kNewest, nonMaxSuppression},
    {"", "Det", 11, kNewest, det},
};

}  // namespace

std::span<const KernelEntry> samplingKernels() { return kEntries; }

}  // namespace millrace::model::exec
