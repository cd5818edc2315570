#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "explore/workload/workload.h"

/// Which layers read from which.
namespace millrace::fusion {

/// A layer that another one reads from.
struct Read {
    workload::LayerId producer;
    /// Nothing can be done before the producer has ended: through a host operator, or an opaque source.
    bool whole = false;
};

/// For each layer those that it reads from, in rising order, each once; host operators are looked through.
Table<workload::LayerId, std::vector<Read>> readsOf(const workload::Workload& workload);

/// Results of layers before `border` that layers from there on read.
std::size_t crossing(const Table<workload::LayerId, std::vector<Read>>& reads, workload::LayerId border);

/// The layer that a name or a number (from 0) means; names come first.
std::optional<workload::LayerId> findLayer(const workload::Workload& workload, std::string_view reference);

}  // namespace millrace::fusion
