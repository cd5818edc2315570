#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/workload/workload.h"
#include "support/diagnostics.h"

/// The room for peers' quirks in lowering. Each has a name and is off by default.
namespace millrace::workload {

struct Compat {
    /// "stream-pooling": pooling layers get a dimension C of the channel count beside K, so that their work counts C
    /// times (Stream 2025).
    bool streamPooling = false;
    /// "stream-elementwise": element-wise layers of rank 4 call their loops B, H, D, K (Stream 2025: H channels, D
    /// rows, K columns).
    bool streamElementwise = false;
};

/// Unknown names are errors. Empty if there is one.
std::optional<Compat> readCompat(const std::vector<std::string>& names, Diagnostics& diagnostics);

/// What "stream-pooling" does to a layer.
void addPoolingChannels(Layer& layer);

}  // namespace millrace::workload
