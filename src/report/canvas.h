#pragma once
#include <memory>
#include <string>
#include <vector>

#include "report/palette.h"

namespace millrace::report {

struct Point {
    double x = 0;
    double y = 0;
};

struct Rect {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;
    double right() const { return x + width; }
    double bottom() const { return y + height; }
};

/// Patterns over a bar's colour.
enum class Hatch { none, diagonal, crossed, horizontal };

struct Font {
    double size = 12;
    bool bold = false;
};

/// Where the given x lies in the text.
enum class Anchor { left, middle, right };

/// A white drawing area in units, with (0, 0) at the top left, that ends as the bytes of a PNG or an SVG. Text is
/// DejaVu Sans, or what the machine shows in its place.
class Canvas {
public:
    enum class Format { png, svg };

    Canvas(double width, double height, double scale, Format format);
    ~Canvas();
    Canvas(const Canvas&) = delete;
    Canvas& operator=(const Canvas&) = delete;

    double width() const { return width_; }
    double height() const { return height_; }

    void fill(const Rect& rect, Colour colour);
    /// Lines of one unit inside of the edge.
    void outline(const Rect& rect, Colour colour);
    /// Lines of the pattern, cut at the rectangle's edge and in phase with those of neighbours.
    void hatch(const Rect& rect, Hatch hatch, Colour colour);
    void line(Point from, Point to, Colour colour, double width = 1, bool dashed = false);
    void polygon(const std::vector<Point>& points, Colour colour);
    void polyline(const std::vector<Point>& points, Colour colour, double width);

    double textWidth(const std::string& text, Font font);
    /// `text` must be clean (text.h); y is that of the baseline.
    void text(Point at, const std::string& text, Font font, Colour colour, Anchor anchor = Anchor::left);
    /// `text` with its middle left out so that it is at most `room` wide; empty if nothing of it fits.
    std::string fit(const std::string& text, Font font, double room);

    /// Ends the drawing; empty if there was not enough memory for it.
    std::string finish();

private:
    struct Surface;
    double width_;
    double height_;
    Format format_;
    std::unique_ptr<Surface> surface_;
};

}  // namespace millrace::report
