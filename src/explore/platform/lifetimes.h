#pragma once
#include <vector>

#include "explore/workload/workload.h"

namespace millrace::platform {

/// Who reads what, and when last.
struct Lifetimes {
    /// For each tensor the layers that read it, in order.
    std::vector<std::vector<workload::LayerId>> readers;
    /// True if a host operator reads the tensor.
    std::vector<bool> readByHost;

    explicit Lifetimes(const workload::Workload& workload);
    /// The next layer after `layer` that reads the tensor; invalid if none.
    workload::LayerId nextReader(workload::TensorId tensor, workload::LayerId layer) const;
};

}  // namespace millrace::platform
