#include <algorithm>
#include <set>

#include "oracle.h"

namespace millrace::test {

using namespace schedule;

std::vector<Element> elements(const Box& box) {
    std::vector<Element> all{{}};
    for (const Interval& side : box) {
        std::vector<Element> longer;
        for (const Element& element : all) {
            for (std::int64_t i = side.begin; i < side.end; ++i) {
                longer.push_back(element);
                longer.back().push_back(i);
            }
        }
        all = std::move(longer);
    }
    return all;
}

namespace {

bool has(const Box& box, const Element& element) {
    for (std::size_t i = 0; i < box.size(); ++i) {
        if (element[i] < box[i].begin || element[i] >= box[i].end) return false;
    }
    return true;
}

class Data {
public:
    Data(const Problem& problem, const Schedule& schedule) : problem_(problem), schedule_(schedule) {}

    bool run() {
        std::vector<Access> reads;
        std::vector<Access> writes;
        collect(reads, writes);
        if (!collectSums(writes)) return false;
        valid_.resize(schedule_.buffers.size());
        for (std::int64_t time = 0; time <= horizon(); ++time) {
            for (const Access& write : writes) {
                if (write.end == time && !land(write)) return false;
            }
            for (const Access& read : reads) {
                const bool instant = read.start == read.end;
                if (instant ? time != read.start : time < read.start || time >= read.end) continue;
                for (const Element& element : elements(read.box)) {
                    if (!there(read, element, time, instant)) return false;
                }
            }
        }
        return true;
    }

private:
    struct Access {
        MemoryId memory;
        TensorId tensor;
        Box box;
        std::int64_t start, end;
    };

    std::int64_t horizon() const {
        Cycles last = schedule_.latency;
        for (const Placement& placement : schedule_.placements) last = std::max(last, placement.span.end);
        for (const Buffer& buffer : schedule_.buffers) last = std::max(last, buffer.span.end);
        for (const Transfer& transfer : schedule_.transfers) last = std::max(last, transfer.span.end);
        return last.value();
    }

    /// Makes valid what a write that ends at `time` leaves in the buffers; false if an element has no buffer.
    bool land(const Access& write) {
        for (const Element& element : elements(write.box)) {
            bool landed = false;
            for (const BufferId id : schedule_.buffers.ids()) {
                const Buffer& buffer = schedule_.buffers[id];
                const bool lasts = buffer.span.start.value() <= write.start && buffer.span.end.value() >= write.end;
                if (!lasts || !(buffer.memory == write.memory) || !(buffer.tensor == write.tensor)) continue;
                if (!has(buffer.box, element)) continue;
                valid_[id].insert(element);
                landed = true;
            }
            if (!landed) return false;
        }
        return true;
    }

    bool there(const Access& read, const Element& element, std::int64_t time, bool instant) const {
        const Tensor& tensor = problem_.tensors[read.tensor];
        if (tensor.initial.valid() && tensor.initial == read.memory) return true;
        for (const BufferId id : schedule_.buffers.ids()) {
            const Buffer& buffer = schedule_.buffers[id];
            if (!(buffer.memory == read.memory) || !(buffer.tensor == read.tensor)) continue;
            const std::int64_t end = buffer.span.end.value();
            if ((instant ? time <= end : time < end) && valid_[id].count(element) > 0) return true;
        }
        return false;
    }

    void collect(std::vector<Access>& reads, std::vector<Access>& writes) const {
        const auto add = [](std::vector<Access>& list, MemoryId memory, TensorId tensor, const Box& box, Span span) {
            list.push_back({memory, tensor, box, span.start.value(), span.end.value()});
        };
        for (const TaskId id : problem_.tasks.ids()) {
            const Task& task = problem_.tasks[id];
            const Placement& placement = schedule_.placements[id];
            const Option& option = task.options[placement.option];
            for (std::size_t i = 0; i < task.reads.size(); ++i) {
                add(reads, option.readMemories[i], task.reads[i].tensor, task.reads[i].box, placement.span);
            }
            for (std::size_t i = 0; i < task.writes.size(); ++i) {
                if (problem_.tensors[task.writes[i].tensor].writers > 1) continue;
                add(writes, option.writeMemories[i], task.writes[i].tensor, task.writes[i].box, placement.span);
            }
        }
        for (const Transfer& transfer : schedule_.transfers) {
            add(reads, transfer.from, transfer.tensor, transfer.box, transfer.span);
            add(writes, transfer.to, transfer.tensor, transfer.box, transfer.span);
        }
        for (const TensorId id : problem_.tensors.ids()) {
            const Tensor& tensor = problem_.tensors[id];
            const Span end{schedule_.latency, schedule_.latency};
            if (tensor.final.valid()) add(reads, tensor.final, id, tensor.whole(), end);
        }
    }

    /// One after another, element by element. Each element of a sum is a write from the first start to the last end.
    bool collectSums(std::vector<Access>& writes) const {
        for (const TensorId id : problem_.tensors.ids()) {
            if (problem_.tensors[id].writers == 1) continue;
            for (const Element& element : elements(problem_.tensors[id].whole())) {
                std::vector<Access> parts;
                collectParts(id, element, parts);
                if (!inTurns(parts)) return false;
                Access sum = parts.front();
                for (const Access& part : parts) {
                    if (!(part.memory == sum.memory)) return false;
                    sum.start = std::min(sum.start, part.start);
                    sum.end = std::max(sum.end, part.end);
                }
                writes.push_back(sum);
            }
        }
        return true;
    }

    void collectParts(TensorId tensor, const Element& element, std::vector<Access>& parts) const {
        Box point;
        for (const std::int64_t at : element) point.push_back({at, at + 1});
        for (const TaskId id : problem_.tasks.ids()) {
            const Task& task = problem_.tasks[id];
            const Placement& placement = schedule_.placements[id];
            for (std::size_t i = 0; i < task.writes.size(); ++i) {
                if (!(task.writes[i].tensor == tensor) || !has(task.writes[i].box, element)) continue;
                parts.push_back({task.options[placement.option].writeMemories[i], tensor, point,
                                 placement.span.start.value(), placement.span.end.value()});
            }
        }
    }

    /// No cycle belongs to two of them; one of no length is not between two cycles of another.
    static bool inTurns(const std::vector<Access>& parts) {
        std::set<std::int64_t> taken;
        for (const Access& part : parts) {
            for (std::int64_t t = part.start; t < part.end; ++t) {
                if (!taken.insert(t).second) return false;
            }
        }
        for (const Access& part : parts) {
            if (part.start != part.end) continue;
            for (const Access& other : parts) {
                if (other.start < part.start && part.start < other.end) return false;
            }
        }
        return true;
    }

    const Problem& problem_;
    const Schedule& schedule_;
    Table<BufferId, std::set<Element>> valid_;
};

}  // namespace

bool dataAreThere(const Problem& problem, const Schedule& schedule) { return Data(problem, schedule).run(); }

}  // namespace millrace::test
