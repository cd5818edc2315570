#include <algorithm>
#include <cmath>

#include "explore/mapper/exact/search.h"

namespace millrace::mapper::exact {

/// Does every completion of b have a completion of a with at most the same cost? Both are at one state with the same
/// cuts placed.
bool Search::dominates(std::size_t a, std::size_t b) const {
    const Label& x = labels_[a];
    const Label& y = labels_[b];
    // What must be equal first: it is quickest to see.
    if (x.open != y.open || x.once != y.once || (x.partial && !y.partial)) return false;
    const double* sumsA = labels_.sums(a);
    const double* sumsB = labels_.sums(b);
    constexpr double rounding = 1 + Aim::kRounding / 100;
    if (aim_.needsEnergy() && sumsA[Space::kEnergy] > sumsB[Space::kEnergy] * rounding) return false;
    for (std::size_t i = 0; i < space_.machine().nodes.size(); ++i) {
        if (labels_.promised(a)[i] > labels_.promised(b)[i]) return false;
    }
    if (!timed_) return true;
    if ((x.forbidden & ~y.forbidden) != 0) return false;
    for (std::size_t i = 0; i < space_.loads(); ++i) {
        if (sumsA[Space::kLoads + i] > sumsB[Space::kLoads + i]) return false;
    }
    return buffersDominate(x, y) && portsDominate(a, b) && onceDominates(a, b);
}

/// Runs and undecided buffers. Shorter runs of reusing loops leave longer windows. Longer runs of relevant loops leave
/// smaller tiles in use; but a smaller tile may take the room of another operand's second buffer (zigzag.md 9.1), so
/// in shared memories they must be equal.
bool Search::buffersDominate(const Label& a, const Label& b) const {
    for (std::size_t op = 0; op < space_.operands(); ++op) {
        const std::size_t next = a.next[op];
        const std::size_t cut = std::max<std::size_t>(next, 1);
        const bool shared = space_.machine().nodes[space_.node(op, cut)].count > 1;
        if (shared && a.stream[op] != b.stream[op]) return false;
        if (next == space_.levels(op)) continue;
        if (a.reuse[op] > b.reuse[op] || a.stream[op] < b.stream[op]) return false;
    }
    return true;
}

bool Search::portsDominate(std::size_t a, std::size_t b) const {
    for (std::size_t i = 0; i < space_.ports().size(); ++i) {
        const Space::Port& port = space_.ports()[i];
        if (labels_.sums(a)[port.single] > labels_.sums(b)[port.single]) return false;
        const std::uint32_t windows = labels_.windows(a)[i];
        const bool busy = windows == Labels::kBusy;
        if (busy && !port.mayStall) continue;
        if (!busy && windows != labels_.windows(b)[i]) return false;
        if (labels_.sums(a)[port.work] > labels_.sums(b)[port.work]) return false;
    }
    return true;
}

/// If data move once, or may still turn out to: what they borrow depends on the other loads, on the smallest tiles and
/// on the stall. A cycle less of stall may cost a cycle more of loading at each scarce port.
bool Search::onceDominates(std::size_t a, std::size_t b) const {
    const Label& label = labels_[a];
    bool open = label.once != 0;
    for (std::size_t op = 0; op < space_.operands(); ++op)
        open = open || (space_.once(op) && label.next[op] < space_.levels(op));
    if (!open) return true;
    for (std::size_t op = 0; op < space_.operands(); ++op) {
        if (labels_.lowest(a)[op] != labels_.lowest(b)[op]) return false;
    }
    for (std::size_t i = 0; i < space_.ports().size(); ++i) {
        const Space::Port& port = space_.ports()[i];
        if (port.scarce && labels_.sums(a)[port.average] > labels_.sums(b)[port.average]) return false;
        if (!space_.stallMayPay()) continue;
        if (labels_.windows(a)[i] != labels_.windows(b)[i] ||
            labels_.sums(a)[port.single] != labels_.sums(b)[port.single] ||
            (port.mayStall && labels_.sums(a)[port.work] != labels_.sums(b)[port.work]))
            return false;
    }
    return true;
}

}  // namespace millrace::mapper::exact
