#pragma once
#include <cstdint>
#include <vector>

#include "schedule/schedule.h"

namespace millrace::schedule {

/// A box that is there over a span.
struct Held {
    Box box;
    Span span;
};

/// Answers whether a box is there, whole, over a span, from many held boxes of one tensor. Looks only at those whose
/// interval on the most divided axis can reach the question's.
class Coverage {
public:
    explicit Coverage(std::vector<Held> held);

    /// The parts of `box` that no held box covers over all of `span`.
    std::vector<Box> missing(const Box& box, Span span) const;

private:
    std::size_t axis_ = 0;
    std::vector<Held> held_;               ///< by begin on the axis
    std::vector<std::int64_t> reachesTo_;  ///< largest end among held_[0..i]
};

}  // namespace millrace::schedule
