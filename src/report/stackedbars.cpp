#include "report/stackedbars.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/legend.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kMostRows = 300;
constexpr double kLegendGap = 10;
constexpr double kTotalsGap = 10;
constexpr Font kTitle{19, true};
constexpr Font kSmall{14};

double real(double value) { return std::isfinite(value) ? std::max(value, 0.0) : 0; }

double length(const StackedBars::Row& row) {
    double sum = 0;
    for (const double value : row.values) sum += real(value);
    return sum;
}

class Drawing {
public:
    Drawing(const StackedBars& chart, const DrawOptions& options)
        : chart_(chart), options_(options), width_(std::clamp(options.width, 600, 8000)) {
        shown_ = std::min(chart.rows.size(), kMostRows);
        rowHeight_ = shown_ <= 12 ? 30 : shown_ <= 64 ? 21 : 16;
        font_ = {rowHeight_ >= 30 ? 13.5 : rowHeight_ >= 21 ? 13.0 : 11.5};
        for (std::size_t i = 0; i < shown_; ++i) longest_ = std::max(longest_, length(chart.rows[i]));
        if (longest_ <= 0) longest_ = 1;
    }

    std::string draw(Canvas::Format format) {
        Canvas ruler(width_, 10, 1, format);
        Legend legend("", legendEntries(), true);
        const double legendHeight = legend.place(ruler, width_ - 2 * kMargin);
        placeColumns(ruler);
        const double top = kHeadingHeight + legendHeight + kLegendGap;
        const double bottom = top + std::max(1.0, static_cast<double>(shown_)) * rowHeight_;
        const double height = bottom + TimeAxis::kHeight + (shown_ < chart_.rows.size() ? 22 : 0) + kMargin;
        Canvas canvas(width_, height, std::clamp(options_.scale, 1, 4), format);
        drawHeading(canvas);
        legend.draw(canvas, {kMargin, kHeadingHeight});
        drawBands(canvas, top);
        drawAxis(canvas, top, bottom);
        for (std::size_t i = 0; i < shown_; ++i) {
            drawRow(canvas, chart_.rows[i], top + static_cast<double>(i) * rowHeight_);
        }
        canvas.line({left_, top}, {left_, bottom}, kFrame);
        if (shown_ < chart_.rows.size()) {
            canvas.text({kMargin, height - kMargin}, fmt::format("Not drawn: {} more", chart_.rows.size() - shown_),
                        {13}, kSoftInk);
        }
        return canvas.finish();
    }

private:
    std::vector<LegendEntry> legendEntries() const {
        std::vector<double> sums(chart_.parts.size(), 0.0);
        double all = 0;
        for (const StackedBars::Row& row : chart_.rows) {
            for (std::size_t p = 0; p < sums.size() && p < row.values.size(); ++p) sums[p] += real(row.values[p]);
            all += length(row);
        }
        std::vector<LegendEntry> entries;
        for (std::size_t p = 0; p < sums.size(); ++p) {
            const StackedBars::Part& part = chart_.parts[p];
            entries.push_back({fmt::format("{}: {}", elide(part.name, 60), percent(all > 0 ? sums[p] / all : 0)),
                               part.colour, part.hatch, "", false});
        }
        return entries;
    }

    /// Names to the left of the bars, totals to the right of the longest one.
    void placeColumns(Canvas& ruler) {
        double names = 0;
        double totals = 0;
        for (std::size_t i = 0; i < shown_; ++i) {
            names = std::max(names, ruler.textWidth(elide(chart_.rows[i].name, 100), font_));
            totals = std::max(totals, ruler.textWidth(chart_.rows[i].total, font_));
        }
        nameWidth_ = std::min(names, 0.3 * width_);
        left_ = kMargin + nameWidth_ + 10;
        right_ = std::max(width_ - kMargin - totals - kTotalsGap, left_ + 50);
    }

    double x(double value) const { return left_ + value / longest_ * (right_ - left_); }

    void drawHeading(Canvas& canvas) const {
        const double room = width_ - 2 * kMargin;
        canvas.text({kMargin, 30}, canvas.fit(elide(chart_.title, 300), kTitle, room), kTitle, kInk);
        canvas.text({kMargin, 53}, canvas.fit(elide(chart_.subtitle, 300), kSmall, room), kSmall, kSoftInk);
    }

    void drawBands(Canvas& canvas, double top) const {
        for (std::size_t i = 1; i < shown_; i += 2) {
            canvas.fill({kMargin, top + static_cast<double>(i) * rowHeight_, width_ - 2 * kMargin, rowHeight_}, kBand);
        }
    }

    void drawAxis(Canvas& canvas, double top, double bottom) const {
        const std::vector<double> ticks =
            niceTicks(0, longest_ / chart_.unit, static_cast<int>((right_ - left_) / 110), false);
        const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
        const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
        for (const double tick : ticks) {
            const double at = std::round(x(tick * chart_.unit)) + 0.5;
            canvas.line({at, top}, {at, bottom + 5}, kGrid);
            canvas.text({at, bottom + 19}, fmt::format("{:.{}f}", tick, digits), {13}, kInk, Anchor::middle);
        }
        canvas.text({(left_ + right_) / 2, bottom + 38}, chart_.axis, {13}, kSoftInk, Anchor::middle);
    }

    void drawRow(Canvas& canvas, const StackedBars::Row& row, double y) const {
        const double baseline = y + rowHeight_ / 2 + font_.size * 0.36;
        canvas.text({left_ - 8, baseline}, canvas.fit(elide(row.name, 100), font_, nameWidth_), font_, kInk,
                    Anchor::right);
        const double all = length(row);
        double sum = 0;
        for (std::size_t p = 0; p < chart_.parts.size() && p < row.values.size(); ++p) {
            const double value = real(row.values[p]);
            const Rect rect{x(sum), y + 2, x(sum + value) - x(sum), rowHeight_ - 4};
            sum += value;
            if (rect.width > 0) drawPart(canvas, chart_.parts[p], rect, value / all);
        }
        canvas.text({x(all) + 8, baseline}, row.total, font_, kInk);
    }

    void drawPart(Canvas& canvas, const StackedBars::Part& part, const Rect& rect, double share) const {
        canvas.fill(rect, part.colour);
        const Colour dark = mix(part.colour, {0, 0, 0, 1}, 0.45);
        if (rect.width >= 3) canvas.hatch(rect, part.hatch, dark);
        if (rect.width >= 3) canvas.outline(rect, mix(part.colour, {0, 0, 0, 1}, 0.3));
        const std::string text = percent(share);
        const Font font{std::min(font_.size, rect.height - 3)};
        if (part.hatch != Hatch::none || canvas.textWidth(text, font) + 8 > rect.width) return;
        canvas.text({rect.x + rect.width / 2, rect.y + rect.height / 2 + font.size * 0.36}, text, font,
                    inkOn(part.colour), Anchor::middle);
    }

    const StackedBars& chart_;
    const DrawOptions& options_;
    double width_;
    std::size_t shown_ = 0;
    double rowHeight_ = 20;
    Font font_;
    double longest_ = 0;
    double nameWidth_ = 0;
    double left_ = 0;
    double right_ = 0;
};

}  // namespace

std::string StackedBars::draw(const DrawOptions& options, Canvas::Format format) const {
    return Drawing(*this, options).draw(format);
}

}  // namespace millrace::report
