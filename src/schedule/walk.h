#pragma once
#include <cstdint>

#include "schedule/steps.h"

/// Ways through the steps of a timeline. Inside of `Timeline` only.
///
/// A visitor is told `begin(time, level)`, the level at the time where the walk begins; then `step(time, level)` for
/// each step after it, true to end the walk; or, instead of the steps of a run, `run(summary, level before it, time of
/// the first step behind it (kNever: not known))`.
namespace millrace::schedule::steps {

enum class Visit : std::uint8_t {
    pass,       ///< next run
    enter,      ///< what the run consists of
    enterLate,  ///< the walk begins anew at the run's `trail`
    finish,
};

template <class Visitor>
bool walkSteps(const Leaf& leaf, std::size_t i, std::int64_t level, Visitor& visitor) {
    for (; i < leaf.size(); ++i) {
        level += leaf.delta(i);
        if (visitor.step(leaf.time(i), level)) return true;
    }
    return false;
}

/// Level before item i, from the nearer end. `level`: before the first, `sum`: of all.
template <class Items>
std::int64_t levelBefore(const Items& items, std::size_t i, std::int64_t level, std::int64_t sum) {
    return i > items.size() / 2 ? level + sum - items.sum(i, items.size()) : level + items.sum(0, i);
}

template <class Visitor>
bool walkFrom(const Leaf& leaf, std::int64_t level, std::int64_t sum, std::int64_t from, Visitor& visitor) {
    const std::size_t next = leaf.find(from) + 1;
    const std::int64_t there = levelBefore(leaf, next, level, sum);
    visitor.begin(from, there);
    return walkSteps(leaf, next, there, visitor);
}

template <class Visitor>
bool walkAll(const Leaf& leaf, std::int64_t level, Visitor& visitor) {
    return walkSteps(leaf, 0, level, visitor);
}

template <class Child, class Visitor>
bool walkRest(const Row<Child>& row, std::size_t i, std::int64_t level, Visitor& visitor);

/// The walk begins at `from`, which is not before the row's first step.
template <class Child, class Visitor>
bool walkFrom(const Row<Child>& row, std::int64_t level, std::int64_t sum, std::int64_t from, Visitor& visitor) {
    const std::size_t i = row.find(from);
    const std::int64_t there = levelBefore(row, i, level, sum);
    const std::int64_t own = row.outline(i).sum;
    return walkFrom(row.child(i), there, own, from, visitor) || walkRest(row, i + 1, there + own, visitor);
}

template <class Child, class Visitor>
bool walkAll(const Row<Child>& row, std::int64_t level, Visitor& visitor) {
    return walkRest(row, 0, level, visitor);
}

template <class Child, class Visitor>
bool walkRest(const Row<Child>& row, std::size_t i, std::int64_t level, Visitor& visitor) {
    for (; i < row.size(); ++i) {
        const bool last = i + 1 == row.size();
        // What is last changes all the time; to go in costs no more than to sum it up.
        const bool enter = last && row.outline(i).stale();
        const Summary& about = enter ? row.outline(i) : row.about(i);
        const Visit visit = enter ? Visit::enter : visitor.run(about, level, last ? kNever : row.outline(i + 1).first);
        if (visit == Visit::finish) return true;
        if (visit == Visit::enter && walkAll(row.child(i), level, visitor)) return true;
        if (visit == Visit::enterLate && walkFrom(row.child(i), level, about.sum, about.trail, visitor)) return true;
        level += about.sum;
    }
    return false;
}

/// A walk from `from` to the end. `finally`: level after the last step.
template <class Visitor>
void walk(const Tree& tree, std::int64_t finally, std::int64_t from, Visitor& visitor) {
    if (tree.size() > 0 && tree.first() <= from) {
        walkFrom(tree, 0, finally, from, visitor);
    } else {
        visitor.begin(from, 0);
        walkAll(tree, 0, visitor);
    }
}

/// A walk backwards for the end of the last time above a limit.
struct LastAbove {
    std::int64_t limit;
    std::int64_t from;
    std::int64_t level;          ///< behind what has been looked at
    std::int64_t time = kNever;  ///< from then on the level never exceeds the limit; kNever: nothing looked at yet

    /// True: `time` is the answer, or it is not after `from`.
    bool done() const { return level > limit || time <= from; }
};

inline bool search(const Leaf& leaf, LastAbove& above) {
    for (std::size_t i = leaf.size(); i-- > 0;) {
        if (above.done()) return true;
        above.time = leaf.time(i);
        above.level -= leaf.delta(i);
    }
    return above.done();
}

template <class Child>
bool search(const Row<Child>& row, LastAbove& above) {
    for (std::size_t i = row.size(); i-- > 0;) {
        if (above.done()) return true;
        const bool enter = (i + 1 == row.size() && row.outline(i).stale()) || row.outline(i).first <= above.from;
        if (enter || above.level - row.outline(i).sum + row.about(i).high > above.limit) {
            if (search(row.child(i), above)) return true;
        } else {
            above.time = row.outline(i).first;
            above.level -= row.outline(i).sum;
        }
    }
    return above.done();
}

/// First time not before `from` from which on the level is at most `limit`; it is in the end, at `finally`.
inline std::int64_t lastAbove(const Tree& tree, std::int64_t finally, std::int64_t limit, std::int64_t from) {
    LastAbove above{limit, from, finally};
    search(tree, above);
    return above.level > limit ? std::max(above.time, from) : from;
}

}  // namespace millrace::schedule::steps
