#pragma once
#include <optional>
#include <string>

#include "explore/platform/result.h"
#include "schedule/schedule.h"

/// Front door of reports: what a run of the exploration found, for scripts (JSON), for a terminal (table), for eyes
/// (pictures) and for a trace viewer. All functions are pure: from the result to the bytes of a file, which the caller
/// writes. They take any result, also an empty one, one that is not verified, and names of any bytes.
namespace millrace::report {

/// The content of `result.json`, schema "millrace.explore/1"; every key is explained in docs/results.md. Doubles
/// round-trip exactly. Everything but `wall_seconds` depends on the result alone.
std::string resultJson(const explore::Result& result, double wallSeconds);

/// Text for a terminal: totals beside their bounds, where the cores' time and the energy go, what was moved and why, a
/// row for each stack of fused layers, layer, core and memory, and for each link (of many, the busiest). UTF-8, at most
/// 120 columns.
std::string table(const explore::Result& result);

/// Why the layers whose names contain `layerName` (empty: all) cost what they do: the stack and the tiles, what was
/// moved for the layer, what cores waited for before its tiles, and for each kind of tile its cycles and energy in
/// parts, its unrolling and loop order.
std::string explain(const explore::Result& result, const std::string& layerName);

/// What a picture shows.
struct DrawOptions {
    /// Width in units; a unit is `scale` pixels of a PNG. Clamped to 600 .. 8000.
    int width = 1600;
    /// Pixels for each unit, 1 to 4. An SVG ignores it.
    int scale = 1;
    /// Draws the off-chip memory too.
    bool offchip = false;
    /// The part of the time axis to draw; empty: all of it.
    std::optional<schedule::Span> window;
};

/// The schedule as a chart: a row for each core, and one for each link or bus that was used. A strip below a core's
/// bars says why it is idle (of verified schedules), one above all rows which stacks of layers are at work. Bars are
/// coloured by layer; a pattern says what a transfer carries; on a link the height of a bar is its share of the
/// bandwidth. Bars narrower than a pixel are merged: on cores into a shade as dark as the core is busy, on links into a
/// height. Takes time linear in the schedule.
std::string schedulePng(const explore::Result& result, const DrawOptions& options = {});
std::string scheduleSvg(const explore::Result& result, const DrawOptions& options = {});

/// What the memories hold over time: a panel for each, weights below activations, with capacity and peak. Within a
/// pixel the full colour is the mean over time and the light one the peak.
std::string memoryPng(const explore::Result& result, const DrawOptions& options = {});
std::string memorySvg(const explore::Result& result, const DrawOptions& options = {});

/// `Result::front`, schema "millrace.front/1" (docs/results.md).
std::string frontJson(const explore::Result& result);

/// The Pareto front as a picture: energy over latency, the colour of a point is its peak memory. The best points have
/// names; beside them what the front is to be compared with, and lower bounds as lines.
std::string frontPng(const explore::Result& result, const DrawOptions& options = {});
std::string frontSvg(const explore::Result& result, const DrawOptions& options = {});

/// The schedule as Chrome trace events, which Perfetto opens: a thread for each core and each link (several when
/// transfers overlap on it), for the idle times of each core with their causes and for the stacks of layers, counters
/// for what memories hold and links carry. A cycle is shown as a microsecond.
std::string perfettoTrace(const explore::Result& result);

}  // namespace millrace::report
