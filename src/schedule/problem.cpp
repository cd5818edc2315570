#include "schedule/problem.h"

#include <algorithm>

namespace millrace::schedule {

bool Link::connects(CoreId from, CoreId to) const {
    if (from == to) return false;
    if (!bus) return cores.size() == 2 && cores[0] == from && cores[1] == to;
    const auto member = [&](CoreId core) { return std::find(cores.begin(), cores.end(), core) != cores.end(); };
    if (!member(from) || !member(to)) return false;
    if (!hub.valid()) return true;
    switch (hubTransfers) {
        case HubTransfers::fromHub: return from == hub;
        case HubTransfers::toHub: return to == hub;
        case HubTransfers::both: break;
    }
    return from == hub || to == hub;
}

Bits Tensor::size(const Box& box) const { return Bits(volume(box) * bits); }

bool isInside(const Box& box, const std::vector<std::int64_t>& shape) {
    if (box.size() != shape.size()) return false;
    for (std::size_t i = 0; i < box.size(); ++i) {
        if (box[i].begin < 0 || box[i].begin > box[i].end || box[i].end > shape[i]) return false;
    }
    return true;
}

Box Tensor::whole() const { return wholeBox(shape); }

}  // namespace millrace::schedule
