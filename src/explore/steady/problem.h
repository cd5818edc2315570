#pragma once
#include <cstddef>
#include <string>
#include <vector>

/// The steady state of fused stacks as data: layers with ways of running, what they pass on, and the chip's resources.
/// Nothing here knows a network, a mapper or a solver. docs/steady.md has the formulas.
///
/// A stack is cut into phases where a layer needs the whole of another one. In a phase all layers run side by side,
/// iteration by iteration: its resource of most cycles is never idle in the steady state, and sets the pace.
namespace millrace::steady {

/// Cycles that a core or link is taken over the whole run; a link by its full bandwidth.
struct Load {
    std::size_t resource = 0;
    double cycles = 0;
};

struct Room {
    std::size_t memory = 0;
    double bits = 0;
};

/// A way of running a layer: cores, cuts, and what of its weights stays.
struct Option {
    std::vector<Load> work;      ///< cores
    double tile = 0;             ///< cycles of its longest tile
    std::vector<Load> fetches;   ///< links: what may come before its phase, weights that stay
    std::vector<Load> streams;   ///< links: what comes from off-chip while its phase runs
    std::vector<Load> leavings;  ///< links: what goes off-chip
    std::vector<Load> opens;     ///< links: of the weights, what must be there before its first tile
    double arrives = 0;          ///< cycles until the off-chip data of its first tile are there
    double leaves = 0;           ///< cycles from its last tile's end until the result is off-chip
    std::vector<Room> keeps;     ///< all the time that its phase runs
    std::vector<Room> uses;      ///< only while its tile runs: the most demanding layer counts
};

struct Node {
    std::string name;
    std::size_t phase = 0;
    double steps = 1;  ///< tiles in time
    std::vector<Option> options;
};

/// What follows from the ways of running two layers of which one reads the other.
struct Passing {
    std::vector<Load> streams;  ///< links, in the reader's phase
    double head = 0;  ///< cycles from the producer's start (end, if `Edge::whole`) to the reader's earliest start
    double tail = 0;  ///< cycles from the producer's end to the reader's earliest end
};

struct Edge {
    std::size_t from = 0;
    std::size_t to = 0;             ///< above `from`
    bool whole = false;             ///< nothing can be done before the producer has ended
    std::vector<Passing> passings;  ///< by option of `from`, then of `to`
};

struct Memory {
    std::string name;
    double bits = 0;
};

struct Problem {
    std::vector<std::string> cores;
    std::vector<std::string> links;
    std::vector<Memory> memories;
    std::vector<Node> nodes;  ///< by rising phase; no phase without a node
    std::vector<Edge> edges;
    /// By phase: its weights may come once the phase so many before it begins.
    std::vector<std::size_t> ahead;
    /// By phase and link: may anything come over it for the phase? Filled in by `complete`.
    std::vector<std::vector<bool>> carries;
    /// By node and link: may its first tile wait for weights that come over it? Filled in by `complete`.
    std::vector<std::vector<bool>> mayOpen;
    /// Cycles of links count by this much beside the latency, so that of equal answers the one of least traffic wins.
    double trafficWeight = 1e-3;

    /// The phase whose start lets the first weights of a phase come, if there is one.
    std::size_t opener(std::size_t phase) const { return phase - (ahead[phase] > 0 ? ahead[phase] : 1); }
    bool hasOpener(std::size_t phase) const { return phase > 0 && ahead[phase] <= phase; }
    std::size_t phases() const { return ahead.size(); }
    const Passing& passing(const Edge& edge, std::size_t from, std::size_t to) const {
        return edge.passings[from * nodes[edge.to].options.size() + to];
    }
};

/// Fills in what follows from the rest; before anything else is done with a problem.
void complete(Problem& problem);

/// An option for each node.
using Choice = std::vector<std::size_t>;

enum class Overlap {
    /// A resource's tiles of different iterations fit into each other's gaps: the pace is the most taken resource's.
    occupancy,
    /// Only the idle time of a core before its first and after its last tile of an iteration is used by others: safe,
    /// whatever the gaps between look like.
    span,
};

struct PhaseTimes {
    double start = 0;
    double end = 0;
    double taken = 0;       ///< cycles of the resource that sets the pace; over the iterations: the initiation interval
    std::string limiter;    ///< its name
    double iterations = 1;  ///< tiles in time of its finest layer
};

/// What a choice comes to.
struct Evaluation {
    double excess = 0;  ///< bits that memories lack, summed over phases; 0: it fits
    double latency = 0;
    double traffic = 0;          ///< cycles of all links
    double value = 0;            ///< latency and weighted traffic: what is minimised
    std::vector<double> starts;  ///< by node
    std::vector<double> ends;
    std::vector<PhaseTimes> phases;
    std::vector<double> work;  ///< by core
};

/// The least solution of the inequalities of docs/steady.md for a choice, in one pass.
Evaluation evaluate(const Problem& problem, const Choice& choice, Overlap overlap = Overlap::occupancy);

/// A good choice without a solver: improves one node at a time until nothing helps. May not fit.
Choice improve(const Problem& problem, Choice choice);

/// Bits that a phase needs of a memory.
double demand(const Problem& problem, const Choice& choice, std::size_t phase, std::size_t memory);

}  // namespace millrace::steady
