#pragma once
#include "explore/workload/workload.h"
#include "support/diagnostics.h"

namespace millrace::workload {

/// Gives each layer a name of its own, by which a mapping file can speak of it: the second layer "conv" becomes
/// "conv#2", or gets the next number that no other name has. A warning for each.
void makeNamesUnique(Workload& workload, Diagnostics& diagnostics);

}  // namespace millrace::workload
