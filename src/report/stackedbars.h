#pragma once
#include <string>
#include <vector>

#include "report/canvas.h"
#include "report/report.h"

namespace millrace::report {

/// A chart with a horizontal bar a row, from left to right made of parts that mean the same in each row.
struct StackedBars {
    struct Part {
        std::string name;
        Colour colour;
        Hatch hatch = Hatch::none;
    };
    struct Row {
        std::string name;
        std::vector<double> values;  ///< one for each part; what is negative or not finite counts as nothing
        std::string total;           ///< written at the end of the row
    };

    std::string title;
    std::string subtitle;
    std::string axis;         ///< below the numbers, with the unit
    double unit = 1;          ///< of the numbers on the axis
    std::vector<Part> parts;  ///< the legend adds each part's share of all rows
    std::vector<Row> rows;    ///< of more than 300, the last ones are left out, and a line says so

    std::string draw(const DrawOptions& options, Canvas::Format format) const;
};

}  // namespace millrace::report
