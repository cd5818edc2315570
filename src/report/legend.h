#pragma once
#include <string>
#include <vector>

#include "report/canvas.h"

namespace millrace::report {

/// A sample of a colour with what it means.
struct LegendEntry {
    std::string text;
    Colour colour;
    Hatch hatch = Hatch::none;
    /// In the sample; may be empty.
    std::string number;
    /// A dashed line in place of an area.
    bool dashed = false;
};

/// A title and entries below it: in columns of equal width from top to bottom, or one after the other if `flow`. What
/// is more than `kMostRows` rows becomes a line that says how many entries are not shown.
class Legend {
public:
    Legend(std::string title, std::vector<LegendEntry> entries, bool flow);

    /// Places the entries; `ruler` measures the texts. Returns the height.
    double place(Canvas& ruler, double width);
    void draw(Canvas& canvas, Point at) const;

private:
    static constexpr std::size_t kMostRows = 60;
    void placeFlow(Canvas& ruler, double width);
    void placeColumns(Canvas& ruler, double width);

    std::string title_;
    std::vector<LegendEntry> entries_;
    bool flow_;
    std::vector<Point> places_;
    std::string more_;
    double height_ = 0;
};

}  // namespace millrace::report
