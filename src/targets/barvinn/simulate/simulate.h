#pragma once
#include "targets/barvinn/simulate/array.h"
#include "targets/barvinn/simulate/pito.h"
#include "targets/barvinn/simulate/quirks.h"
#include "targets/barvinn/simulate/vectors.h"

/// The simulator: bit for bit and cycle for cycle what the hardware does (`Quirks::rtl()`), or what its documentation
/// promises (`Quirks::documented()`).
///
/// - `Array` runs jobs without the controller: write registers (`registerWrites` of `format`), step, read memories.
/// - `Machine` runs a program on the controller PITO, from reset to its end mark.
/// - `runVectors` holds the simulator against recorded runs of the hardware.
/// `Counters` says what wrapped, overflowed and got lost; `ArrayTrace` when which job started, ended and wrote what.
