#include <algorithm>

#include "report/statistics.h"
#include "support/box.h"

namespace millrace::report {
namespace {

struct Change {
    std::int64_t at = 0;
    std::int64_t amount = 0;
    std::int64_t Step::*part = &Step::activations;
};

void book(std::vector<Change>& changes, const schedule::Span& span, std::int64_t amount, std::int64_t Step::*part) {
    changes.push_back({span.start.value(), amount, part});
    changes.push_back({span.end.value(), -amount, part});
}

Profile profile(std::vector<Change>& changes) {
    std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
    Profile steps;
    Step now;
    for (std::size_t i = 0; i < changes.size();) {
        const Step before = now;
        now.at = changes[i].at;
        for (; i < changes.size() && changes[i].at == now.at; ++i) {
            now.*changes[i].part += changes[i].amount;
        }
        const bool same =
            now.weights == before.weights && now.activations == before.activations && now.scratch == before.scratch;
        if (!same) steps.push_back(now);
    }
    return steps;
}

std::vector<Profile> profiles(std::vector<std::vector<Change>>& changes) {
    std::vector<Profile> result;
    for (std::vector<Change>& list : changes) result.push_back(profile(list));
    return result;
}

std::int64_t Step::*partOf(const Result& result, schedule::TensorId tensor) {
    const bool weight = result.problem.tensors[tensor].kind == schedule::DataClass::weight;
    return weight ? &Step::weights : &Step::activations;
}

}  // namespace

Step highest(const Profile& profile) {
    Step top;
    for (const Step& step : profile) {
        if (step.total() > top.total()) top = step;
    }
    return top;
}

std::vector<Profile> memoryProfiles(const Result& result) {
    std::vector<std::vector<Change>> changes(result.problem.memories.size());
    for (const schedule::TensorId id : result.problem.tensors.ids()) {
        const schedule::Tensor& tensor = result.problem.tensors[id];
        if (!tensor.initial.valid()) continue;
        const Bits bits = tensor.size(wholeBox(tensor.shape));
        changes[tensor.initial.index()].push_back({0, bits.value(), partOf(result, id)});
    }
    for (const schedule::Buffer& buffer : result.schedule.buffers) {
        const std::int64_t bits = result.problem.tensors[buffer.tensor].size(buffer.box).value();
        book(changes[buffer.memory.index()], buffer.span, bits, partOf(result, buffer.tensor));
    }
    for (const schedule::TaskId id : result.schedule.placements.ids()) {
        const schedule::Option* option = optionOf(result, id);
        if (option == nullptr) continue;
        for (const schedule::Scratch& scratch : option->scratch) {
            book(changes[scratch.memory.index()], result.schedule.placements[id].span, scratch.bits.value(),
                 &Step::scratch);
        }
    }
    return profiles(changes);
}

std::vector<Profile> linkProfiles(const Result& result) {
    std::vector<std::vector<Change>> changes(result.problem.links.size());
    const schedule::OwnLinks own(result.schedule);
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        const schedule::Transfer& transfer = result.schedule.transfers[id];
        for (const schedule::LinkId link : own[id]) {
            book(changes[link.index()], transfer.span, transfer.bandwidth, partOf(result, transfer.tensor));
        }
    }
    return profiles(changes);
}

std::vector<Profile> stackProfiles(const Result& result, const Owners& owners) {
    std::vector<std::vector<Change>> changes(result.stacks.size());
    const std::vector<std::size_t> stackOf = stacksOfLayers(result);
    const auto list = [&](LayerId layer, schedule::MemoryId memory) -> std::vector<Change>* {
        const bool counts =
            layer.valid() && stackOf[layer.index()] < changes.size() && !result.problem.memories[memory].offchip;
        return counts ? &changes[stackOf[layer.index()]] : nullptr;
    };
    for (const schedule::Buffer& buffer : result.schedule.buffers) {
        const std::int64_t bits = result.problem.tensors[buffer.tensor].size(buffer.box).value();
        if (auto* into = list(owners.layer(buffer.tensor), buffer.memory))
            book(*into, buffer.span, bits, partOf(result, buffer.tensor));
    }
    for (const schedule::TaskId id : result.schedule.placements.ids()) {
        const schedule::Option* option = optionOf(result, id);
        if (option == nullptr) continue;
        for (const schedule::Scratch& scratch : option->scratch) {
            if (auto* into = list(owners.layer(id), scratch.memory))
                book(*into, result.schedule.placements[id].span, scratch.bits.value(), &Step::scratch);
        }
    }
    return profiles(changes);
}

}  // namespace millrace::report
