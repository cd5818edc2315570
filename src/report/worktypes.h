#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "explore/workload/workload.h"
#include "model/network/network.h"

namespace millrace::report {

/// Where operators of one type end up, and their work.
struct TypeWork {
    std::int64_t layers = 0;  ///< operators with a loop nest
    std::int64_t host = 0;
    std::int64_t macs = 0;
};

struct Work {
    std::map<std::pair<std::string, std::string>, TypeWork> types;  ///< by type and domain
    std::int64_t macs = 0;                                          ///< multiply-accumulates of all layers
    std::int64_t elementwise = 0;                                   ///< other operations of all layers
};

/// Sums over the workload that the network was lowered to. At most the largest 64 bit number.
Work workOf(const model::Network& network, const workload::Workload& workload);

}  // namespace millrace::report
