#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/bars.h"
#include "report/idlestrip.h"
#include "report/legend.h"
#include "report/report.h"
#include "report/rows.h"
#include "report/stackband.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr double kCaption = 26;
constexpr double kStripHeight = 24;
constexpr double kIdlePart = 0.3;

class Gantt {
public:
    Gantt(const Result& result, const DrawOptions& options);
    std::string draw(Canvas::Format format);

private:
    void measure();
    double rowHeight(Row::Kind kind) const;
    double sectionHeight(Row::Kind kind) const;
    double drawSection(Canvas& canvas, const TimeAxis& axis, Row::Kind kind, double y);
    void drawRow(Canvas& canvas, const TimeAxis& axis, const Row& row, double y, bool shaded);
    void drawName(Canvas& canvas, const TimeAxis& axis, const Row& row, double y) const;
    std::string leftOut() const;
    void drawBelow(Canvas& canvas, double y) const;

    const Result& result_;
    const DrawOptions& options_;
    const Rows rows_;
    const Waits waits_;
    const StackBand band_;
    const double width_;
    const std::vector<std::string> labels_;
    Legend idle_;
    Legend patterns_;
    Legend layers_;
    double coreHeight_ = 0;
    double linkHeight_ = 0;
    double labelWidth_ = 0;
    double idleHeight_ = 0;
    double patternsHeight_ = 0;
    double layersHeight_ = 0;
};

Legend patternLegend() {
    const Colour grey{0.80, 0.80, 0.82, 1};
    return Legend("Transfers",
                  {{"activations: inputs, and results passed on", grey, Hatch::none, ""},
                   {"weights", grey, Hatch::diagonal, ""},
                   {"spill and reload: results that did not fit", grey, Hatch::crossed, ""},
                   {"outputs of the network", grey, Hatch::horizontal, ""}},
                  true);
}

Legend layerLegend(const Result& result, const std::vector<std::string>& labels) {
    std::vector<LegendEntry> entries;
    for (const LayerId id : result.layers.ids()) {
        const bool known = result.workload.layers.contains(id);
        const std::string type = known ? elide(result.workload.layers[id].type, 20) : "";
        const std::string& name = labels[id.index()];
        const std::string text = type.empty() || type == name ? name : fmt::format("{} ({})", name, type);
        entries.push_back({text, colourOf(id), Hatch::none, std::to_string(id.index())});
    }
    return Legend("Layers", std::move(entries), false);
}

const char* caption(Row::Kind kind, bool idleKnown) {
    switch (kind) {
        case Row::Kind::layers: return "";
        case Row::Kind::core: return !idleKnown ? "Cores" : "Cores: tiles, and below them why the core is idle";
        case Row::Kind::link: break;
    }
    return "Links and buses: the height of a bar is its share of the bandwidth";
}

Gantt::Gantt(const Result& result, const DrawOptions& options)
    : result_(result),
      options_(options),
      rows_(result, options),
      waits_(waits(result)),
      band_(result),
      width_(std::clamp(options.width, 600, 8000)),
      labels_(layerLabels(result)),
      idle_(idleLegend(result, waits_)),
      patterns_(patternLegend()),
      layers_(layerLegend(result, labels_)) {
    measure();
}

void Gantt::measure() {
    Canvas ruler(1, 1, 1, Canvas::Format::png);
    const double rows = static_cast<double>(std::max<std::size_t>(rows_.all().size(), 1));
    coreHeight_ = std::clamp(1300.0 / rows, 15.0, 46.0);
    linkHeight_ = std::clamp(750.0 / rows, 15.0, 42.0);
    double widest = 60;
    for (const Row& row : rows_.all()) {
        const double name = std::min(ruler.textWidth(elide(row.name, 80), {13}), 240.0);
        const double note = ruler.textWidth(row.note, {12});
        widest = std::max(widest, rowHeight(row.kind) >= 34 ? std::max(name, note) : name + note + 12);
    }
    labelWidth_ = widest + 12;
    const double room = width_ - 2 * kMargin;
    idleHeight_ = idle_.place(ruler, room);
    if (idleHeight_ > 0) idleHeight_ += 8;
    patternsHeight_ = rows_.count(Row::Kind::link) > 0 ? patterns_.place(ruler, room) + 8 : 0;
    layersHeight_ = layers_.place(ruler, room);
}

double Gantt::rowHeight(Row::Kind kind) const {
    switch (kind) {
        case Row::Kind::layers: return kStripHeight;
        case Row::Kind::core: return coreHeight_;
        case Row::Kind::link: break;
    }
    return linkHeight_;
}

double Gantt::sectionHeight(Row::Kind kind) const {
    const auto rows = static_cast<double>(rows_.count(kind));
    return rows > 0 ? (kind == Row::Kind::layers ? 2 : kCaption) + rows * rowHeight(kind) : 0;
}

void Gantt::drawName(Canvas& canvas, const TimeAxis& axis, const Row& row, double y) const {
    const double height = rowHeight(row.kind);
    const Font font{std::min(13.0, height * 0.8)};
    const std::string name = canvas.fit(row.name, font, 240);
    if (height >= 34) {
        canvas.text({kMargin + 4, y + height / 2 - 2}, name, font, kInk);
        canvas.text({kMargin + 4, y + height / 2 + 14}, row.note, {12}, kSoftInk);
        return;
    }
    const double baseline = y + height / 2 + font.size * 0.36;
    canvas.text({kMargin + 4, baseline}, name, font, kInk);
    canvas.text({axis.left() - 6, baseline}, row.note, {std::min(font.size, 12.0)}, kSoftInk, Anchor::right);
}

void Gantt::drawRow(Canvas& canvas, const TimeAxis& axis, const Row& row, double y, bool shaded) {
    const double height = rowHeight(row.kind);
    const double gap = height >= 34 ? 4 : height >= 24 ? 2 : 1.5;
    if (shaded) canvas.fill({kMargin, y, axis.right() - kMargin, height}, kBand);
    axis.drawGrid(canvas, y, y + height);
    drawName(canvas, axis, row, y);
    Rect area{axis.left(), std::round(y + gap), axis.right() - axis.left(), std::round(height - 2 * gap)};
    if (row.kind == Row::Kind::core && waits_.known) {
        const double strip = std::round(area.height * kIdlePart);
        area.height -= strip;
        drawIdle(canvas, axis, {area.x, area.bottom(), area.width, strip}, waits_.cores[schedule::CoreId(row.index)]);
    }
    const bool link = row.kind == Row::Kind::link;
    RowPainter painter(canvas, axis, area, link ? RowPainter::Merge::height : RowPainter::Merge::shade, labels_);
    rows_.paint(painter, row);
    painter.finish();
}

double Gantt::drawSection(Canvas& canvas, const TimeAxis& axis, Row::Kind kind, double y) {
    if (rows_.count(kind) == 0) return y;
    const double bottom = y + sectionHeight(kind);
    canvas.text({kMargin, y + 19}, caption(kind, waits_.known), {13, true}, kInk);
    y = bottom - static_cast<double>(rows_.count(kind)) * rowHeight(kind);
    const double top = y;
    bool shaded = false;
    for (const Row& row : rows_.all()) {
        if (row.kind != kind) continue;
        shaded = !shaded;
        drawRow(canvas, axis, row, y, shaded);
        y += rowHeight(kind);
    }
    canvas.outline({axis.left() - 1, top - 1, axis.right() - axis.left() + 2, y - top + 2}, kFrame);
    return bottom;
}

std::string Gantt::leftOut() const {
    std::string text;
    if (rows_.idle() > 0) text = fmt::format("Not drawn: {} idle cores", rows_.idle());
    if (rows_.hidden() > 0) text += fmt::format("{}{} more rows", text.empty() ? "Not drawn: " : ", ", rows_.hidden());
    return text;
}

void Gantt::drawBelow(Canvas& canvas, double y) const {
    const std::string left = leftOut();
    if (!left.empty()) {
        canvas.text({kMargin, y + 14}, left, {13}, kSoftInk);
        y += 20;
    }
    y += kMargin;
    if (idleHeight_ > 0) idle_.draw(canvas, {kMargin, y});
    y += idleHeight_;
    if (patternsHeight_ > 0) patterns_.draw(canvas, {kMargin, y});
    layers_.draw(canvas, {kMargin, y + patternsHeight_});
}

std::string Gantt::draw(Canvas::Format format) {
    double body = band_.height();
    for (const Row::Kind kind : {Row::Kind::layers, Row::Kind::core, Row::Kind::link}) body += sectionHeight(kind);
    body = std::max(body, 60.0);
    const double legends = idleHeight_ + patternsHeight_ + layersHeight_ + (leftOut().empty() ? 0 : 20);
    const double height = std::ceil(kHeadingHeight + body + TimeAxis::kHeight + legends + 2 * kMargin);
    Canvas canvas(width_, height, std::clamp(options_.scale, 1, 4), format);
    drawHeading(canvas, result_, "schedule");
    const TimeAxis axis(visibleSpan(result_, options_), std::ceil(kMargin + labelWidth_), width_ - kMargin - 14);
    double y = kHeadingHeight;
    band_.draw(canvas, axis, y);
    y += band_.height();
    for (const Row::Kind kind : {Row::Kind::layers, Row::Kind::core, Row::Kind::link}) {
        y = drawSection(canvas, axis, kind, y);
    }
    if (result_.schedule.placements.empty() && result_.schedule.transfers.empty()) {
        canvas.text({width_ / 2, kHeadingHeight + 40}, "nothing is scheduled", {16}, kSoftInk, Anchor::middle);
    }
    axis.drawNumbers(canvas, kHeadingHeight + body);
    drawBelow(canvas, kHeadingHeight + body + TimeAxis::kHeight);
    return canvas.finish();
}

}  // namespace

std::string schedulePng(const explore::Result& result, const DrawOptions& options) {
    return Gantt(result, options).draw(Canvas::Format::png);
}

std::string scheduleSvg(const explore::Result& result, const DrawOptions& options) {
    return Gantt(result, options).draw(Canvas::Format::svg);
}

}  // namespace millrace::report
