#include "explore/platform/lifetimes.h"

#include <algorithm>

namespace millrace::platform {

Lifetimes::Lifetimes(const workload::Workload& workload)
    : readers(workload.tensors.size()), readByHost(workload.tensors.size(), false) {
    const auto add = [&](workload::TensorId tensor, workload::LayerId layer) {
        auto& list = readers[tensor.index()];
        if (list.empty() || list.back() != layer) list.push_back(layer);
    };
    for (const workload::LayerId id : workload.layers.ids()) {
        for (const workload::Operand& operand : workload.layers[id].inputs) {
            if (const auto* pieces = std::get_if<std::vector<workload::Piece>>(&operand.source)) {
                for (const workload::Piece& piece : *pieces) add(piece.tensor, id);
            } else {
                for (const workload::TensorId tensor : std::get<workload::Barrier>(operand.source).tensors)
                    add(tensor, id);
            }
        }
    }
    for (const workload::HostOperator& host : workload.hostOperators) {
        for (const workload::TensorId tensor : host.inputs) readByHost[tensor.index()] = true;
    }
}

workload::LayerId Lifetimes::nextReader(workload::TensorId tensor, workload::LayerId layer) const {
    const auto& list = readers[tensor.index()];
    const auto next = std::upper_bound(list.begin(), list.end(), layer);
    return next == list.end() ? workload::LayerId() : *next;
}

}  // namespace millrace::platform
