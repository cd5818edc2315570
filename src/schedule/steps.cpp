#include "schedule/steps.h"

namespace millrace::schedule::steps {

void Summary::append(const Summary& next) {
    const std::int64_t nextHigh = sum + next.high;
    const std::int64_t end = trail == kNever ? next.first : trail;
    if (nextHigh > high) {
        lead = next.lead;
        trail = next.trail;
        gap = next.gap;
    } else if (nextHigh == high) {
        gap = std::max({gap, next.gap, next.lead - end});
        trail = next.trail;
    } else {
        trail = end;
    }
    high = std::max(high, nextHigh);
    low = std::min(low, sum + next.low);
    sum += next.sum;
}

std::int64_t Leaf::sum(std::size_t begin, std::size_t end) const {
    std::int64_t result = 0;
    for (std::size_t i = begin; i < end; ++i) result += deltas_[i];
    return result;
}

std::size_t Leaf::find(std::int64_t time) const {
    constexpr std::size_t kNear = 8;
    std::size_t count = size_;
    for (const std::size_t stop = size_ > kNear ? size_ - kNear : 0; count > stop; --count) {
        if (times_[count - 1] <= time) return count - 1;
    }
    const auto begin = times_.begin();
    const auto after = std::upper_bound(begin, begin + static_cast<std::ptrdiff_t>(count), time);
    return after == begin ? size_ : static_cast<std::size_t>(after - begin) - 1;
}

Summary Leaf::summary() const {
    Summary result{times_[0], 0, kNever, -kNever, 0, 0, 0};
    for (std::size_t i = 0; i < size_; ++i) {
        result.sum += deltas_[i];
        result.low = std::min(result.low, result.sum);
        result.high = std::max(result.high, result.sum);
    }
    std::int64_t level = 0;
    bool found = false;
    for (std::size_t i = 0; i < size_; ++i) {
        level += deltas_[i];
        if (level != result.high) continue;
        if (found) result.gap = std::max(result.gap, times_[i] - result.trail);
        if (!found) result.lead = times_[i];
        result.trail = i + 1 < size_ ? times_[i + 1] : kNever;
        found = true;
    }
    return result;
}

void Leaf::add(std::int64_t time, std::int64_t delta) {
    const std::size_t found = find(time);
    std::size_t place = found == size_ ? 0 : found + 1;
    if (found != size_ && times_[found] == time) {
        deltas_[found] += delta;
        if (deltas_[found] != 0) return;
        std::copy(times_.data() + place, times_.data() + size_, times_.data() + found);
        std::copy(deltas_.data() + place, deltas_.data() + size_, deltas_.data() + found);
        --size_;
        return;
    }
    std::copy_backward(times_.data() + place, times_.data() + size_, times_.data() + size_ + 1);
    std::copy_backward(deltas_.data() + place, deltas_.data() + size_, deltas_.data() + size_ + 1);
    times_[place] = time;
    deltas_[place] = delta;
    ++size_;
}

void Leaf::moveToNext(Leaf& next, std::size_t count) {
    const std::size_t from = size_ - count;
    const auto move = [&](auto& mine, auto& others) {
        std::copy_backward(others.data(), others.data() + next.size_, others.data() + next.size_ + count);
        std::copy(mine.data() + from, mine.data() + size_, others.data());
    };
    move(times_, next.times_);
    move(deltas_, next.deltas_);
    next.size_ += count;
    size_ = from;
}

void Leaf::moveToPrevious(Leaf& previous, std::size_t count) {
    const auto move = [&](auto& mine, auto& others) {
        std::copy(mine.data(), mine.data() + count, others.data() + previous.size_);
        std::copy(mine.data() + count, mine.data() + size_, mine.data());
    };
    move(times_, previous.times_);
    move(deltas_, previous.deltas_);
    previous.size_ += count;
    size_ -= count;
}

}  // namespace millrace::schedule::steps
