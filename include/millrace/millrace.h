#pragma once

/// The whole library behind one header. The front doors, in the order in which data go through them: a network and a
/// chip are read, the network becomes a workload, the workload is explored on the chip, and the result is reported.
#include "explore/explore.h"
#include "hardware/chip.h"
#include "millrace/version.h"
#include "model/network/network.h"
#include "model/onnx/onnx.h"
#include "report/report.h"
#include "schedule/verify.h"
#include "support/diagnostics.h"
