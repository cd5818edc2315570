#pragma once
#include <cstdint>
#include <memory>

#include "targets/barvinn/simulate/kernel.h"
#include "targets/barvinn/simulate/memory.h"
#include "targets/barvinn/simulate/quirks.h"
#include "targets/barvinn/simulate/settings.h"

namespace millrace::targets::barvinn {

/// One matrix-vector unit, cycle by cycle. A run cycle n reads a data and a weight word; their products enter the sums;
/// a sum that is finished by run cycle n reads its scaler and bias in n + 5, is scaled from n + 6 on, enters the
/// serialiser in n + 10 and leaves it as one word a cycle from n + 11 on.
class Mvu {
public:
    /// A word that leaves the serialiser.
    struct Output {
        bool valid = false;
        std::uint8_t destinations = 0;
        std::uint16_t address = 0;
        ActivationWord word = 0;
    };

    Mvu(const Quirks& quirks, const Kernel& kernel, Counters& counters)
        : quirks_(quirks), kernel_(kernel), counters_(counters) {}

    MvuMemory& memory() { return *memory_; }
    const MvuMemory& memory() const { return *memory_; }

    /// A register write in this cycle, before `step`.
    void write(CsrNumber number, std::uint32_t value);
    /// One clock cycle. Reads memory as earlier cycles left it.
    Output step();

    /// In this cycle, before `step`:
    bool startPulse() const { return startPulse_; }
    bool interrupt() const { return state_ == State::done; }
    /// Something is on its way: without it, `step` changes nothing.
    bool awake() const;

private:
    enum class State : std::uint8_t { idle, run, done };
    /// A data word between its address and its products.
    struct Read {
        ActivationWord data = 0;
        std::uint32_t weightAddress = 0;
        bool negative = false, first = false, shift = false;
        std::uint8_t job = 0;
    };
    /// A finished sum on its way to the serialiser.
    struct Sum {
        std::int64_t values[kLanes];
        std::uint32_t scaled[kLanes];
        ScalerWord scalers;
        BiasWord biases;
        std::uint8_t job = 0;
    };
    /// What a job was started with, and where its next word goes (used without Q4).
    struct JobState {
        Settings settings;
        std::uint16_t outputAddress = 0;
    };
    static constexpr std::size_t kReads = 4, kSums = 16, kJobStates = 32;

    const Settings& settingsOf(std::uint8_t job) const {
        return quirks_.lateRegisters ? latched_ : jobs_[job].settings;
    }
    void issue();
    void multiply();
    void readScalers();
    void scale();
    Output serialise();
    void load();
    void clock();
    void clockController();
    void latch();
    void startWalks();

    Quirks quirks_;
    const Kernel& kernel_;
    Counters& counters_;
    std::unique_ptr<MvuMemory> memory_ = std::make_unique<MvuMemory>();

    Settings live_, latched_;
    bool commandNow_ = false, startPulse_ = false, started_ = false;
    State state_ = State::idle;
    std::uint32_t left_ = 0;  ///< run cycles
    /// Bit k: in the cycle k cycles ago there was a start, a run cycle, a run cycle that finished a sum.
    std::uint32_t starts_ = 0, runs_ = 0, ends_ = 0;

    AddressGenerator inputWalk_, weightWalk_, scalerWalk_, biasWalk_;
    PlanePairs planes_;
    bool nextIsFirst_ = true;
    Read reads_[kReads];
    std::uint32_t readIndex_ = 0;  ///< of the read of this cycle

    std::int64_t sums_[kLanes] = {};
    Sum finished_[kSums];
    std::uint32_t summed_ = 0, fetched_ = 0, scaled_ = 0, loaded_ = 0;  ///< finished sums that passed each stage

    int wordsLeft_ = 0;
    int plane_ = 0;  ///< of the next word, 0 = most significant
    std::uint32_t serialised_ = 0;
    std::uint16_t outputAddress_ = 0;
    JobState jobs_[kJobStates];
    std::uint8_t job_ = 0;
};

}  // namespace millrace::targets::barvinn
