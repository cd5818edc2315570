#include <algorithm>
#include <cmath>

#include "explore/mapper/exact/search.h"

namespace millrace::mapper::exact {

/// Does every completion of b have a completion of a with at most the same cost? Both are at one state with the same
/// cuts placed.
bool Search::dominates(std::size_t a, std::size_t b) const {
    const Label& x = labels_[a];
    const Label& y = labels_[b];
    if (x.partial && !y.partial) return false;
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
    if (a.open != b.open) return false;
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

/// While data may still turn out to move once: what they borrow depends on the other loads, on the smallest tiles and
/// on the stall. A cycle less of stall may cost a cycle more of loading at each scarce port.
bool Search::onceDominates(std::size_t a, std::size_t b) const {
    const Label& label = labels_[a];
    if (label.once != labels_[b].once) return false;
    bool open = false;
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

/// The tile of an operand below a new cut: double buffered or not?
void Search::noteBuffers(std::size_t at, std::size_t op, std::size_t a) {
    Label& label = labels_[at];
    const std::int64_t period = tables_.period(label.state);
    const std::int64_t window = period / label.reuse[op];
    const cost::Machine::Node& node = space_.machine().nodes[space_.node(op, a)];
    if (node.count == 1) {
        const double bits = tables_.entry(op, a, label.state).bits;
        const double used = std::floor(bits / static_cast<double>(label.stream[op])) / node.size;
        settle(at, op, a, label.state, window, used <= 0.5);
        return;
    }
    if (window == period) settle(at, op, a, label.state, window, false);
    std::vector<std::int64_t> open = interned_[label.open];
    const std::int64_t cut = static_cast<std::int64_t>(op * (cost::kMaxLevels + 1) + a);
    // Sorted by cut: the same set of cuts is the same sequence.
    std::size_t place = 0;
    while (place < open.size() && open[place] < cut) place += 4;
    const std::int64_t record[4] = {cut, label.state, window, label.stream[op]};
    open.insert(open.begin() + static_cast<std::ptrdiff_t>(place), record, record + 4);
    label.open = interned_.id(std::move(open));
    for (std::size_t k = 0; k < node.count; ++k) {
        if (node.top[k] || label.next[node.operand[k]] <= node.level[k] + 1) return;
    }
    decideNode(at, space_.node(op, a));
}

/// All tiles of a shared memory are known: which of them are double buffered (zigzag.md 9.1)?
void Search::decideNode(std::size_t at, std::size_t node) {
    const double size = space_.machine().nodes[node].size;
    const std::vector<std::int64_t> all = interned_[labels_[at].open];
    std::vector<std::int64_t> left;
    std::vector<std::array<std::int64_t, 4>> here;
    double sum = 0;
    for (std::size_t i = 0; i < all.size(); i += 4) {
        const auto op = static_cast<std::size_t>(all[i]) / (cost::kMaxLevels + 1);
        const auto a = static_cast<std::size_t>(all[i]) % (cost::kMaxLevels + 1);
        if (space_.node(op, a) != node) {
            left.insert(left.end(), all.begin() + static_cast<std::ptrdiff_t>(i),
                        all.begin() + static_cast<std::ptrdiff_t>(i + 4));
            continue;
        }
        here.push_back({all[i], all[i + 1], all[i + 2], all[i + 3]});
    }
    const auto used = [&](const std::array<std::int64_t, 4>& record) {
        const auto op = static_cast<std::size_t>(record[0]) / (cost::kMaxLevels + 1);
        const auto a = static_cast<std::size_t>(record[0]) % (cost::kMaxLevels + 1);
        const double bits = tables_.entry(op, a, static_cast<std::size_t>(record[1])).bits;
        return std::floor(bits / static_cast<double>(record[3])) / size;
    };
    for (std::size_t k = 0; k < space_.machine().nodes[node].count; ++k) {
        for (const auto& record : here) {
            const auto op = static_cast<std::size_t>(record[0]) / (cost::kMaxLevels + 1);
            if (op == space_.machine().nodes[node].operand[k]) sum = sum + used(record);
        }
    }
    labels_[at].open = interned_.id(std::move(left));
    for (const auto& record : here) {
        const auto op = static_cast<std::size_t>(record[0]) / (cost::kMaxLevels + 1);
        const auto a = static_cast<std::size_t>(record[0]) % (cost::kMaxLevels + 1);
        const auto state = static_cast<std::size_t>(record[1]);
        bool doubled = sum <= 0.5;
        if (!doubled && used(record) <= 1 - sum) {
            doubled = true;
            sum += used(record);
        }
        if (record[2] != tables_.period(state)) settle(at, op, a, state, record[2], doubled);
    }
}

/// The window of a cut's movements is known: what they stall by themselves, and whether they share their port.
void Search::settle(std::size_t at, std::size_t op, std::size_t a, std::size_t state, std::int64_t window,
                    bool doubled) {
    const std::int64_t period = tables_.period(state);
    const std::int64_t count = tables_.repeats(state);
    const std::int64_t allowed = doubled ? period : window;
    for (const Space::Link& link : space_.links(op, a)) {
        const std::int64_t real = tables_.entry(op, a, state).cycles[link.direction];
        if (real < 0) continue;
        const Space::Port& port = space_.ports()[link.port];
        const std::int64_t relaxed = std::max<std::int64_t>(0, (real - period) * (count - 1));
        const std::int64_t single = std::max<std::int64_t>(0, (real - allowed) * (count - 1));
        labels_.sums(at)[port.single] += static_cast<double>(single - relaxed);
        std::uint32_t& windows = labels_.windows(at)[link.port];
        if (windows == Labels::kBusy) continue;
        if (allowed == period) {
            windows = Labels::kBusy;
            continue;
        }
        std::vector<std::int64_t> list = interned_[windows];
        std::size_t place = 0;
        while (place < list.size() &&
               std::array{list[place], list[place + 1], list[place + 2]} < std::array{period, allowed, count})
            place += 3;
        const std::int64_t record[3] = {period, allowed, count};
        list.insert(list.begin() + static_cast<std::ptrdiff_t>(place), record, record + 3);
        windows = interned_.id(std::move(list));
    }
}

}  // namespace millrace::mapper::exact
