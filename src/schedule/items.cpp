#include <fmt/format.h>

#include "schedule/names.h"
#include "schedule/parts.h"

namespace millrace::schedule {

namespace {

class Items {
public:
    Items(Candidate& candidate, Violations& violations)
        : candidate_(candidate), problem_(candidate.problem), schedule_(candidate.schedule), violations_(violations) {}

    void run() {
        for (const TaskId id : problem_.tasks.ids()) candidate_.placed.push_back(keep(placement(id)));
        for (const BufferId id : schedule_.buffers.ids()) candidate_.buffer.push_back(keep(buffer(id)));
        for (const TransferId id : schedule_.transfers.ids()) candidate_.transfer.push_back(keep(transfer(id)));
        if (schedule_.placements.size() > problem_.tasks.size()) {
            fail(fmt::format("{} tasks are placed, but the problem has {}", schedule_.placements.size(),
                             problem_.tasks.size()));
        }
        if (schedule_.interval && (*schedule_.interval <= Cycles(0) || *schedule_.interval > kForever)) {
            fail(fmt::format("an interval of {} cycles", schedule_.interval->value()),
                 "an interval is at least 1 cycle");
        }
    }

private:
    bool keep(bool sound) {
        candidate_.whole = candidate_.whole && sound;
        return sound;
    }

    bool fail(std::string message, std::string hint = {}) {
        candidate_.whole = false;
        violations_.add(std::move(message), std::move(hint));
        return false;
    }

    template <class Who>
    bool span(Span span, const Who& who) {
        if (Cycles(0) <= span.start && span.start <= span.end && span.end <= kForever) return true;
        return fail(fmt::format("{} has the times {}", who(), text(span)), "0 <= start <= end");
    }

    template <class Who>
    bool box(TensorId id, const Box& box, const Who& who) {
        if (!problem_.tensors.contains(id)) return fail(who() + " is of a tensor that does not exist");
        const Tensor& tensor = problem_.tensors[id];
        if (isInside(box, tensor.shape)) return true;
        return fail(
            fmt::format("{} is of {} of {}, which is {}", who(), text(box), name(problem_, id), text(tensor.whole())),
            "a box lies inside of its tensor");
    }

    bool placement(TaskId id) {
        if (id.index() >= schedule_.placements.size() || !schedule_.placements[id].core.valid()) {
            return fail(name(problem_, id) + " is not placed", "every task runs once");
        }
        const Placement& placement = schedule_.placements[id];
        const auto who = [&] { return name(problem_, id); };
        const std::vector<Option>& options = problem_.tasks[id].options;
        if (!problem_.cores.contains(placement.core)) return fail(who() + " is on a core that does not exist");
        if (placement.option >= options.size()) {
            return fail(
                fmt::format("{} is placed with option {}, but has {}", who(), placement.option, options.size()));
        }
        if (!span(placement.span, who)) return false;
        const Option& option = options[placement.option];
        if (placement.core != option.core) {
            violations_.add(fmt::format("{} is on {}, but its option {} is for {}", who(),
                                        name(problem_, placement.core), placement.option, name(problem_, option.core)));
        }
        if (placement.span.length() != option.duration) {
            violations_.add(fmt::format("{} takes {} cycles {} on {}, but its option {} takes {}", who(),
                                        placement.span.length().value(), text(placement.span),
                                        name(problem_, placement.core), placement.option, option.duration.value()));
        }
        return true;
    }

    bool buffer(BufferId id) {
        const Buffer& buffer = schedule_.buffers[id];
        const auto who = [&] { return fmt::format("buffer {}", id.index()); };
        if (!problem_.memories.contains(buffer.memory)) return fail(who() + " is in a memory that does not exist");
        const bool sound = box(buffer.tensor, buffer.box, who);
        return span(buffer.span, who) && sound;
    }

    bool transfer(TransferId id) {
        const Transfer& transfer = schedule_.transfers[id];
        const auto who = [&] { return fmt::format("transfer {}", id.index()); };
        if (!problem_.memories.contains(transfer.from) || !problem_.memories.contains(transfer.to)) {
            return fail(who() + " is from or to a memory that does not exist");
        }
        for (const LinkId link : transfer.route) {
            if (!problem_.links.contains(link)) return fail(who() + " goes over a link that does not exist");
        }
        if (transfer.bandwidth < 0) {
            return fail(fmt::format("{} has a bandwidth of {} bits a cycle", who(), transfer.bandwidth));
        }
        const bool sound = box(transfer.tensor, transfer.box, who);
        return span(transfer.span, who) && sound;
    }

    Candidate& candidate_;
    const Problem& problem_;
    const Schedule& schedule_;
    Violations& violations_;
};

}  // namespace

Candidate verifyItems(const Problem& problem, const Schedule& schedule, Violations& violations) {
    Candidate candidate{problem, schedule, {}, {}, {}};
    Items(candidate, violations).run();
    return candidate;
}

}  // namespace millrace::schedule
