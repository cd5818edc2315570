#include "explore/workload/windows.h"

#include <algorithm>

namespace millrace::workload {

static std::int64_t samePad(const Window& window, bool upper) {
    const std::int64_t total = std::max<std::int64_t>(
        0, (window.output - 1) * window.stride + (window.kernel - 1) * window.dilation + 1 - window.input);
    return upper ? total / 2 : total - total / 2;
}

static bool reasonable(const Window& window) {
    constexpr std::int64_t most = std::int64_t{1} << 31;
    const auto in = [](std::int64_t value, std::int64_t low) { return value >= low && value < most; };
    return in(window.kernel, 1) && in(window.stride, 1) && in(window.dilation, 1) && in(window.padBegin, -most) &&
           in(window.input, 0) && in(window.output, 0);
}

std::optional<std::vector<Window>> readWindows(Lowering& lowering, const model::Operator& op, const Shape& input,
                                               const Shape& output, const std::vector<std::int64_t>& kernel) {
    const std::size_t axes = input.size() - 2;
    const std::vector<std::int64_t> ones(axes, 1);
    const std::vector<std::int64_t> strides = op.integers("strides", ones);
    const std::vector<std::int64_t> dilations = op.integers("dilations", ones);
    const std::vector<std::int64_t> pads = op.integers("pads", std::vector<std::int64_t>(2 * axes, 0));
    if (kernel.size() != axes || strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes ||
        output.size() != input.size()) {
        lowering.error(op,
                       "kernel_shape, strides, dilations and pads do not fit " + std::to_string(axes) + " spatial axes",
                       "one value for each spatial axis, two for pads");
        return std::nullopt;
    }
    const std::string automatic = op.text("auto_pad", "NOTSET");
    std::vector<Window> windows;
    for (std::size_t i = 0; i < axes; ++i) {
        Window window{input[i + 2], output[i + 2], kernel[i], strides[i], dilations[i], pads[i]};
        if (!reasonable(window)) {
            lowering.error(op, "a kernel size, stride or dilation below 1, or a value of 2^31 or more");
            return std::nullopt;
        }
        if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
            window.padBegin = samePad(window, automatic == "SAME_UPPER");
        } else if (automatic == "VALID") {
            window.padBegin = 0;
        }
        windows.push_back(window);
    }
    return windows;
}

std::string spatialLetter(std::size_t i, std::size_t count) {
    static constexpr std::string_view letters = "XYZ";
    return std::string(1, letters[count - 1 - i]);
}

std::vector<DimIndex> addOutputDims(Nest& nest, const std::vector<Window>& windows) {
    std::vector<DimIndex> result(windows.size());
    for (std::size_t i = windows.size(); i-- > 0;) {
        result[i] = nest.dim("O" + spatialLetter(i, windows.size()), windows[i].output);
    }
    if (windows.size() == 1) nest.dim("OY", 1);
    return result;
}

}  // namespace millrace::workload
