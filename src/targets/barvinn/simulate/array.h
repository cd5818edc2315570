#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "targets/barvinn/simulate/mvu.h"

/// Eight MVUs, their memories and the crossbar between them.
namespace millrace::targets::barvinn {

/// An event of one MVU in a cycle.
struct Pulse {
    std::int64_t cycle = 0;
    int mvu = 0;
    auto operator<=>(const Pulse&) const = default;
};

/// A word that entered an activation memory.
struct WordWrite {
    std::int64_t cycle = 0;
    int mvu = 0;
    std::uint16_t address = 0;
    ActivationWord word = 0;
    bool operator==(const WordWrite&) const = default;
};

/// A register write on the bus.
struct BusWrite {
    int mvu = 0;
    CsrNumber number = 0;
    std::uint32_t value = 0;
};

/// What an array did, in order of cycles, then MVUs.
struct ArrayTrace {
    std::vector<Pulse> starts;  ///< one cycle after the write of MVUCOMMAND
    std::vector<Pulse> interrupts;
    std::vector<WordWrite> words;
};

/// Cycle-accurate. A value of `cycle()` is the number of the cycle that the next `step` runs. Memories may be read and
/// written between steps, as a host would through ports of its own.
class Array {
public:
    explicit Array(const Quirks& quirks = Quirks::rtl(), const Kernel& kernel = bestKernel(),
                   std::int64_t firstCycle = 0);
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;

    MvuMemory& memory(int mvu) { return mvus_[static_cast<std::size_t>(mvu)].memory(); }
    const MvuMemory& memory(int mvu) const { return mvus_[static_cast<std::size_t>(mvu)].memory(); }

    /// A register write in the cycle that the next `step` runs (the bus has room for one a cycle).
    void write(const BusWrite& write);
    void step();
    /// Steps until cycle `end` is the next.
    void stepTo(std::int64_t end);
    /// Steps until nothing is on its way any more, at most until `limit` is the next cycle. False if something still
    /// is.
    bool settle(std::int64_t limit);

    std::int64_t cycle() const { return cycle_; }
    bool awake() const;
    /// Bit m: MVU m interrupts in the cycle that the next `step` runs.
    std::uint32_t interrupts() const;
    const Counters& counters() const { return counters_; }
    /// Everything since construction; only with `keepTrace`.
    const ArrayTrace& trace() const { return trace_; }
    void keepTrace(bool keep) { keepTrace_ = keep; }

private:
    struct Arrival {
        std::uint16_t address = 0;
        ActivationWord word = 0;
    };
    /// Words that arrive at one MVU in one cycle; with Q6 all in one.
    struct Arrivals {
        int count = 0;
        std::array<Arrival, kMvus> words{};
    };

    void pulses(int mvu, const Mvu& unit);
    void store(int mvu, const Arrival& word);
    void deliver(int mvu, const Mvu::Output& output);
    void send(int to, const Arrival& word);

    Quirks quirks_;
    Counters counters_;
    std::vector<Mvu> mvus_;
    std::array<Arrivals, kMvus> arriving_{}, sent_{};
    std::uint32_t arrivingAt_ = 0, sentTo_ = 0;  ///< bit m: MVU m has some
    std::uint32_t awake_ = 0;                    ///< bit m: MVU m has something on its way
    std::int64_t cycle_ = 0;
    bool keepTrace_ = false;
    ArrayTrace trace_;
};

}  // namespace millrace::targets::barvinn
