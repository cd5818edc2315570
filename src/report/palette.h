#pragma once
#include <cstddef>

namespace millrace::report {

/// Red, green, blue and opacity, each 0 .. 1.
struct Colour {
    double r = 0;
    double g = 0;
    double b = 0;
    double a = 1;
};

/// From `a` (0) to `b` (1).
constexpr Colour mix(Colour a, Colour b, double amount) {
    return {a.r + (b.r - a.r) * amount, a.g + (b.g - a.g) * amount, a.b + (b.b - a.b) * amount,
            a.a + (b.a - a.a) * amount};
}
inline Colour faded(Colour colour, double opacity) { return {colour.r, colour.g, colour.b, opacity}; }

/// The colour of a layer: seven hues that colour-blind people tell apart, so that neighbours differ, each plain, light
/// and dark. A number in the bar tells layers apart that share a colour.
Colour layerColour(std::size_t layer);
/// Black or white, whichever reads better on it.
Colour inkOn(Colour background);

inline constexpr Colour kWhite{1, 1, 1, 1};
inline constexpr Colour kInk{0.13, 0.13, 0.15, 1};
inline constexpr Colour kSoftInk{0.40, 0.40, 0.43, 1};
inline constexpr Colour kGrid{0.88, 0.88, 0.90, 1};
inline constexpr Colour kFrame{0.62, 0.62, 0.65, 1};
inline constexpr Colour kBand{0.965, 0.965, 0.972, 1};
inline constexpr Colour kUnowned{0.70, 0.70, 0.70, 1};
inline constexpr Colour kAlarm{0.80, 0.20, 0.10, 1};
/// What memories hold.
inline constexpr Colour kWeights{0.84, 0.45, 0.05, 1};
inline constexpr Colour kActivations{0.20, 0.52, 0.78, 1};
inline constexpr Colour kScratch{0.45, 0.62, 0.42, 1};
/// Neighbouring stacks of fused layers.
inline constexpr Colour kEvenStack{0.42, 0.45, 0.52, 1};
inline constexpr Colour kOddStack{0.74, 0.77, 0.83, 1};
inline constexpr Colour kPeak = mix(kActivations, kWhite, 0.62);

}  // namespace millrace::report
