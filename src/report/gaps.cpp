#include "report/gaps.h"

#include <fmt/format.h>

#include "report/columns.h"
#include "report/text.h"

namespace millrace::report {

using explore::BoundTerm;

static constexpr std::size_t kWidth = 120;
using Align = Columns::Align;

namespace {

struct Gap {
    const char* name;
    double value;
    double bound;
    const std::vector<BoundTerm>& terms;
};

}  // namespace

static std::vector<Gap> gapsOf(const explore::Result& result) {
    const explore::Bounds& bounds = result.bounds;
    return {{"latency", static_cast<double>(result.schedule.latency.value()),
             static_cast<double>(bounds.latency.value()), bounds.latencyTerms},
            {"energy", result.schedule.energy.total().value(), bounds.energy.value(), bounds.energyTerms},
            {"off-chip traffic", static_cast<double>(result.offchipTraffic.value()),
             static_cast<double>(bounds.offchipBits.value()), bounds.offchipTerms}};
}

std::string gapsText(const explore::Result& result) {
    std::string text;
    for (const Gap& gap : gapsOf(result)) {
        if (!explore::gap(gap.value, gap.bound)) continue;
        text += fmt::format("{}{} {}", text.empty() ? "Above the bounds: " : ", ", gap.name,
                            changeText(gap.value, gap.bound));
        if (!gap.terms.empty()) text += fmt::format(" ({})", clean(gap.terms.front().name));
    }
    return text.empty() ? "" : wrap(text, kWidth, 0, 2) + "\n";
}

std::string boundTerms(const explore::Result& result) {
    const explore::Bounds& bounds = result.bounds;
    Columns rows({{"Lower bound", Align::left}, {"term", Align::left, true}, {"", Align::right}});
    for (const BoundTerm& term : bounds.latencyTerms) {
        rows.add({"latency, largest of", clean(term.name), cyclesText(Cycles(static_cast<std::int64_t>(term.value)))});
    }
    for (const BoundTerm& term : bounds.energyTerms) {
        rows.add({"energy, sum of", clean(term.name), energyText(Picojoules(term.value))});
    }
    for (const BoundTerm& term : bounds.offchipTerms) {
        rows.add({"off-chip traffic, sum of", clean(term.name), sizeText(Bits(static_cast<std::int64_t>(term.value)))});
    }
    const bool any = !bounds.latencyTerms.empty() || !bounds.energyTerms.empty() || !bounds.offchipTerms.empty();
    return any ? rows.text(kWidth) + "\n" : "";
}

}  // namespace millrace::report
