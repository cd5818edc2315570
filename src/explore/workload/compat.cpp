#include "explore/workload/compat.h"

namespace millrace::workload {

std::optional<Compat> readCompat(const std::vector<std::string>& names, Diagnostics& diagnostics) {
    Compat result;
    bool good = true;
    for (const std::string& name : names) {
        if (name == "stream-pooling") {
            result.streamPooling = true;
        } else if (name == "stream-elementwise") {
            result.streamElementwise = true;
        } else {
            const std::string near = nearestName(name, {"stream-pooling", "stream-elementwise"});
            diagnostics.error(
                {}, "unknown compatibility switch '" + name + "'",
                near.empty() ? "known: stream-pooling, stream-elementwise" : "did you mean '" + near + "'?");
            good = false;
        }
    }
    if (!good) return std::nullopt;
    return result;
}

void addPoolingChannels(Layer& layer) {
    const std::optional<DimIndex> channels = layer.dim("K");
    if (channels) layer.dims.push_back({"C", layer.dims[*channels].size, DimKind::reduction});
}

}  // namespace millrace::workload
