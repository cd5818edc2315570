#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

/// The steps of a function of time, in a B+ tree of fixed height: leaves of steps, rows of leaves, rows of rows. Every
/// row knows of each child what a search must know to pass it by. Inside of `Timeline` only.
namespace millrace::schedule::steps {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// A run of steps from outside. Levels are relative to the level before the run. Where the level is at its highest,
/// `lead` to `trail` is from the first such cycle to the end of the last such stretch.
struct Summary {
    std::int64_t first = 0;  ///< time of the first step
    std::int64_t sum = 0;    ///< of all steps: how much higher it is behind the run
    std::int64_t low = 0;    ///< least level behind any step
    std::int64_t high = 0;   ///< greatest level behind any step
    std::int64_t lead = 0;   ///< first cycle at the greatest level
    std::int64_t trail = 0;  ///< from when on it is never reached again; kNever: the run ends at it
    std::int64_t gap = -1;   ///< longest time below it between two times at it; -1: all but `first` and `sum` is stale

    bool stale() const { return gap < 0; }
    /// The run `next` follows this one.
    void append(const Summary& next);
};

/// Up to kMost steps: from `times[i]` on, the level is higher by `deltas[i]`, which is never 0.
class Leaf {
public:
    static constexpr std::size_t kMost = 64;

    std::size_t size() const { return size_; }
    std::int64_t time(std::size_t i) const { return times_[i]; }
    std::int64_t delta(std::size_t i) const { return deltas_[i]; }
    std::int64_t first() const { return times_[0]; }
    std::int64_t sum(std::size_t begin, std::size_t end) const;
    /// The last step not after `time`; size() if there is none.
    std::size_t find(std::int64_t time) const;
    Summary summary() const;

    /// Needs room for one more.
    void add(std::int64_t time, std::int64_t delta);
    void moveToNext(Leaf& next, std::size_t count);
    void moveToPrevious(Leaf& previous, std::size_t count);

private:
    std::size_t size_ = 0;
    std::array<std::int64_t, kMost> times_;
    std::array<std::int64_t, kMost> deltas_;
};

template <class Child>
class Row {
public:
    static constexpr std::size_t kMost = 32;
    struct Entry {
        Summary about;
        std::unique_ptr<Child> child;
    };

    std::size_t size() const { return entries_.size(); }
    const Child& child(std::size_t i) const { return *entries_[i].child; }
    /// `first` and `sum` are those of the child, all else may be stale.
    const Summary& outline(std::size_t i) const { return entries_[i].about; }
    /// Brought up to date. Not for several threads at once.
    const Summary& about(std::size_t i) const {
        Summary& about = entries_[i].about;
        if (about.stale()) about = entries_[i].child->summary();
        return about;
    }
    std::int64_t first() const { return entries_.front().about.first; }
    std::int64_t sum(std::size_t begin, std::size_t end) const {
        std::int64_t result = 0;
        for (std::size_t i = begin; i < end; ++i) result += entries_[i].about.sum;
        return result;
    }
    /// The last child that begins not after `time`; size() if there is none.
    std::size_t find(std::int64_t time) const {
        if (!entries_.empty() && entries_.back().about.first <= time) return entries_.size() - 1;
        const auto after =
            std::upper_bound(entries_.begin(), entries_.end(), time,
                             [](std::int64_t value, const Entry& entry) { return value < entry.about.first; });
        return after == entries_.begin() ? entries_.size() : static_cast<std::size_t>(after - entries_.begin()) - 1;
    }
    Summary summary() const {
        Summary result = about(0);
        for (std::size_t i = 1; i < entries_.size(); ++i) result.append(about(i));
        return result;
    }

    /// Raises the level by `delta` from `time` on. Needs room for one more child.
    void add(std::int64_t time, std::int64_t delta) {
        if (entries_.empty()) entries_.push_back({{time, 0}, std::make_unique<Child>()});
        std::size_t i = atOrFirst(time);
        if (entries_[i].child->size() == Child::kMost) {
            makeRoom(i);
            i = atOrFirst(time);
        }
        Entry& entry = entries_[i];
        entry.child->add(time, delta);
        if (entry.child->size() == 0) {
            entries_.erase(at(i));
            return;
        }
        entry.about.first = entry.child->first();
        entry.about.sum += delta;
        entry.about.gap = -1;
        if (entry.child->size() <= Child::kMost / 8) join(i);
    }
    void moveToNext(Row& next, std::size_t count) {
        const auto begin = at(size() - count);
        next.entries_.insert(next.entries_.begin(), std::make_move_iterator(begin),
                             std::make_move_iterator(entries_.end()));
        entries_.erase(begin, entries_.end());
    }
    void moveToPrevious(Row& previous, std::size_t count) {
        previous.entries_.insert(previous.entries_.end(), std::make_move_iterator(entries_.begin()),
                                 std::make_move_iterator(at(count)));
        entries_.erase(entries_.begin(), at(count));
    }

private:
    auto at(std::size_t i) { return entries_.begin() + static_cast<std::ptrdiff_t>(i); }
    std::size_t atOrFirst(std::int64_t time) const {
        const std::size_t i = find(time);
        return i == size() ? 0 : i;
    }
    std::size_t sizeOf(std::size_t i) const { return entries_[i].child->size(); }
    void outlineAgain(std::size_t i) {
        const Child& child = *entries_[i].child;
        entries_[i].about = {child.first(), child.sum(0, child.size())};
    }
    /// A neighbour takes half of the difference; if both are nearly full, a new child takes half of child i.
    void makeRoom(std::size_t i) {
        constexpr std::size_t kNearlyFull = Child::kMost * 7 / 8;
        std::size_t left = i;
        if (i + 1 < size() && sizeOf(i + 1) <= kNearlyFull) {
            entries_[i].child->moveToNext(*entries_[i + 1].child, (Child::kMost - sizeOf(i + 1)) / 2);
        } else if (i > 0 && sizeOf(i - 1) <= kNearlyFull) {
            left = i - 1;
            entries_[i].child->moveToPrevious(*entries_[left].child, (Child::kMost - sizeOf(left)) / 2);
        } else {
            auto next = std::make_unique<Child>();
            entries_[i].child->moveToNext(*next, Child::kMost / 2);
            entries_.insert(at(i + 1), Entry{{}, std::move(next)});
        }
        outlineAgain(left);
        outlineAgain(left + 1);
    }
    /// Child i is small: puts it together with a neighbour if that has room to spare.
    void join(std::size_t i) {
        const auto fits = [&](std::size_t a, std::size_t b) { return sizeOf(a) + sizeOf(b) <= Child::kMost / 2; };
        std::size_t left = i;
        if (i > 0 && fits(i - 1, i)) {
            left = i - 1;
        } else if (i + 1 == size() || !fits(i, i + 1)) {
            return;
        }
        entries_[left + 1].child->moveToPrevious(*entries_[left].child, sizeOf(left + 1));
        entries_.erase(at(left + 1));
        outlineAgain(left);
    }

    mutable std::vector<Entry> entries_;
};

/// The root may have any number of children.
using Tree = Row<Row<Row<Leaf>>>;

}  // namespace millrace::schedule::steps
