#include "schedule/coverage.h"

#include <algorithm>
#include <set>

namespace millrace::schedule {

static std::size_t mostDividedAxis(const std::vector<Held>& held) {
    std::size_t best = 0;
    std::size_t most = 0;
    for (std::size_t axis = 0; !held.empty() && axis < held.front().box.size(); ++axis) {
        std::set<std::int64_t> begins;
        for (const Held& item : held) begins.insert(item.box[axis].begin);
        if (begins.size() > most) {
            most = begins.size();
            best = axis;
        }
    }
    return best;
}

Coverage::Coverage(std::vector<Held> held) : axis_(mostDividedAxis(held)), held_(std::move(held)) {
    if (held_.empty() || held_.front().box.empty()) return;
    std::stable_sort(held_.begin(), held_.end(),
                     [this](const Held& a, const Held& b) { return a.box[axis_].begin < b.box[axis_].begin; });
    for (const Held& item : held_) {
        const std::int64_t end = item.box[axis_].end;
        reachesTo_.push_back(reachesTo_.empty() ? end : std::max(end, reachesTo_.back()));
    }
}

std::vector<Box> Coverage::missing(const Box& box, Span span) const {
    std::vector<Box> left;
    if (volume(box) > 0) left.push_back(box);
    std::size_t i = 0;
    if (!reachesTo_.empty()) {
        const auto first = std::upper_bound(reachesTo_.begin(), reachesTo_.end(), box[axis_].begin);
        i = static_cast<std::size_t>(first - reachesTo_.begin());
    }
    for (; i < held_.size() && !left.empty(); ++i) {
        const Held& item = held_[i];
        if (!box.empty() && item.box[axis_].begin >= box[axis_].end) break;
        if (item.span.start > span.start || item.span.end < span.end || !overlaps(item.box, box)) continue;
        std::vector<Box> rest;
        for (const Box& part : left) {
            for (Box& piece : subtract(part, {item.box})) rest.push_back(std::move(piece));
        }
        left = std::move(rest);
    }
    return left;
}

}  // namespace millrace::schedule
