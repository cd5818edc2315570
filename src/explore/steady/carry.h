#pragma once
#include <vector>

#include "explore/platform/platform.h"
#include "explore/steady/problem.h"
#include "explore/steady/region.h"
#include "schedule/problem.h"

/// What data on their way take of links.
namespace millrace::steady {

/// Elements that go from one memory to another over the whole run.
struct Move {
    std::size_t from = 0;
    std::size_t to = 0;
    double bits = 0;
    Region what;  ///< equal ones from one memory share a transfer: multicast
};

class Carrier {
public:
    /// Both must outlive it.
    Carrier(const platform::Platform& platform, const schedule::Problem& resources)
        : platform_(platform), resources_(resources) {}

    std::vector<Load> loads(const std::vector<Move>& moves) const;
    std::size_t offchip() const { return platform_.offchip().index(); }

private:
    const platform::Platform& platform_;
    const schedule::Problem& resources_;
};

/// Cycles of the most loaded link.
double longest(const std::vector<Load>& loads);

}  // namespace millrace::steady
