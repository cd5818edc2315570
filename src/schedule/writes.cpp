#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "schedule/boxindex.h"
#include "schedule/names.h"
#include "schedule/parts.h"

namespace millrace::schedule {

namespace {

/// A task writes a box that is not empty.
struct Write {
    TaskId task;
    const Box* box;
};

class Writes {
public:
    Writes(const Problem& problem, Violations& violations) : problem_(problem), violations_(violations) {}

    void run();

private:
    void written(TensorId tensor, std::vector<Write> writes);
    std::vector<Write> joinSums(TensorId tensor, const std::vector<Write>& writes);

    const Problem& problem_;
    Violations& violations_;
};

void Writes::run() {
    std::vector<std::vector<Write>> writes(problem_.tensors.size());
    for (const TaskId id : problem_.tasks.ids()) {
        for (const Access& write : problem_.tasks[id].writes) {
            if (volume(write.box) > 0) writes[write.tensor.index()].push_back({id, &write.box});
        }
    }
    for (const TensorId id : problem_.tensors.ids()) written(id, std::move(writes[id.index()]));
}

/// One of the writes of each box.
std::vector<Write> Writes::joinSums(TensorId tensor, const std::vector<Write>& writes) {
    const std::int64_t expected = problem_.tensors[tensor].writers;
    std::map<Box, std::vector<TaskId>> sums;
    std::vector<Write> first;
    for (const Write& write : writes) {
        std::vector<TaskId>& tasks = sums[*write.box];
        if (tasks.empty()) first.push_back(write);
        tasks.push_back(write.task);
    }
    for (const auto& [box, tasks] : sums) {
        const auto written = static_cast<std::int64_t>(tasks.size());
        const auto twice = std::adjacent_find(tasks.begin(), tasks.end());
        if (written == expected && twice == tasks.end()) continue;
        const std::string what = fmt::format("{} of {}", text(box), name(problem_, tensor));
        violations_.add(twice != tasks.end() ? fmt::format("{} writes {} twice", name(problem_, *twice), what)
                                             : fmt::format("{} and {} others write {}, which has {} writers",
                                                           name(problem_, tasks.front()), written - 1, what, expected),
                        fmt::format("every element is written by {} different tasks", expected));
    }
    return first;
}

void Writes::written(TensorId tensor, std::vector<Write> writes) {
    const auto who = [&] { return name(problem_, tensor); };
    if (const MemoryId initial = problem_.tensors[tensor].initial; initial.valid()) {
        if (writes.empty()) return;
        violations_.add(fmt::format("{} writes {}, which is in {} from the start", name(problem_, writes.front().task),
                                    who(), name(problem_, initial)),
                        "a tensor is initial, or tasks write it");
        return;
    }
    const bool sum = problem_.tensors[tensor].writers > 1;
    if (sum) writes = joinSums(tensor, writes);
    const Box whole = problem_.tensors[tensor].whole();
    Boxes boxes(whole.size());
    boxes.reserve(writes.size());
    for (const Write& write : writes) boxes.add(*write.box);
    const BoxIndex index(std::move(boxes));
    std::vector<std::uint32_t> near;
    std::vector<BoxView> all;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        all.push_back(index[i]);
        index.meeting(*writes[i].box, near);
        for (const std::uint32_t at : near) {
            const std::size_t other = index.number(at);
            if (other <= i || !overlaps(*writes[i].box, *writes[other].box)) continue;
            violations_.add(fmt::format("{} and {} both write {} of {}", name(problem_, writes[i].task),
                                        name(problem_, writes[other].task),
                                        text(intersect(*writes[i].box, *writes[other].box)), who()),
                            sum ? "boxes of one sum are equal or disjoint" : "every element is written by one task");
        }
    }
    if (const auto gap = GapFinder().uncovered(whole, all)) {
        violations_.add(
            fmt::format("nothing writes {} of {}, and it is in no memory from the start", text(*gap), who()),
            "every element is initial or written by one task");
    }
}

}  // namespace

void checkWrites(const Problem& problem, Violations& violations) { Writes(problem, violations).run(); }

}  // namespace millrace::schedule
