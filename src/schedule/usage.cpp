#include "schedule/usage.h"

#include <algorithm>

namespace millrace::schedule {

namespace {

struct Event {
    std::int64_t time;
    std::int64_t change;
};

class Sweep {
public:
    explicit Sweep(std::optional<Cycles> interval) : interval_(interval ? interval->value() : 0) {}

    void add(const Use& use) {
        if (use.amount == 0 || use.span.end <= use.span.start) return;
        if (interval_ == 0) {
            push(use.span.start.value(), use.span.end.value(), use.amount);
            return;
        }
        const std::int64_t length = use.span.length().value();
        always_ += Wide(length / interval_) * use.amount;
        const std::int64_t begin = use.span.start.value() % interval_;
        const std::int64_t end = begin + length % interval_;
        push(begin, std::min(end, interval_), use.amount);
        push(0, end - interval_, use.amount);
    }

    bool active(const Use& use, std::int64_t time) const {
        const std::int64_t start = use.span.start.value();
        const std::int64_t length = use.span.length().value();
        if (use.amount == 0 || length <= 0) return false;
        if (interval_ == 0) return start <= time && time < use.span.end.value();
        const std::int64_t since = (time - start % interval_ + interval_) % interval_;
        return length >= interval_ || since < length % interval_;
    }

    std::vector<Excess> run(std::int64_t capacity, Wide always) {
        push(0, interval_ == 0 ? kForever.value() : interval_, 0);
        std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
        std::vector<Excess> found;
        Wide used = always + always_;
        bool over = false;
        for (std::size_t i = 0; i < events_.size();) {
            const std::int64_t time = events_[i].time;
            for (; i < events_.size() && events_[i].time == time; ++i) used += events_[i].change;
            if (i == events_.size()) break;
            const Cycles end(events_[i].time);
            if (used > capacity && !over) found.push_back({{Cycles(time), end}, Cycles(time), used, {}});
            over = used > capacity;
            if (!over) continue;
            found.back().span.end = end;
            if (used > found.back().peak) {
                found.back().peak = used;
                found.back().peakAt = Cycles(time);
            }
        }
        return found;
    }

private:
    void push(std::int64_t begin, std::int64_t end, std::int64_t amount) {
        if (end <= begin) return;
        events_.push_back({begin, amount});
        events_.push_back({end, -amount});
    }

    std::int64_t interval_;
    Wide always_ = 0;
    std::vector<Event> events_;
};

}  // namespace

std::vector<Excess> excesses(const std::vector<Use>& uses, std::int64_t capacity, Wide always,
                             std::optional<Cycles> interval, std::size_t named) {
    Sweep sweep(interval);
    for (const Use& use : uses) sweep.add(use);
    std::vector<Excess> found = sweep.run(capacity, always);
    for (std::size_t i = 0; i < std::min(named, found.size()); ++i) {
        for (const Use& use : uses) {
            if (sweep.active(use, found[i].peakAt.value())) found[i].items.push_back(use.item);
        }
    }
    return found;
}

}  // namespace millrace::schedule
