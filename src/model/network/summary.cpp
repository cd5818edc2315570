#include "model/network/summary.h"

#include <algorithm>
#include <limits>
#include <map>

namespace millrace::model {

namespace {

void addConstants(const Network& network, Summary& summary) {
    for (const Tensor& tensor : network.tensors) {
        if (!tensor.constant) continue;
        const std::int64_t bytes = byteSize(tensor).value_or(0);
        ++summary.constants;
        summary.constantElements = boundedSum(summary.constantElements, tensor.elements());
        summary.constantBytes = boundedSum(summary.constantBytes, bytes);
        if (tensor.constant->hasValues() || tensor.elements() == 0) continue;
        ++summary.constantsWithoutValues;
        summary.bytesWithoutValues = boundedSum(summary.bytesWithoutValues, bytes);
    }
}

void addTypes(const Network& network, Summary& summary) {
    std::map<std::pair<std::string, std::string>, TypeCount> types;
    Table<TensorId, char> counted(network.tensors.size());
    for (const Operator& op : network.operators) {
        TypeCount& type = types[{op.type, op.domain}];
        type.type = op.type;
        type.domain = op.domain;
        ++type.count;
        type.known += op.known ? 1 : 0;
        for (const TensorId id : op.inputs) {
            if (!id.valid() || !network.tensors[id].constant || counted[id]) continue;
            counted[id] = 1;
            type.parameters = boundedSum(type.parameters, network.tensors[id].elements());
        }
    }
    for (const auto& entry : types) summary.types.push_back(entry.second);
    std::stable_sort(summary.types.begin(), summary.types.end(),
                     [](const TypeCount& a, const TypeCount& b) { return a.count > b.count; });
}

/// Index of the operator that reads each tensor last; outputs of the graph are read after all.
Table<TensorId, std::size_t> lastReaders(const Network& network) {
    Table<TensorId, std::size_t> last(network.tensors.size());
    for (const OperatorId id : network.operators.ids()) {
        for (const auto* ids : {&network.operators[id].inputs, &network.operators[id].outputs}) {
            for (const TensorId tensor : *ids) {
                if (tensor.valid()) last[tensor] = id.index();
            }
        }
    }
    for (const TensorId id : network.outputs) last[id] = network.operators.size();
    return last;
}

void addPeak(const Network& network, Summary& summary) {
    const auto last = lastReaders(network);
    std::vector<std::vector<TensorId>> endsAt(network.operators.size() + 1);
    std::int64_t live = 0;
    const auto begin = [&](TensorId id) {
        if (!id.valid() || network.tensors[id].constant) return;
        const auto size = byteSize(network.tensors[id]);
        summary.unsizedActivations += size ? 0 : 1;
        live = boundedSum(live, size.value_or(0));
        endsAt[last[id]].push_back(id);
    };
    for (const TensorId id : network.inputs) begin(id);
    for (const OperatorId id : network.operators.ids()) {
        for (const TensorId output : network.operators[id].outputs) begin(output);
        if (live > summary.peakActivationBytes || !summary.peakAt.valid()) {
            summary.peakActivationBytes = live;
            summary.peakAt = id;
        }
        if (live == std::numeric_limits<std::int64_t>::max()) return;
        for (const TensorId ended : endsAt[id.index()]) live -= byteSize(network.tensors[ended]).value_or(0);
    }
    if (network.operators.empty()) summary.peakActivationBytes = live;
}

}  // namespace

std::int64_t boundedSum(std::int64_t a, std::int64_t b) {
    return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max() : a + b;
}

std::optional<std::int64_t> byteSize(const Tensor& tensor) {
    if (!tensor.shape || bitWidth(tensor.type) == 0) return std::nullopt;
    return tensor.elements() * (bitWidth(tensor.type) / 8);
}

Summary summarize(const Network& network) {
    Summary summary;
    addTypes(network, summary);
    addConstants(network, summary);
    addPeak(network, summary);
    return summary;
}

}  // namespace millrace::model
