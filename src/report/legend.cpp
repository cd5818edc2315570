#include "report/legend.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::report {
namespace {

constexpr Font kFont{13};
constexpr Font kTitle{13, true};
constexpr double kLine = 21;
constexpr double kSample = 30;
constexpr double kSpace = 8;
constexpr double kWidest = 300;

void drawSample(Canvas& canvas, const LegendEntry& entry, const Rect& sample) {
    if (entry.dashed) {
        const double middle = sample.y + sample.height / 2;
        canvas.line({sample.x, middle}, {sample.right(), middle}, entry.colour, 1.6, true);
        return;
    }
    canvas.fill(sample, entry.colour);
    canvas.hatch(sample, entry.hatch, mix(entry.colour, {0, 0, 0, 1}, 0.62));
    canvas.outline(sample, mix(entry.colour, {0, 0, 0, 1}, 0.4));
    const Font font{12};
    canvas.text({sample.x + sample.width / 2, sample.y + 12.5}, canvas.fit(entry.number, font, sample.width - 2), font,
                inkOn(entry.colour), Anchor::middle);
}

}  // namespace

Legend::Legend(std::string title, std::vector<LegendEntry> entries, bool flow)
    : title_(std::move(title)), entries_(std::move(entries)), flow_(flow) {}

double Legend::place(Canvas& ruler, double width) {
    places_.clear();
    more_.clear();
    height_ = 0;
    if (entries_.empty()) return 0;
    if (flow_) {
        placeFlow(ruler, width);
    } else {
        placeColumns(ruler, width);
    }
    return height_;
}

void Legend::placeFlow(Canvas& ruler, double width) {
    const double indent = ruler.textWidth(title_, kTitle) + 16;
    Point at{indent, 0};
    for (const LegendEntry& entry : entries_) {
        const double need = kSample + kSpace + ruler.textWidth(entry.text, kFont);
        if (at.x > indent && at.x + need > width) at = {indent, at.y + kLine};
        places_.push_back(at);
        at.x += need + 26;
    }
    height_ = at.y + kLine;
}

void Legend::placeColumns(Canvas& ruler, double width) {
    double widest = 0;
    for (LegendEntry& entry : entries_) {
        entry.text = ruler.fit(entry.text, kFont, kWidest);
        widest = std::max(widest, ruler.textWidth(entry.text, kFont));
    }
    const double pitch = kSample + kSpace + widest + 22;
    const auto columns = std::max<std::size_t>(1, static_cast<std::size_t>((width + 22) / pitch));
    const std::size_t rows = std::min(kMostRows, (entries_.size() + columns - 1) / columns);
    const std::size_t shown = std::min(entries_.size(), rows * columns);
    for (std::size_t i = 0; i < shown; ++i) {
        places_.push_back({static_cast<double>(i / rows) * pitch, kLine * static_cast<double>(1 + i % rows)});
    }
    height_ = kLine * static_cast<double>(rows + 1);
    if (shown < entries_.size()) {
        more_ = fmt::format("… and {} more", entries_.size() - shown);
        height_ += kLine;
    }
}

void Legend::draw(Canvas& canvas, Point at) const {
    if (entries_.empty()) return;
    canvas.text({at.x, at.y + 14}, title_, kTitle, kInk);
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const LegendEntry& entry = entries_[i];
        const Rect sample{at.x + places_[i].x, at.y + places_[i].y + 2, kSample, 16};
        drawSample(canvas, entry, sample);
        canvas.text({sample.right() + kSpace, sample.y + 12.5}, entry.text, kFont, kInk);
    }
    if (!more_.empty()) canvas.text({at.x, at.y + height_ - kLine + 14}, more_, kFont, kSoftInk);
}

}  // namespace millrace::report
