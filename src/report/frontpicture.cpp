#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/axis.h"
#include "report/canvas.h"
#include "report/front.h"
#include "report/report.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {

using explore::Front;
using explore::FrontPoint;

namespace {

constexpr double kHeight = 900;
constexpr double kLeft = 110;
constexpr double kScaleRoom = 190;
constexpr double kBottomRoom = 70;
constexpr double kRadius = 7;
constexpr double kPi = 3.14159265358979323846;
constexpr Font kTitle{19, true};
constexpr Font kSmall{14};
constexpr Font kNumbers{13};
/// From little memory to much.
constexpr Colour kLow{0.99, 0.80, 0.35, 1};
constexpr Colour kHigh{0.25, 0.05, 0.45, 1};

struct Scale {
    double low = 0;
    double high = 1;
    double factor = 1;  ///< of the unit
    std::string unit;

    double share(double value) const { return (value - low) / (high - low); }
};

/// Room around the values; from 0 on if that is near.
Scale scaleOf(const std::vector<double>& values, const std::vector<std::string>& units, const char* what) {
    Scale scale;
    if (values.empty()) return scale;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double room = std::max({(*high - *low) * 0.08, *high * 0.01, 1e-9});
    scale.low = *low < 0.25 * *high ? 0 : *low - room;
    scale.high = *high + room;
    std::size_t unit = 0;
    for (; unit + 1 < units.size() && scale.high >= 2000 * scale.factor; ++unit) scale.factor *= 1000;
    scale.unit = fmt::format("{} in {}", what, units[unit]);
    return scale;
}

double latencyOf(const FrontPoint& point) { return static_cast<double>(point.latency.value()); }
double energyOf(const FrontPoint& point) { return point.energy.value(); }

std::string numberText(double value, double step) {
    return fmt::format("{:.{}f}", value, std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9));
}

class FrontDrawing {
public:
    FrontDrawing(const explore::Result& result, const DrawOptions& options)
        : result_(result),
          front_(result.front.value_or(Front())),
          width_(std::clamp(options.width, 600, 8000)),
          scale_(std::clamp(options.scale, 1, 4)),
          plot_{kLeft, kHeadingHeight + 12, width_ - kLeft - kScaleRoom, kHeight - kHeadingHeight - 12 - kBottomRoom} {
        std::vector<const FrontPoint*> all;
        for (const FrontPoint& point : front_.points) all.push_back(&point);
        if (front_.layerByLayer) all.push_back(&*front_.layerByLayer);
        if (front_.rules) all.push_back(&*front_.rules);
        std::vector<double> latencies;
        std::vector<double> energies;
        for (const FrontPoint* point : all) {
            latencies.push_back(latencyOf(*point));
            energies.push_back(energyOf(*point));
            const auto bits = static_cast<double>(point->peakMemory.value());
            least_ = point == all.front() ? bits : std::min(least_, bits);
            most_ = std::max(most_, bits);
        }
        if (result.bounds.latency.value() > 0) latencies.push_back(static_cast<double>(result.bounds.latency.value()));
        if (result.bounds.energy.value() > 0) energies.push_back(result.bounds.energy.value());
        x_ = scaleOf(latencies, {"cycles", "kcycles", "Mcycles", "Gcycles", "Tcycles"}, "latency");
        y_ = scaleOf(energies, {"pJ", "nJ", "µJ", "mJ", "J", "kJ"}, "energy");
    }

    std::string draw(Canvas::Format format) {
        Canvas canvas(width_, kHeight, scale_, format);
        drawTitle(canvas);
        drawAxes(canvas);
        drawBounds(canvas);
        drawSteps(canvas);
        for (const FrontPoint& point : front_.points) disc(canvas, place(point), kRadius, colourOf(point));
        for (const FrontPoint& point : front_.points) keepClear(point);
        if (front_.rules) keepClear(*front_.rules);
        if (front_.layerByLayer) keepClear(*front_.layerByLayer);
        drawReference(canvas, front_.rules, 0, "rules, no search");
        drawReference(canvas, front_.layerByLayer, kPi / 4, "layer by layer");
        drawNames(canvas);
        drawMemoryScale(canvas);
        return canvas.finish();
    }

private:
    Point place(const FrontPoint& point) const {
        return {plot_.x + x_.share(latencyOf(point)) * plot_.width,
                plot_.bottom() - y_.share(energyOf(point)) * plot_.height};
    }
    Colour colourOf(const FrontPoint& point) const {
        const double range = most_ - least_;
        return mix(kLow, kHigh, range > 0 ? (static_cast<double>(point.peakMemory.value()) - least_) / range : 0.5);
    }

    static void ngon(Canvas& canvas, Point at, double radius, int corners, double turn, Colour colour) {
        std::vector<Point> points;
        for (int i = 0; i < corners; ++i) {
            const double angle = turn + 2 * kPi * i / corners;
            points.push_back({at.x + radius * std::cos(angle), at.y + radius * std::sin(angle)});
        }
        canvas.polygon(points, colour);
    }
    static void disc(Canvas& canvas, Point at, double radius, Colour colour) {
        ngon(canvas, at, radius + 1.5, 24, 0, kInk);
        ngon(canvas, at, radius, 24, 0, colour);
    }

    void keepClear(const FrontPoint& point) {
        const Point at = place(point);
        taken_.push_back({at.x - kRadius, at.y - kRadius, 2 * kRadius, 2 * kRadius});
    }

    void drawTitle(Canvas& canvas) const {
        const double room = width_ - 2 * kMargin;
        canvas.text({kMargin, 30}, canvas.fit(subject(result_) + ":  Pareto front", kTitle, room), kTitle, kInk);
        const std::size_t count = front_.points.size();
        const std::string second =
            fmt::format("{} schedule{}, of which none beats another in latency, energy and peak on-chip memory", count,
                        count == 1 ? "" : "s");
        canvas.text({kMargin, 53}, canvas.fit(second, kSmall, room), kSmall, kSoftInk);
    }

    void drawAxes(Canvas& canvas) const {
        const auto across =
            niceTicks(x_.low / x_.factor, x_.high / x_.factor, static_cast<int>(plot_.width / 130), false);
        for (const double tick : across) {
            const double at = std::round(plot_.x + x_.share(tick * x_.factor) * plot_.width) + 0.5;
            canvas.line({at, plot_.y}, {at, plot_.bottom() + 5}, kGrid);
            canvas.text({at, plot_.bottom() + 21}, numberText(tick, stepOf(across)), kNumbers, kInk, Anchor::middle);
        }
        const auto up = niceTicks(y_.low / y_.factor, y_.high / y_.factor, 9, false);
        for (const double tick : up) {
            const double at = std::round(plot_.bottom() - y_.share(tick * y_.factor) * plot_.height) + 0.5;
            canvas.line({plot_.x - 5, at}, {plot_.right(), at}, kGrid);
            canvas.text({plot_.x - 10, at + 4.5}, numberText(tick, stepOf(up)), kNumbers, kInk, Anchor::right);
        }
        canvas.line({plot_.x, plot_.y}, {plot_.x, plot_.bottom()}, kFrame);
        canvas.line({plot_.x, plot_.bottom()}, {plot_.right(), plot_.bottom()}, kFrame);
        canvas.text({plot_.x + plot_.width / 2, plot_.bottom() + 48}, x_.unit, kSmall, kSoftInk, Anchor::middle);
        canvas.text({plot_.x + 8, plot_.y + 14}, y_.unit, kSmall, kSoftInk);
    }
    static double stepOf(const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1; }

    /// What no schedule can be better than.
    void drawBounds(Canvas& canvas) const {
        if (result_.bounds.latency.value() > 0) {
            const double at = plot_.x + x_.share(static_cast<double>(result_.bounds.latency.value())) * plot_.width;
            canvas.line({at, plot_.y + 24}, {at, plot_.bottom()}, kAlarm, 1.5, true);
            canvas.text({at + 6, plot_.y + 38}, "lower bound of latency", kNumbers, kAlarm);
        }
        if (result_.bounds.energy.value() > 0) {
            const double at = plot_.bottom() - y_.share(result_.bounds.energy.value()) * plot_.height;
            canvas.line({plot_.x, at}, {plot_.right(), at}, kAlarm, 1.5, true);
            canvas.text({plot_.right(), at - 6}, "lower bound of energy", kNumbers, kAlarm, Anchor::right);
        }
    }

    /// The border of what is beaten in latency and energy alone.
    void drawSteps(Canvas& canvas) const {
        std::vector<Point> line;
        double least = 0;
        for (const FrontPoint& point : front_.points) {
            if (!line.empty() && energyOf(point) >= least) continue;
            const Point at = place(point);
            if (!line.empty()) line.push_back({at.x, line.back().y});
            line.push_back(at);
            least = energyOf(point);
        }
        if (line.size() > 1) canvas.polyline(line, kFrame, 1.5);
    }

    void drawReference(Canvas& canvas, const std::optional<FrontPoint>& point, double turn, const char* text) {
        if (!point) return;
        const Point at = place(*point);
        ngon(canvas, at, kRadius + 6, 4, turn, kInk);
        ngon(canvas, at, kRadius + 4, 4, turn, colourOf(*point));
        name(canvas, at, text);
    }

    void drawNames(Canvas& canvas) {
        const std::vector<std::string> best = bestFor(front_);
        for (std::size_t i = 0; i < best.size(); ++i) {
            if (!best[i].empty()) name(canvas, place(front_.points[i]), "least " + best[i]);
        }
    }

    /// Beside a point, where no other name is.
    void name(Canvas& canvas, Point at, const std::string& text) {
        const double width = canvas.textWidth(text, kSmall);
        const double right = at.x + kRadius + 9;
        const double left = at.x - kRadius - 9 - width;
        Rect box;
        for (int step = 0; step < 24; ++step) {
            const double shift = ((step / 4) + 0.5) * 20 * (step % 2 == 0 ? -1 : 1);
            box = {step / 2 % 2 == 0 ? right : left, at.y + shift - 9, width, 19};
            if (isFree(box)) break;
        }
        taken_.push_back(box);
        canvas.fill(box, faded(kWhite, 0.8));
        canvas.text({box.x, box.y + 14}, text, kSmall, kInk);
    }

    bool isFree(const Rect& box) const {
        if (box.x < plot_.x || box.right() > plot_.right() + kScaleRoom / 4) return false;
        if (box.y < plot_.y || box.bottom() > plot_.bottom()) return false;
        const auto meets = [&](const Rect& other) {
            return box.x < other.right() && other.x < box.right() && box.y < other.bottom() && other.y < box.bottom();
        };
        return std::none_of(taken_.begin(), taken_.end(), meets);
    }

    void drawMemoryScale(Canvas& canvas) const {
        if (most_ <= 0) return;
        const double x = plot_.right() + 40;
        const Rect bar{x, plot_.y + 60, 22, 320};
        canvas.text({x, plot_.y + 14}, "peak on-chip", kSmall, kSoftInk);
        canvas.text({x, plot_.y + 33}, "memory", kSmall, kSoftInk);
        for (int i = 0; i < 160; ++i)
            canvas.fill({bar.x, bar.bottom() - 2 * (i + 1), bar.width, 2}, mix(kLow, kHigh, i / 159.0));
        canvas.outline(bar, kFrame);
        for (int i = 0; i <= 4; ++i) {
            const double bits = least_ + (most_ - least_) * i / 4;
            canvas.text({bar.right() + 8, bar.bottom() - bar.height * i / 4 + 5}, sizeText(Bits(std::llround(bits))),
                        kNumbers, kInk);
        }
    }

    const explore::Result& result_;
    const Front front_;
    double width_;
    double scale_;
    Rect plot_;
    Scale x_;
    Scale y_;
    double least_ = 0;  ///< peak memory, in bits
    double most_ = 0;
    std::vector<Rect> taken_;
};

}  // namespace

std::string frontPng(const explore::Result& result, const DrawOptions& options) {
    return FrontDrawing(result, options).draw(Canvas::Format::png);
}

std::string frontSvg(const explore::Result& result, const DrawOptions& options) {
    return FrontDrawing(result, options).draw(Canvas::Format::svg);
}

}  // namespace millrace::report
