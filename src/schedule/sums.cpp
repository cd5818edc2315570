#include "schedule/sums.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace millrace::schedule {

std::vector<Sum> sums(const Problem& problem, const Schedule& schedule, const std::vector<bool>& placed) {
    const auto isSum = [](const Tensor& tensor) { return tensor.writers > 1; };
    if (std::none_of(problem.tensors.begin(), problem.tensors.end(), isSum)) return {};
    std::map<std::pair<TensorId, Box>, std::vector<Addition>> found;
    for (const TaskId id : problem.tasks.ids()) {
        if (!placed[id.index()]) continue;
        const Task& task = problem.tasks[id];
        const Placement& placement = schedule.placements[id];
        const std::vector<MemoryId>& memories = task.options[placement.option].writeMemories;
        for (std::size_t i = 0; i < task.writes.size(); ++i) {
            const Access& write = task.writes[i];
            if (!isSum(problem.tensors[write.tensor]) || volume(write.box) == 0) continue;
            found[{write.tensor, write.box}].push_back({id, memories[i], placement.span});
        }
    }
    std::vector<Sum> result;
    for (auto& [key, additions] : found) {
        std::sort(additions.begin(), additions.end(), [](const Addition& a, const Addition& b) {
            return std::tie(a.span, a.task) < std::tie(b.span, b.task);
        });
        const Span span{additions.front().span.start, additions.back().span.end};
        result.push_back({key.first, key.second, std::move(additions), span});
    }
    return result;
}

}  // namespace millrace::schedule
