#pragma once
#include <map>
#include <utility>

#include "explore/platform/result.h"

/// Sums up what is known of a layer's tasks.
namespace millrace::platform {

class LayerSummary {
public:
    LayerSummary(schedule::GroupId group, const hardware::Chip& chip);

    void addTask(schedule::TaskId task, schedule::Span span, hardware::CoreId core, const explore::TileKind& kind);
    /// A transfer that the layer's tasks wait for.
    void addTransfer(schedule::Span span);
    explore::LayerResult take();

private:
    const hardware::Chip& chip_;
    explore::LayerResult result_;
    double unitCycles_ = 0;
    std::map<std::pair<hardware::CoreId, const explore::TileKind*>, std::size_t> kinds_;
};

}  // namespace millrace::platform
