#include "schedule/timeline.h"

#include "schedule/walk.h"

namespace millrace::schedule {

using steps::kNever;
using steps::Summary;
using steps::Visit;

void Timeline::book(Span span, std::int64_t amount) {
    if (span.end <= span.start || amount == 0) return;
    tree_.add(span.start.value(), amount);
    if (span.end < kForever) {
        tree_.add(span.end.value(), -amount);
    } else {
        finally_ += amount;
    }
}

namespace {

/// Greatest level before `end`.
class Peak {
public:
    explicit Peak(std::int64_t end) : end_(end) {}

    void begin(std::int64_t, std::int64_t level) { most_ = level; }
    bool step(std::int64_t time, std::int64_t level) {
        if (time >= end_) return true;
        most_ = std::max(most_, level);
        return false;
    }
    Visit run(const Summary& about, std::int64_t level, std::int64_t next) {
        if (about.first >= end_) return Visit::finish;
        if (level + about.high <= most_) return Visit::pass;
        if (next > end_) return Visit::enter;
        most_ = level + about.high;
        return Visit::pass;
    }
    std::int64_t most() const { return most_; }

private:
    std::int64_t end_;
    std::int64_t most_ = 0;
};

/// First time at which the level is at most `limit` for `duration`.
class Gap {
public:
    Gap(std::int64_t limit, std::int64_t duration) : limit_(limit), duration_(duration) {}

    void begin(std::int64_t time, std::int64_t level) {
        start_ = time;
        free_ = level <= limit_;
    }
    bool step(std::int64_t time, std::int64_t level) {
        if (longEnough(time)) return true;
        set(time, level <= limit_);
        return false;
    }
    Visit run(const Summary& about, std::int64_t level, std::int64_t) {
        if (longEnough(about.first)) return Visit::finish;
        if (level + about.high <= limit_) {
            set(about.first, true);
            return Visit::pass;
        }
        if (level + about.low > limit_) {
            free_ = false;
            return Visit::pass;
        }
        const std::int64_t start = free_ ? start_ : about.first;
        if (about.lead - start >= duration_ || about.gap >= duration_) return Visit::enter;
        free_ = false;
        return about.trail == kNever ? Visit::pass : Visit::enterLate;
    }
    /// After the last step.
    std::optional<Cycles> found() const { return free_ ? std::optional(Cycles(start_)) : std::nullopt; }

private:
    bool longEnough(std::int64_t time) const { return free_ && time - start_ >= duration_; }
    void set(std::int64_t time, bool free) {
        if (free && !free_) start_ = time;
        free_ = free;
    }

    std::int64_t limit_;
    std::int64_t duration_;
    std::int64_t start_ = 0;
    bool free_ = false;
};

}  // namespace

std::int64_t Timeline::peak(Span span) const {
    if (span.end <= span.start) return 0;
    Peak peak(span.end >= kForever ? kNever : span.end.value());
    steps::walk(tree_, finally_, span.start.value(), peak);
    return peak.most();
}

std::optional<Cycles> Timeline::earliest(Cycles from, Cycles duration, std::int64_t amount) const {
    if (duration >= kForever) return earliestForever(from, amount);
    Gap gap(capacity_ - amount, duration.value());
    steps::walk(tree_, finally_, from.value(), gap);
    return gap.found();
}

std::optional<Cycles> Timeline::earliestForever(Cycles from, std::int64_t amount) const {
    const std::int64_t limit = capacity_ - amount;
    if (finally_ > limit) return std::nullopt;
    return Cycles(steps::lastAbove(tree_, finally_, limit, from.value()));
}

std::optional<Cycles> earliest(std::span<const Demand> demands, Cycles from, Cycles duration) {
    std::size_t agreed = 0;
    for (std::size_t i = 0; agreed < demands.size(); i = i + 1 == demands.size() ? 0 : i + 1) {
        const auto next = demands[i].timeline->earliest(from, duration, demands[i].amount);
        if (!next) return std::nullopt;
        agreed = *next > from ? 1 : agreed + 1;
        from = *next;
    }
    return from;
}

}  // namespace millrace::schedule
