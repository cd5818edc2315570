#pragma once
#include <cstdint>
#include <vector>

#include "schedule/problem.h"
#include "schedule/schedule.h"

/// Tensors whose elements several tasks add up in place.
namespace millrace::schedule {

/// A task that adds to a box.
struct Addition {
    TaskId task;
    MemoryId memory;
    Span span;
};

/// All that adds to one box of a tensor with several writers, in order of time (start, end, task).
struct Sum {
    TensorId tensor;
    Box box;
    std::vector<Addition> additions;
    /// From the start of the first to the end of the last: the sum is one write over this span. (Tasks that do not run
    /// one after another are no legal sum.)
    Span span;
};

/// The sums of a schedule, in order of tensors and boxes; without tasks that are not in `placed` (by task), and without
/// empty boxes.
std::vector<Sum> sums(const Problem& problem, const Schedule& schedule, const std::vector<bool>& placed);

}  // namespace millrace::schedule
