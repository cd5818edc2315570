#include "model/exec/poolwindow.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/exec/seen.h"

namespace millrace::model::exec {

PoolGeometry poolGeometry(const Call& call) {
    const Shape& input = call.in(0).shape();
    if (input.size() < 3 || input.size() > 5) {
        throw Refused{fmt::format("the input {} must have a rank from 3 to 5", text(input))};
    }
    const Seen seen(call);
    const PoolAttributes window = orRefuse(resolvePool(seen.network, seen.op));
    PoolGeometry geometry;
    geometry.countIncludePad = window.countIncludePad;
    geometry.p = window.p;
    geometry.planes = input[0] * input[1];
    geometry.outputShape = {input[0], input[1]};
    for (std::size_t i = 0; i + 2 < input.size(); ++i) {
        const std::size_t at = 5 - input.size() + i;
        geometry.in[at] = input[2 + i];
        geometry.kernel[at] = window.kernel[i];
        geometry.stride[at] = window.strides[i];
        geometry.dilation[at] = window.dilations[i];
        geometry.begin[at] = window.padsBegin[i];
        geometry.end[at] = window.padsEnd[i];
        geometry.out[at] = windowOutput(window, i, input[2 + i], window.ceilMode);
        if (geometry.out[at] < 1) {
            throw Refused{fmt::format(
                "along spatial axis {} the kernel of {} with dilation {} is larger than {} with "
                "padding {} + {}",
                i, window.kernel[i], window.dilations[i], input[2 + i], window.padsBegin[i], window.padsEnd[i])};
        }
        geometry.outputShape.push_back(geometry.out[at]);
    }
    elementsOf(geometry.outputShape);
    return geometry;
}

Taps::Taps(const PoolGeometry& geometry, std::size_t axis, std::int64_t output) {
    const std::int64_t start = output * geometry.stride[axis] - geometry.begin[axis];
    const std::int64_t dilation = geometry.dilation[axis];
    const auto before = [&](std::int64_t limit) {  // taps whose position is below `limit`
        if (start >= limit) return std::int64_t{0};
        return std::min(geometry.kernel[axis], (limit - start + dilation - 1) / dilation);
    };
    const std::int64_t skipped = before(0);
    first = start + skipped * dilation;
    count = before(geometry.in[axis]) - skipped;
    padded = before(geometry.in[axis] + geometry.end[axis]);
}

std::vector<Taps> tapsOf(const PoolGeometry& geometry, std::size_t axis) {
    std::vector<Taps> taps;
    for (std::int64_t i = 0; i < geometry.out[axis]; ++i) taps.emplace_back(geometry, axis, i);
    return taps;
}

}  // namespace millrace::model::exec
