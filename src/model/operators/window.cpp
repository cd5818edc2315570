#include "model/operators/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/operators/resolve.h"

namespace millrace::model {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 31;

std::string readList(const Operator& op, std::string_view name, std::size_t count, std::int64_t least,
                     std::int64_t otherwise, std::vector<std::int64_t>& list) {
    if (op.attributes.find(name) == op.attributes.end()) {
        list.assign(count, otherwise);
        return "";
    }
    list = op.integers(name);
    if (list.size() != count) {
        return fmt::format("attribute '{}' {} has {} entries, but {} are needed", name, listText(list), list.size(),
                           count);
    }
    for (const std::int64_t value : list) {
        if (value < least || value > kLargest) {
            return fmt::format("attribute '{}' {}: {} is outside of [{}, 2^31]", name, listText(list), value, least);
        }
    }
    return "";
}

}  // namespace

bool isSamePadding(const Operator& op) {
    const std::string mode = op.text("auto_pad", "NOTSET");
    return mode == "SAME_UPPER" || mode == "SAME_LOWER";
}

std::string checkAutoPad(const Operator& op) {
    const std::string mode = op.text("auto_pad", "NOTSET");
    if (isSamePadding(op) || mode == "VALID" || mode == "NOTSET" || mode.empty()) return "";
    return fmt::format("auto_pad '{}' is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID", mode);
}

std::int64_t extent(const WindowAttributes& window, std::size_t i) {
    return (window.kernel[i] - 1) * window.dilations[i] + 1;
}

std::string readWindow(const Operator& op, const std::vector<std::int64_t>& spatial,
                       const std::vector<std::int64_t>& kernel, WindowAttributes& window) {
    const std::size_t rank = spatial.size();
    window.kernel = op.integers("kernel_shape", kernel);
    if (window.kernel.size() != rank) {
        return fmt::format("kernel_shape {} has {} entries, but the input has {} spatial axes", listText(window.kernel),
                           window.kernel.size(), rank);
    }
    for (std::size_t i = 0; i < rank; ++i) {
        if (window.kernel[i] < 1 || window.kernel[i] > kLargest) {
            return fmt::format("kernel_shape {}: {} is outside of [1, 2^31]", listText(window.kernel),
                               window.kernel[i]);
        }
        if (spatial[i] > kLargest) return fmt::format("spatial axis {} of size {} is beyond 2^31", i, spatial[i]);
    }
    std::string why = readList(op, "strides", rank, 1, 1, window.strides);
    if (why.empty()) why = readList(op, "dilations", rank, 1, 1, window.dilations);
    if (why.empty()) why = checkAutoPad(op);
    if (!why.empty()) return why;
    std::vector<std::int64_t> pads(2 * rank, 0);
    const std::string mode = op.text("auto_pad", "NOTSET");
    if (mode == "NOTSET" || mode.empty()) why = readList(op, "pads", 2 * rank, 0, 0, pads);
    const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2);
    window.padsBegin.assign(pads.begin(), middle);
    window.padsEnd.assign(middle, pads.end());
    return why;
}

void padToSame(const Operator& op, const std::vector<std::int64_t>& spatial, WindowAttributes& window) {
    const bool upper = op.text("auto_pad", "NOTSET") == "SAME_UPPER";
    for (std::size_t i = 0; i < spatial.size(); ++i) {
        const std::int64_t stride = window.strides[i];
        const std::int64_t out = (spatial[i] + stride - 1) / stride;
        const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * stride + extent(window, i) - spatial[i]);
        const std::int64_t less = total / 2;
        window.padsBegin[i] = upper ? less : total - less;
        window.padsEnd[i] = total - window.padsBegin[i];
    }
}

std::int64_t windowOutput(const WindowAttributes& window, std::size_t i, std::int64_t in, bool ceilMode) {
    const std::int64_t span = in + window.padsBegin[i] + window.padsEnd[i] - extent(window, i);
    if (span < 0) return 0;
    const std::int64_t stride = window.strides[i];
    if (!ceilMode) return span / stride + 1;
    std::int64_t out = (span + stride - 1) / stride + 1;
    if ((out - 1) * stride >= in + window.padsBegin[i]) --out;
    return out;
}

}  // namespace millrace::model
