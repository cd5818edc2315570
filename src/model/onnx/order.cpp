#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <set>

#include "model/onnx/nodes.h"

namespace millrace::model {

namespace {

class NodeOrder {
public:
    NodeOrder(const onnx::GraphProto& graph, const std::map<std::string, TensorId, std::less<>>& known,
              const ModelPlace& place)
        : graph_(graph), known_(known), place_(place) {}

    std::optional<std::vector<int>> run() {
        const std::size_t before = place_.diagnostics.failures();
        findProducers();
        findReaders();
        if (place_.diagnostics.failures() != before) return std::nullopt;
        std::vector<int> order = sort();
        if (order.size() == static_cast<std::size_t>(graph_.node_size())) return order;
        reportCycle();
        return std::nullopt;
    }

private:
    void fail(std::string message) { place_.diagnostics.error({place_.file}, std::move(message)); }

    void findProducers() {
        for (int i = 0; i < graph_.node_size(); ++i) {
            for (const std::string& name : graph_.node(i).output()) {
                if (name.empty()) continue;
                const auto [earlier, isNew] = producers_.emplace(name, i);
                if (!isNew) {
                    fail(fmt::format("tensor '{}' is written twice, by {} and {}", name,
                                     nodeLabel(graph_.node(earlier->second), earlier->second),
                                     nodeLabel(graph_.node(i), i)));
                } else if (known_.find(name) != known_.end()) {
                    fail(fmt::format("tensor '{}' is written by {}, but it is an input or initializer too", name,
                                     nodeLabel(graph_.node(i), i)));
                }
            }
        }
    }

    void findReaders() {
        const auto count = static_cast<std::size_t>(graph_.node_size());
        readers_.resize(count);
        waiting_.assign(count, 0);
        for (int i = 0; i < graph_.node_size(); ++i) {
            for (const std::string& name : readNames(graph_.node(i))) {
                if (name.empty() || known_.find(name) != known_.end()) continue;
                const auto producer = producers_.find(name);
                if (producer == producers_.end()) {
                    fail(fmt::format("{} reads tensor '{}', which nothing produces", nodeLabel(graph_.node(i), i),
                                     name));
                    continue;
                }
                readers_[static_cast<std::size_t>(producer->second)].push_back(i);
                ++waiting_[static_cast<std::size_t>(i)];
            }
        }
    }

    std::vector<int> sort() {
        std::priority_queue<int, std::vector<int>, std::greater<>> ready;
        for (int i = 0; i < graph_.node_size(); ++i) {
            if (waiting_[static_cast<std::size_t>(i)] == 0) ready.push(i);
        }
        std::vector<int> order;
        while (!ready.empty()) {
            const int node = ready.top();
            ready.pop();
            order.push_back(node);
            for (const int reader : readers_[static_cast<std::size_t>(node)]) {
                if (--waiting_[static_cast<std::size_t>(reader)] == 0) ready.push(reader);
            }
        }
        return order;
    }

    /// The tensor by which a waiting node waits for another waiting node.
    std::string waitsFor(int node) const {
        for (const std::string& name : readNames(graph_.node(node))) {
            const auto producer = producers_.find(name);
            if (producer != producers_.end() && waiting_[static_cast<std::size_t>(producer->second)] > 0) return name;
        }
        return "";
    }

    void reportCycle() {
        int node = 0;
        while (waiting_[static_cast<std::size_t>(node)] == 0) ++node;
        std::vector<std::string> path;
        std::map<int, std::size_t> seen;
        while (seen.emplace(node, path.size()).second) {
            path.push_back(waitsFor(node));
            node = producers_.find(path.back())->second;
        }
        path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(seen.at(node)));
        std::reverse(path.begin(), path.end());
        std::string names;
        for (std::size_t i = 0; i < std::min<std::size_t>(path.size(), 8); ++i)
            names += fmt::format("'{}' -> ", path[i]);
        if (path.size() > 8) names += "... -> ";
        fail(fmt::format("the graph has a cycle over {} tensors: {}'{}'", path.size(), names, path.front()));
    }

    const onnx::GraphProto& graph_;
    const std::map<std::string, TensorId, std::less<>>& known_;
    const ModelPlace& place_;
    std::map<std::string, int, std::less<>> producers_;
    std::vector<std::vector<int>> readers_;
    std::vector<int> waiting_;
};

}  // namespace

std::optional<std::vector<int>> orderNodes(const onnx::GraphProto& graph,
                                           const std::map<std::string, TensorId, std::less<>>& known,
                                           const ModelPlace& place) {
    return NodeOrder(graph, known, place).run();
}

}  // namespace millrace::model
