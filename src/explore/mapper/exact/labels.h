#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "explore/mapper/exact/space.h"

namespace millrace::mapper::exact {

/// How far a chain has come: the loops below, the cuts placed, and what the rest of it can still see of that.
struct Label {
    std::uint32_t state = 0;
    std::int32_t parent = -1;
    std::int32_t nextInNode = -1;  ///< other labels of the same state and cuts
    /// First cut of each operand that is not placed; its number of levels if all are.
    std::array<std::uint8_t, cost::kMaxOperands> next{};
    std::uint8_t move = 0;  ///< how it came from its parent: a kind of loop, or `kCut` + operand
    bool partial = false;   ///< the output's next tile is one of partial sums
    bool dominated = false;
    std::uint16_t steps = 0;
    std::uint32_t open = 0;       ///< set of cuts whose buffers are not decided (see `Interned`)
    std::uint32_t once = 0;       ///< set of cuts above all loops
    std::uint64_t forbidden = 0;  ///< kinds that may not come next: they would move below a cut made here
    /// Products of the run of irrelevant (relevant) loops of each operand that ends here.
    std::array<std::int64_t, cost::kMaxOperands> reuse{1, 1, 1};
    std::array<std::int64_t, cost::kMaxOperands> stream{1, 1, 1};

    static constexpr std::uint8_t kCut = 0x80;
};

/// Gives equal sequences of numbers equal ids. Id 0 is the empty one.
class Interned {
public:
    Interned() { id({}); }
    std::uint32_t id(std::vector<std::int64_t> sequence);
    const std::vector<std::int64_t>& operator[](std::uint32_t id) const { return *sequences_[id]; }

private:
    std::map<std::vector<std::int64_t>, std::uint32_t> ids_;
    std::vector<const std::vector<std::int64_t>*> sequences_;
};

/// All labels of a search, with numbers that only the space knows how many there are of.
class Labels {
public:
    explicit Labels(const Space& space);

    std::size_t size() const { return labels_.size(); }
    Label& operator[](std::size_t i) { return labels_[i]; }
    const Label& operator[](std::size_t i) const { return labels_[i]; }
    /// Measures so far.
    double* sums(std::size_t i) { return numbers_.data() + i * stride_; }
    const double* sums(std::size_t i) const { return numbers_.data() + i * stride_; }
    /// Bits promised in each memory that some operand still has to be cut for.
    double* promised(std::size_t i) { return sums(i) + measures_; }
    const double* promised(std::size_t i) const { return sums(i) + measures_; }
    /// Elements' bits below cut 1 of each operand, where they matter to loads (0 before it is placed).
    double* lowest(std::size_t i) { return promised(i) + nodes_; }
    const double* lowest(std::size_t i) const { return promised(i) + nodes_; }
    /// For each port: the movements that do not use it the whole time, or `kBusy` if one does.
    std::uint32_t* windows(std::size_t i) { return windows_.data() + i * ports_; }
    const std::uint32_t* windows(std::size_t i) const { return windows_.data() + i * ports_; }
    static constexpr std::uint32_t kBusy = 0xffffffff;

    /// A copy of label `from` (-1: an empty one) at the end.
    std::size_t append(std::int64_t from);
    void removeLast();

private:
    std::size_t measures_;
    std::size_t nodes_;
    std::size_t stride_;
    std::size_t ports_;
    std::vector<Label> labels_;
    std::vector<double> numbers_;
    std::vector<std::uint32_t> windows_;
};

}  // namespace millrace::mapper::exact
