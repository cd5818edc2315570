#include "report/palette.h"

#include <array>

namespace millrace::report {

Colour layerColour(std::size_t layer) {
    const auto rgb = [](int r, int g, int b) { return Colour{r / 255.0, g / 255.0, b / 255.0, 1}; };
    const std::array<Colour, 7> hues{rgb(86, 180, 233), rgb(230, 159, 0), rgb(0, 158, 115), rgb(204, 121, 167),
                                     rgb(240, 228, 66), rgb(0, 114, 178), rgb(213, 94, 0)};
    const Colour hue = hues[layer % hues.size()];
    const std::size_t tint = layer / hues.size() % 3;
    if (tint == 1) return mix(hue, kWhite, 0.5);
    return tint == 2 ? mix(hue, {0, 0, 0, 1}, 0.35) : hue;
}

Colour inkOn(Colour background) {
    const double brightness = 0.299 * background.r + 0.587 * background.g + 0.114 * background.b;
    return brightness > 0.5 ? Colour{0.05, 0.05, 0.07, 1} : kWhite;
}

}  // namespace millrace::report
