#include "explore/platform/tensors.h"

#include "explore/platform/lifetimes.h"

namespace millrace::platform {

void addTensors(const workload::Workload& workload, schedule::MemoryId offchip, schedule::Problem& problem) {
    const Lifetimes lifetimes(workload);
    for (const workload::TensorId id : workload.tensors.ids()) {
        const workload::Tensor& tensor = workload.tensors[id];
        schedule::Tensor copy;
        copy.name = tensor.name;
        copy.shape = tensor.shape;
        copy.bits = tensor.bits;
        const bool constant = tensor.origin == workload::TensorOrigin::constant;
        copy.kind = constant ? schedule::DataClass::weight : schedule::DataClass::activation;
        if (constant || tensor.origin == workload::TensorOrigin::input) copy.initial = offchip;
        const bool goesOut = tensor.isOutput || lifetimes.readByHost[id.index()];
        if (tensor.origin == workload::TensorOrigin::layer && goesOut) copy.final = offchip;
        copy.fromHost = tensor.origin == workload::TensorOrigin::host;
        problem.tensors.add(std::move(copy));
    }
}

}  // namespace millrace::platform
