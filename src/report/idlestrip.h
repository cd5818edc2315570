#pragma once
#include "report/axis.h"
#include "report/canvas.h"
#include "report/legend.h"
#include "report/waits.h"

/// Why a core is idle, as a strip of coloured areas below its bars.
namespace millrace::report {

Colour colourOf(schedule::IdleCause cause);

/// In each unit of x, the height of each colour is the share of the time in which the core is idle for that cause; a
/// full strip is an idle core. Where no tiles are left to run nothing is drawn. Takes time linear in the parts.
void drawIdle(Canvas& canvas, const TimeAxis& axis, const Rect& area, const schedule::CoreIdle& idle);

/// The causes that there are, with their share of the cores' time.
Legend idleLegend(const Result& result, const Waits& waits);

}  // namespace millrace::report
