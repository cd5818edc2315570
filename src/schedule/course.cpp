#include "schedule/course.h"

namespace millrace::schedule {

void Course::add(Span span, std::int64_t amount) {
    if (span.end <= span.start || amount == 0) return;
    steps_.push_back({span.start.value(), amount});
    steps_.push_back({span.end.value(), -amount});
}

void Course::settle() {
    std::sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
    std::size_t last = 0;
    for (std::size_t i = 1; i < steps_.size(); ++i) {
        if (steps_[i].at == steps_[last].at) {
            steps_[last].used += steps_[i].used;
        } else {
            const std::int64_t before = steps_[last].used;
            steps_[++last] = {steps_[i].at, before + steps_[i].used};
        }
    }
    steps_.resize(last + 1);
    steps_.shrink_to_fit();
}

}  // namespace millrace::schedule
