#include "report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

struct TimeUnit {
    double cycles;
    const char* name;
};

TimeUnit timeUnit(double end) {
    if (end >= 2e9) return {1e9, "time in Gcycles (1 Gcycle = 1,000,000,000 cycles)"};
    if (end >= 2e6) return {1e6, "time in Mcycles (1 Mcycle = 1,000,000 cycles)"};
    if (end >= 2e4) return {1e3, "time in kcycles (1 kcycle = 1,000 cycles)"};
    return {1, "time in cycles"};
}

std::string times(double value, double bound) {
    if (bound <= 0) return {};
    return value / bound < 1e6 ? fmt::format(" ({:.2f} times)", value / bound)
                               : fmt::format(" ({:.2e} times)", value / bound);
}

}  // namespace

std::vector<double> niceTicks(double low, double high, int wanted, bool whole) {
    const double raw = std::max((high - low) / std::max(wanted, 1), 1e-12);
    const double power = std::pow(10, std::floor(std::log10(raw)));
    double step = power * 10;
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (power * factor >= raw * 0.999) {
            step = power * factor;
            break;
        }
    }
    if (whole) step = std::max(step, 1.0);
    std::vector<double> ticks;
    for (double index = std::ceil(low / step); index * step <= high * (1 + 1e-12) && ticks.size() < 1000; ++index) {
        ticks.push_back(index * step);
    }
    return ticks;
}

TimeAxis::TimeAxis(schedule::Span span, double left, double right)
    : begin_(static_cast<double>(span.start.value())),
      end_(static_cast<double>(span.end.value())),
      left_(left),
      right_(right) {
    end_ = std::max(end_, begin_ + 1);
    unitsPerCycle_ = (right_ - left_) / (end_ - begin_);
}

std::vector<double> TimeAxis::ticks() const {
    return niceTicks(begin_, end_, static_cast<int>((right_ - left_) / 110), true);
}

void TimeAxis::drawGrid(Canvas& canvas, double top, double bottom) const {
    for (const double tick : ticks()) {
        const double at = std::round(x(tick)) + 0.5;
        canvas.line({at, top}, {at, bottom}, kGrid);
    }
}

void TimeAxis::drawNumbers(Canvas& canvas, double y) const {
    const TimeUnit unit = timeUnit(end_);
    const std::vector<double> at = ticks();
    const double step = at.size() > 1 ? (at[1] - at[0]) / unit.cycles : 1;
    const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
    for (const double tick : at) {
        const double place = std::round(x(tick)) + 0.5;
        canvas.line({place, y}, {place, y + 5}, kFrame);
        canvas.text({place, y + 19}, fmt::format("{:.{}f}", tick / unit.cycles, digits), {13}, kInk, Anchor::middle);
    }
    canvas.text({(left_ + right_) / 2, y + 38}, unit.name, {13}, kSoftInk, Anchor::middle);
}

schedule::Span visibleSpan(const explore::Result& result, const DrawOptions& options) {
    schedule::Span all{Cycles(0), std::max(result.schedule.latency, Cycles(1))};
    if (!options.window) return all;
    const Cycles start = std::clamp(options.window->start, all.start, all.end - Cycles(1));
    return {start, std::clamp(options.window->end, start + Cycles(1), all.end)};
}

void drawHeading(Canvas& canvas, const explore::Result& result, const std::string& what) {
    const Cycles latency = result.schedule.latency;
    const Picojoules energy = result.schedule.energy.total();
    const double edp = energy.value() * static_cast<double>(latency.value());
    const explore::Bounds& bounds = result.bounds;
    const double room = canvas.width() - 2 * kMargin;
    const std::string totals =
        fmt::format("{}, {}, EDP {:.3g} pJ·cycles", cyclesText(latency), energyText(energy), edp);
    const Font big{19, true};
    const double totalsWidth = canvas.textWidth(totals, big);
    const std::string shown = canvas.fit(subject(result), big, room - totalsWidth - canvas.textWidth(":  ", big));
    canvas.text({kMargin, 30}, canvas.fit(shown + (shown.empty() ? "" : ":  ") + totals, big, room), big, kInk);
    std::string second = fmt::format("{}  ·  {}{}for {}", what, clean(result.policy), result.policy.empty() ? "" : ", ",
                                     mapper::name(result.objective));
    if (bounds.latency.value() > 0) {
        second += fmt::format("  ·  lower bounds: {}{}, {}{}", cyclesText(bounds.latency),
                              times(static_cast<double>(latency.value()), static_cast<double>(bounds.latency.value())),
                              energyText(bounds.energy), times(energy.value(), bounds.energy.value()));
    }
    const Font small{14};
    const std::string state = result.verified ? "verified" : "NOT VERIFIED";
    const double stateRoom = canvas.textWidth("  ·  " + state, small);
    second = canvas.fit(second, small, room - stateRoom);
    canvas.text({kMargin, 53}, second + "  ·  ", small, kSoftInk);
    canvas.text({kMargin + canvas.textWidth(second + "  ·  ", small), 53}, state, small,
                result.verified ? kSoftInk : kAlarm);
}

}  // namespace millrace::report
