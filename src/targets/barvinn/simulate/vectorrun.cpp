#include <algorithm>

#include "support/rng.h"
#include "targets/barvinn/simulate/pito.h"
#include "targets/barvinn/simulate/vectors.h"

namespace millrace::targets::barvinn {

namespace {

/// Cycles between setting registers and the first command, so that nothing of the one meets the other.
constexpr std::int64_t kIdle = 64;

std::string hex(std::uint64_t value, int digits) {
    std::string text;
    for (int i = digits - 1; i >= 0; --i) text.push_back("0123456789abcdef"[value >> 4 * i & 15]);
    return text;
}

void fillLanes(Rng& rng, ScalerWord& word) {
    for (std::size_t lane = 0; lane < kLanes; lane += 4) {
        const std::uint64_t bits = rng.next();
        for (std::size_t i = 0; i < 4; ++i) word[lane + i] = static_cast<std::int16_t>(bits >> 16 * i & 0xffff);
    }
}

void fillLanes(Rng& rng, BiasWord& word) {
    for (std::size_t lane = 0; lane < kLanes; lane += 2) {
        const std::uint64_t bits = rng.next();
        word[lane] = static_cast<std::uint32_t>(bits);
        word[lane + 1] = static_cast<std::uint32_t>(bits >> 32);
    }
}

void apply(const MemoryFill& fill, MvuMemory& memory) {
    Rng rng(fill.seed);
    for (std::uint32_t i = 0; i < fill.count; ++i) {
        const std::uint32_t address = fill.address + i;
        switch (fill.kind) {
            case MemoryFill::Kind::activations:
                memory.activations[address] = fill.words.empty() ? rng.next() : fill.words[i];
                break;
            case MemoryFill::Kind::weights:
                for (std::uint64_t& row : memory.weights[address]) row = rng.next();
                break;
            case MemoryFill::Kind::scalers: fillLanes(rng, memory.scalers[address]); break;
            case MemoryFill::Kind::biases: fillLanes(rng, memory.biases[address]); break;
        }
    }
}

void apply(const std::vector<MemoryFill>& fills, Array& array) {
    for (const MemoryFill& fill : fills) apply(fill, array.memory(fill.mvu));
}

using Difference = std::optional<std::string>;

Difference differs(const std::string& what, const std::string& ours, const std::string& recorded) {
    if (ours == recorded) return std::nullopt;
    return what + " is " + ours + " here and " + recorded + " in the record";
}
Difference differs(const std::string& what, std::int64_t ours, std::int64_t recorded) {
    return differs(what, std::to_string(ours), std::to_string(recorded));
}
Difference differs(const std::string& what, std::optional<std::int64_t> ours, std::optional<std::int64_t> recorded) {
    const auto text = [](std::optional<std::int64_t> value) { return value ? std::to_string(*value) : "nothing"; };
    return differs(what, text(ours), text(recorded));
}

std::string text(const Pulse& pulse) {
    return "MVU " + std::to_string(pulse.mvu) + " in cycle " + std::to_string(pulse.cycle);
}
std::string text(const WordWrite& write) {
    return hex(write.word, 16) + " to word " + std::to_string(write.address) + " of " +
           text(Pulse{write.cycle, write.mvu});
}

template <class Item>
Difference differs(const std::string& what, const std::vector<Item>& ours, const std::vector<Item>& recorded) {
    for (std::size_t i = 0; i < std::max(ours.size(), recorded.size()); ++i) {
        const std::string mine = i < ours.size() ? text(ours[i]) : "nothing";
        const std::string theirs = i < recorded.size() ? text(recorded[i]) : "nothing";
        if (mine != theirs) return differs(what + " " + std::to_string(i + 1), mine, theirs);
    }
    return std::nullopt;
}

Difference differs(const ArrayTrace& ours, ArrayTrace recorded) {
    std::sort(recorded.starts.begin(), recorded.starts.end());
    std::sort(recorded.interrupts.begin(), recorded.interrupts.end());
    if (auto found = differs("start", ours.starts, recorded.starts)) return found;
    if (auto found = differs("interrupt", ours.interrupts, recorded.interrupts)) return found;
    return differs("write", ours.words, recorded.words);
}

/// The words that were written at all, as they are at the end, against the recorded ones.
Difference differs(const Array& array, const WordMap& recorded) {
    WordMap ours;
    for (const WordWrite& write : array.trace().words)
        ours[{write.mvu, write.address}] = array.memory(write.mvu).activations[write.address];
    const auto place = [](const std::pair<int, std::uint32_t>& key) {
        return "word " + std::to_string(key.second) + " of MVU " + std::to_string(key.first);
    };
    for (const auto& [key, word] : recorded) {
        const auto found = ours.find(key);
        if (found == ours.end()) return differs(place(key), "not written", hex(word, 16));
        if (found->second != word) return differs(place(key), hex(found->second, 16), hex(word, 16));
    }
    for (const auto& [key, word] : ours) {
        if (recorded.count(key) == 0) return differs(place(key), hex(word, 16), "not written");
    }
    return std::nullopt;
}

/// Runs a record; `tooLong` is set if the limit ended it.
class Runner {
public:
    Runner(const std::vector<MemoryFill>& fills, const VectorOptions& options) : fills_(fills), options_(options) {}

    bool tooLong() const { return tooLong_; }

    Difference operator()(const JobVector& job) {
        Array array(options_.quirks);
        apply(fills_, array);
        array.keepTrace(true);
        for (const CsrWrite& write : job.writes) {
            if (&write == &job.writes.back()) array.stepTo(array.cycle() + kIdle);
            array.write({job.mvu, write.number, write.value});
            array.step();
        }
        const std::int64_t start = array.cycle();
        tooLong_ = !array.settle(start + options_.cycleLimit);
        const ArrayTrace& trace = array.trace();
        if (tooLong_ || trace.interrupts.empty()) return "there is no interrupt here";
        const std::int64_t interrupt = trace.interrupts.front().cycle;
        std::optional<std::int64_t> first, last;
        if (!trace.words.empty()) {
            first = trace.words.front().cycle - interrupt;
            last = trace.words.back().cycle - interrupt;
        }
        const auto writes = static_cast<std::int64_t>(trace.words.size());
        if (auto found = differs("start_to_irq", interrupt - start, job.startToInterrupt)) return found;
        if (auto found = differs("first_write", first, job.firstWrite)) return found;
        if (auto found = differs("last_write", last, job.lastWrite)) return found;
        if (auto found = differs("writes", writes, job.writeCount)) return found;
        return differs(array, job.memory);
    }

    Difference operator()(const ScriptVector& script) {
        const auto before = static_cast<std::int64_t>(script.setup.size()) + kIdle;
        Array array(options_.quirks, bestKernel(), -before);
        apply(fills_, array);
        for (const BusWrite& write : script.setup) {
            array.write(write);
            array.step();
        }
        array.stepTo(0);
        array.keepTrace(true);
        tooLong_ = script.end > options_.cycleLimit;
        if (tooLong_) return std::nullopt;
        for (const ScriptVector::Write& write : script.script) {
            array.stepTo(write.cycle);
            array.write(write.write);
        }
        array.stepTo(script.end);
        if (auto found = differs(array.trace(), script.trace)) return found;
        return differs(array, script.memory);
    }

    Difference operator()(const ProgramVector& program) {
        constexpr std::int64_t kAfter = 100;
        Machine machine(program.instructions, program.data, options_.quirks);
        apply(fills_, machine.array());
        machine.array().keepTrace(true);
        // A simulator that never comes to the end mark differs: wait for it only a while.
        const std::int64_t end = *std::max_element(program.ends.begin(), program.ends.end());
        tooLong_ = end + kAfter > options_.cycleLimit;
        if (tooLong_) return std::nullopt;
        const bool ended = machine.run(program.endMark, kAfter, std::min(options_.cycleLimit, 2 * end + 10000));
        for (int hart = 0; hart < kHarts; ++hart) {
            const std::string what = "end of hart " + std::to_string(hart);
            const std::int64_t recorded = program.ends[static_cast<std::size_t>(hart)];
            if (auto found = differs(what, machine.core().end(hart), recorded)) return found;
        }
        if (!ended) return "the program does not end here";
        if (auto found = differs(machine.array().trace(), program.trace)) return found;
        if (auto found = coreDiffers(machine.core(), program)) return found;
        return differs(machine.array(), program.memory);
    }

private:
    static Difference coreDiffers(const Pito& core, const ProgramVector& program) {
        for (std::uint32_t i = 0; i < kDataWords; ++i) {
            const auto found = program.finalData.find(i);
            const std::uint32_t recorded = found == program.finalData.end() ? 0 : found->second;
            if (core.data()[i] != recorded)
                return differs("data word " + std::to_string(i), hex(core.data()[i], 8), hex(recorded, 8));
        }
        std::string bytes;
        for (const char byte : core.uart()) bytes += hex(static_cast<unsigned char>(byte), 2);
        return differs("uart", bytes, program.uart);
    }

    const std::vector<MemoryFill>& fills_;
    const VectorOptions& options_;
    bool tooLong_ = false;
};

}  // namespace

std::optional<std::string> difference(const Vector& vector, const VectorOptions& options, const SourceLocation& where,
                                      Diagnostics& diagnostics) {
    Runner runner(vector.fills, options);
    Difference found = std::visit([&](const auto& run) { return runner(run); }, vector.run);
    if (!runner.tooLong()) return found;
    diagnostics.error(where, "record '" + vector.id + "' runs for more than " + std::to_string(options.cycleLimit) +
                                 " cycles, the most that a record may take");
    return std::nullopt;
}

}  // namespace millrace::targets::barvinn
