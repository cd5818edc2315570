#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/operators/attributes.h"

namespace millrace::model {

/// Reads kernel_shape (or `kernel`, if the attribute is absent), strides, dilations and pads, checks them, and leaves
/// pads at zero if `auto_pad` rules them. Returns why it is wrong, or an empty text.
std::string readWindow(const Operator& op, const std::vector<std::int64_t>& spatial,
                       const std::vector<std::int64_t>& kernel, WindowAttributes& window);

/// auto_pad SAME_UPPER or SAME_LOWER of a window that slides over `spatial`: output = ceil(in / stride).
void padToSame(const Operator& op, const std::vector<std::int64_t>& spatial, WindowAttributes& window);

/// "", or why auto_pad has no meaning.
std::string checkAutoPad(const Operator& op);
bool isSamePadding(const Operator& op);

/// Last position of a kernel relative to its first, plus 1.
std::int64_t extent(const WindowAttributes& window, std::size_t i);

}  // namespace millrace::model
