#include "report/bars.h"

#include <algorithm>
#include <cmath>

namespace millrace::report {
namespace {

constexpr double kThin = 1.5;
constexpr double kFaintest = 0.25;
constexpr double kJoined = 2;     // gap that does not end a run of bars
constexpr double kLabelled = 12;  // narrower ones have no label

Colour lines(Colour fill) { return mix(fill, {0, 0, 0, 1}, 0.62); }

}  // namespace

Colour colourOf(LayerId layer) { return layer.valid() ? layerColour(layer.index()) : kUnowned; }

Colour fillOf(LayerId layer, Hatch hatch) {
    const Colour colour = colourOf(layer);
    return hatch == Hatch::none ? colour : mix(colour, kWhite, 0.25);
}

RowPainter::RowPainter(Canvas& canvas, const TimeAxis& axis, const Rect& area, Merge merge,
                       const std::vector<std::string>& labels)
    : canvas_(canvas), axis_(axis), area_(area), merge_(merge), labels_(labels) {}

void RowPainter::add(const Bar& bar) {
    if (bar.end < axis_.begin() || bar.begin > axis_.end()) return;
    const double left = std::max(axis_.x(bar.begin), axis_.left());
    const double right = std::min(axis_.x(bar.end), axis_.right());
    if (right - left < kThin) {
        addThin(bar, left, right);
    } else {
        wide_.push_back(bar);
    }
}

void RowPainter::addThin(const Bar& bar, double left, double right) {
    if (cells_.empty()) cells_.resize(static_cast<std::size_t>(std::ceil(axis_.right() - axis_.left())) + 1);
    left -= axis_.left();
    right = std::max(right - axis_.left(), left + 1e-6);
    const Colour colour = fillOf(bar.layer, bar.hatch);
    const auto last = std::min(static_cast<std::size_t>(right), cells_.size() - 1);
    for (auto i = static_cast<std::size_t>(left); i <= last; ++i) {
        const double place = static_cast<double>(i);
        const double overlap = std::min(right, place + 1) - std::max(left, place);
        const double weight = overlap * (bar.high - bar.low);
        if (weight <= 0) continue;
        Cell& cell = cells_[i];
        cell.weight += weight;
        cell.sum.r += colour.r * weight;
        cell.sum.g += colour.g * weight;
        cell.sum.b += colour.b * weight;
        cell.hatched[static_cast<std::size_t>(bar.hatch)] += weight;
    }
}

void RowPainter::drawCells() {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        const Cell& cell = cells_[i];
        if (cell.weight <= 0) continue;
        const double part = std::min(cell.weight, 1.0);
        const Colour mean{cell.sum.r / cell.weight, cell.sum.g / cell.weight, cell.sum.b / cell.weight, 1};
        const bool shade = merge_ == Merge::shade;
        const double height = shade ? area_.height : std::max(part * area_.height, 3.0);
        const Rect rect{axis_.left() + static_cast<double>(i), area_.bottom() - height, 1, height};
        canvas_.fill(rect, faded(mean, shade ? kFaintest + (1 - kFaintest) * part : 1));
        for (const Hatch hatch : {Hatch::diagonal, Hatch::crossed, Hatch::horizontal}) {
            const bool most = cell.hatched[static_cast<std::size_t>(hatch)] > cell.weight / 2;
            if (most && rect.height > 6) canvas_.hatch(rect, hatch, lines(mean));
        }
    }
}

void RowPainter::drawBar(const Bar& bar) {
    const double left = std::max(axis_.x(bar.begin), axis_.left());
    const double right = std::min(axis_.x(bar.end), axis_.right());
    const double height = std::max((bar.high - bar.low) * area_.height, 2.0);
    const double bottom = area_.bottom() - bar.low * area_.height;
    const Rect rect{left, bottom - height, right - left, height};
    const Colour fill = fillOf(bar.layer, bar.hatch);
    canvas_.fill(rect, fill);
    if (rect.height > 4) canvas_.hatch(rect, bar.hatch, lines(fill));
    if (rect.width >= 4 && rect.height >= 5) canvas_.outline(rect, mix(fill, {0, 0, 0, 1}, 0.4));
    drawLabel(bar, rect, fill, bar.hatch != Hatch::none);
}

void RowPainter::labelRuns() {
    std::stable_sort(wide_.begin(), wide_.end(), [](const Bar& a, const Bar& b) { return a.begin < b.begin; });
    for (std::size_t i = 0; i < wide_.size();) {
        std::size_t end = i + 1;
        const auto joins = [&](const Bar& next) {
            return next.layer == wide_[i].layer && axis_.x(next.begin) - axis_.x(wide_[end - 1].end) < kJoined;
        };
        while (end < wide_.size() && joins(wide_[end])) ++end;
        const double left = std::max(axis_.x(wide_[i].begin), axis_.left());
        const double right = std::min(axis_.x(wide_[end - 1].end), axis_.right());
        const Rect rect{left, area_.y, right - left, area_.height};
        const bool narrow = (right - left) / static_cast<double>(end - i) < kLabelled;
        if (end - i > 1 && narrow) drawLabel(wide_[i], rect, colourOf(wide_[i].layer), true);
        i = end;
    }
}

void RowPainter::drawLabel(const Bar& bar, const Rect& rect, Colour fill, bool patch) {
    if (!bar.layer.valid() || rect.height < 12 || rect.width < kLabelled) return;
    const Font font{std::min(12.5, rect.height - 1), false};
    const std::string number = std::to_string(bar.layer.index());
    const std::size_t index = bar.layer.index();
    std::string label = index < labels_.size() ? number + "  " + labels_[index] : number;
    double width = canvas_.textWidth(label, font);
    if (width > rect.width - 10) {
        label = number;
        width = canvas_.textWidth(label, font);
    }
    if (width > rect.width - 4) return;
    const double middle = rect.x + rect.width / 2;
    const double baseline = rect.y + rect.height / 2 + font.size * 0.36;
    if (patch) {
        canvas_.fill({middle - width / 2 - 2, baseline - font.size * 0.86, width + 4, font.size * 1.08}, fill);
    }
    canvas_.text({middle, baseline}, label, font, inkOn(fill), Anchor::middle);
}

void RowPainter::finish() {
    drawCells();
    for (const Bar& bar : wide_) drawBar(bar);
    if (merge_ == Merge::shade) labelRuns();
}

}  // namespace millrace::report
