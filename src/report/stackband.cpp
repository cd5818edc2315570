#include "report/stackband.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/lanes.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kMostLanes = 4;

}  // namespace

StackBand::StackBand(const Result& result) {
    if (result.stacks.empty()) return;
    const Statistics sums = statistics(result, Detail::sums);
    std::vector<LaneRequest> requests;
    for (std::size_t i = 0; i < result.stacks.size(); ++i) {
        const StackUse& use = sums.stacks[i];
        if (use.tasks == 0 || result.stacks[i].size() < 2) continue;
        requests.push_back({use.span.start.value(), use.span.end.value(), 1});
        const std::string layers = rangesText(indices(result.stacks[i]));
        bars_.push_back({use.span, 0, i, fmt::format("stack {}: layers {}", i, layers), std::to_string(i)});
    }
    const std::vector<std::size_t> lane = lanes(requests);
    for (std::size_t i = 0; i < bars_.size(); ++i) {
        bars_[i].lane = lane[i];
        lanes_ = std::max(lanes_, lane[i] + 1);
    }
    if (lanes_ > kMostLanes) lanes_ = 0;
}

void StackBand::drawBar(Canvas& canvas, const TimeAxis& axis, const Bar& bar, double y) const {
    const double left = std::max(axis.x(static_cast<double>(bar.span.start.value())), axis.left());
    const double right = std::min(axis.x(static_cast<double>(bar.span.end.value())), axis.right());
    if (right <= left) return;
    const Rect rect{left, y + static_cast<double>(bar.lane) * kLane + 1, std::max(right - left, 1.0), kLane - 3};
    const Colour fill = bar.stack % 2 == 0 ? kEvenStack : kOddStack;
    canvas.fill(rect, fill);
    const Font font{12};
    for (const std::string& text : {bar.text, bar.shortText}) {
        const double width = canvas.textWidth(text, font);
        if (width > rect.width - 6) continue;
        canvas.text({rect.x + rect.width / 2, rect.y + 13.5}, text, font, inkOn(fill), Anchor::middle);
        return;
    }
}

void StackBand::draw(Canvas& canvas, const TimeAxis& axis, double y) const {
    if (lanes_ == 0) return;
    canvas.text({kMargin + 4, y + 15}, "fused", {13}, kInk);
    for (const Bar& bar : bars_) drawBar(canvas, axis, bar, y);
}

}  // namespace millrace::report
