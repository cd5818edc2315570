#include "report/worktypes.h"

#include <set>

#include "model/network/summary.h"

namespace millrace::report {

Work workOf(const model::Network& network, const workload::Workload& workload) {
    Work work;
    std::map<std::string_view, std::int64_t> macs;
    for (const workload::Layer& layer : workload.layers) {
        const std::int64_t operations = layer.operations();
        std::int64_t& sum = layer.elementwise ? work.elementwise : work.macs;
        sum = model::boundedSum(sum, operations);
        std::int64_t& own = macs[layer.name];
        own = model::boundedSum(own, layer.elementwise ? 0 : operations);
    }
    std::set<std::string_view> host;
    for (const workload::HostOperator& op : workload.hostOperators) host.insert(op.name);
    for (const model::Operator& op : network.operators) {
        TypeWork& type = work.types[{op.type, op.domain}];
        const auto found = macs.find(op.name);
        if (found != macs.end()) {
            ++type.layers;
            type.macs = model::boundedSum(type.macs, found->second);
        } else if (host.count(op.name) != 0) {
            ++type.host;
        }
    }
    return work;
}

}  // namespace millrace::report
