#include "explore/steady/passings.h"

#include <algorithm>

namespace millrace::steady {

using workload::LayerId;
using workload::TensorId;

namespace {

bool touch(const Box& a, const Box& b) { return !a.empty() && !b.empty() && a.size() == b.size() && overlaps(a, b); }

/// Steps of the producer until all is made that the reader's first step needs.
double headSteps(const Course& made, const Box& first, double steps) {
    double head = 1;
    for (std::size_t i = 0; i < made.steps.size(); ++i) {
        if (touch(made.boxes[i], first)) head = static_cast<double>(made.steps[i]) + 1;
    }
    return std::min(head, steps);
}

/// Steps of the reader from the first one on that needs something of the producer's last step.
double tailSteps(const Course& read, const Box& last, double steps) {
    for (std::size_t i = 0; i < read.steps.size(); ++i) {
        if (touch(read.boxes[i], last)) return steps - static_cast<double>(read.steps[i]);
    }
    return 1;
}

}  // namespace

Passings::Passings(const Question& question, const Carrier& carrier, const fusion::Memories& memories,
                   const Traces& traces, const Rooms& rooms)
    : question_(question),
      carrier_(carrier),
      memories_(memories),
      traces_(traces),
      rooms_(rooms),
      reads_(fusion::readsOf(question.workload)) {}

bool Passings::needsAll(LayerId from, LayerId to) const {
    const Footprint& made = traces_[from].front().footprint;
    const Footprint& read = traces_[to].front().footprint;
    const auto course = read.readCourse.find(question_.workload.layers[from].result);
    if (course == read.readCourse.end() || course->second.boxes.empty()) return false;
    return made.steps > 1 && headSteps(made.writeCourse, course->second.boxes.front(), made.steps) >= made.steps;
}

Table<LayerId, std::size_t> Passings::phases() const {
    Table<LayerId, std::size_t> result(question_.workload.layers.size(), 0);
    std::size_t next = 0;
    for (const std::vector<LayerId>& stack : question_.plan.stacks) {
        const std::size_t first = next;
        for (const LayerId id : stack) {
            result[id] = first;
            for (const fusion::Read& read : reads_[id]) {
                if (question_.plan.layers[read.producer].stack != question_.plan.layers[id].stack) continue;
                const bool whole = read.whole || needsAll(read.producer, id);
                result[id] = std::max(result[id], result[read.producer] + (whole ? 1 : 0));
            }
            next = std::max(next, result[id] + 1);
        }
    }
    return result;
}

std::vector<Move> Passings::moves(LayerId from, const Footprint& made, const Footprint& read) const {
    std::vector<Move> result;
    const TensorId tensor = question_.workload.layers[from].result;
    const auto needs = read.needs.find(tensor);
    if (needs == read.needs.end()) return result;
    const double bits = question_.workload.tensors[tensor].bits;
    for (const auto& [to, needed] : needs->second) {
        const auto own = made.written.find(to);
        const Region here = own == made.written.end() ? Region() : own->second;
        for (const auto& [source, written] : made.written) {
            if (source == to) continue;
            const double elements = elementsIn(needed, written, here);
            if (elements > 0) result.push_back({source, to, elements * bits, needed.intersected(written)});
        }
    }
    return result;
}

/// What of a result finds no room beside what its own and its reader's phase need goes off-chip, and comes back.
std::vector<Move> Passings::spills(LayerId from, std::size_t fromWay, LayerId to, std::size_t toWay) const {
    std::vector<Move> result;
    const TensorId tensor = question_.workload.layers[from].result;
    const double bits = question_.workload.tensors[tensor].bits;
    for (const auto& [memory, written] : traces_[from][fromWay].footprint.written) {
        if (memory == carrier_.offchip()) continue;
        const schedule::MemoryId id(memory);
        const auto taken = [&](const fusion::LayerRoom& room) { return room.waiting[id] + room.working[id]; };
        const std::int64_t others = std::max(taken(rooms_[from][fromWay]), taken(rooms_[to][toWay]));
        const auto free = static_cast<double>(std::max<std::int64_t>(memories_.capacity(id) - others, 0));
        const double over = written.elements() * bits - free;
        if (over <= 0) continue;
        result.push_back({memory, carrier_.offchip(), over, written});
        result.push_back({carrier_.offchip(), memory, over, written});
    }
    return result;
}

Passing Passings::passing(LayerId from, std::size_t fromWay, LayerId to, std::size_t toWay, bool whole,
                          bool later) const {
    const Footprint& made = traces_[from][fromWay].footprint;
    const Footprint& read = traces_[to][toWay].footprint;
    Passing result;
    std::vector<Move> all = moves(from, made, read);
    const double steps = std::max({made.steps, read.steps, 1.0});
    const double delay = longest(carrier_.loads(all)) / steps;
    if (later) {
        const std::vector<Move> away = spills(from, fromWay, to, toWay);
        all.insert(all.end(), away.begin(), away.end());
    }
    result.streams = carrier_.loads(all);
    result.head = delay;
    result.tail = delay + read.tile;
    const auto course = read.readCourse.find(question_.workload.layers[from].result);
    if (course == read.readCourse.end() || course->second.boxes.empty()) return result;
    if (!whole) result.head += headSteps(made.writeCourse, course->second.boxes.front(), made.steps) * made.tile;
    result.tail = delay + tailSteps(course->second, made.writeCourse.boxes.back(), read.steps) * read.tile;
    return result;
}

void Passings::addEdges(const Table<LayerId, std::size_t>& nodes, const Table<LayerId, std::size_t>& phases,
                        Problem& problem) const {
    for (const LayerId id : question_.workload.layers.ids()) {
        for (const fusion::Read& read : reads_[id]) {
            const bool later = phases[read.producer] < phases[id];
            const bool whole = later && (read.whole || needsAll(read.producer, id));
            Edge edge{nodes[read.producer], nodes[id], whole, {}};
            for (std::size_t p = 0; p < traces_[read.producer].size(); ++p) {
                for (std::size_t q = 0; q < traces_[id].size(); ++q)
                    edge.passings.push_back(passing(read.producer, p, id, q, whole, later));
            }
            problem.edges.push_back(std::move(edge));
        }
    }
}

}  // namespace millrace::steady
