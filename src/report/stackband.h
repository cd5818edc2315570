#pragma once
#include <string>
#include <vector>

#include "report/axis.h"
#include "report/canvas.h"
#include "report/statistics.h"

namespace millrace::report {

/// A strip above a chart that shows from when to when each stack of several layers is at work. Nothing, of no height,
/// if there is none or more than four overlap in time.
class StackBand {
public:
    explicit StackBand(const Result& result);

    /// With the gap to what follows.
    double height() const { return lanes_ == 0 ? 0 : static_cast<double>(lanes_) * kLane + 6; }
    void draw(Canvas& canvas, const TimeAxis& axis, double y) const;

private:
    static constexpr double kLane = 21;
    struct Bar {
        schedule::Span span;
        std::size_t lane = 0;
        std::size_t stack = 0;
        std::string text;
        std::string shortText;
    };
    void drawBar(Canvas& canvas, const TimeAxis& axis, const Bar& bar, double y) const;

    std::vector<Bar> bars_;
    std::size_t lanes_ = 0;
};

}  // namespace millrace::report
