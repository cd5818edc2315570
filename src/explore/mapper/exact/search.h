#pragma once
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "explore/mapper/exact/aim.h"
#include "explore/mapper/exact/bounds.h"
#include "explore/mapper/exact/labels.h"
#include "explore/mapper/exact/space.h"

namespace millrace::mapper::exact {

/// Best-first search over the labels of one space. Exhaustive: when it ends by itself, no mapping of the space is
/// better than what the aim knows.
class Search {
public:
    Search(const Space& space, std::size_t candidate, Aim& aim, const Limits& limits);

    /// What the best mapping of this space costs at least, before anything is searched.
    double rootBound() const { return rootBound_; }
    /// Allows one order of the primes only (of factors that are products of them). Empty: all.
    void follow(const std::vector<cost::Loop>& order);
    /// True if the search was exhausted.
    bool run();
    /// After `run`: what any mapping of the space that is better than the aim's costs at least; infinite if none is.
    double bound() const { return bound_; }
    std::int64_t expanded() const { return expanded_; }
    std::int64_t generated() const { return generated_; }
    std::int64_t evaluated() const { return evaluated_; }

private:
    /// Labels of one state and cuts that a new one is compared with, the latest first. Dominance only saves work: to
    /// miss some of it costs less than to look for all of it.
    static constexpr std::size_t kMostCompared = 24;

    struct Open {
        double value = 0;
        std::uint16_t steps = 0;
        std::uint32_t label = 0;
    };
    struct Later {
        bool operator()(const Open& a, const Open& b) const {
            if (a.value != b.value) return a.value > b.value;
            return a.steps != b.steps ? a.steps < b.steps : a.label > b.label;
        }
    };

    std::vector<Bounds::Term> terms() const;
    void start();
    void expand(std::uint32_t from);
    std::size_t loopsIn(std::size_t state) const;
    void addLoop(std::uint32_t from, std::size_t kind);
    void addCut(std::uint32_t from, std::size_t op);
    /// Places the operand's next cut at the label's state; false if its tile does not fit.
    bool place(std::size_t label, std::size_t op);
    void noteBuffers(std::size_t label, std::size_t op, std::size_t a);
    void settle(std::size_t label, std::size_t op, std::size_t a, std::size_t state, std::int64_t window, bool doubled);
    void decideNode(std::size_t label, std::size_t node);
    double inUse(std::size_t op, std::size_t cut, std::size_t state, std::int64_t stream) const;
    bool chooseBuffers(const cost::Machine::Node& node, const std::array<double, cost::kMaxOperands>& use,
                       std::array<bool, cost::kMaxOperands>& doubled) const;
    bool roomLeft(std::size_t label) const;
    void finish(std::size_t label);
    void evaluate(std::size_t label);
    bool keep(std::size_t label);
    bool dominates(std::size_t a, std::size_t b) const;
    bool portsDominate(std::size_t a, std::size_t b) const;
    bool buffersDominate(const Label& a, const Label& b) const;
    bool onceDominates(std::size_t a, std::size_t b) const;
    std::pair<double, double> leastOf(std::size_t label) const;
    std::size_t nodeOf(const Label& label) const;
    bool complete(const Label& label) const;
    bool closed(const Label& label, std::size_t node) const;

    const Space& space_;
    const cost::Tables& tables_;
    std::size_t candidate_;
    Aim& aim_;
    Limits limits_;
    bool timed_;  ///< latency matters: buffers, windows and runs are followed
    Bounds bounds_;
    Labels labels_;
    Interned interned_;
    /// Of the one order that is allowed: by place, how many loops of each kind may lie below it. Empty: all orders.
    std::vector<std::vector<std::size_t>> most_;
    std::vector<std::int32_t> nodes_;  ///< last label of each state and cuts
    std::priority_queue<Open, std::vector<Open>, Later> open_;
    double arrayEnergy_ = 0;
    double total_ = 0;
    double rootBound_ = 0;
    double bound_ = 0;
    std::int64_t expanded_ = 0;
    std::int64_t generated_ = 0;
    std::int64_t evaluated_ = 0;
};

}  // namespace millrace::mapper::exact
