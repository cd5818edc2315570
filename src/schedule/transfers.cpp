#include <fmt/format.h>

#include <algorithm>

#include "schedule/multicast.h"
#include "schedule/names.h"
#include "schedule/parts.h"

namespace millrace::schedule {

static bool contains(const std::vector<CoreId>& cores, CoreId core) {
    return std::find(cores.begin(), cores.end(), core) != cores.end();
}

/// Walks along routes; keeps its memory from one to the next.
class Walker {
public:
    explicit Walker(const Problem& problem) : problem_(problem) {}

    /// Says where the route breaks, or nothing.
    std::string broken(const Transfer& transfer);

private:
    const Problem& problem_;
    std::vector<CoreId> at_;
    std::vector<CoreId> next_;
};

std::string Walker::broken(const Transfer& transfer) {
    at_ = problem_.memories[transfer.from].cores;
    for (const LinkId id : transfer.route) {
        const Link& link = problem_.links[id];
        next_.clear();
        for (const CoreId to : link.cores) {
            const bool reached =
                std::any_of(at_.begin(), at_.end(), [&](CoreId from) { return link.connects(from, to); });
            if (reached) next_.push_back(to);
        }
        if (next_.empty()) {
            return fmt::format("{} does not lead on from {}", name(problem_, id),
                               at_.empty() ? std::string("there") : name(problem_, at_.front()));
        }
        at_.swap(next_);
    }
    const std::vector<CoreId>& owners = problem_.memories[transfer.to].cores;
    if (std::any_of(at_.begin(), at_.end(), [&](CoreId core) { return contains(owners, core); })) return {};
    if (transfer.route.empty()) return "it has no route, and no core owns both memories";
    return fmt::format("{} does not lead to a core of {}", name(problem_, transfer.route.back()),
                       name(problem_, transfer.to));
}

/// Says what is wrong with the cause, or nothing.
static std::string wrongCause(const Problem& problem, const Transfer& transfer) {
    const bool fromOffchip = problem.memories[transfer.from].offchip;
    const bool toOffchip = problem.memories[transfer.to].offchip;
    const Tensor& tensor = problem.tensors[transfer.tensor];
    const bool comesIn = tensor.initial.valid() || tensor.fromHost;
    switch (transfer.cause) {
        case TransferCause::weight: return tensor.kind == DataClass::weight ? "" : "the tensor is no weight";
        case TransferCause::input:
            return fromOffchip && comesIn ? "" : "it does not come from off-chip, from the start or from the host";
        case TransferCause::forward: return fromOffchip || toOffchip ? "a forward stays on the chip" : "";
        case TransferCause::spill: return toOffchip ? "" : "a spill goes off-chip";
        case TransferCause::reload: return fromOffchip && !comesIn ? "" : "it does not come back from off-chip";
        case TransferCause::output:
            return tensor.final.valid() && tensor.final == transfer.to ? ""
                                                                       : "it does not go where the tensor must end";
    }
    return "there is no such cause";
}

void verifyTransfers(const Candidate& candidate, Violations& violations) {
    const Problem& problem = candidate.problem;
    Walker walker(problem);
    for (const TransferId id : candidate.schedule.transfers.ids()) {
        if (!candidate.transfer[id.index()]) continue;
        const Transfer& transfer = candidate.schedule.transfers[id];
        const auto who = [&] { return name(problem, candidate.schedule, id); };
        if (transfer.from == transfer.to) violations.add(who() + " goes nowhere");
        if (const std::string why = walker.broken(transfer); transfer.from != transfer.to && !why.empty()) {
            violations.add(fmt::format("{}: the route is broken: {}", who(), why));
        }
        const std::int64_t bits = problem.tensors[transfer.tensor].size(transfer.box).value();
        const Wide carried = Wide(transfer.span.length().value()) * transfer.bandwidth;
        if (carried < bits) {
            violations.add(
                fmt::format("{} is too short: {} cycles at {} bits a cycle carry {} of its {} bits", who(),
                            transfer.span.length().value(), transfer.bandwidth, clamped(carried), bits),
                transfer.bandwidth > 0
                    ? fmt::format("{} cycles", clamped((Wide(bits) + transfer.bandwidth - 1) / transfer.bandwidth))
                    : std::string());
        }
        if (const std::string why = whyNotCarried(candidate.schedule, id); !why.empty()) {
            violations.add(fmt::format("{} cannot be carried with transfer {}: {}", who(), transfer.with.index(), why),
                           "a multicast has one leader, and one tensor, box, source, time and bandwidth");
        }
        if (const std::string why = wrongCause(problem, transfer); !why.empty()) {
            violations.add(fmt::format("{} has the wrong cause: {}", who(), why));
        }
    }
}

}  // namespace millrace::schedule
