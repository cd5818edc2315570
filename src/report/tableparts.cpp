#include "report/tableparts.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/columns.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 120;
constexpr std::size_t kMostStacks = 24;
constexpr std::size_t kNamed = 3;
using Align = Columns::Align;

/// "any <-> offchip 38 %, core 1 -> core 0 1 %"
std::string mostOf(const Result& result, const Waits& waits, schedule::IdleCause cause, double all) {
    std::string text;
    std::size_t named = 0;
    std::size_t others = 0;
    for (const Wait& wait : waits.waits) {
        if (wait.cause != cause) continue;
        if (named == kNamed) {
            ++others;
            continue;
        }
        ++named;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", elide(nameOf(result, wait), 28),
                            percent(share(static_cast<double>(wait.cycles.value()), all)));
    }
    return others > 0 ? fmt::format("{}, {} more", text, others) : text;
}

}  // namespace

std::string timeTable(const Result& result, const Statistics& sums, const Waits& waits) {
    if (!waits.known || waits.computing == 0) return {};
    Cycles busy;
    for (const schedule::CoreId id : result.problem.cores.ids()) {
        if (computes(result, id)) busy += sums.cores[id.index()].busy;
    }
    const double all = static_cast<double>(result.schedule.latency.value()) * static_cast<double>(waits.computing);
    Columns rows(
        {{"Time of the cores", Align::left, true}, {"share", Align::right}, {"most of it", Align::left, true}});
    rows.add({"running tiles", percent(share(static_cast<double>(busy.value()), all)), ""});
    for (std::size_t i = 0; i < waits.sums.size(); ++i) {
        if (waits.sums[i] == Cycles(0)) continue;
        const auto cause = static_cast<schedule::IdleCause>(i);
        rows.add({causeText(cause), percent(share(static_cast<double>(waits.sums[i].value()), all)),
                  mostOf(result, waits, cause, all)});
    }
    return rows.text(kWidth) + "\n";
}

std::string movedTable(const Statistics& sums) {
    static constexpr std::array<const char*, kCauses> kWhat{
        "inputs of the network, from off-chip", "weights, from off-chip",       "results, between on-chip memories",
        "results that did not fit, off-chip",   "the same, back onto the chip", "outputs of the network, off-chip"};
    Columns rows({{"Moved", Align::left, true},
                  {"transfers", Align::right},
                  {"data", Align::right},
                  {"by multicast", Align::right},
                  {"what", Align::left, true}});
    for (std::size_t i = 0; i < kCauses; ++i) {
        const CauseUse& use = sums.causes[i];
        if (use.transfers == 0) continue;
        rows.add({causeName(static_cast<schedule::TransferCause>(i)), countText(use.transfers), sizeText(use.bits),
                  use.carriedAlong > 0 ? sizeText(use.carriedBits) : "-", kWhat[i]});
    }
    return rows.empty() ? "" : rows.text(kWidth) + "\n";
}

std::string stackTable(const Result& result, const Statistics& sums) {
    const auto several = [](const std::vector<LayerId>& stack) { return stack.size() > 1; };
    if (std::none_of(result.stacks.begin(), result.stacks.end(), several)) return {};
    Columns rows({{"stack", Align::right},
                  {"layers", Align::left, true},
                  {"tiles", Align::right},
                  {"start", Align::right},
                  {"end", Align::right},
                  {"weights", Align::right},
                  {"peak on chip", Align::right},
                  {"off-chip traffic", Align::right},
                  {"energy", Align::right}});
    for (std::size_t i = 0; i < std::min(sums.stacks.size(), kMostStacks); ++i) {
        const StackUse& use = sums.stacks[i];
        rows.add({std::to_string(i), rangesText(indices(result.stacks[i])), countText(use.tasks),
                  countText(use.span.start.value()), countText(use.span.end.value()), sizeText(use.weights),
                  sizeText(use.peak), sizeText(use.offchip), energyText(use.energy)});
    }
    std::string text = rows.text(kWidth);
    if (sums.stacks.size() > kMostStacks)
        text += fmt::format("  … and {} more stacks\n", sums.stacks.size() - kMostStacks);
    return text + "\n";
}

}  // namespace millrace::report
