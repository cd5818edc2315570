#include "oracle.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace millrace::test {

namespace {

using namespace schedule;

class Simulator {
public:
    Simulator(const Problem& problem, const Schedule& schedule) : problem_(problem), schedule_(schedule) {}

    bool legal() {
        if (!timesMakeSense()) return false;
        return tasksAreAsTold() && transfersAreAsTold() && multicastsAreAsTold() && resourcesSuffice() &&
               dataAreThere(problem_, schedule_) && phasesHold() && figuresAreRight();
    }

private:
    bool good(Span span) {
        horizon_ = std::max(horizon_, span.end.value());
        return span.start.value() >= 0 && span.start.value() <= span.end.value();
    }

    bool timesMakeSense() {
        bool sound = schedule_.placements.size() == problem_.tasks.size();
        for (const Placement& placement : schedule_.placements) sound = good(placement.span) && sound;
        for (const Buffer& buffer : schedule_.buffers) sound = good(buffer.span) && sound;
        for (const Transfer& transfer : schedule_.transfers) sound = good(transfer.span) && sound;
        return sound && (!schedule_.interval || schedule_.interval->value() > 0);
    }

    bool tasksAreAsTold() {
        for (const TaskId id : problem_.tasks.ids()) {
            const Placement& placement = schedule_.placements[id];
            if (placement.option >= problem_.tasks[id].options.size()) return false;
            const Option& option = problem_.tasks[id].options[placement.option];
            if (!(placement.core == option.core)) return false;
            if (placement.span.end.value() - placement.span.start.value() != option.duration.value()) return false;
        }
        return true;
    }

    bool hop(CoreId from, CoreId to, const Link& link) const {
        if (from == to) return false;
        if (!link.bus) return link.cores.front() == from && link.cores.back() == to;
        const std::set<CoreId> members(link.cores.begin(), link.cores.end());
        if (members.count(from) == 0 || members.count(to) == 0) return false;
        if (!link.hub.valid()) return true;
        const bool leaves = from == link.hub && link.hubTransfers != HubTransfers::toHub;
        const bool arrives = to == link.hub && link.hubTransfers != HubTransfers::fromHub;
        return leaves || arrives;
    }

    bool leads(const Transfer& transfer, std::size_t at, CoreId core) const {
        const std::vector<CoreId>& goal = problem_.memories[transfer.to].cores;
        if (at == transfer.route.size()) return std::count(goal.begin(), goal.end(), core) > 0;
        for (const CoreId next : problem_.cores.ids()) {
            if (hop(core, next, problem_.links[transfer.route[at]]) && leads(transfer, at + 1, next)) return true;
        }
        return false;
    }

    bool causeFits(const Transfer& transfer) const {
        const Tensor& tensor = problem_.tensors[transfer.tensor];
        const bool from = problem_.memories[transfer.from].offchip;
        const bool to = problem_.memories[transfer.to].offchip;
        if (transfer.cause == TransferCause::weight) return tensor.kind == DataClass::weight;
        if (transfer.cause == TransferCause::input) return from && tensor.initial.valid();
        if (transfer.cause == TransferCause::forward) return !from && !to;
        if (transfer.cause == TransferCause::spill) return to;
        if (transfer.cause == TransferCause::reload) return from && !tensor.initial.valid();
        return tensor.final.valid() && tensor.final == transfer.to;
    }

    bool transfersAreAsTold() const {
        for (const Transfer& transfer : schedule_.transfers) {
            bool connected = false;
            for (const CoreId core : problem_.memories[transfer.from].cores) {
                connected = connected || leads(transfer, 0, core);
            }
            std::int64_t capacity = 0;
            for (Cycles t = transfer.span.start; t < transfer.span.end; t += Cycles(1)) capacity += transfer.bandwidth;
            if (transfer.from == transfer.to || !connected || capacity < bits(transfer.tensor, transfer.box))
                return false;
            if (transfer.bandwidth < 0 || !causeFits(transfer)) return false;
        }
        return true;
    }

    std::int64_t bits(TensorId tensor, const Box& box) const {
        return static_cast<std::int64_t>(elements(box).size()) * problem_.tensors[tensor].bits;
    }

    /// How often a link carries what a transfer and its followers move: as often as it is in one of their routes.
    std::int64_t timesCarried(TransferId leader, LinkId link) const {
        std::int64_t most = 0;
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            if (!(id == leader) && !(transfer.with == leader)) continue;
            most = std::max<std::int64_t>(most, std::count(transfer.route.begin(), transfer.route.end(), link));
        }
        return most;
    }

    bool multicastsAreAsTold() const {
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& one = schedule_.transfers[id];
            if (!one.with.valid()) continue;
            const Transfer& other = schedule_.transfers[one.with];
            const bool words = one.tensor == other.tensor && one.box == other.box && one.from == other.from;
            const bool times = one.span == other.span && one.bandwidth == other.bandwidth;
            if (other.with.valid() || !words || !times) return false;
        }
        return true;
    }

    std::int64_t slot(std::int64_t time) const {
        return schedule_.interval ? time % schedule_.interval->value() : time;
    }

    void fill(std::vector<std::int64_t>& row, Span span, std::int64_t amount) const {
        for (std::int64_t t = span.start.value(); t < span.end.value(); ++t) {
            row[static_cast<std::size_t>(slot(t))] += amount;
        }
    }

    bool resourcesSuffice() const {
        const std::int64_t slots =
            schedule_.interval ? std::max(horizon_, schedule_.interval->value()) + 1 : horizon_ + 1;
        const std::vector<std::int64_t> nothing(static_cast<std::size_t>(slots), 0);
        Table<CoreId, std::vector<std::int64_t>> cores(problem_.cores.size(), nothing);
        Table<LinkId, std::vector<std::int64_t>> links(problem_.links.size(), nothing);
        Table<MemoryId, std::vector<std::int64_t>> memories(problem_.memories.size(), nothing);
        for (const TaskId id : problem_.tasks.ids()) {
            const Placement& placement = schedule_.placements[id];
            fill(cores[placement.core], placement.span, 1);
            for (const Scratch& scratch : problem_.tasks[id].options[placement.option].scratch) {
                fill(memories[scratch.memory], placement.span, scratch.bits.value());
            }
        }
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            if (transfer.with.valid()) continue;
            for (const LinkId link : problem_.links.ids()) {
                fill(links[link], transfer.span, transfer.bandwidth * timesCarried(id, link));
            }
        }
        for (const Buffer& buffer : schedule_.buffers) {
            fill(memories[buffer.memory], buffer.span, bits(buffer.tensor, buffer.box));
        }
        for (const TensorId id : problem_.tensors.ids()) {
            const Tensor& tensor = problem_.tensors[id];
            if (!tensor.initial.valid() || problem_.memories[tensor.initial].offchip) continue;
            for (std::int64_t& used : memories[tensor.initial]) used += bits(id, tensor.whole());
        }
        const auto within = [](const std::vector<std::int64_t>& row, std::int64_t most) {
            return std::all_of(row.begin(), row.end(), [&](std::int64_t used) { return used <= most; });
        };
        bool enough = true;
        for (const CoreId id : problem_.cores.ids()) enough = enough && within(cores[id], 1);
        for (const LinkId id : problem_.links.ids()) enough = enough && within(links[id], problem_.links[id].bandwidth);
        for (const MemoryId id : problem_.memories.ids()) {
            enough = enough && within(memories[id], problem_.memories[id].capacity.value());
        }
        return enough;
    }

    bool phasesHold() const {
        const auto phaseOf = [&](TaskId id) { return problem_.groups[problem_.tasks[id].group].phase; };
        const auto waits = [&](std::int64_t phase, Cycles start) {
            for (const TaskId other : problem_.tasks.ids()) {
                if (phaseOf(other) < phase && schedule_.placements[other].span.end > start) return false;
            }
            return true;
        };
        for (const TaskId id : problem_.tasks.ids()) {
            if (!waits(phaseOf(id), schedule_.placements[id].span.start)) return false;
        }
        for (const Transfer& transfer : schedule_.transfers) {
            if (!problem_.weightsWaitForPhase || problem_.tensors[transfer.tensor].kind != DataClass::weight) continue;
            std::set<std::int64_t> phases;
            for (const TaskId id : problem_.tasks.ids()) {
                for (const auto& read : problem_.tasks[id].reads) {
                    if (read.tensor == transfer.tensor) phases.insert(phaseOf(id));
                }
            }
            if (!phases.empty() && !waits(*phases.begin(), transfer.span.start)) return false;
        }
        return true;
    }

    bool figuresAreRight() const {
        std::int64_t last = 0;
        double compute = 0;
        for (const TaskId id : problem_.tasks.ids()) {
            const Placement& placement = schedule_.placements[id];
            last = std::max(last, placement.span.end.value());
            compute += problem_.tasks[id].options[placement.option].energy.value();
        }
        double parts[3] = {0, 0, 0};  // on-chip, off-chip, spill
        double links = 0;
        for (const TransferId id : schedule_.transfers.ids()) {
            const Transfer& transfer = schedule_.transfers[id];
            last = std::max(last, transfer.span.end.value());
            const double amount = static_cast<double>(bits(transfer.tensor, transfer.box));
            const Memory& from = problem_.memories[transfer.from];
            const Memory& to = problem_.memories[transfer.to];
            const bool spill = transfer.cause == TransferCause::spill || transfer.cause == TransferCause::reload;
            const double read = std::ceil(amount / static_cast<double>(from.readWordBits)) * from.readEnergy;
            if (!transfer.with.valid()) parts[spill ? 2 : from.offchip ? 1 : 0] += read;
            parts[spill        ? 2
                  : to.offchip ? 1
                               : 0] += std::ceil(amount / static_cast<double>(to.writeWordBits)) * to.writeEnergy;
            if (transfer.with.valid()) continue;
            for (const LinkId link : problem_.links.ids()) {
                links += amount * static_cast<double>(timesCarried(id, link)) * problem_.links[link].energyPerBit;
            }
        }
        const auto near = [](double a, Picojoules b) {
            return std::abs(a - b.value()) <= 1e-9 * std::max(std::abs(a), std::abs(b.value()));
        };
        const Energy& given = schedule_.energy;
        return last == schedule_.latency.value() && near(compute, given.compute) && near(parts[0], given.memory) &&
               near(parts[1], given.offchip) && near(parts[2], given.spill) && near(links, given.links);
    }

    const Problem& problem_;
    const Schedule& schedule_;
    std::int64_t horizon_ = 0;
};

}  // namespace

bool legal(const Problem& problem, const Schedule& schedule) { return Simulator(problem, schedule).legal(); }

}  // namespace millrace::test
