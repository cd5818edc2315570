#include "report/idlestrip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text.h"

namespace millrace::report {
namespace {

using schedule::IdleCause;

/// Idle time within a unit of x, by cause, 0 .. 1.
using Cell = std::array<double, schedule::kIdleCauses>;

std::vector<Cell> cells(const TimeAxis& axis, const schedule::CoreIdle& idle) {
    std::vector<Cell> result(static_cast<std::size_t>(std::ceil(axis.right() - axis.left())), Cell{});
    const auto count = static_cast<double>(result.size());
    for (const schedule::IdlePart& part : idle.parts) {
        const double left = std::max(axis.x(static_cast<double>(part.span.start.value())) - axis.left(), 0.0);
        const double right = std::min(axis.x(static_cast<double>(part.span.end.value())) - axis.left(), count);
        for (auto i = static_cast<std::size_t>(left); static_cast<double>(i) < right && i < result.size(); ++i) {
            const double place = static_cast<double>(i);
            result[i][static_cast<std::size_t>(part.cause)] += std::min(right, place + 1) - std::max(left, place);
        }
    }
    return result;
}

/// Heights in steps that a picture shows, so that equal neighbours are drawn as one.
Cell inSteps(const Cell& cell, double height) {
    Cell result{};
    for (std::size_t i = 0; i < cell.size(); ++i) result[i] = std::round(cell[i] * height * 4) / 4;
    return result;
}

}  // namespace

Colour colourOf(IdleCause cause) {
    switch (cause) {
        case IdleCause::input: return {0.96, 0.65, 0.50, 1};
        case IdleCause::link: return {0.78, 0.33, 0.36, 1};
        case IdleCause::space: return {0.52, 0.36, 0.62, 1};
        case IdleCause::predecessor: return {0.72, 0.81, 0.90, 1};
        case IdleCause::order: return {0.87, 0.84, 0.52, 1};
        case IdleCause::nothing: break;
    }
    return kWhite;
}

void drawIdle(Canvas& canvas, const TimeAxis& axis, const Rect& area, const schedule::CoreIdle& idle) {
    const std::vector<Cell> all = cells(axis, idle);
    for (std::size_t i = 0; i < all.size();) {
        const Cell heights = inSteps(all[i], area.height);
        std::size_t end = i + 1;
        while (end < all.size() && inSteps(all[end], area.height) == heights) ++end;
        double bottom = area.bottom();
        for (std::size_t cause = 0; cause < heights.size(); ++cause) {
            if (heights[cause] <= 0 || static_cast<IdleCause>(cause) == IdleCause::nothing) continue;
            const Rect rect{area.x + static_cast<double>(i), bottom - heights[cause], static_cast<double>(end - i),
                            heights[cause]};
            canvas.fill(rect, colourOf(static_cast<IdleCause>(cause)));
            bottom -= heights[cause];
        }
        i = end;
    }
}

Legend idleLegend(const Result& result, const Waits& waits) {
    const double all = static_cast<double>(result.schedule.latency.value()) * static_cast<double>(waits.computing);
    std::vector<LegendEntry> entries;
    for (std::size_t i = 0; i < waits.sums.size(); ++i) {
        if (waits.sums[i] == Cycles(0)) continue;
        const auto cause = static_cast<IdleCause>(i);
        const double part = share(static_cast<double>(waits.sums[i].value()), all);
        entries.push_back({fmt::format("{} ({})", causeText(cause), percent(part)), colourOf(cause), Hatch::none, ""});
    }
    return Legend("Idle cores", std::move(entries), true);
}

}  // namespace millrace::report
