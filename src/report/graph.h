#pragma once
#include <string>

#include "model/network/network.h"

namespace millrace::report {

/// A picture of the network: a box for each operator (type, output shape, name), graph input and output, coloured by
/// family, and a line from each producer to each reader; constants are left out. From the top down, in columns if it is
/// long (graphlayout.h). Of more than 2000 operators (inputs, outputs) the
/// first ones are drawn, which the title says of operators.
std::string graphSvg(const model::Network& network);
std::string graphPng(const model::Network& network);

}  // namespace millrace::report
