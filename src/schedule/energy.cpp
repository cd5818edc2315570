#include "schedule/multicast.h"
#include "schedule/schedule.h"

namespace millrace::schedule {

static Picojoules words(Bits bits, std::int64_t wordBits, double energy) {
    return Picojoules(static_cast<double>(ceilDiv(bits.value(), wordBits)) * energy);
}

static void addTransfer(const Problem& problem, const Transfer& transfer, bool follower,
                        const std::vector<LinkId>& links, Energy& sum) {
    const Bits bits = problem.tensors[transfer.tensor].size(transfer.box);
    const Memory& from = problem.memories[transfer.from];
    const Memory& to = problem.memories[transfer.to];
    const bool spilled = transfer.cause == TransferCause::spill || transfer.cause == TransferCause::reload;
    const auto part = [&](const Memory& memory) -> Picojoules& {
        if (spilled) return sum.spill;
        return memory.offchip ? sum.offchip : sum.memory;
    };
    if (!follower) part(from) += words(bits, from.readWordBits, from.readEnergy);
    part(to) += words(bits, to.writeWordBits, to.writeEnergy);
    for (const LinkId link : links) {
        sum.links += Picojoules(static_cast<double>(bits.value()) * problem.links[link].energyPerBit);
    }
}

Energy energy(const Problem& problem, const Schedule& schedule) {
    Energy sum;
    for (const TaskId id : schedule.placements.ids()) {
        sum.compute += problem.tasks[id].options[schedule.placements[id].option].energy;
    }
    const OwnLinks links(schedule);
    for (const TransferId id : schedule.transfers.ids()) {
        addTransfer(problem, schedule.transfers[id], follows(schedule, id), links[id], sum);
    }
    return sum;
}

Bits offchipTraffic(const Problem& problem, const Schedule& schedule) {
    Bits sum;
    for (const TransferId id : schedule.transfers.ids()) {
        const Transfer& transfer = schedule.transfers[id];
        const Bits bits = problem.tensors[transfer.tensor].size(transfer.box);
        if (problem.memories[transfer.from].offchip && !follows(schedule, id)) sum += bits;
        if (problem.memories[transfer.to].offchip) sum += bits;
    }
    return sum;
}

}  // namespace millrace::schedule
