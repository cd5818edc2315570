#include "targets/barvinn/simulate/array.h"

#include <bit>
#include <utility>

namespace millrace::targets::barvinn {

Array::Array(const Quirks& quirks, const Kernel& kernel, std::int64_t firstCycle)
    : quirks_(quirks), cycle_(firstCycle) {
    mvus_.reserve(kMvus);
    for (int i = 0; i < kMvus; ++i) mvus_.emplace_back(quirks_, kernel, counters_);
}

void Array::write(const BusWrite& write) {
    mvus_[static_cast<std::size_t>(write.mvu)].write(write.number, write.value);
    awake_ |= 1U << write.mvu;
}

bool Array::awake() const { return (arrivingAt_ | awake_) != 0; }

std::uint32_t Array::interrupts() const {
    std::uint32_t bits = 0;
    for (std::uint32_t left = awake_; left != 0; left &= left - 1) {
        const int mvu = std::countr_zero(left);
        if (mvus_[static_cast<std::size_t>(mvu)].interrupt()) bits |= 1U << mvu;
    }
    return bits;
}

void Array::step() {
    for (std::uint32_t left = awake_ | arrivingAt_; left != 0; left &= left - 1) {
        const int i = std::countr_zero(left);
        Mvu& mvu = mvus_[static_cast<std::size_t>(i)];
        Mvu::Output output;
        if ((awake_ >> i & 1U) != 0) {
            if (keepTrace_) pulses(i, mvu);
            output = mvu.step();
            if (!mvu.awake()) awake_ &= ~(1U << i);
        }
        if (output.valid || (arrivingAt_ >> i & 1U) != 0) deliver(i, output);
    }
    if ((arrivingAt_ | sentTo_) != 0) {
        for (Arrivals& old : arriving_) old.count = 0;
        std::swap(arriving_, sent_);
        arrivingAt_ = std::exchange(sentTo_, 0);
    }
    ++cycle_;
}

void Array::stepTo(std::int64_t end) {
    while (cycle_ < end) {
        if (!awake()) {
            cycle_ = end;
            return;
        }
        step();
    }
}

bool Array::settle(std::int64_t limit) {
    while (awake()) {
        if (cycle_ >= limit) return false;
        step();
    }
    return true;
}

void Array::pulses(int mvu, const Mvu& unit) {
    if (unit.startPulse()) trace_.starts.push_back({cycle_, mvu});
    if (unit.interrupt()) trace_.interrupts.push_back({cycle_, mvu});
}

void Array::store(int mvu, const Arrival& word) {
    memory(mvu).activations[word.address] = word.word;
    ++counters_.wordsWritten;
    if (keepTrace_) trace_.words.push_back({cycle_, mvu, word.address, word.word});
}

/// Writes what arrives at an MVU and what it gives itself, and sends its word to others.
void Array::deliver(int mvu, const Mvu::Output& output) {
    const Arrivals& arrivals = arriving_[static_cast<std::size_t>(mvu)];
    for (int i = 0; i < arrivals.count; ++i) store(mvu, arrivals.words[static_cast<std::size_t>(i)]);
    if (!output.valid) return;
    const Arrival word{output.address, output.word};
    const bool toItself = (output.destinations >> mvu & 1) != 0;
    if (toItself) {
        if (quirks_.wordsCollide && arrivals.count > 0) {
            ++counters_.lostWords;
        } else {
            store(mvu, word);
        }
        if (quirks_.wordsCollide) return;
    }
    for (int to = 0; to < kMvus; ++to) {
        if (to != mvu && (output.destinations >> to & 1) != 0) send(to, word);
    }
}

void Array::send(int to, const Arrival& word) {
    Arrivals& arrivals = sent_[static_cast<std::size_t>(to)];
    sentTo_ |= 1U << to;
    if (quirks_.wordsCollide && arrivals.count > 0) {
        arrivals.words[0].address |= word.address;
        arrivals.words[0].word |= word.word;
        ++counters_.mergedWords;
        return;
    }
    arrivals.words[static_cast<std::size_t>(arrivals.count++)] = word;
}

}  // namespace millrace::targets::barvinn
