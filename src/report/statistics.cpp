#include "report/statistics.h"

#include <algorithm>

#include "report/text.h"
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

/// The option that a task runs with, or null.
const schedule::Option* optionOf(const Result& result, schedule::TaskId task) {
    const std::vector<schedule::Option>& options = result.problem.tasks[task].options;
    const std::size_t option = result.schedule.placements[task].option;
    return option < options.size() ? &options[option] : nullptr;
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

std::int64_t Step::*partOf(const Result& result, schedule::TensorId tensor) {
    const bool weight = result.problem.tensors[tensor].kind == schedule::DataClass::weight;
    return weight ? &Step::weights : &Step::activations;
}

Bits boxSize(const Result& result, schedule::TensorId tensor, const Box& box) {
    return Bits(volume(box) * result.problem.tensors[tensor].bits);
}

void addTasks(const Result& result, Statistics& sums) {
    const Owners owners(result);
    for (const schedule::TaskId task : result.schedule.placements.ids()) {
        const schedule::Placement& placement = result.schedule.placements[task];
        CoreUse& core = sums.cores[placement.core.index()];
        core.busy += placement.span.length();
        core.energy += taskEnergy(result, task);
        ++core.tasks;
        if (owners.layer(task).valid()) sums.layerBusy[owners.layer(task).index()] += placement.span.length();
    }
}

void addKinds(const Result& result, Statistics& sums) {
    for (const explore::LayerResult& layer : result.layers) {
        for (const explore::TileKind& kind : layer.kinds) {
            if (!kind.core.valid() || kind.core.index() >= sums.cores.size()) continue;
            CoreUse& core = sums.cores[kind.core.index()];
            std::int64_t operations = kind.count;
            for (const std::int64_t size : kind.sizes) operations *= size;
            core.operations += operations;
            const auto count = static_cast<double>(kind.count);
            core.arrayEnergy += kind.arrayEnergy * count;
            if (core.memoryEnergy.size() < kind.memoryEnergy.size()) core.memoryEnergy.resize(kind.memoryEnergy.size());
            for (std::size_t i = 0; i < kind.memoryEnergy.size(); ++i) {
                core.memoryEnergy[i] += kind.memoryEnergy[i] * count;
            }
        }
    }
}

void addTransfers(const Result& result, Statistics& sums) {
    const schedule::OwnLinks own(result.schedule);
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        const schedule::Transfer& transfer = result.schedule.transfers[id];
        const Bits bits = size(result, transfer);
        const TransferEnergy cost = energy(result, own, id);
        MemoryUse& from = sums.memories[transfer.from.index()];
        if (!schedule::follows(result.schedule, id)) from.read += bits;
        from.energy += cost.read;
        MemoryUse& to = sums.memories[transfer.to.index()];
        to.written += bits;
        to.energy += cost.write;
        for (const schedule::LinkId over : own[id]) {
            LinkUse& link = sums.links[over.index()];
            link.bits += bits;
            link.energy += Picojoules(static_cast<double>(bits.value()) * result.problem.links[over].energyPerBit);
            ++link.transfers;
        }
        CauseUse& cause = sums.causes[static_cast<std::size_t>(transfer.cause)];
        cause.bits += bits;
        ++cause.transfers;
    }
}

Cycles busyTime(const Profile& steps) {
    Cycles busy;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        if (steps[i].total() > 0) busy += Cycles(steps[i + 1].at - steps[i].at);
    }
    return busy;
}

void addProfiles(const Result& result, Statistics& sums) {
    const std::vector<Profile> held = memoryProfiles(result);
    for (std::size_t i = 0; i < held.size(); ++i) {
        const Step top = highest(held[i]);
        sums.memories[i].peak = Bits(top.total());
        sums.memories[i].peakAt = Cycles(top.at);
    }
    const std::vector<Profile> carried = linkProfiles(result);
    for (std::size_t i = 0; i < carried.size(); ++i) sums.links[i].busy = busyTime(carried[i]);
}

}  // namespace

Statistics statistics(const Result& result, Detail detail) {
    Statistics sums;
    sums.cores.resize(result.problem.cores.size());
    sums.links.resize(result.problem.links.size());
    sums.memories.resize(result.problem.memories.size());
    sums.layerBusy.resize(result.layers.size());
    sums.period = result.schedule.interval.value_or(result.schedule.latency);
    addTasks(result, sums);
    addKinds(result, sums);
    addTransfers(result, sums);
    if (detail == Detail::profiles) addProfiles(result, sums);
    return sums;
}

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
        const Bits bits = boxSize(result, id, wholeBox(tensor.shape));
        changes[tensor.initial.index()].push_back({0, bits.value(), partOf(result, id)});
    }
    for (const schedule::Buffer& buffer : result.schedule.buffers) {
        const std::int64_t bits = boxSize(result, buffer.tensor, buffer.box).value();
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
    std::vector<Profile> profiles;
    for (std::vector<Change>& list : changes) profiles.push_back(profile(list));
    return profiles;
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
    std::vector<Profile> profiles;
    for (std::vector<Change>& list : changes) profiles.push_back(profile(list));
    return profiles;
}

Owners::Owners(const Result& result)
    : tasks_(result.problem.tasks.size()),
      producers_(result.problem.tensors.size()),
      readers_(result.problem.tensors.size()) {
    std::vector<LayerId> layerOf(result.problem.groups.size());
    for (const LayerId id : result.layers.ids()) {
        const schedule::GroupId group = result.layers[id].group;
        if (result.problem.groups.contains(group)) layerOf[group.index()] = id;
    }
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const schedule::Task& task = result.problem.tasks[id];
        const LayerId layer = task.group.valid() ? layerOf[task.group.index()] : LayerId();
        tasks_[id.index()] = layer;
        for (const schedule::Access& access : task.writes) producers_[access.tensor.index()] = layer;
        for (const schedule::Access& access : task.reads) {
            LayerId& reader = readers_[access.tensor.index()];
            if (!reader.valid() || layer < reader) reader = layer;
        }
    }
}

LayerId Owners::layer(const schedule::Transfer& transfer) const {
    const LayerId producer = producers_[transfer.tensor.index()];
    return producer.valid() ? producer : readers_[transfer.tensor.index()];
}

Bits size(const Result& result, const schedule::Transfer& transfer) {
    return boxSize(result, transfer.tensor, transfer.box);
}

TransferEnergy energy(const Result& result, const schedule::OwnLinks& own, schedule::TransferId id) {
    const schedule::Transfer& transfer = result.schedule.transfers[id];
    const std::int64_t bits = size(result, transfer).value();
    const schedule::Memory& from = result.problem.memories[transfer.from];
    const schedule::Memory& to = result.problem.memories[transfer.to];
    const auto words = [bits](std::int64_t word) {
        return static_cast<double>(ceilDiv(bits, std::max<std::int64_t>(word, 1)));
    };
    TransferEnergy cost;
    const bool follower = schedule::follows(result.schedule, id);
    if (!follower) cost.read = Picojoules(words(from.readWordBits) * from.readEnergy);
    cost.write = Picojoules(words(to.writeWordBits) * to.writeEnergy);
    for (const schedule::LinkId link : own[id]) {
        cost.links += Picojoules(static_cast<double>(bits) * result.problem.links[link].energyPerBit);
    }
    return cost;
}

Picojoules taskEnergy(const Result& result, schedule::TaskId task) {
    const schedule::Option* option = optionOf(result, task);
    return option != nullptr ? option->energy : Picojoules();
}

const char* causeName(schedule::TransferCause cause) {
    constexpr std::array<const char*, kCauses> names{"input", "weight", "forward", "spill", "reload", "output"};
    return names[static_cast<std::size_t>(cause)];
}

const char* objectiveName(explore::Objective objective) {
    constexpr std::array<const char*, 3> names{"latency", "energy", "edp"};
    return names[static_cast<std::size_t>(objective)];
}

std::vector<std::string> layerLabels(const Result& result) {
    std::vector<std::string> names;
    std::vector<std::string> types;
    for (const LayerId id : result.layers.ids()) {
        const bool known = result.workload.layers.contains(id);
        names.push_back(known ? result.workload.layers[id].name : "");
        types.push_back(known ? result.workload.layers[id].type : "");
    }
    std::vector<std::string> shown = shortNames(names, types);
    for (std::string& name : shown) name = elide(name, 80);
    return shown;
}

std::string subject(const Result& result) {
    const auto named = [](const std::string& name, const char* otherwise) {
        return name.empty() ? std::string(otherwise) : elide(name, 80);
    };
    return named(result.workload.name, "(unnamed network)") + " on " + named(result.chip.name, "(unnamed chip)");
}

double share(double a, double b) { return b > 0 ? a / b : 0; }

}  // namespace millrace::report
