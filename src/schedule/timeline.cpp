#include "schedule/timeline.h"

#include <algorithm>

namespace millrace::schedule {

Timeline::Steps::iterator Timeline::stepAt(std::int64_t time) {
    const auto next = steps_.upper_bound(time);
    const auto current = std::prev(next);
    if (current->first == time) return current;
    return steps_.emplace_hint(next, time, current->second);
}

void Timeline::add(Span span, std::int64_t amount) {
    if (span.end <= span.start || amount == 0) return;
    const auto begin = stepAt(span.start.value());
    const auto end = span.end >= kForever ? steps_.end() : stepAt(span.end.value());
    for (auto step = begin; step != end; ++step) step->second += amount;
    const auto merge = [&](Steps::iterator step) {
        if (step != steps_.end() && step != steps_.begin() && std::prev(step)->second == step->second)
            steps_.erase(step);
    };
    merge(end);
    merge(steps_.find(span.start.value()));
}

void Timeline::book(Span span, std::int64_t amount) {
    log_.push_back({span, amount});
    add(span, amount);
}

void Timeline::rollback(Checkpoint checkpoint) {
    while (log_.size() > checkpoint) {
        add(log_.back().span, -log_.back().amount);
        log_.pop_back();
    }
}

std::int64_t Timeline::peak(Span span) const {
    if (span.end <= span.start) return 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::min();
    for (auto step = std::prev(steps_.upper_bound(span.start.value()));
         step != steps_.end() && step->first < span.end.value(); ++step) {
        most = std::max(most, step->second);
    }
    return most;
}

std::optional<Cycles> Timeline::earliest(Cycles from, Cycles duration, std::int64_t amount) const {
    std::int64_t start = from.value();
    for (auto step = std::prev(steps_.upper_bound(start)); step != steps_.end();) {
        const auto next = std::next(step);
        if (step->second + amount > capacity_) {
            if (next == steps_.end()) return std::nullopt;
            start = std::max(start, next->first);
        } else if (next != steps_.end() && duration < kForever && next->first >= start + duration.value()) {
            break;
        }
        step = next;
    }
    return Cycles(start);
}

std::optional<Cycles> earliest(const std::vector<const Timeline*>& timelines, Cycles from, Cycles duration,
                               std::int64_t amount) {
    Cycles start = from;
    for (bool moved = true; moved;) {
        moved = false;
        for (const Timeline* timeline : timelines) {
            const auto next = timeline->earliest(start, duration, amount);
            if (!next) return std::nullopt;
            moved |= *next > start;
            start = *next;
        }
    }
    return start;
}

}  // namespace millrace::schedule
