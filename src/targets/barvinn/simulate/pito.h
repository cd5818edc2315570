#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "targets/barvinn/simulate/array.h"
#include "targets/barvinn/simulate/decode.h"

namespace millrace::targets::barvinn {

/// The controller: eight harts that take turns, one instruction in eight cycles each. An instruction whose address
/// becomes visible in cycle p accesses registers and CSRs in p + 1 and memory in p + 2, decides in p + 3 where to go
/// on, and the next one follows in p + 8. Hart h starts with p = h + 1. Cycles count from 0, as mcycle does.
class Pito {
public:
    Pito(std::vector<std::uint32_t> instructions, std::vector<std::uint32_t> data);

    /// One cycle. `interrupts`: bit h, the interrupt of MVU h in this cycle.
    void step(std::uint32_t interrupts);
    std::int64_t cycle() const { return cycle_; }
    /// A register write on the bus in the next cycle, after `step`.
    const std::optional<BusWrite>& busWrite() const { return bus_; }

    /// A hart's first store to this byte address ends its program (it goes on running).
    void setEndMark(std::uint32_t address) { endMark_ = address; }
    /// Cycle of that store; -1: none yet.
    std::int64_t end(int hart) const { return harts_[static_cast<std::size_t>(hart)].end; }

    const std::vector<std::uint32_t>& data() const { return data_; }
    /// Bytes that went out.
    const std::string& uart() const { return uart_; }
    std::uint32_t pc(int hart) const { return harts_[static_cast<std::size_t>(hart)].pc; }

private:
    static constexpr std::uint32_t kBeforeReset = 0xFFFFFFFF;
    static constexpr std::size_t kQueue = 4;

    struct Hart {
        std::array<std::uint32_t, 32> registers{};
        std::uint32_t pc = kBeforeReset, next = 0;
        Instruction instruction;
        std::uint32_t rs1 = 0, rs2 = 0;
        std::uint32_t loaded = 0;
        // CSRs
        std::uint32_t mstatus = 0, mie = 0, mip = 0, mtvec = 0, mepc = 0, mcause = 0, mtval = 0;
        std::uint32_t lastRead = 0;  ///< by csrrs, the only instruction that hands over what it reads
        // Redirections (interrupts and mret) that wait for the end of an instruction; a stack.
        std::array<std::uint32_t, kQueue> queue{};
        std::uint32_t depth = 0;
        std::uint32_t target = 0;  ///< of the redirection of this or the last cycle
        std::int64_t end = -1;
    };
    /// The hart whose instruction is in its cycle p + stage now; nullptr before its first one.
    Hart* inStage(int stage);

    void fetch(Hart& hart);
    bool control(Hart& hart, bool interrupt, bool accesses);
    bool accessCsr(Hart& hart);
    std::uint32_t readCsr(const Hart& hart, std::uint32_t number) const;
    void writeCsr(Hart& hart, std::uint32_t number, std::uint32_t value);
    void accessMemory(Hart& hart);
    void load(Hart& hart, std::uint32_t address) const;
    void store(Hart& hart, std::uint32_t address);
    void redirect(Hart& hart, bool redirected, bool decides);
    void finish(Hart& hart);

    std::vector<std::uint32_t> instructions_, data_;
    std::array<Hart, kHarts> harts_;
    std::int64_t cycle_ = 0;
    std::optional<BusWrite> bus_;
    std::uint32_t endMark_ = 0;
    std::string uart_;
};

/// The whole machine: PITO and the array. Cycles are the same on both.
class Machine {
public:
    Machine(std::vector<std::uint32_t> instructions, std::vector<std::uint32_t> data,
            const Quirks& quirks = Quirks::rtl(), const Kernel& kernel = bestKernel());

    Array& array() { return array_; }
    const Array& array() const { return array_; }
    Pito& core() { return core_; }
    const Pito& core() const { return core_; }

    void step();
    /// Runs from reset until every hart has stored to the end mark, and `after` cycles longer. False if that takes more
    /// than `limit` cycles.
    bool run(std::uint32_t endMark, std::int64_t after, std::int64_t limit);

private:
    Array array_;
    Pito core_;
};

}  // namespace millrace::targets::barvinn
