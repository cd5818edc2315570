#include "report/graphlayout.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millrace::report {
namespace {

constexpr int kSweeps = 8;
constexpr int kPlacements = 12;

/// A node, or the place where an edge passes a rank.
struct Item {
    std::size_t rank = 0;
    double width = 0;
    double x = 0;  ///< of the middle
    double key = 0;
    std::vector<std::size_t> above;
    std::vector<std::size_t> below;
};

class Layout {
public:
    Layout(std::size_t nodes, const std::vector<GraphEdge>& edges, const GraphSizes& sizes)
        : sizes_(sizes), edges_(edges), nodes_(nodes), items_(nodes) {}

    GraphLayout run() {
        if (nodes_ == 0) return {};
        rankNodes();
        addWires();
        orderRanks();
        placeRanks();
        foldColumns();
        return result();
    }

private:
    void rankNodes() {
        std::vector<char> hasAbove(nodes_);
        std::vector<std::vector<std::size_t>> readers(nodes_);
        for (const GraphEdge& edge : edges_) {
            readers[edge.from].push_back(edge.to);
            hasAbove[edge.to] = 1;
        }
        for (std::size_t node = 0; node < nodes_; ++node) {
            for (const std::size_t to : readers[node]) {
                items_[to].rank = std::max(items_[to].rank, items_[node].rank + 1);
            }
        }
        for (std::size_t node = 0; node < nodes_; ++node) {
            items_[node].width = sizes_.nodeWidth;
            if (hasAbove[node] || readers[node].empty()) continue;
            std::size_t first = std::numeric_limits<std::size_t>::max();
            for (const std::size_t to : readers[node]) first = std::min(first, items_[to].rank);
            items_[node].rank = first - 1;
        }
        for (const Item& item : items_) ranks_.resize(std::max(ranks_.size(), item.rank + 1));
        for (std::size_t node = 0; node < nodes_; ++node) ranks_[items_[node].rank].push_back(node);
    }

    /// One chain of wires for all edges of a node.
    void addWires() {
        std::vector<std::vector<std::size_t>> chain(nodes_);
        for (const GraphEdge& edge : edges_) {
            std::vector<std::size_t> way{edge.from};
            std::size_t last = edge.from;
            for (std::size_t rank = items_[edge.from].rank + 1; rank < items_[edge.to].rank; ++rank) {
                const std::size_t at = rank - items_[edge.from].rank - 1;
                if (at == chain[edge.from].size()) {
                    Item wire;
                    wire.rank = rank;
                    wire.width = sizes_.wireWidth;
                    items_.push_back(std::move(wire));
                    chain[edge.from].push_back(items_.size() - 1);
                    ranks_[rank].push_back(items_.size() - 1);
                    join(last, items_.size() - 1);
                }
                last = chain[edge.from][at];
                way.push_back(last);
            }
            join(last, edge.to);
            way.push_back(edge.to);
            ways_.push_back(std::move(way));
        }
    }

    void join(std::size_t from, std::size_t to) {
        items_[from].below.push_back(to);
        items_[to].above.push_back(from);
    }

    void setKeys(const std::vector<std::size_t>& rank, bool fromAbove, const std::vector<double>& position) {
        for (std::size_t i = 0; i < rank.size(); ++i) {
            const auto& others = fromAbove ? items_[rank[i]].above : items_[rank[i]].below;
            double sum = 0;
            for (const std::size_t other : others) sum += position[other];
            items_[rank[i]].key = others.empty() ? position[rank[i]] : sum / static_cast<double>(others.size());
        }
    }

    void orderRanks() {
        std::vector<double> position(items_.size());
        const auto number = [&](const std::vector<std::size_t>& rank) {
            // Positions between 0 and 1, so that ranks of different length compare.
            for (std::size_t i = 0; i < rank.size(); ++i) {
                position[rank[i]] = (static_cast<double>(i) + 0.5) / static_cast<double>(rank.size());
            }
        };
        for (const auto& rank : ranks_) number(rank);
        for (int sweep = 0; sweep < kSweeps; ++sweep) {
            const bool down = sweep % 2 == 0;
            for (std::size_t i = 0; i < ranks_.size(); ++i) {
                std::vector<std::size_t>& rank = ranks_[down ? i : ranks_.size() - 1 - i];
                setKeys(rank, down, position);
                std::stable_sort(rank.begin(), rank.end(),
                                 [&](std::size_t a, std::size_t b) { return items_[a].key < items_[b].key; });
                number(rank);
            }
        }
    }

    void placeRanks() {
        for (const auto& rank : ranks_) {
            for (const std::size_t item : rank) items_[item].key = 0;
            place(rank);
        }
        std::vector<double> position(items_.size());
        for (int sweep = 0; sweep < kPlacements; ++sweep) {
            const bool down = sweep % 2 == 0;
            for (std::size_t i = 0; i < ranks_.size(); ++i) {
                const auto& rank = ranks_[down ? i : ranks_.size() - 1 - i];
                for (const std::size_t item : rank) {
                    for (const std::size_t other : items_[item].above) position[other] = items_[other].x;
                    for (const std::size_t other : items_[item].below) position[other] = items_[other].x;
                    position[item] = items_[item].x;
                }
                setKeys(rank, down, position);
                place(rank);
            }
        }
    }

    /// Isotonic regression (pool adjacent violators) of the wishes less the least distances.
    void place(const std::vector<std::size_t>& rank) {
        struct Pool {
            double sum = 0;
            double weight = 0;
            std::size_t count = 0;
            double mean() const { return sum / weight; }
        };
        std::vector<Pool> pools;
        std::vector<double> offsets;
        double offset = 0;
        for (std::size_t i = 0; i < rank.size(); ++i) {
            if (i > 0) offset += items_[rank[i - 1]].width / 2 + sizes_.gap + items_[rank[i]].width / 2;
            offsets.push_back(offset);
            pools.push_back({items_[rank[i]].key - offset, 1, 1});
            while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
                const Pool last = pools.back();
                pools.pop_back();
                pools.back() = {pools.back().sum + last.sum, pools.back().weight + last.weight,
                                pools.back().count + last.count};
            }
        }
        std::size_t i = 0;
        for (const Pool& pool : pools) {
            for (std::size_t end = i + pool.count; i < end; ++i) items_[rank[i]].x = pool.mean() + offsets[i];
        }
    }

    /// Ranks of each column: `begins_`. Breaks lie where few edges cross, within a fifth of where they would be even.
    void foldColumns() {
        std::vector<std::size_t> crossing(ranks_.size());
        for (const Item& item : items_) crossing[item.rank] += item.below.size();
        double left = 0;
        double right = 0;
        for (const Item& item : items_) {
            left = std::min(left, item.x - item.width / 2);
            right = std::max(right, item.x + item.width / 2);
        }
        const double wide = right - left + sizes_.gutter;
        const double high = static_cast<double>(ranks_.size()) * sizes_.rankPitch;
        const auto columns =
            static_cast<std::size_t>(std::max(1.0, std::round(std::sqrt(sizes_.aspect * high / wide))));
        const std::size_t even = (ranks_.size() + columns - 1) / columns;
        begins_ = {0};
        while (ranks_.size() - begins_.back() > even + even / 5) {
            const std::size_t goal = begins_.back() + even;
            std::size_t best = goal;
            const auto rating = [&](std::size_t at) {
                const std::size_t away = at > goal ? at - goal : goal - at;
                return crossing[at - 1] * 1000 + away;
            };
            for (std::size_t at = goal - even / 5; at <= std::min(goal + even / 5, ranks_.size() - 1); ++at) {
                if (at > begins_.back() && rating(at) < rating(best)) best = at;
            }
            begins_.push_back(best);
        }
        begins_.push_back(ranks_.size());
    }

    GraphLayout result() {
        GraphLayout result;
        result.columns = begins_.size() - 1;
        columnOf_.resize(ranks_.size());
        double x = 0;
        for (std::size_t column = 0; column + 1 < begins_.size(); ++column) {
            double left = std::numeric_limits<double>::max();
            double right = std::numeric_limits<double>::lowest();
            for (std::size_t rank = begins_[column]; rank < begins_[column + 1]; ++rank) {
                columnOf_[rank] = column;
                for (const std::size_t item : ranks_[rank]) {
                    left = std::min(left, items_[item].x - items_[item].width / 2);
                    right = std::max(right, items_[item].x + items_[item].width / 2);
                }
            }
            shift_.push_back(x - left);
            gutter_.push_back(x + right - left);
            x += right - left + sizes_.gutter;
            result.height = std::max(result.height, top(begins_[column + 1] - 1, column) + sizes_.nodeHeight);
        }
        result.width = x - sizes_.gutter;
        for (std::size_t node = 0; node < nodes_; ++node) {
            const Item& item = items_[node];
            result.nodes.push_back({middle(node) - item.width / 2, top(item.rank), item.width, sizes_.nodeHeight});
        }
        for (const auto& way : ways_) result.edges.push_back(polyline(way));
        return result;
    }

    double middle(std::size_t item) const { return items_[item].x + shift_[columnOf_[items_[item].rank]]; }
    double top(std::size_t rank, std::size_t column) const {
        return static_cast<double>(rank - begins_[column]) * sizes_.rankPitch;
    }
    double top(std::size_t rank) const { return top(rank, columnOf_[rank]); }

    std::vector<Point> polyline(const std::vector<std::size_t>& way) const {
        std::vector<Point> points;
        const double free = sizes_.rankPitch - sizes_.nodeHeight;
        for (std::size_t i = 0; i < way.size(); ++i) {
            const std::size_t rank = items_[way[i]].rank;
            const double x = middle(way[i]);
            const bool begins = i > 0 && columnOf_[items_[way[i - 1]].rank] != columnOf_[rank];
            if (begins) {
                // Down, up beside the column, and into the next one. Edges of different nodes keep apart.
                const double lane = static_cast<double>(way.front() % 5);
                const double y = points.back().y + free * 0.3 + lane * 2;
                const double beside = gutter_[columnOf_[items_[way[i - 1]].rank]] + sizes_.gutter * (0.25 + lane / 10);
                const double above = top(rank) - free * 0.4 - lane * 2;
                points.insert(points.end(), {{points.back().x, y}, {beside, y}, {beside, above}, {x, above}});
            }
            if (i > 0) points.push_back({x, top(rank)});
            if (i + 1 < way.size()) points.push_back({x, top(rank) + sizes_.nodeHeight});
        }
        return points;
    }

    const GraphSizes& sizes_;
    const std::vector<GraphEdge>& edges_;
    std::size_t nodes_;
    std::vector<Item> items_;
    std::vector<std::vector<std::size_t>> ranks_;
    std::vector<std::vector<std::size_t>> ways_;
    std::vector<std::size_t> begins_;
    std::vector<std::size_t> columnOf_;
    std::vector<double> shift_;   ///< of each column
    std::vector<double> gutter_;  ///< where it begins
};

}  // namespace

GraphLayout layoutGraph(std::size_t nodes, const std::vector<GraphEdge>& edges, const GraphSizes& sizes) {
    return Layout(nodes, edges, sizes).run();
}

}  // namespace millrace::report
