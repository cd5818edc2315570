#include "model/exec/seen.h"

namespace millrace::model::exec {

Seen::Seen(const Call& call, std::size_t constants) : op(call.op) {
    op.inputs.clear();
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
        const Value* value = call.optional(i);
        if (value == nullptr || !value->present()) {
            op.inputs.emplace_back();
            continue;
        }
        Tensor tensor;
        tensor.type = value->type();
        tensor.shape = value->shape();
        if (i >= constants && value->elements() <= 64) {
            tensor.constant.emplace();
            const auto bytes = value->bytes();
            for (const std::byte byte : bytes) tensor.constant->bytes.push_back(static_cast<std::uint8_t>(byte));
        }
        op.inputs.push_back(network.tensors.add(std::move(tensor)));
    }
}

}  // namespace millrace::model::exec
