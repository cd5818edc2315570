#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>

#include "schedule/schedule.h"

namespace millrace::test {

/// What `schedule::Timeline` promises, in the obvious way: the level from each step on, in a map. All questions are
/// linear in the steps that they look at. Also the yardstick of `bench/timeline.cpp`.
class MapOfLevels {
public:
    explicit MapOfLevels(std::int64_t capacity) : capacity_(capacity) {
        steps_[std::numeric_limits<std::int64_t>::min()] = 0;
    }

    std::size_t size() const { return steps_.size() - 1; }
    std::int64_t lastTime() const { return std::prev(steps_.end())->first; }

    void book(schedule::Span span, std::int64_t amount) {
        if (span.end <= span.start || amount == 0) return;
        const auto begin = stepAt(span.start.value());
        const auto end = span.end >= schedule::kForever ? steps_.end() : stepAt(span.end.value());
        for (auto step = begin; step != end; ++step) step->second += amount;
        const auto merge = [&](Steps::iterator step) {
            if (step != steps_.end() && step != steps_.begin() && std::prev(step)->second == step->second)
                steps_.erase(step);
        };
        merge(end);
        merge(steps_.find(span.start.value()));
    }

    std::int64_t peak(schedule::Span span) const {
        if (span.end <= span.start) return 0;
        std::int64_t most = std::numeric_limits<std::int64_t>::min();
        for (auto step = std::prev(steps_.upper_bound(span.start.value()));
             step != steps_.end() && step->first < span.end.value(); ++step) {
            most = std::max(most, step->second);
        }
        return most;
    }

    std::optional<Cycles> earliest(Cycles from, Cycles duration, std::int64_t amount) const {
        std::int64_t start = from.value();
        for (auto step = std::prev(steps_.upper_bound(start)); step != steps_.end();) {
            const auto next = std::next(step);
            if (step->second + amount > capacity_) {
                if (next == steps_.end()) return std::nullopt;
                start = std::max(start, next->first);
            } else if (next != steps_.end() && duration < schedule::kForever &&
                       next->first >= start + duration.value()) {
                break;
            }
            step = next;
        }
        return Cycles(start);
    }

private:
    using Steps = std::map<std::int64_t, std::int64_t>;

    Steps::iterator stepAt(std::int64_t time) {
        const auto next = steps_.upper_bound(time);
        const auto current = std::prev(next);
        if (current->first == time) return current;
        return steps_.emplace_hint(next, time, current->second);
    }

    std::int64_t capacity_;
    Steps steps_;
};

}  // namespace millrace::test
