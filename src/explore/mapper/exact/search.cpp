#include "explore/mapper/exact/search.h"

#include <algorithm>
#include <limits>

namespace millrace::mapper::exact {

Search::Search(const Space& space, std::size_t candidate, Aim& aim, const Limits& limits)
    : space_(space),
      tables_(space.tables()),
      candidate_(candidate),
      aim_(aim),
      limits_(limits),
      timed_(aim.needsLatency()),
      bounds_(space, terms()),
      labels_(space),
      arrayEnergy_(space.model().arrayEnergy().constant),
      total_(static_cast<double>(space.cycles())) {
    start();
}

std::vector<Bounds::Term> Search::terms() const {
    std::vector<Bounds::Term> terms;
    if (aim_.needsEnergy()) terms.push_back({Space::kEnergy});
    if (!aim_.needsLatency()) return terms;
    for (std::size_t i = 0; i < space_.loads(); ++i) {
        const std::size_t load = Space::kLoads + i;
        terms.push_back({load});
        if (space_.anyOnce()) {
            terms.push_back({space_.wholeLoads() + i});
            terms.push_back({space_.wholeLoads() + i, space_.traffic()});
            terms.push_back({space_.wholeLoads() + i, space_.outerWork()});
        }
        for (const Space::Port& port : space_.ports()) {
            if (!port.mayStall) continue;
            terms.push_back({load, port.work});
            terms.push_back({load, port.single});
        }
    }
    return terms;
}

/// Least energy and latency of any completion.
std::pair<double, double> Search::leastOf(std::size_t at) const {
    const Label& label = labels_[at];
    const double* sums = labels_.sums(at);
    std::array<const double*, cost::kMaxOperands> rest;
    for (std::size_t op = 0; op < space_.operands(); ++op)
        rest[op] = bounds_.at(op, label.next[op], op == 0 && label.partial, label.state);
    const auto term = [&](std::size_t j) {
        const Bounds::Term& measures = bounds_.terms()[j];
        double value = sums[measures.first] + (measures.second == Bounds::kNone ? 0 : sums[measures.second]);
        for (std::size_t op = 0; op < space_.operands(); ++op) value += rest[op][j];
        return value;
    };
    std::size_t j = 0;
    const double energy = aim_.needsEnergy() ? term(j++) + arrayEnergy_ : 0;
    if (!timed_) return {energy, 0};
    std::array<double, 4> late{};
    for (std::size_t i = 0; i < space_.loads(); ++i) {
        late[i] = term(j++);
        if (space_.anyOnce()) {
            // Either the repeated loads leave something to borrow, or the port is busy all the time and longer.
            const double whole = term(j++);
            const double lending = term(j++) - total_;
            const double busy = std::max(whole, term(j++) - total_);
            late[i] = std::max(late[i], std::min(lending, busy));
        }
        for (const Space::Port& port : space_.ports()) {
            if (!port.mayStall) continue;
            late[i] = std::max(late[i], term(j++) - total_);
            late[i] = std::max(late[i], term(j++));
        }
    }
    if (space_.loads() == 1) return {energy, total_ + late[0]};
    return {energy, total_ + std::min(std::max(late[0], late[1]), std::max(late[2], late[3]))};
}

std::size_t Search::nodeOf(const Label& label) const {
    std::size_t node = label.state;
    for (std::size_t op = 0; op < space_.operands(); ++op) node = node * (space_.levels(op) + 1) + label.next[op];
    return node;
}

bool Search::complete(const Label& label) const {
    if (label.state + 1 != tables_.states()) return false;
    for (std::size_t op = 0; op < space_.operands(); ++op) {
        if (label.next[op] < space_.levels(op)) return false;
    }
    return true;
}

/// Are all tiles of a memory known?
bool Search::closed(const Label& label, std::size_t at) const {
    const cost::Machine::Node& node = space_.machine().nodes[at];
    for (std::size_t k = 0; k < node.count; ++k) {
        const std::size_t op = node.operand[k];
        if (node.top[k] ? op == 0 && label.next[0] < space_.levels(0) : label.next[op] <= node.level[k] + 1)
            return false;
    }
    return true;
}

void Search::start() {
    std::size_t nodes = tables_.states();
    for (std::size_t op = 0; op < space_.operands(); ++op) nodes *= space_.levels(op) + 1;
    nodes_.assign(nodes, -1);
    const std::size_t root = labels_.append(-1);
    for (std::size_t node = 0; node < space_.machine().nodes.size(); ++node)
        labels_.promised(root)[node] = space_.reserve(node);
    for (std::size_t i = 0; i < space_.ports().size(); ++i)
        labels_.windows(root)[i] = space_.ports()[i].busy ? Labels::kBusy : 0;
    place(root, 0);
    if (!roomLeft(root)) {
        rootBound_ = std::numeric_limits<double>::infinity();
        return;
    }
    const auto [energy, latency] = leastOf(root);
    rootBound_ = aim_.value(energy, latency);
    keep(root);
}

void Search::follow(const std::vector<cost::Loop>& order) {
    most_.clear();
    std::vector<std::size_t> most(tables_.kinds().size(), 0);
    for (const cost::Loop& loop : order) {
        std::size_t primes = 0;
        std::int64_t left = loop.factor;
        for (std::size_t kind = 0; kind < tables_.kinds().size(); ++kind) {
            const cost::Loop& prime = tables_.kinds()[kind];
            if (prime.dim != loop.dim || prime.factor < 2) continue;
            for (; left % prime.factor == 0; left /= prime.factor, ++primes) ++most[kind];
        }
        // The primes of one given loop may stand in any order.
        most_.insert(most_.end(), primes, most);
    }
}

bool Search::run() {
    while (!open_.empty()) {
        const Open best = open_.top();
        if (!aim_.front() && best.value >= aim_.best() * (1 - Aim::kRounding)) break;
        if (labels_.size() >= limits_.labels || (expanded_ % 64 == 0 && limits_.reached())) {
            bound_ = best.value;
            return false;
        }
        open_.pop();
        if (labels_[best.label].dominated) continue;
        if (aim_.front()) {
            const auto [energy, latency] = leastOf(best.label);
            if (aim_.hopeless(energy, latency)) continue;
        }
        ++expanded_;
        expand(best.label);
    }
    bound_ = std::numeric_limits<double>::infinity();
    return true;
}

void Search::expand(std::uint32_t from) {
    const bool full = labels_[from].state + 1 == tables_.states();
    for (std::size_t op = 0; op < space_.operands(); ++op) {
        const std::size_t next = labels_[from].next[op];
        if (next == space_.levels(op) || (space_.levels(op) == 1 && !full)) continue;
        addCut(from, op);
        if (full) return;
    }
    for (std::size_t kind = 0; kind < tables_.kinds().size(); ++kind) {
        const std::size_t state = labels_[from].state;
        if (most_.empty() || full || tables_.countIn(state, kind) < most_[loopsIn(state)][kind]) addLoop(from, kind);
    }
}

std::size_t Search::loopsIn(std::size_t state) const {
    std::size_t loops = 0;
    for (std::size_t kind = 0; kind < tables_.kinds().size(); ++kind) loops += tables_.countIn(state, kind);
    return loops;
}

void Search::addLoop(std::uint32_t from, std::size_t kind) {
    const std::uint32_t state = labels_[from].state;
    if (tables_.countIn(state, kind) == tables_.multiplicity(kind) || (labels_[from].forbidden >> kind & 1) != 0)
        return;
    const std::size_t at = labels_.append(from);
    for (std::size_t op = 1; op < space_.operands(); ++op) {
        if (labels_[at].next[op] == 0 && (tables_.irrelevantKinds(op) >> kind & 1) == 0) place(at, op);
    }
    Label& label = labels_[at];
    label.parent = static_cast<std::int32_t>(from);
    label.move = static_cast<std::uint8_t>(kind);
    label.state += tables_.stride(kind);
    label.forbidden = 0;
    ++label.steps;
    if (timed_) {
        const std::int64_t factor = tables_.kinds()[kind].factor;
        for (std::size_t op = 0; op < space_.operands(); ++op) {
            const bool reuses = (tables_.irrelevantKinds(op) >> kind & 1) != 0;
            const bool streams = (tables_.relevantKinds(op) >> kind & 1) != 0;
            label.reuse[op] = reuses ? label.reuse[op] * factor : 1;
            label.stream[op] = streams ? label.stream[op] * factor : 1;
        }
    }
    finish(at);
}

void Search::addCut(std::uint32_t from, std::size_t op) {
    const std::size_t at = labels_.append(from);
    // A cut above all loops may still lack the one in the array.
    bool placed = labels_[at].next[op] > 0 || place(at, op);
    if (labels_[at].next[op] < space_.levels(op)) placed = placed && place(at, op);
    if (!placed) {
        labels_.removeLast();
        return;
    }
    Label& label = labels_[at];
    label.parent = static_cast<std::int32_t>(from);
    label.move = static_cast<std::uint8_t>(Label::kCut + op);
    ++label.steps;
    if (timed_) label.forbidden |= tables_.irrelevantKinds(op);
    finish(at);
}

bool Search::place(std::size_t at, std::size_t op) {
    Label& label = labels_[at];
    const std::size_t a = label.next[op];
    const double* add = space_.at(op, a, label.state);
    double* sums = labels_.sums(at);
    if (a > 0) {
        const std::size_t node = space_.node(op, a);
        double& promised = labels_.promised(at)[node];
        promised += space_.bits(op, a, label.state, op == 0 && label.partial);
        if (promised > space_.room(node)) return false;
    }
    for (std::size_t i = 0; i < space_.measures(); ++i) sums[i] += add[i];
    ++label.next[op];
    if (op == 0) label.partial = space_.partial(0, label.next[0], label.state);
    if (op == 0 && a + 1 == space_.levels(0)) {
        // The outermost tile: more than was set aside for it if it is one of partial sums.
        const std::size_t full = tables_.states() - 1;
        const std::size_t node = space_.node(0, a + 1);
        double& promised = labels_.promised(at)[node];
        promised +=
            space_.bits(0, a + 1, full, label.partial) - space_.bits(0, a + 1, full, space_.partial(0, a + 1, full));
        if (promised > space_.room(node)) return false;
    }
    for (std::size_t node = 0; node < space_.machine().nodes.size(); ++node) {
        if (closed(label, node)) labels_.promised(at)[node] = 0;
    }
    if (!timed_) return true;
    if (a > 0 && tables_.repeats(label.state) == 1) label.once |= std::uint32_t{1} << (op * cost::kMaxLevels + a);
    if (a == 0) {
        settle(at, op, 0, label.state, tables_.period(label.state), false);
        return true;
    }
    if (a == 1 && space_.once(op)) labels_.lowest(at)[op] = tables_.entry(op, 1, label.state).lowestBits;
    noteBuffers(at, op, a);
    labels_[at].reuse[op] = 1;
    labels_[at].stream[op] = 1;
    return true;
}

/// Can all tiles that are not cut yet still be held?
bool Search::roomLeft(std::size_t at) const {
    const Label& label = labels_[at];
    const double* promised = labels_.promised(at);
    for (std::size_t i = 0; i < space_.machine().nodes.size(); ++i) {
        const cost::Machine::Node& node = space_.machine().nodes[i];
        double bits = promised[i];
        for (std::size_t k = 0; k < node.count; ++k) {
            if (!node.top[k] && label.next[node.operand[k]] <= node.level[k] + 1)
                bits += space_.bits(node.operand[k], node.level[k] + std::size_t{1}, label.state, false);
        }
        if (bits > space_.room(i)) return false;
    }
    return true;
}

void Search::finish(std::size_t at) {
    ++generated_;
    if (complete(labels_[at])) {
        const auto [energy, latency] = leastOf(at);
        if (!aim_.hopeless(energy, latency)) evaluate(at);
        labels_.removeLast();
    } else if (!roomLeft(at)) {
        labels_.removeLast();
    } else {
        keep(at);
    }
}

/// What a complete label really costs.
void Search::evaluate(std::size_t at) {
    std::vector<std::uint8_t> moves;
    for (auto i = static_cast<std::int32_t>(at); labels_[static_cast<std::size_t>(i)].parent >= 0;
         i = labels_[static_cast<std::size_t>(i)].parent) {
        moves.push_back(labels_[static_cast<std::size_t>(i)].move);
    }
    Found found;
    found.candidate = candidate_;
    std::array<std::size_t, cost::kMaxOperands> cut{};
    cut.fill(1);
    for (std::size_t i = moves.size(); i-- > 0;) {
        if (moves[i] < Label::kCut) {
            found.order.push_back(tables_.kinds()[moves[i]]);
            continue;
        }
        const std::size_t op = moves[i] - Label::kCut;
        found.allocation.cut[op][cut[op]++] = static_cast<std::uint8_t>(found.order.size());
    }
    for (std::size_t op = 0; op < space_.operands(); ++op)
        found.allocation.cut[op][space_.levels(op)] = static_cast<std::uint8_t>(found.order.size());
    if (!space_.fits(found.order, found.allocation)) return;
    found.score = space_.model().evaluate(found.order, found.allocation);
    ++evaluated_;
    aim_.offer(std::move(found));
}

/// Adds a label to the open ones unless it is hopeless or another one dominates it.
bool Search::keep(std::size_t at) {
    const auto [energy, latency] = leastOf(at);
    if (!(energy < std::numeric_limits<double>::infinity()) || !(latency < std::numeric_limits<double>::infinity()) ||
        aim_.hopeless(energy, latency)) {
        labels_.removeLast();
        return false;
    }
    const std::size_t node = nodeOf(labels_[at]);
    std::size_t compared = 0;
    for (std::int32_t i = nodes_[node]; i >= 0 && compared < kMostCompared;
         i = labels_[static_cast<std::size_t>(i)].nextInNode, ++compared) {
        if (dominates(static_cast<std::size_t>(i), at)) {
            labels_.removeLast();
            return false;
        }
    }
    compared = 0;
    for (std::int32_t* link = &nodes_[node]; *link >= 0 && compared < kMostCompared; ++compared) {
        Label& other = labels_[static_cast<std::size_t>(*link)];
        if (dominates(at, static_cast<std::size_t>(*link))) {
            other.dominated = true;
            *link = other.nextInNode;
        } else {
            link = &other.nextInNode;
        }
    }
    labels_[at].nextInNode = nodes_[node];
    nodes_[node] = static_cast<std::int32_t>(at);
    open_.push({aim_.value(energy, latency), labels_[at].steps, static_cast<std::uint32_t>(at)});
    return true;
}

}  // namespace millrace::mapper::exact
