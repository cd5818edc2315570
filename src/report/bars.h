#pragma once
#include <string>
#include <vector>

#include "report/axis.h"
#include "report/canvas.h"
#include "report/statistics.h"

namespace millrace::report {

/// What stands in a row of the chart.
struct Bar {
    double begin = 0;  ///< in cycles
    double end = 0;
    double low = 0;  ///< share of the row's height, from below
    double high = 1;
    LayerId layer;
    Hatch hatch = Hatch::none;
};

/// Collects the bars of one row and draws them: wide ones each for itself, with a label where it fits, for each or for
/// a run of one layer; those narrower than 1.5 units merged, unit by unit. Linear in the number of bars (but for
/// sorting the wide ones); keeps only the wide ones.
class RowPainter {
public:
    /// What merged bars turn into: a shade as dark as the row is busy, or a height.
    enum class Merge { shade, height };

    /// `labels`: text of each layer; drawn after its number.
    RowPainter(Canvas& canvas, const TimeAxis& axis, const Rect& area, Merge merge,
               const std::vector<std::string>& labels);
    void add(const Bar& bar);
    void finish();

private:
    struct Cell {
        double weight = 0;
        Colour sum{0, 0, 0, 0};
        double hatched[4] = {0, 0, 0, 0};
    };

    void addThin(const Bar& bar, double left, double right);
    void drawCells();
    void drawBar(const Bar& bar);
    /// Labels over runs of bars of one layer that are too narrow for their own.
    void labelRuns();
    void drawLabel(const Bar& bar, const Rect& rect, Colour fill, bool patch);

    Canvas& canvas_;
    const TimeAxis& axis_;
    Rect area_;
    Merge merge_;
    const std::vector<std::string>& labels_;
    std::vector<Cell> cells_;
    std::vector<Bar> wide_;
};

Colour colourOf(LayerId layer);
/// The fill under a hatch: lighter, so that the lines show.
Colour fillOf(LayerId layer, Hatch hatch);

}  // namespace millrace::report
