#include "explore/fusion/reads.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace millrace::fusion {

using workload::LayerId;
using workload::TensorId;

namespace {

class Finder {
public:
    explicit Finder(const workload::Workload& workload) : workload_(workload) {
        for (const workload::HostOperator& host : workload.hostOperators) {
            for (const TensorId output : host.outputs) hosts_[output] = &host;
        }
    }

    std::vector<Read> of(const workload::Layer& layer) {
        found_.clear();
        visited_.assign(workload_.tensors.size(), false);
        for (const workload::Operand& operand : layer.inputs) {
            if (const auto* barrier = std::get_if<workload::Barrier>(&operand.source)) {
                for (const TensorId tensor : barrier->tensors) follow(tensor, true);
            } else {
                for (const workload::Piece& piece : std::get<std::vector<workload::Piece>>(operand.source))
                    follow(piece.tensor, false);
            }
        }
        std::vector<Read> result;
        for (const auto& [producer, whole] : found_) result.push_back({producer, whole});
        return result;
    }

private:
    void follow(TensorId id, bool whole) {
        const workload::Tensor& tensor = workload_.tensors[id];
        if (tensor.origin == workload::TensorOrigin::layer) {
            bool& known = found_.try_emplace(tensor.producer, false).first->second;
            known = known || whole;
        }
        const auto host = hosts_.find(id);
        if (host == hosts_.end() || visited_[id.index()]) return;
        visited_[id.index()] = true;
        for (const TensorId input : host->second->inputs) follow(input, true);
    }

    const workload::Workload& workload_;
    std::map<TensorId, const workload::HostOperator*> hosts_;
    std::map<LayerId, bool> found_;
    std::vector<bool> visited_;
};

}  // namespace

Table<LayerId, std::vector<Read>> readsOf(const workload::Workload& workload) {
    Table<LayerId, std::vector<Read>> result;
    Finder finder(workload);
    for (const workload::Layer& layer : workload.layers) result.add(finder.of(layer));
    return result;
}

std::size_t crossing(const Table<LayerId, std::vector<Read>>& reads, LayerId border) {
    std::vector<bool> crosses(border.index(), false);
    for (std::size_t reader = border.index(); reader < reads.size(); ++reader) {
        for (const Read& read : reads[LayerId(reader)]) {
            if (read.producer < border) crosses[read.producer.index()] = true;
        }
    }
    return static_cast<std::size_t>(std::count(crosses.begin(), crosses.end(), true));
}

std::optional<LayerId> findLayer(const workload::Workload& workload, std::string_view reference) {
    for (const LayerId id : workload.layers.ids()) {
        if (workload.layers[id].name == reference) return id;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(reference.data(), reference.data() + reference.size(), number);
    const bool good = error == std::errc() && end == reference.data() + reference.size();
    return good && number < workload.layers.size() ? std::optional(LayerId(number)) : std::nullopt;
}

}  // namespace millrace::fusion
