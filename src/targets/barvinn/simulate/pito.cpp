#include "targets/barvinn/simulate/pito.h"

#include <utility>

namespace millrace::targets::barvinn {

namespace {

constexpr std::uint32_t kInterruptEnable = 1U << 3;
constexpr std::uint32_t kPreviousEnable = 1U << 7;
constexpr std::uint32_t kMvuInterrupt = 1U << 16;
constexpr std::uint32_t kUartStatus = kUartAddress + 1;

bool interrupting(std::uint32_t mstatus, std::uint32_t mie, std::uint32_t mip) {
    return (mstatus & kInterruptEnable) != 0 && (mie & mip & kMvuInterrupt) != 0;
}

}  // namespace

Pito::Pito(std::vector<std::uint32_t> instructions, std::vector<std::uint32_t> data)
    : instructions_(std::move(instructions)), data_(std::move(data)) {
    instructions_.resize(kInstructionWords);
    data_.resize(kDataWords);
}

Pito::Hart* Pito::inStage(int stage) {
    const std::int64_t turn = cycle_ - stage - 1;
    return turn < 0 ? nullptr : &harts_[static_cast<std::size_t>(turn % kHarts)];
}

void Pito::step(std::uint32_t interrupts) {
    bus_.reset();
    if (Hart* hart = inStage(0)) fetch(*hart);
    Hart* const reading = inStage(1);
    if (reading != nullptr) {
        reading->rs1 = reading->registers[static_cast<std::size_t>(reading->instruction.rs1)];
        reading->rs2 = reading->registers[static_cast<std::size_t>(reading->instruction.rs2)];
    }
    const Hart* const deciding = inStage(3);
    for (std::size_t i = 0; i < harts_.size(); ++i) {
        Hart& hart = harts_[i];
        const bool interrupt = (interrupts >> i & 1U) != 0;
        const bool redirected = control(hart, interrupt, &hart == reading);
        redirect(hart, redirected, &hart == deciding);
    }
    if (Hart* hart = inStage(2)) accessMemory(*hart);
    ++cycle_;
}

void Pito::fetch(Hart& hart) {
    hart.pc = hart.pc == kBeforeReset ? kResetPc : hart.next;
    hart.instruction = decode(instructions_[hart.pc >> 2 & (kInstructionWords - 1)]);
}

/// The CSRs of a hart over a cycle. True if somewhere else is to be gone on, at `target`.
bool Pito::control(Hart& hart, bool interrupt, bool accesses) {
    if (!interrupt && !accesses && hart.mip == 0) return false;
    const bool returns = accesses && hart.instruction.operation == Operation::mret;
    const bool pending = interrupting(hart.mstatus, hart.mie, hart.mip);
    const bool redirected = returns || (hart.mip != 0 && (hart.mstatus & kInterruptEnable) != 0);
    const std::uint32_t mepc = hart.mepc;
    const bool wroteMip = accesses && hart.instruction.isCsr() && accessCsr(hart);
    if (interrupt && !wroteMip) hart.mip |= kMvuInterrupt;
    if (pending) {
        hart.mstatus = (hart.mstatus & ~kInterruptEnable) | kPreviousEnable;
        hart.mcause = 0x80000000;
        hart.mepc = hart.pc;
        hart.target = hart.mtvec;
    }
    if (returns) {
        hart.mstatus |= kPreviousEnable;
        hart.target = mepc;
    }
    return redirected;
}

/// True if the instruction writes mip, whatever it writes.
bool Pito::accessCsr(Hart& hart) {
    const Instruction& instruction = hart.instruction;
    const std::uint32_t operand = instruction.immediateOperand ? instruction.immediate : hart.rs1;
    const std::uint32_t old = readCsr(hart, instruction.csr);
    std::uint32_t value = operand;
    if (instruction.operation == Operation::csrrs) {
        value = old | operand;
        hart.lastRead = old;
    }
    if (instruction.operation == Operation::csrrc) value = old & ~operand;
    if (instruction.csr >= csr::firstMvu) {
        bus_ = BusWrite{static_cast<int>(&hart - harts_.data()), static_cast<CsrNumber>(instruction.csr), value};
        return false;
    }
    writeCsr(hart, instruction.csr, value);
    return instruction.csr == 0x344;
}

std::uint32_t Pito::readCsr(const Hart& hart, std::uint32_t number) const {
    switch (number) {
        case 0xF12: return 0x0008C100;  // marchid
        case 0xF14: return static_cast<std::uint32_t>(&hart - harts_.data());
        case 0x300: return hart.mstatus;
        case 0x301: return 0x40100100;  // misa
        case 0x304: return hart.mie;
        case 0x305: return hart.mtvec;
        case 0x341: return hart.mepc;
        case 0x342: return hart.mcause;
        case 0x343: return hart.mtval;
        case 0x344: return hart.mip;
        case 0xB00: return static_cast<std::uint32_t>(cycle_);
        case 0xB80: return static_cast<std::uint32_t>(cycle_ >> 32);
        default: return 0;
    }
}

void Pito::writeCsr(Hart& hart, std::uint32_t number, std::uint32_t value) {
    switch (number) {
        case 0x300: hart.mstatus = value & 0x7FFE1FEE; break;
        case 0x304: hart.mie = value & 0x10888; break;
        case 0x305: hart.mtvec = value; break;
        case 0x341: hart.mepc = value & ~1U; break;
        case 0x342: hart.mcause = value; break;
        case 0x343: hart.mtval = value; break;
        case 0x344: hart.mip = value & kMvuInterrupt; break;
        default: break;
    }
}

void Pito::accessMemory(Hart& hart) {
    const std::uint32_t address = hart.rs1 + hart.instruction.immediate;
    if (hart.instruction.isLoad()) load(hart, address);
    if (hart.instruction.isStore()) store(hart, address);
}

void Pito::load(Hart& hart, std::uint32_t address) const {
    // The UART never shows itself busy: it takes a byte at once.
    const std::uint32_t word = address == kUartStatus ? 0 : data_[address >> 2 & (kDataWords - 1)];
    const std::uint32_t byte = word >> 8 * (address & 3U) & 0xff;
    const std::uint32_t half = (address & 1U) != 0 ? 0 : word >> 8 * (address & 2U) & 0xffff;
    switch (hart.instruction.operation) {
        case Operation::lb: hart.loaded = static_cast<std::uint32_t>(signedBits(byte, 8)); break;
        case Operation::lbu: hart.loaded = byte; break;
        case Operation::lh: hart.loaded = static_cast<std::uint32_t>(signedBits(half, 16)); break;
        case Operation::lhu: hart.loaded = half; break;
        default: hart.loaded = word; break;
    }
}

void Pito::store(Hart& hart, std::uint32_t address) {
    std::uint32_t mask = 0xffffffff;
    std::uint32_t shift = 0;
    if (hart.instruction.operation == Operation::sb) {
        mask = 0xff;
        shift = 8 * (address & 3U);
    } else if (hart.instruction.operation == Operation::sh) {
        mask = 0xffff;
        shift = 8 * (address & 2U);
    }
    if (hart.end < 0 && (address & ~3U) == (endMark_ & ~3U)) hart.end = cycle_;
    if (address == kUartAddress) uart_.push_back(static_cast<char>(hart.rs2 & 0xff));
    if (address >> 22 != 0) return;
    std::uint32_t& word = data_[address >> 2 & (kDataWords - 1)];
    word = (word & ~(mask << shift)) | (hart.rs2 & mask) << shift;
}

/// Waiting redirections are a stack of four, as the hardware has it: whoever decides takes the last one.
void Pito::redirect(Hart& hart, bool redirected, bool decides) {
    const std::uint32_t depth = hart.depth;
    const std::uint32_t top = hart.queue[(depth + kQueue - 1) % kQueue];
    if (redirected) {
        hart.queue[depth] = hart.target;
        hart.depth = (depth + 1) % kQueue;
    }
    if (!decides) return;
    const auto pop = [&] { hart.depth = depth == kQueue - 1 ? 0 : (hart.depth + kQueue - 1) % kQueue; };
    const bool returns = hart.instruction.operation == Operation::mret;
    finish(hart);
    if (returns || depth > 0) {
        hart.next = top;
        pop();
    }
    if (redirected && !returns) {
        hart.next = hart.target;
        pop();
    }
}

namespace {

bool taken(Operation operation, std::uint32_t a, std::uint32_t b) {
    const auto left = static_cast<std::int32_t>(a);
    const auto right = static_cast<std::int32_t>(b);
    switch (operation) {
        case Operation::beq: return a == b;
        case Operation::bne: return a != b;
        case Operation::blt: return left < right;
        case Operation::bge: return left >= right;
        case Operation::bltu: return a < b;
        default: return a >= b;
    }
}

std::uint32_t computed(Operation operation, std::uint32_t a, std::uint32_t b) {
    const auto left = static_cast<std::int32_t>(a);
    switch (operation) {
        case Operation::add: return a + b;
        case Operation::sub: return a - b;
        case Operation::sll: return a << (b & 31);
        case Operation::srl: return a >> (b & 31);
        case Operation::sra: return static_cast<std::uint32_t>(left >> (b & 31));
        case Operation::exclusiveOr: return a ^ b;
        case Operation::inclusiveOr: return a | b;
        case Operation::bitAnd: return a & b;
        case Operation::slt: return left < static_cast<std::int32_t>(b) ? 1 : 0;
        case Operation::sltu: return a < b ? 1 : 0;
        default: return 0;
    }
}

}  // namespace

/// The result of an instruction, and where to go on if nothing redirects.
void Pito::finish(Hart& hart) {
    const Instruction& instruction = hart.instruction;
    hart.next = hart.pc + 4;
    std::uint32_t result = 0;
    switch (instruction.operation) {
        case Operation::lui: result = instruction.immediate; break;
        case Operation::auipc: result = hart.pc + instruction.immediate; break;
        case Operation::jal:
            result = hart.next;
            hart.next = hart.pc + (instruction.immediate << 1);
            break;
        case Operation::jalr:
            result = hart.next;
            hart.next = hart.rs1 + instruction.immediate;
            break;
        case Operation::csrrw:
        case Operation::csrrs:
        case Operation::csrrc: result = hart.lastRead; break;
        case Operation::mret: result = hart.rs1 << instruction.rs2; break;
        default:
            if (instruction.isLoad()) {
                result = hart.loaded;
            } else if (instruction.isBranch()) {
                if (taken(instruction.operation, hart.rs1, hart.rs2))
                    hart.next = hart.pc + (instruction.immediate << 1);
            } else {
                const std::uint32_t operand = instruction.immediateOperand ? instruction.immediate : hart.rs2;
                result = computed(instruction.operation, hart.rs1, operand);
            }
            break;
    }
    const bool writes = !instruction.isStore() && !instruction.isBranch() && instruction.rd != 0;
    if (writes) hart.registers[static_cast<std::size_t>(instruction.rd)] = result;
}

Machine::Machine(std::vector<std::uint32_t> instructions, std::vector<std::uint32_t> data, const Quirks& quirks,
                 const Kernel& kernel)
    : array_(quirks, kernel), core_(std::move(instructions), std::move(data)) {}

void Machine::step() {
    const std::uint32_t interrupts = array_.interrupts();
    if (core_.busWrite()) array_.write(*core_.busWrite());
    core_.step(interrupts);
    array_.step();
}

bool Machine::run(std::uint32_t endMark, std::int64_t after, std::int64_t limit) {
    core_.setEndMark(endMark);
    int waitingFor = 0;
    while (waitingFor < kHarts) {
        if (core_.end(waitingFor) >= 0) {
            ++waitingFor;
        } else if (core_.cycle() >= limit) {
            return false;
        } else {
            step();
        }
    }
    for (const std::int64_t end = core_.cycle() + after; core_.cycle() < end;) step();
    return true;
}

}  // namespace millrace::targets::barvinn
