#pragma once
#include <cstdint>
#include <vector>

/// Things that overlap in time, side by side.
namespace millrace::report {

struct LaneRequest {
    std::int64_t start = 0;
    std::int64_t end = 0;
    double share = 1;  ///< of the height, 0 .. 1
};

/// The lower edge (0 .. 1) of each request, such that those that overlap in time do not cover each other: the lowest
/// gap that is high enough, in the order of the starts. Where gaps are too small for it, or more than 256 overlap,
/// requests cover each other.
std::vector<double> stack(const std::vector<LaneRequest>& requests);

/// The lane (0, 1, ...) of each request, such that those of a lane do not overlap in time; as few lanes as possible.
std::vector<std::size_t> lanes(const std::vector<LaneRequest>& requests);

}  // namespace millrace::report
