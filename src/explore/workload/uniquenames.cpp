#include "explore/workload/uniquenames.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace millrace::workload {

void makeNamesUnique(Workload& workload, Diagnostics& diagnostics) {
    std::set<std::string> taken;
    for (const Layer& layer : workload.layers) taken.insert(layer.name);
    std::map<std::string, int> seen;
    for (const LayerId id : workload.layers.ids()) {
        Layer& layer = workload.layers[id];
        int& count = seen[layer.name];
        if (++count == 1) continue;
        std::string name;
        while (!taken.insert(name = fmt::format("{}#{}", layer.name, count)).second) ++count;
        diagnostics.warning(layer.where, fmt::format("layer {} has the name '{}' of an earlier one; it is now '{}'",
                                                     id.index(), layer.name, name));
        layer.name = std::move(name);
    }
}

}  // namespace millrace::workload
