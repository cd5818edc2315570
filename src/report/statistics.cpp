#include "report/statistics.h"

#include <algorithm>

#include "report/text.h"
#include "support/box.h"

namespace millrace::report {
namespace {

void addTasks(const Result& result, const Owners& owners, Statistics& sums) {
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
        const bool follows = schedule::follows(result.schedule, id);
        if (!follows) from.read += bits;
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
        if (!follows) continue;
        ++cause.carriedAlong;
        cause.carriedBits += bits;
        cause.savedLinkBits += bits * static_cast<std::int64_t>(transfer.route.size() - own[id].size());
    }
}

/// Weights that the tasks of each stack read, each once.
void addWeights(const Result& result, const Owners& owners, const std::vector<std::size_t>& stackOf,
                std::vector<StackUse>& stacks) {
    std::vector<std::vector<bool>> seen(stacks.size(), std::vector<bool>(result.problem.tensors.size(), false));
    for (const schedule::TaskId id : result.problem.tasks.ids()) {
        const LayerId layer = owners.layer(id);
        if (!layer.valid() || stackOf[layer.index()] == kNoStack) continue;
        const std::size_t stack = stackOf[layer.index()];
        for (const schedule::Access& access : result.problem.tasks[id].reads) {
            const schedule::Tensor& tensor = result.problem.tensors[access.tensor];
            if (tensor.kind != schedule::DataClass::weight || seen[stack][access.tensor.index()]) continue;
            seen[stack][access.tensor.index()] = true;
            stacks[stack].weights += tensor.size(wholeBox(tensor.shape));
        }
    }
}

void addStacks(const Result& result, const Owners& owners, Statistics& sums) {
    const std::vector<std::size_t> stackOf = stacksOfLayers(result);
    for (const LayerId id : result.layers.ids()) {
        if (stackOf[id.index()] == kNoStack) continue;
        const explore::LayerResult& layer = result.layers[id];
        StackUse& use = sums.stacks[stackOf[id.index()]];
        if (layer.tasks.empty()) continue;
        use.span.start = use.tasks == 0 ? layer.span.start : std::min(use.span.start, layer.span.start);
        use.span.end = std::max(use.span.end, layer.span.end);
        use.tasks += static_cast<std::int64_t>(layer.tasks.size());
        use.energy += layer.energy;
    }
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        const schedule::Transfer& transfer = result.schedule.transfers[id];
        const LayerId layer = owners.layer(transfer.tensor);
        if (!layer.valid() || stackOf[layer.index()] == kNoStack) continue;
        const bool read = result.problem.memories[transfer.from].offchip && !schedule::follows(result.schedule, id);
        const int times = (read ? 1 : 0) + (result.problem.memories[transfer.to].offchip ? 1 : 0);
        sums.stacks[stackOf[layer.index()]].offchip += size(result, transfer) * times;
    }
    addWeights(result, owners, stackOf, sums.stacks);
}

Cycles busyTime(const Profile& steps) {
    Cycles busy;
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        if (steps[i].total() > 0) busy += Cycles(steps[i + 1].at - steps[i].at);
    }
    return busy;
}

void addProfiles(const Result& result, const Owners& owners, Statistics& sums) {
    const std::vector<Profile> held = memoryProfiles(result);
    for (std::size_t i = 0; i < held.size(); ++i) {
        const Step top = highest(held[i]);
        sums.memories[i].peak = Bits(top.total());
        sums.memories[i].peakAt = Cycles(top.at);
    }
    const std::vector<Profile> carried = linkProfiles(result);
    for (std::size_t i = 0; i < carried.size(); ++i) sums.links[i].busy = busyTime(carried[i]);
    const std::vector<Profile> stacks = stackProfiles(result, owners);
    for (std::size_t i = 0; i < stacks.size(); ++i) sums.stacks[i].peak = Bits(highest(stacks[i]).total());
}

}  // namespace

Statistics statistics(const Result& result, Detail detail) {
    Statistics sums;
    sums.cores.resize(result.problem.cores.size());
    sums.links.resize(result.problem.links.size());
    sums.memories.resize(result.problem.memories.size());
    sums.layerBusy.resize(result.layers.size());
    sums.stacks.resize(result.stacks.size());
    sums.period = result.schedule.interval.value_or(result.schedule.latency);
    const Owners owners(result);
    addTasks(result, owners, sums);
    addKinds(result, sums);
    addTransfers(result, sums);
    addStacks(result, owners, sums);
    if (detail == Detail::profiles) addProfiles(result, owners, sums);
    return sums;
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

LayerId Owners::layer(schedule::TensorId tensor) const {
    const LayerId producer = producers_[tensor.index()];
    return producer.valid() ? producer : readers_[tensor.index()];
}

std::vector<std::size_t> stacksOfLayers(const Result& result) {
    std::vector<std::size_t> stackOf(result.layers.size(), kNoStack);
    for (std::size_t i = 0; i < result.stacks.size(); ++i) {
        for (const LayerId layer : result.stacks[i]) {
            if (result.layers.contains(layer)) stackOf[layer.index()] = i;
        }
    }
    return stackOf;
}

bool computes(const Result& result, schedule::CoreId core) {
    const hardware::CoreId same(core.index());
    return result.chip.cores.contains(same) && !result.chip.isOffchip(same);
}

Bits size(const Result& result, const schedule::Transfer& transfer) {
    return result.problem.tensors[transfer.tensor].size(transfer.box);
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

const schedule::Option* optionOf(const Result& result, schedule::TaskId task) {
    const std::vector<schedule::Option>& options = result.problem.tasks[task].options;
    const std::size_t option = result.schedule.placements[task].option;
    return option < options.size() ? &options[option] : nullptr;
}

Picojoules taskEnergy(const Result& result, schedule::TaskId task) {
    const schedule::Option* option = optionOf(result, task);
    return option != nullptr ? option->energy : Picojoules();
}

const char* causeName(schedule::TransferCause cause) {
    constexpr std::array<const char*, kCauses> names{"input", "weight", "forward", "spill", "reload", "output"};
    return names[static_cast<std::size_t>(cause)];
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
