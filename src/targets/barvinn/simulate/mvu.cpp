#include "targets/barvinn/simulate/mvu.h"

#include <bit>

namespace millrace::targets::barvinn {

namespace {

/// Cycles from a run cycle to what it causes.
constexpr int kToProducts = 2;
constexpr int kToScalerRead = 5;
constexpr int kToScale = 6;
constexpr int kToLoad = 10;

constexpr std::uint32_t kSumMask = (1U << kAccumulatorBits) - 1;

bool happened(std::uint32_t history, int cyclesAgo) { return (history >> cyclesAgo & 1U) != 0; }

bool fits(std::int64_t value, int bits) { return value == signedBits(static_cast<std::uint64_t>(value), bits); }

}  // namespace

void Mvu::write(CsrNumber number, std::uint32_t value) {
    live_.write(number, value, quirks_.scalerLengthsAlias);
    commandNow_ = commandNow_ || number == csr::command;
}

bool Mvu::awake() const {
    constexpr std::uint32_t kHistory = (2U << kToLoad) - 1;
    return commandNow_ || startPulse_ || started_ || state_ != State::idle || wordsLeft_ > 0 ||
           ((starts_ | runs_ | ends_) & kHistory) != 0;
}

Mvu::Output Mvu::step() {
    const bool running = state_ == State::run;
    starts_ = starts_ << 1 | (started_ ? 1U : 0U);
    runs_ = runs_ << 1 | (running ? 1U : 0U);
    ends_ <<= 1;
    if (running) issue();
    if (happened(runs_, kToProducts)) multiply();
    if (happened(ends_, kToScalerRead)) readScalers();
    if (happened(ends_, kToScale)) scale();
    const Output output = wordsLeft_ > 0 ? serialise() : Output{};
    if (happened(ends_, kToLoad)) load();
    clock();
    return output;
}

/// A run cycle: addresses, the data word, and what the weight walk's jump means.
void Mvu::issue() {
    ++counters_.busyCycles;
    Read& read = reads_[readIndex_ % kReads];
    const std::uint32_t address = (latched_.inputBase + inputWalk_.offset() + planes_.input()) & 0x7fff;
    read.data = memory_->activations[address];
    if (quirks_.bankZeroLeaks && address >= kBankWords) {
        const ActivationWord leak = memory_->activations[0];
        if ((leak & ~read.data) != 0) ++counters_.leakyReads;
        read.data |= leak;
    }
    read.weightAddress = (latched_.weightBase + weightWalk_.offset() + planes_.weight()) & 0x1ff;
    const Settings& signs = quirks_.lateRegisters ? live_ : latched_;
    read.negative = (signs.inputSigned && planes_.input() == 0) != (signs.weightSigned && planes_.weight() == 0);
    read.shift = planes_.shift();
    read.first = nextIsFirst_;
    read.job = job_;
    inputWalk_.step(latched_.input);
    const int level = weightWalk_.step(latched_.weight);
    nextIsFirst_ = (latched_.loadSelect >> level & 1U) != 0;
    if (nextIsFirst_) ends_ |= 1U;
    if ((latched_.stepSelect >> level & 1U) != 0) {
        planes_.step(latched_.weightBits, latched_.inputBits);
    } else {
        planes_.stay();
    }
}

void Mvu::multiply() {
    const Read& read = reads_[(readIndex_ - kToProducts) % kReads];
    const auto ones = static_cast<std::int64_t>(std::popcount(read.data));
    SumStep step;
    step.keep = read.first ? SumStep::Keep::nothing : (read.shift ? SumStep::Keep::twice : SumStep::Keep::once);
    const MulMode mode = settingsOf(read.job).mulMode;
    step.doubled = mode == MulMode::plusMinus ? 1 : 0;
    const bool subtract = (mode == MulMode::plusMinus || mode == MulMode::minus) != read.negative;
    step.flip = subtract ? -1 : 0;
    step.offset = subtract ? 1 : 0;
    if (mode == MulMode::plusMinus) step.offset += read.negative ? -ones : ones;
    const ActivationWord data = mode == MulMode::zero ? 0 : read.data;
    kernel_.addProducts(sums_, memory_->weights[read.weightAddress].data(), data, step);
    if (!happened(ends_, kToProducts)) return;
    Sum& sum = finished_[summed_++ % kSums];
    sum.job = read.job;
    ++counters_.sums;
    for (int lane = 0; lane < kLanes; ++lane) {
        const std::int64_t value = signedBits(static_cast<std::uint64_t>(sums_[lane]), kAccumulatorBits);
        if (value != sums_[lane]) ++counters_.accumulatorWraps;
        sum.values[lane] = value;
    }
}

void Mvu::readScalers() {
    Sum& sum = finished_[fetched_++ % kSums];
    const Settings& settings = settingsOf(sum.job);
    const bool reads = state_ == State::run || !quirks_.scalerReadsOnlyRunning;
    if (!reads) counters_.zeroedReads += (settings.scalerFromMemory ? 1 : 0) + (settings.biasFromMemory ? 1 : 0);
    const std::uint32_t scaler = (settings.scalerBase + scalerWalk_.offset()) & 0x3f;
    const std::uint32_t bias = (settings.biasBase + biasWalk_.offset()) & 0x3f;
    sum.scalers = reads && settings.scalerFromMemory ? memory_->scalers[scaler] : ScalerWord{};
    sum.biases = reads && settings.biasFromMemory ? memory_->biases[bias] : BiasWord{};
    scalerWalk_.step(latched_.scaler);
    biasWalk_.step(latched_.bias);
}

void Mvu::scale() {
    Sum& sum = finished_[scaled_++ % kSums];
    const Settings& settings = settingsOf(sum.job);
    if (!settings.scalerFromMemory) sum.scalers.fill(settings.scalerValue);
    if (!settings.biasFromMemory) sum.biases.fill(0);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::int64_t scaled = sum.values[lane] * sum.scalers[lane] + signedBits(sum.biases[lane], 27);
        if (!fits(scaled, kAccumulatorBits)) ++counters_.scalerWraps;
        sum.scaled[lane] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(scaled)) & kSumMask;
    }
}

void Mvu::load() {
    if (wordsLeft_ > 0) ++counters_.cutSums;
    serialised_ = loaded_++;
    const Sum& sum = finished_[serialised_ % kSums];
    const Settings& settings = settingsOf(sum.job);
    wordsLeft_ = static_cast<int>(quirks_.lateRegisters ? live_.outputBits : settings.outputBits);
    plane_ = 0;
    for (const std::uint32_t scaled : sum.scaled) {
        const std::int64_t above = signedBits(scaled, kAccumulatorBits) >> settings.msbIndex;
        if (above != 0 && above != 1) ++counters_.unsignedOverflows;
        if (above != 0 && above != -1) ++counters_.signedOverflows;
    }
}

Mvu::Output Mvu::serialise() {
    const Sum& sum = finished_[serialised_ % kSums];
    const Settings& settings = settingsOf(sum.job);
    std::uint16_t& address = quirks_.lateRegisters ? outputAddress_ : jobs_[sum.job].outputAddress;
    Output output;
    output.valid = true;
    output.destinations = settings.destinations;
    output.address = address;
    const int bit = settings.msbIndex - plane_;
    output.word = bit < 0 ? 0 : kernel_.plane(sum.scaled, bit);
    address = (address + 1) & 0x7fff;
    ++plane_;
    --wordsLeft_;
    return output;
}

/// The end of the cycle: what registers take over.
void Mvu::clock() {
    ++readIndex_;
    if (happened(starts_, kToScalerRead)) {
        scalerWalk_.clear(latched_.scaler);
        biasWalk_.clear(latched_.bias);
    }
    if (happened(starts_, kToLoad)) outputAddress_ = live_.outputBase;
    clockController();
    if (started_) startWalks();
    started_ = false;
    if (startPulse_) latch();
    startPulse_ = commandNow_;
    commandNow_ = false;
}

void Mvu::clockController() {
    constexpr std::uint32_t kCountMask = (1U << kMaxCountdownBits) - 1;
    switch (state_) {
        case State::run:
            if (left_ == 1) state_ = State::done;
            left_ = (left_ - 1) & kCountMask;
            break;
        case State::done:
            left_ = latched_.countdown;
            state_ = started_ && !quirks_.commandWhileBusyActs ? State::run : State::idle;
            if (state_ == State::run) ++counters_.jobs;
            break;
        case State::idle:
            left_ = latched_.countdown;
            if (!started_) break;
            state_ = State::run;
            ++counters_.jobs;
            break;
    }
}

void Mvu::startWalks() {
    inputWalk_.clear(latched_.input);
    weightWalk_.clear(latched_.weight);
    planes_.clear();
    nextIsFirst_ = true;
}

/// The cycle of the start pulse ends: the registers are copied, and the start acts in the next cycle.
void Mvu::latch() {
    if (state_ != State::idle) ++counters_.busyCommands;
    if (state_ == State::run && !quirks_.commandWhileBusyActs) return;
    latched_ = live_;
    started_ = true;
    job_ = static_cast<std::uint8_t>((job_ + 1U) % kJobStates);
    if (!quirks_.lateRegisters) jobs_[job_] = {latched_, latched_.outputBase};
}

}  // namespace millrace::targets::barvinn
