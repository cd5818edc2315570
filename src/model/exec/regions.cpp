#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/exec/convert.h"
#include "model/exec/registry.h"
#include "model/exec/strides.h"

namespace millrace::model::exec {

namespace {

void maxUnpool(Call& call) {
    const Value& input = call.in(0);
    const Value& indices = call.in(1);
    const Shape& shape = input.shape();
    const std::size_t rank = shape.size();
    if (rank < 3 || indices.shape() != shape || indices.type() != DataType::int64) {
        throw Refused{fmt::format("input {} and indices {} need the same shape, of rank 3 or more, and indices int64",
                                  text(shape), text(indices.shape()))};
    }
    const Shape kernel = call.op.integers("kernel_shape");
    const Shape strides = call.op.integers("strides", Shape(rank - 2, 1));
    const Shape pads = call.op.integers("pads", Shape(2 * (rank - 2), 0));
    if (kernel.size() != rank - 2 || strides.size() != rank - 2 || pads.size() != 2 * (rank - 2)) {
        throw Refused{fmt::format("kernel_shape, strides and pads do not fit {} spatial axes", rank - 2)};
    }
    constexpr std::int64_t kLargest = std::int64_t{1} << 31;
    const auto tooLarge = [](std::int64_t value) { return value < 0 || value > kLargest; };
    Shape plain{shape[0], shape[1]};
    for (std::size_t i = 0; i + 2 < rank; ++i) {
        if (tooLarge(kernel[i]) || tooLarge(strides[i]) || tooLarge(pads[i]) || tooLarge(pads[i + rank - 2])) {
            throw Refused{fmt::format("kernel_shape, strides or pads of spatial axis {} are outside of [0, 2^31]", i)};
        }
        plain.push_back((shape[2 + i] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + rank - 2]);
    }
    // Indices count within the size that kernel and strides make, even if a larger output is asked for.
    const Shape result = call.optional(2) != nullptr ? call.integers(2) : plain;
    if (result.size() != rank) throw Refused{fmt::format("output_shape {} needs {} entries", text(result), rank)};
    for (std::size_t i = 0; i < rank; ++i) {
        if (result[i] < plain[i])
            throw Refused{fmt::format("output_shape {} is less than {}", text(result), text(plain))};
    }
    const std::int64_t limit = elementsOf(plain);
    const auto plainStrides = rowMajor(plain);
    const auto at = indices.read<std::int64_t>();
    dispatchOrRefuse(call, Numbers{}, input.type(), [&]<class T>() {
        const auto from = input.read<T>();
        const auto to = call.result(input.type(), result).write<T>();
        for (std::size_t i = 0; i < from.size(); ++i) {
            if (at[i] < 0 || at[i] >= limit) {
                throw Refused{
                    fmt::format("index {} is outside of [0, {}), the elements of {}", at[i], limit, text(plain))};
            }
            std::int64_t rest = at[i];
            std::int64_t offset = 0;
            for (std::size_t axis = 0; axis < rank; ++axis) {
                offset = offset * result[axis] + rest / plainStrides[axis];
                rest %= plainStrides[axis];
            }
            to[static_cast<std::size_t>(offset)] = from[i];
        }
    });
}

std::int64_t imageOf(double index, std::int64_t images) {
    if (index >= 0 && index < static_cast<double>(images)) return static_cast<std::int64_t>(index);
    throw Refused{fmt::format("a region of image {}, but there are {}", index, images)};
}

Shape checkRegions(const Call& call, std::int64_t columns) {
    const Shape& input = call.in(0).shape();
    const Shape& regions = call.in(1).shape();
    if (input.size() != 4 || regions.size() != 2 || regions[1] != columns || input[2] < 1 || input[3] < 1) {
        throw Refused{fmt::format("input {} must be [N,C,H,W], and regions {} [regions,{}]", text(input), text(regions),
                                  columns)};
    }
    return {regions[0], input[1]};
}

void maxRoiPool(Call& call) {
    Shape shape = checkRegions(call, 5);
    const Shape pooled = call.op.integers("pooled_shape");
    if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1) throw Refused{"pooled_shape needs two positive entries"};
    shape.insert(shape.end(), pooled.begin(), pooled.end());
    const Shape& in = call.in(0).shape();
    const As<float> image(call, call.in(0));
    const As<float> regions(call, call.in(1));
    const double scale = call.op.real("spatial_scale", 1);
    Value result(DataType::float32, shape);
    float* to = result.write<float>().data();
    for (std::int64_t r = 0; r < shape[0]; ++r) {
        const float* region = regions.data() + r * 5;
        const std::int64_t n = imageOf(static_cast<double>(region[0]), in[0]);
        double corner[4];
        for (int i = 0; i < 4; ++i) {
            corner[i] = std::clamp(std::round(static_cast<double>(region[1 + i]) * scale), -1e9, 1e9);
        }
        const double sizeY = std::max(1.0, corner[3] - corner[1] + 1) / static_cast<double>(pooled[0]);
        const double sizeX = std::max(1.0, corner[2] - corner[0] + 1) / static_cast<double>(pooled[1]);
        const auto edge = [](double start, double size, std::int64_t i, bool up, std::int64_t limit) {
            const double at = static_cast<double>(i) * size;
            const double whole = (up ? std::ceil(at) : std::floor(at)) + start;
            return static_cast<std::int64_t>(std::clamp(whole, 0.0, static_cast<double>(limit)));
        };
        for (std::int64_t c = 0; c < in[1]; ++c) {
            const float* plane = image.data() + (n * in[1] + c) * in[2] * in[3];
            for (std::int64_t o = 0; o < pooled[0] * pooled[1]; ++o) {
                const std::int64_t oy = o / pooled[1];
                const std::int64_t ox = o % pooled[1];
                const std::int64_t endY = edge(corner[1], sizeY, oy + 1, true, in[2]);
                const std::int64_t beginX = edge(corner[0], sizeX, ox, false, in[3]);
                const std::int64_t endX = edge(corner[0], sizeX, ox + 1, true, in[3]);
                std::int64_t y = edge(corner[1], sizeY, oy, false, in[2]);
                float best = y < endY && beginX < endX ? -std::numeric_limits<float>::infinity() : 0.0F;
                for (; y < endY; ++y) {
                    for (std::int64_t x = beginX; x < endX; ++x) best = std::max(best, plane[y * in[3] + x]);
                }
                *to++ = best;
            }
        }
    }
    call.result(DataType::float32, {}) = rounded(std::move(result), call.in(0).type());
}

/// Four neighbours of a point and their weights; none if it lies more than a pixel outside.
struct Sample {
    std::int64_t at[4] = {0, 0, 0, 0};
    double weight[4] = {0, 0, 0, 0};

    Sample(double y, double x, std::int64_t height, std::int64_t width) {
        if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width))) return;
        y = std::clamp(y, 0.0, static_cast<double>(height - 1));
        x = std::clamp(x, 0.0, static_cast<double>(width - 1));
        const auto y0 = static_cast<std::int64_t>(y);
        const auto x0 = static_cast<std::int64_t>(x);
        const std::int64_t y1 = std::min(y0 + 1, height - 1);
        const std::int64_t x1 = std::min(x0 + 1, width - 1);
        const double fy = y - static_cast<double>(y0);
        const double fx = x - static_cast<double>(x0);
        const std::int64_t offsets[] = {y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1};
        const double weights[] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
        std::copy_n(offsets, 4, at);
        std::copy_n(weights, 4, weight);
    }
};

struct Align {
    std::int64_t height, width, ratio;
    double scale, offset;
    bool largest;
};

Align readAlign(const Call& call) {
    const std::string mode = call.op.text("mode", "avg");
    if (mode != "avg" && mode != "max") throw Refused{fmt::format("mode '{}' is neither avg nor max", mode)};
    const bool half =
        call.op.version >= 16 && call.op.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
    const Align align{call.op.integer("output_height", 1),
                      call.op.integer("output_width", 1),
                      call.op.integer("sampling_ratio", 0),
                      call.op.real("spatial_scale", 1),
                      half ? 0.5 : 0.0,
                      mode == "max"};
    if (align.height < 1 || align.width < 1 || align.ratio < 0 || align.ratio > 1024) {
        throw Refused{
            fmt::format("output {} x {} with sampling_ratio {}: sizes must be positive, the ratio in [0, 1024]",
                        align.height, align.width, align.ratio)};
    }
    return align;
}

std::int64_t samplesOf(const Align& align, double size, std::int64_t pooled) {
    if (align.ratio > 0) return align.ratio;
    const double count = std::ceil(size / static_cast<double>(pooled));
    if (count > 65536) throw Refused{fmt::format("a region of size {} takes too many samples", size)};
    return static_cast<std::int64_t>(std::max(0.0, count));
}

void alignRegion(const Align& align, const float* corners, const Shape& in, const float* image, float* to) {
    const auto at = [&](int i) { return static_cast<double>(corners[i]) * align.scale - align.offset; };
    double sizeX = at(2) - at(0);
    double sizeY = at(3) - at(1);
    if (align.offset == 0) {
        sizeX = std::max(1.0, sizeX);
        sizeY = std::max(1.0, sizeY);
    }
    const double binY = sizeY / static_cast<double>(align.height);
    const double binX = sizeX / static_cast<double>(align.width);
    const std::int64_t countY = samplesOf(align, sizeY, align.height);
    const std::int64_t countX = samplesOf(align, sizeX, align.width);
    const std::int64_t pixels = align.height * align.width;
    std::vector<Sample> samples;
    for (std::int64_t o = 0; o < pixels; ++o) {
        samples.clear();
        for (std::int64_t i = 0; i < countY * countX; ++i) {
            const double fy = (static_cast<double>(i / countX) + 0.5) / static_cast<double>(countY);
            const double fx = (static_cast<double>(i % countX) + 0.5) / static_cast<double>(countX);
            samples.emplace_back(at(1) + (static_cast<double>(o / align.width) + fy) * binY,
                                 at(0) + (static_cast<double>(o % align.width) + fx) * binX, in[2], in[3]);
        }
        for (std::int64_t c = 0; c < in[1]; ++c) {
            const float* plane = image + c * in[2] * in[3];
            double sum = 0;
            double best = samples.empty() ? 0 : -std::numeric_limits<double>::infinity();
            for (const Sample& sample : samples) {
                for (int i = 0; i < 4; ++i) {
                    const double part = sample.weight[i] * static_cast<double>(plane[sample.at[i]]);
                    sum += part;
                    best = std::max(best, part);
                }
            }
            const double mean = sum / static_cast<double>(std::max<std::size_t>(1, samples.size()));
            to[c * pixels + o] = static_cast<float>(align.largest ? best : mean);
        }
    }
}

void roiAlign(Call& call) {
    Shape shape = checkRegions(call, 4);
    const Align align = readAlign(call);
    shape.insert(shape.end(), {align.height, align.width});
    const Shape& in = call.in(0).shape();
    const As<float> image(call, call.in(0));
    const As<float> corners(call, call.in(1));
    const auto images = call.integers(2);
    if (static_cast<std::int64_t>(images.size()) != shape[0]) {
        throw Refused{fmt::format("{} image indices for {} regions", images.size(), shape[0])};
    }
    Value result(DataType::float32, shape);
    float* to = result.write<float>().data();
    const std::int64_t region = align.height * align.width * in[1];
    parallelFor(call.environment, shape[0], 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
            const std::int64_t n = imageOf(static_cast<double>(images[static_cast<std::size_t>(r)]), in[0]);
            alignRegion(align, corners.data() + r * 4, in, image.data() + n * in[1] * in[2] * in[3], to + r * region);
        }
    });
    call.result(DataType::float32, {}) = rounded(std::move(result), call.in(0).type());
}

constexpr KernelEntry kEntries[] = {
    {"", "MaxUnpool", 9, kNewest, maxUnpool},
    {"", "MaxRoiPool", 1, kNewest, maxRoiPool},
    {"", "RoiAlign", 10, kNewest, roiAlign},
};

}  // namespace

std::span<const KernelEntry> regionKernels() { return kEntries; }

}  // namespace millrace::model::exec
