#include "explore/platform/front.h"

namespace millrace::explore {

bool Front::add(FrontPoint point) {
    return addToFront(points, std::move(point), [](const FrontPoint& it) -> const FrontPoint& { return it; });
}

}  // namespace millrace::explore
