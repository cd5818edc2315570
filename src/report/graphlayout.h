#pragma once
#include <cstddef>
#include <vector>

#include "report/canvas.h"

/// Places a directed graph without cycles in layers, as Sugiyama does.
namespace millrace::report {

struct GraphEdge {
    std::size_t from = 0;
    std::size_t to = 0;
};

struct GraphSizes {
    double nodeWidth = 212;
    double nodeHeight = 40;
    double wireWidth = 14;  ///< room for an edge that passes between nodes
    double gap = 16;        ///< between neighbours of a rank
    double rankPitch = 66;  ///< from rank to rank
    double gutter = 46;     ///< between columns of ranks
    double aspect = 1.5;    ///< width to height that the number of columns aims at
};

struct GraphLayout {
    std::vector<Rect> nodes;
    /// A polyline for each edge, from the lower side of one node to the upper side of another.
    std::vector<std::vector<Point>> edges;
    double width = 0;
    double height = 0;
    std::size_t columns = 0;
};

/// `edges` lead from lower to higher numbers. Rank: the longest path from a node without predecessors; such a node
/// stands right above its first reader. Edges of one node over several ranks share their way. Within a rank the order
/// is by barycentres, swept eight times down and up; places are then the least squares to the neighbours' places that
/// keep order and distances. Long graphs are folded into columns, at ranks that few edges cross. Deterministic.
GraphLayout layoutGraph(std::size_t nodes, const std::vector<GraphEdge>& edges, const GraphSizes& sizes = {});

}  // namespace millrace::report
