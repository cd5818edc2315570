#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/legend.h"
#include "report/report.h"
#include "report/stackband.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kManyPanels = 12;
constexpr std::size_t kMostPanels = 100;
constexpr double kCaption = 24;
constexpr double kGap = 10;
constexpr Colour kPeakLine{0.10, 0.25, 0.40, 1};

/// What happens within one unit of x.
struct Cell {
    double weights = 0;      ///< mean over time
    double activations = 0;  ///< mean over time
    double scratch = 0;      ///< mean over time
    double peak = 0;
};

/// Heights of the curves, in steps that a picture shows.
struct Level {
    double weights = 0;
    double data = 0;  ///< weights and activations
    double all = 0;
    double peak = 0;
    bool operator==(const Level&) const = default;
};
double inSteps(double height) { return std::round(height * 32) / 32; }

std::vector<Cell> cells(const Profile& profile, const TimeAxis& axis) {
    const auto count = static_cast<std::size_t>(std::ceil(axis.right() - axis.left()));
    std::vector<Cell> result(count);
    for (std::size_t i = 0; i < profile.size(); ++i) {
        const Step& step = profile[i];
        if (step.total() == 0) continue;
        const double until = i + 1 < profile.size() ? static_cast<double>(profile[i + 1].at) : axis.end();
        const double left = std::max(axis.x(static_cast<double>(step.at)) - axis.left(), 0.0);
        const double right = std::min(axis.x(until) - axis.left(), static_cast<double>(count));
        for (auto cell = static_cast<std::size_t>(left); cell < count && static_cast<double>(cell) < right; ++cell) {
            const double place = static_cast<double>(cell);
            const double part = std::min(right, place + 1) - std::max(left, place);
            result[cell].weights += part * static_cast<double>(step.weights);
            result[cell].activations += part * static_cast<double>(step.activations);
            result[cell].scratch += part * static_cast<double>(step.scratch);
            result[cell].peak = std::max(result[cell].peak, static_cast<double>(step.total()));
        }
    }
    return result;
}

class Occupancy {
public:
    Occupancy(const Result& result, const DrawOptions& options);
    std::string draw(Canvas::Format format);

private:
    void choosePanels();
    std::string leftOut() const;
    void drawPanel(Canvas& canvas, const TimeAxis& axis, std::size_t memory, double y);
    void drawCurve(Canvas& canvas, const TimeAxis& axis, const Profile& profile, const Rect& area, double top) const;
    void drawScale(Canvas& canvas, const Rect& area, double top) const;
    std::string caption(std::size_t memory) const;

    const Result& result_;
    const DrawOptions& options_;
    const std::vector<Profile> profiles_;
    const StackBand band_;
    const double width_;
    std::vector<std::size_t> panels_;
    std::size_t unused_ = 0;
    std::size_t hidden_ = 0;
    double panelHeight_ = 0;
};

Occupancy::Occupancy(const Result& result, const DrawOptions& options)
    : result_(result),
      options_(options),
      profiles_(memoryProfiles(result)),
      band_(result),
      width_(std::clamp(options.width, 600, 8000)) {
    choosePanels();
    panelHeight_ = std::clamp(1000.0 / static_cast<double>(std::max<std::size_t>(panels_.size(), 1)), 40.0, 110.0);
}

void Occupancy::choosePanels() {
    for (const bool offchip : {false, true}) {
        if (offchip && !options_.offchip) continue;
        for (std::size_t i = 0; i < profiles_.size(); ++i) {
            if (result_.problem.memories[schedule::MemoryId(i)].offchip == offchip) panels_.push_back(i);
        }
    }
    if (panels_.size() > kManyPanels) {
        const auto unused = [this](std::size_t memory) { return profiles_[memory].empty(); };
        unused_ = static_cast<std::size_t>(std::count_if(panels_.begin(), panels_.end(), unused));
        panels_.erase(std::remove_if(panels_.begin(), panels_.end(), unused), panels_.end());
    }
    if (panels_.size() > kMostPanels) {
        hidden_ = panels_.size() - kMostPanels;
        panels_.resize(kMostPanels);
    }
}

std::string Occupancy::leftOut() const {
    std::string text;
    if (unused_ > 0) text = fmt::format("Not drawn: {} unused memories", unused_);
    if (hidden_ > 0) text += fmt::format("{}{} more", text.empty() ? "Not drawn: " : ", ", hidden_);
    return text;
}

std::string Occupancy::caption(std::size_t memory) const {
    const Bits capacity = result_.problem.memories[schedule::MemoryId(memory)].capacity;
    const Bits peak(highest(profiles_[memory]).total());
    if (peak.value() == 0) return "unused, of " + sizeText(capacity);
    return fmt::format("peak {} of {} ({})", sizeText(peak), sizeText(capacity), percent(share(peak, capacity)));
}

void Occupancy::drawScale(Canvas& canvas, const Rect& area, double top) const {
    double unit = 8;
    while (top / unit >= 1024) unit *= 1024;
    for (const double tick : niceTicks(0, top / unit, area.height > 60 ? 3 : 2, false)) {
        const double y = std::round(area.bottom() - tick * unit / top * area.height) + 0.5;
        if (y < area.y - 0.5) continue;
        canvas.line({area.x, y}, {area.right(), y}, kGrid);
        canvas.line({area.x - 4, y}, {area.x, y}, kFrame);
        const std::string number = sizeText(Bits(static_cast<std::int64_t>(std::llround(tick * unit))));
        canvas.text({area.x - 8, y + 4}, number, {12}, kSoftInk, Anchor::right);
    }
}

void Occupancy::drawCurve(Canvas& canvas, const TimeAxis& axis, const Profile& profile, const Rect& area,
                          double top) const {
    const double perBit = area.height / top;
    std::vector<Level> levels;
    for (const Cell& cell : cells(profile, axis)) {
        const double data = cell.weights + cell.activations;
        levels.push_back({inSteps(cell.weights * perBit), inSteps(data * perBit),
                          inSteps((data + cell.scratch) * perBit), inSteps(cell.peak * perBit)});
    }
    Point last{area.x, area.bottom()};
    std::vector<Point> outline{last};
    for (std::size_t i = 0; i < levels.size();) {
        std::size_t end = i + 1;
        while (end < levels.size() && levels[end] == levels[i]) ++end;
        const auto [weights, data, all, peak] = levels[i];
        const double x = area.x + static_cast<double>(i);
        const double width = static_cast<double>(end - i);
        const auto block = [&](double low, double high, Colour colour) {
            if (high > low) canvas.fill({x, area.bottom() - high, width, high - low}, colour);
        };
        block(all, peak, kPeak);
        block(data, all, kScratch);
        block(weights, data, kActivations);
        block(0, weights, kWeights);
        if (area.bottom() - peak != last.y) {
            outline.push_back({x, last.y});
            outline.push_back({x, area.bottom() - peak});
        }
        last = {x + width, area.bottom() - peak};
        i = end;
    }
    outline.push_back(last);
    canvas.polyline(outline, kPeakLine, 1.2);
}

void Occupancy::drawPanel(Canvas& canvas, const TimeAxis& axis, std::size_t memory, double y) {
    const schedule::Memory& data = result_.problem.memories[schedule::MemoryId(memory)];
    const auto capacity = static_cast<double>(data.capacity.value());
    const auto peak = static_cast<double>(highest(profiles_[memory]).total());
    const bool zoomed = peak > 0 && peak < 0.2 * capacity;
    const double top = std::max((zoomed ? peak : std::max(capacity, peak)) * (zoomed ? 1.25 : 1.12), 8.0);
    const Font bold{13, true};
    const Font plain{13};
    std::string what = caption(memory);
    const double room = axis.right() - axis.left();
    const std::string whole = clean(data.name);
    if (zoomed) {
        const std::string note =
            fmt::format("{}; capacity is {:.0f} times the peak, above the picture", what, capacity / peak);
        if (canvas.textWidth(elide(whole, 80), bold) + canvas.textWidth(note, plain) + 24 <= room) what = note;
    }
    const double whatWidth = canvas.textWidth(what, plain);
    const std::string name = canvas.fit(whole, bold, room - whatWidth - 24);
    canvas.text({axis.left(), y + 17}, name, bold, kInk);
    canvas.text({axis.right(), y + 17}, what, plain, peak > capacity ? kAlarm : kInk, Anchor::right);
    const Rect area{axis.left(), y + kCaption, axis.right() - axis.left(), panelHeight_};
    axis.drawGrid(canvas, area.y, area.bottom());
    drawScale(canvas, area, top);
    if (peak > 0) {
        drawCurve(canvas, axis, profiles_[memory], area, top);
        const double at = area.bottom() - peak / top * area.height;
        canvas.line({area.x, at}, {area.right(), at}, kPeakLine, 1, true);
    }
    if (!zoomed && capacity > 0) {
        const double at = area.bottom() - capacity / top * area.height;
        canvas.line({area.x, at}, {area.right(), at}, kAlarm, 1.6, true);
    }
    canvas.outline({area.x - 1, area.y - 1, area.width + 2, area.height + 2}, kFrame);
}

std::string Occupancy::draw(Canvas::Format format) {
    Canvas ruler(1, 1, 1, Canvas::Format::png);
    Legend legend("In the memories",
                  {{"weights", kWeights, Hatch::none, ""},
                   {"activations", kActivations, Hatch::none, ""},
                   {"scratch of running tiles", kScratch, Hatch::none, ""},
                   {"peak within a pixel, where it differs from the mean", kPeak, Hatch::none, ""},
                   {"peak", kPeakLine, Hatch::none, "", true},
                   {"capacity", kAlarm, Hatch::none, "", true}},
                  true);
    const double legendHeight = legend.place(ruler, width_ - 2 * kMargin);
    const double pitch = kCaption + panelHeight_ + kGap;
    const double body = std::max(pitch * static_cast<double>(panels_.size()), 60.0);
    const double more = leftOut().empty() ? 0 : 20;
    const double height =
        std::ceil(kHeadingHeight + band_.height() + body + TimeAxis::kHeight + more + legendHeight + 2 * kMargin);
    Canvas canvas(width_, height, std::clamp(options_.scale, 1, 4), format);
    drawHeading(canvas, result_, "memories over time");
    const TimeAxis axis(visibleSpan(result_, options_), 100, width_ - kMargin - 14);
    band_.draw(canvas, axis, kHeadingHeight);
    double y = kHeadingHeight + band_.height();
    for (const std::size_t memory : panels_) {
        drawPanel(canvas, axis, memory, y);
        y += pitch;
    }
    if (panels_.empty()) canvas.text({width_ / 2, y + 30}, "no on-chip memory", {16}, kSoftInk, Anchor::middle);
    y = kHeadingHeight + band_.height() + body;
    axis.drawNumbers(canvas, y - kGap);
    y += TimeAxis::kHeight - kGap;
    if (!leftOut().empty()) canvas.text({kMargin, y + 14}, leftOut(), {13}, kSoftInk);
    legend.draw(canvas, {kMargin, y + more + kMargin});
    return canvas.finish();
}

}  // namespace

std::string memoryPng(const explore::Result& result, const DrawOptions& options) {
    return Occupancy(result, options).draw(Canvas::Format::png);
}

std::string memorySvg(const explore::Result& result, const DrawOptions& options) {
    return Occupancy(result, options).draw(Canvas::Format::svg);
}

}  // namespace millrace::report
