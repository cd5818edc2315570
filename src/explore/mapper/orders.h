#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "explore/cost/model.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper {

/// Splits loop sizes into prime factors, and joins the smallest of the loops with most factors until at most `limit`
/// are left (zigzag.md 6.2). The limit is raised to the number of loops. Grouped by loop, in the nest's order, factors
/// ascending.
std::vector<cost::Loop> loopFactors(const std::vector<std::int64_t>& sizes, int limit);

/// The same when a user has given some loops with their sizes (zigzag.md 6.3), as ZigZag does it, its faults included:
/// the prime factors of a given size become one factor, but only of a power of a prime; of other sizes all primes but
/// the smallest stay as well, so that the loops do too much. Given sizes are joined last. Empty where ZigZag fails:
/// primes that the loop lacks, or has used up for given sizes when it joins factors.
std::optional<std::vector<cost::Loop>> loopFactors(const std::vector<std::int64_t>& sizes,
                                                   const std::vector<cost::Loop>& given, int limit);

/// The orders of a multiset of values in the cool-lex sequence (zigzag.md 6.3): Williams' prefix shifts on a linked
/// list. The first order is non-increasing.
class Orders {
public:
    /// Values: larger numbers come first in the first order; equal ones are not told apart.
    explicit Orders(std::vector<std::uint32_t> values);

    /// The current order, head first.
    void current(std::vector<std::uint32_t>& order) const;
    /// Steps to the next one; false if there is none.
    bool next();

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::vector<std::uint32_t> value_;
    std::vector<std::size_t> next_;
    std::size_t head_ = kNone;
    std::size_t i_ = kNone;
    std::size_t j_ = kNone;
};

/// How many orders there are; capped at 2^62.
std::int64_t orderCount(const std::vector<cost::Loop>& loops);

/// All orders of the loops of a layer under constraints, in the sequence in which ZigZag tries them.
class OrderSource {
public:
    /// Errors: an order that names a position beyond the loops, sizes that do not divide the loops, more orders than
    /// can be tried in a lifetime (2^31).
    static std::optional<OrderSource> make(const cost::Nest& nest, const std::vector<std::int64_t>& sizes,
                                           const std::vector<mapping::TemporalLoop>& temporal, int limit,
                                           Diagnostics& diagnostics);

    /// The loops that are ordered (a multiset, or the one order itself if it is given in full).
    const std::vector<cost::Loop>& loops() const { return loops_; }
    bool complete() const { return complete_; }
    /// Does the user's order constrain anything?
    bool constrained() const { return complete_ || !pins_.empty(); }
    /// Kinds of loops, and the kind of each position of the order that is visited; false from `visit` ends the walk.
    void forEach(const std::function<bool(const std::vector<std::uint32_t>& kinds)>& visit) const;
    /// By kind, ascending in (name, factor).
    const std::vector<cost::Loop>& kinds() const { return kinds_; }

private:
    struct Pin {
        std::size_t position = 0;
        cost::DimIndex dim = 0;
        std::int64_t factor = 0;  ///< 0: any
    };

    bool pinned(const std::vector<std::uint32_t>& order) const;

    std::vector<cost::Loop> loops_;
    std::vector<cost::Loop> kinds_;
    std::vector<Pin> pins_;
    bool complete_ = false;
};

}  // namespace millrace::mapper
