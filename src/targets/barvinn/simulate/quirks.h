#pragma once
#include <cstdint>

/// What the machine does that its documentation does not say, and counts of what went wrong while it ran.
namespace millrace::targets::barvinn {

/// Faults of the hardware as it is, each with a switch; `false` is what the documentation promises. Set by default.
struct Quirks {
    /// Q1: scaler and bias memories are read only while the MVU runs; a sum that ends within the last 5 cycles of a job
    /// gets 0. Off: always read.
    bool scalerReadsOnlyRunning = true;
    /// Q2: what is read from banks 1..31 has word 0 of bank 0 OR-ed in. Off: the word alone.
    bool bankZeroLeaks = true;
    /// Q3: a command while the MVU runs restarts its address generators under the job, and a start that meets the
    /// interrupt is lost. Off: commands while running are ignored without a trace, and one that meets the interrupt
    /// starts.
    bool commandWhileBusyActs = true;
    /// Q4: signedness, output precision and output base are taken as they are when they are needed, and the quantiser's
    /// position, the scaler register, the destinations and the multiplier mode change under a job's last words when the
    /// next one starts. Off: a job keeps what it was started with, to its last word.
    bool lateRegisters = true;
    /// Q5: all four length registers of the scaler (bias) walk write length 1. Off: each its own.
    bool scalerLengthsAlias = true;
    /// Q6: one word is written to an MVU a cycle: words of several senders are OR-ed, addresses too, a local word that
    /// meets an incoming one is lost, and who writes to itself writes to nobody else. Off: all words arrive.
    bool wordsCollide = true;

    static constexpr Quirks rtl() { return {}; }
    static constexpr Quirks documented() { return {false, false, false, false, false, false}; }
};

/// What happened in a run. Lanes are counted one by one.
struct Counters {
    std::int64_t busyCycles = 0;         ///< of all MVUs together
    std::int64_t jobs = 0;               ///< accepted starts
    std::int64_t sums = 0;               ///< finished sums of 64 lanes
    std::int64_t wordsWritten = 0;       ///< into activation memories
    std::int64_t accumulatorWraps = 0;   ///< lanes whose sum needs more than 27 bits (exact for operands of 16 bits)
    std::int64_t scalerWraps = 0;        ///< lanes whose scaled result needs more than 27 bits
    std::int64_t unsignedOverflows = 0;  ///< lanes whose output loses bits if it is read without sign
    std::int64_t signedOverflows = 0;    ///< lanes whose output loses bits if it is read with sign
    std::int64_t cutSums = 0;            ///< sums whose last output words the next sum cut off
    std::int64_t zeroedReads = 0;        ///< scaler or bias words that were read as 0 (Q1)
    std::int64_t leakyReads = 0;         ///< activation words changed by bank 0 (Q2)
    std::int64_t busyCommands = 0;       ///< commands that met a running MVU, or its interrupt
    std::int64_t lostWords = 0;          ///< local words lost to incoming ones
    std::int64_t mergedWords = 0;        ///< incoming words OR-ed into another one
};

}  // namespace millrace::targets::barvinn
