#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "report/canvas.h"
#include "report/report.h"

/// The time axis and the headings that both pictures share.
namespace millrace::report {

/// Cycles to x. Never divides by zero: a span of no cycles counts as one cycle.
class TimeAxis {
public:
    TimeAxis(schedule::Span span, double left, double right);

    double x(double cycle) const { return left_ + (cycle - begin_) * unitsPerCycle_; }
    double begin() const { return begin_; }
    double end() const { return end_; }
    double left() const { return left_; }
    double right() const { return right_; }
    double unitsPerCycle() const { return unitsPerCycle_; }

    /// Vertical lines at the ticks.
    void drawGrid(Canvas& canvas, double top, double bottom) const;
    /// Ticks, their numbers and the unit below `y`; takes `kHeight`.
    void drawNumbers(Canvas& canvas, double y) const;
    static constexpr double kHeight = 44;

private:
    std::vector<double> ticks() const;

    double begin_;
    double end_;
    double left_;
    double right_;
    double unitsPerCycle_;
};

/// Steps of 1, 2 or 5 times a power of ten (whole if `whole`) from `low` to `high`, about `wanted` of them.
std::vector<double> niceTicks(double low, double high, int wanted, bool whole);

/// What to draw of the time axis: the window, cut to the schedule, or all.
schedule::Span visibleSpan(const explore::Result& result, const DrawOptions& options);

/// The title and the line with the bounds; takes `kHeadingHeight`.
void drawHeading(Canvas& canvas, const explore::Result& result, const std::string& what);
inline constexpr double kHeadingHeight = 66;
inline constexpr double kMargin = 16;

}  // namespace millrace::report
