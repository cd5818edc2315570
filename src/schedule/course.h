#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "schedule/schedule.h"

namespace millrace::schedule {

/// How much of a resource is in use over time, when all of it is known beforehand (a `Timeline` is booked and asked in
/// turns). n spans take O(n log n); amounts fit 64 bits in sum.
class Course {
public:
    explicit Course(std::int64_t always = 0) { steps_.push_back({std::numeric_limits<std::int64_t>::min(), always}); }

    /// `settle` must follow before anything is asked.
    void add(Span span, std::int64_t amount);
    void settle();

    /// Calls `found(Span)` for the spans inside of `within` in which more than `most` is in use, as long as possible,
    /// the latest first, until it returns false.
    template <class Found>
    void above(Span within, std::int64_t most, const Found& found) const {
        Span run{within.end, within.end};
        Cycles end = within.end;
        const auto before = [](const Step& step, std::int64_t time) { return step.at < time; };
        auto step = std::lower_bound(steps_.begin(), steps_.end(), end.value(), before);
        while (step != steps_.begin() && end > within.start) {
            --step;
            const Cycles start = std::max(Cycles(step->at), within.start);
            if (step->used > most) {
                run.start = start;
            } else {
                if (run.start < run.end && !found(run)) return;
                run = {start, start};
            }
            end = start;
        }
        if (run.start < run.end) found(run);
    }

private:
    /// From `at` on, until the next step. Before `settle`: what changes at that time.
    struct Step {
        std::int64_t at;
        std::int64_t used;
    };
    std::vector<Step> steps_;
};

}  // namespace millrace::schedule
