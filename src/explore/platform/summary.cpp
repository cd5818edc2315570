#include "explore/platform/summary.h"

#include <algorithm>

namespace millrace::platform {

LayerSummary::LayerSummary(schedule::GroupId group, const hardware::Chip& chip) : chip_(chip) { result_.group = group; }

void LayerSummary::addTask(schedule::TaskId task, schedule::Span span, hardware::CoreId core,
                           const explore::TileKind& kind) {
    if (result_.tasks.empty()) result_.span = span;
    result_.tasks.push_back(task);
    result_.span.start = std::min(result_.span.start, span.start);
    result_.span.end = std::max(result_.span.end, span.end);
    if (std::find(result_.cores.begin(), result_.cores.end(), core) == result_.cores.end())
        result_.cores.push_back(core);
    unitCycles_ += static_cast<double>(span.length().value() * chip_.cores[core].array.units());
    result_.energy += kind.energy;
    std::int64_t operations = 1;
    for (const std::int64_t size : kind.sizes) operations *= size;
    result_.operations += operations;
    const auto [index, isNew] = kinds_.try_emplace({core, &kind}, result_.kinds.size());
    if (isNew) result_.kinds.push_back(kind);
    ++result_.kinds[index->second].count;
}

void LayerSummary::addTransfer(schedule::Span span) {
    if (!result_.tasks.empty()) result_.span.start = std::min(result_.span.start, span.start);
}

explore::LayerResult LayerSummary::take() {
    if (unitCycles_ > 0) result_.utilisation = static_cast<double>(result_.operations) / unitCycles_;
    return std::move(result_);
}

}  // namespace millrace::platform
