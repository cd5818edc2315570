#include <algorithm>
#include <cmath>

#include "explore/cost/latency.h"
#include "explore/mapper/exact/search.h"

/// Which tiles are double buffered, and what follows for the windows of the movements that replace them.
namespace millrace::mapper::exact {
namespace {

/// A cut whose tile lies in a memory that other operands are still to be cut for. Stored as four numbers.
struct OpenCut {
    std::size_t op = 0;
    std::size_t cut = 0;
    std::size_t state = 0;
    std::int64_t window = 0;
    std::int64_t stream = 1;

    static constexpr std::size_t kNumbers = 4;

    std::int64_t key() const { return static_cast<std::int64_t>(op * (cost::kMaxLevels + 1) + cut); }
    std::array<std::int64_t, kNumbers> numbers() const {
        return {key(), static_cast<std::int64_t>(state), window, stream};
    }
    static OpenCut from(const std::int64_t* numbers) {
        const auto key = static_cast<std::size_t>(numbers[0]);
        return {key / (cost::kMaxLevels + 1), key % (cost::kMaxLevels + 1), static_cast<std::size_t>(numbers[1]),
                numbers[2], numbers[3]};
    }
};

/// Inserts a group of numbers into a sequence of such groups, in rising order: equal sets become equal sequences.
template <std::size_t N>
void insertSorted(std::vector<std::int64_t>& sequence, const std::array<std::int64_t, N>& group) {
    auto at = sequence.begin();
    while (at != sequence.end() && std::lexicographical_compare(at, at + N, group.begin(), group.end())) at += N;
    sequence.insert(at, group.begin(), group.end());
}

}  // namespace

/// Bits of a tile that are in use at a time: what streams through is not kept (zigzag.md 7.2).
double Search::inUse(std::size_t op, std::size_t cut, std::size_t state, std::int64_t stream) const {
    return std::floor(tables_.entry(op, cut, state).bits / static_cast<double>(stream));
}

/// The tile of an operand below a new cut: double buffered or not?
void Search::noteBuffers(std::size_t at, std::size_t op, std::size_t a) {
    Label& label = labels_[at];
    const std::int64_t period = tables_.period(label.state);
    const OpenCut made{op, a, label.state, period / label.reuse[op], label.stream[op]};
    const cost::Machine::Node& node = space_.machine().nodes[space_.node(op, a)];
    if (node.count == 1) {
        settle(at, op, a, made.state, made.window, inUse(op, a, made.state, made.stream) / node.size <= 0.5);
        return;
    }
    if (made.window == period) settle(at, op, a, made.state, made.window, false);
    std::vector<std::int64_t> open = interned_[label.open];
    insertSorted(open, made.numbers());
    label.open = interned_.id(std::move(open));
    for (std::size_t k = 0; k < node.count; ++k) {
        if (node.top[k] || label.next[node.operand[k]] <= node.level[k] + 1) return;
    }
    decideNode(at, space_.node(op, a));
}

/// All tiles of a shared memory are known: which of them are double buffered? Stays open if the model has a choice.
void Search::decideNode(std::size_t at, std::size_t index) {
    const cost::Machine::Node& node = space_.machine().nodes[index];
    const std::vector<std::int64_t> all = interned_[labels_[at].open];
    std::vector<std::int64_t> left;
    std::vector<OpenCut> here;
    for (std::size_t i = 0; i < all.size(); i += OpenCut::kNumbers) {
        const OpenCut cut = OpenCut::from(all.data() + i);
        if (space_.node(cut.op, cut.cut) == index) {
            here.push_back(cut);
        } else {
            insertSorted(left, cut.numbers());
        }
    }
    std::array<double, cost::kMaxOperands> use{};
    for (std::size_t k = 0; k < node.count; ++k) {
        for (const OpenCut& cut : here) {
            if (cut.op == node.operand[k]) use[k] = inUse(cut.op, cut.cut, cut.state, cut.stream);
        }
    }
    std::array<bool, cost::kMaxOperands> doubled{};
    if (!chooseBuffers(node, use, doubled)) return;
    labels_[at].open = interned_.id(std::move(left));
    for (const OpenCut& cut : here) {
        if (cut.window != tables_.period(cut.state))
            settle(at, cut.op, cut.cut, cut.state, cut.window, doubled[cut.op]);
    }
}

/// By operand; zigzag.md 9.1, or the one largest set that has room. False if there are several such sets.
bool Search::chooseBuffers(const cost::Machine::Node& node, const std::array<double, cost::kMaxOperands>& use,
                           std::array<bool, cost::kMaxOperands>& doubled) const {
    if (space_.model().corrections().has(cost::Correction::buffering)) {
        std::array<std::uint8_t, cost::kMaxSets> sets{};
        if (cost::largestSets(use.data(), node.count, node.size, sets) > 1) return false;
        for (std::size_t k = 0; k < node.count; ++k) doubled[node.operand[k]] = (sets[0] >> k & 1) != 0;
        return true;
    }
    double sum = 0;
    for (std::size_t k = 0; k < node.count; ++k) sum = sum + use[k] / node.size;
    for (std::size_t op = 0; op < space_.operands(); ++op) {
        for (std::size_t k = 0; k < node.count; ++k) {
            if (node.operand[k] != op) continue;
            const double share = use[k] / node.size;
            doubled[op] = sum <= 0.5 || share <= 1 - sum;
            if (sum > 0.5 && doubled[op]) sum += share;
        }
    }
    return true;
}

/// The window of a cut's movements is known: what they stall by themselves, and whether they share their port.
void Search::settle(std::size_t at, std::size_t op, std::size_t a, std::size_t state, std::int64_t window,
                    bool doubled) {
    const std::int64_t period = space_.period(state);
    const std::int64_t allowed = doubled ? period : window * space_.machine().cyclesPerOperation;
    for (const Space::Link& link : space_.links(op, a)) {
        const std::int64_t real = tables_.entry(op, a, state).cycles[link.direction];
        if (real < 0) continue;
        const Space::Port& port = space_.ports()[link.port];
        const std::int64_t stalling = space_.stallingTransfers(op, a, state, link.direction);
        const std::int64_t relaxed = std::max<std::int64_t>(0, (real - period) * stalling);
        const std::int64_t single = std::max<std::int64_t>(0, (real - allowed) * stalling);
        labels_.sums(at)[port.single] += static_cast<double>(single - relaxed);
        std::uint32_t& windows = labels_.windows(at)[link.port];
        if (windows == Labels::kBusy) continue;
        if (allowed == period) {
            windows = Labels::kBusy;
            continue;
        }
        std::vector<std::int64_t> list = interned_[windows];
        insertSorted(list, std::array<std::int64_t, 3>{period, allowed, tables_.repeats(state)});
        windows = interned_.id(std::move(list));
    }
}

}  // namespace millrace::mapper::exact
