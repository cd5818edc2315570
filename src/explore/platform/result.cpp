#include "explore/platform/result.h"

namespace millrace::explore {

std::optional<double> gap(double value, double bound) {
    if (bound <= 0) return std::nullopt;
    return value / bound - 1;
}

}  // namespace millrace::explore
