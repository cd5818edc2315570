#pragma once
#include <vector>

#include "explore/fusion/reads.h"
#include "explore/steady/build.h"

/// What layers pass on to each other, for each pair of their ways.
namespace millrace::steady {

struct Traced {
    fusion::LayerPlan plan;
    Footprint footprint;
};

class Passings {
public:
    using Traces = Table<workload::LayerId, std::vector<Traced>>;
    using Rooms = Table<workload::LayerId, std::vector<fusion::LayerRoom>>;

    /// All must outlive it. `traces`: by layer, its options.
    Passings(const Question& question, const Carrier& carrier, const fusion::Memories& memories, const Traces& traces,
             const Rooms& rooms);

    /// Of each layer: stacks in their order, cut where a layer needs the whole of another one.
    Table<workload::LayerId, std::size_t> phases() const;
    /// `nodes`: of each layer.
    void addEdges(const Table<workload::LayerId, std::size_t>& nodes,
                  const Table<workload::LayerId, std::size_t>& phases, Problem& problem) const;

private:
    std::vector<Move> moves(workload::LayerId from, const Footprint& made, const Footprint& read) const;
    std::vector<Move> spills(workload::LayerId from, std::size_t fromWay, workload::LayerId to,
                             std::size_t toWay) const;
    Passing passing(workload::LayerId from, std::size_t fromWay, workload::LayerId to, std::size_t toWay, bool whole,
                    bool later) const;
    bool needsAll(workload::LayerId from, workload::LayerId to) const;

    const Question& question_;
    const Carrier& carrier_;
    const fusion::Memories& memories_;
    const Traces& traces_;
    const Rooms& rooms_;
    Table<workload::LayerId, std::vector<fusion::Read>> reads_;
};

}  // namespace millrace::steady
