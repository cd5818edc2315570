#include "report/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <cmath>

#include "report/text.h"

namespace millrace::report {
namespace {

cairo_status_t append(void* closure, const unsigned char* data, unsigned int length) {
    static_cast<std::string*>(closure)->append(data, data + length);
    return CAIRO_STATUS_SUCCESS;
}

/// Cairo counts the surfaces of the process and writes the number; a picture must not depend on it.
void nameSurface(std::string& svg) {
    const std::string before = "id=\"surface";
    const std::size_t at = svg.find(before);
    if (at == std::string::npos) return;
    const std::size_t number = at + before.size();
    svg.erase(number, svg.find('"', number) - number);
}

}  // namespace

struct Canvas::Surface {
    std::string bytes;
    cairo_surface_t* target = nullptr;
    cairo_t* pen = nullptr;

    void colour(Colour c) { cairo_set_source_rgba(pen, c.r, c.g, c.b, c.a); }
    void font(Font f) {
        cairo_select_font_face(pen, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                               f.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
        cairo_set_font_size(pen, f.size);
    }
    void path(const std::vector<Point>& points) {
        cairo_new_path(pen);
        for (const Point& point : points) cairo_line_to(pen, point.x, point.y);
    }
};

Canvas::Canvas(double width, double height, double scale, Format format)
    : width_(width), height_(height), format_(format), surface_(std::make_unique<Surface>()) {
    if (format == Format::svg) {
        surface_->target = cairo_svg_surface_create_for_stream(append, &surface_->bytes, width, height);
    } else {
        surface_->target = cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::lround(width * scale)),
                                                      static_cast<int>(std::lround(height * scale)));
    }
    surface_->pen = cairo_create(surface_->target);
    if (format == Format::png) cairo_scale(surface_->pen, scale, scale);
    cairo_font_options_t* options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(surface_->pen, options);
    cairo_font_options_destroy(options);
    fill({0, 0, width, height}, kWhite);
}

Canvas::~Canvas() {
    cairo_destroy(surface_->pen);
    cairo_surface_destroy(surface_->target);
}

void Canvas::fill(const Rect& rect, Colour colour) {
    surface_->colour(colour);
    cairo_rectangle(surface_->pen, rect.x, rect.y, rect.width, rect.height);
    cairo_fill(surface_->pen);
}

void Canvas::outline(const Rect& rect, Colour colour) {
    surface_->colour(colour);
    cairo_set_line_width(surface_->pen, 1);
    cairo_rectangle(surface_->pen, rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1);
    cairo_stroke(surface_->pen);
}

void Canvas::hatch(const Rect& rect, Hatch hatch, Colour colour) {
    if (hatch == Hatch::none || rect.width <= 0 || rect.height <= 0) return;
    constexpr double pitch = 7;
    cairo_t* pen = surface_->pen;
    surface_->colour(colour);
    cairo_set_line_width(pen, 1.4);
    const auto segment = [&](double x0, double y0, double x1, double y1) {
        cairo_move_to(pen, x0, y0);
        cairo_line_to(pen, x1, y1);
    };
    const auto first = [](double least) { return std::ceil(least / pitch) * pitch; };
    if (hatch == Hatch::horizontal) {
        for (double y = first(rect.y + 1) - 3; y < rect.bottom() - 1; y += 4) {
            if (y > rect.y + 1) segment(rect.x, y, rect.right(), y);
        }
    } else {
        for (double sum = first(rect.x + rect.y); sum < rect.right() + rect.bottom(); sum += pitch) {
            const double left = std::max(rect.x, sum - rect.bottom());
            const double right = std::min(rect.right(), sum - rect.y);
            segment(left, sum - left, right, sum - right);
        }
    }
    if (hatch == Hatch::crossed) {
        for (double shift = first(rect.x - rect.bottom()); shift < rect.right() - rect.y; shift += pitch) {
            const double left = std::max(rect.x, shift + rect.y);
            const double right = std::min(rect.right(), shift + rect.bottom());
            segment(left, left - shift, right, right - shift);
        }
    }
    cairo_stroke(pen);
}

void Canvas::line(Point from, Point to, Colour colour, double width, bool dashed) {
    surface_->colour(colour);
    cairo_set_line_width(surface_->pen, width);
    const double dashes[] = {6, 4};
    cairo_set_dash(surface_->pen, dashes, dashed ? 2 : 0, 0);
    cairo_move_to(surface_->pen, from.x, from.y);
    cairo_line_to(surface_->pen, to.x, to.y);
    cairo_stroke(surface_->pen);
    cairo_set_dash(surface_->pen, dashes, 0, 0);
}

void Canvas::polygon(const std::vector<Point>& points, Colour colour) {
    surface_->colour(colour);
    surface_->path(points);
    cairo_close_path(surface_->pen);
    cairo_fill(surface_->pen);
}

void Canvas::polyline(const std::vector<Point>& points, Colour colour, double width) {
    surface_->colour(colour);
    cairo_set_line_width(surface_->pen, width);
    cairo_set_line_join(surface_->pen, CAIRO_LINE_JOIN_ROUND);
    surface_->path(points);
    cairo_stroke(surface_->pen);
}

double Canvas::textWidth(const std::string& text, Font font) {
    surface_->font(font);
    cairo_text_extents_t extents;
    cairo_text_extents(surface_->pen, text.c_str(), &extents);
    return extents.x_advance;
}

void Canvas::text(Point at, const std::string& text, Font font, Colour colour, Anchor anchor) {
    const double room = anchor == Anchor::left ? 0 : textWidth(text, font);
    surface_->font(font);
    surface_->colour(colour);
    cairo_move_to(surface_->pen, at.x - (anchor == Anchor::middle ? room / 2 : room), at.y);
    cairo_show_text(surface_->pen, text.c_str());
    cairo_new_path(surface_->pen);
}

std::string Canvas::fit(const std::string& text, Font font, double room) {
    if (room <= 0) return {};
    std::string shown = elide(text, 400);
    if (textWidth(shown, font) <= room) return shown;
    std::size_t fits = 0;
    std::size_t tooMany = columns(shown);
    while (tooMany - fits > 1) {
        const std::size_t middle = (fits + tooMany) / 2;
        (textWidth(elide(shown, middle), font) <= room ? fits : tooMany) = middle;
    }
    return fits < 2 ? "" : elide(shown, fits);
}

std::string Canvas::finish() {
    if (format_ == Format::png) {
        cairo_surface_flush(surface_->target);
        if (cairo_surface_write_to_png_stream(surface_->target, append, &surface_->bytes) != CAIRO_STATUS_SUCCESS) {
            return {};
        }
    } else {
        cairo_surface_finish(surface_->target);
        nameSurface(surface_->bytes);
    }
    return std::move(surface_->bytes);
}

}  // namespace millrace::report
