#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "schedule/names.h"
#include "schedule/schedule.h"

/// Sums of what is in use over time, held against a capacity.
namespace millrace::schedule {

/// `amount` of a resource in use over a span, by the item of this number.
struct Use {
    Span span;
    std::int64_t amount = 0;
    std::size_t item = 0;
};

/// A time in which more than the capacity is in use; as long as possible.
struct Excess {
    Span span;
    Cycles peakAt;
    Wide peak = 0;
    std::vector<std::size_t> items;  ///< what is in use at the peak, in the order given
};

/// All excesses in order of time; O(n log n), and O(n) more for each of the first `named`, whose items are listed. With
/// an interval, uses repeat: time is folded modulo it, and a use that is longer than the interval overlaps itself.
/// `always` is in use at all times.
std::vector<Excess> excesses(const std::vector<Use>& uses, std::int64_t capacity, Wide always,
                             std::optional<Cycles> interval, std::size_t named);

}  // namespace millrace::schedule
