#include "sample.h"

#include <algorithm>
#include <map>

#include "report/statistics.h"
#include "schedule/verify.h"

namespace millrace::test {
namespace {

using namespace schedule;

constexpr std::size_t kCores = 6;
constexpr std::int64_t kMiB = 8LL * 1024 * 1024;

hardware::Core computeCore(const std::string& name, std::int64_t side, Bits sram) {
    hardware::Core core;
    core.name = name;
    core.array.dimensions = {{"D1", side}, {"D2", side}};
    core.array.unitEnergy = 0.04;
    hardware::Memory rf;
    rf.name = "rf_1B";
    rf.size = Bits(8);
    hardware::Memory top;
    top.name = "sram";
    top.size = sram;
    core.memories = {rf, top};
    return core;
}

class Maker {
public:
    explicit Maker(const SampleOptions& options) : options_(options) {}

    explore::Result make() {
        result_.workload.name = options_.name;
        result_.policy = "layer-by-layer";
        makeChip();
        input_ =
            addTensor("input", offchip_, DataClass::activation, {options_.channels, options_.rows, options_.columns});
        for (std::size_t i = 0; i < options_.layers; ++i) makeLayer(i);
        finish();
        return std::move(result_);
    }

private:
    struct Held {
        BufferId buffer;  ///< invalid: initial, off-chip
        MemoryId memory;
        std::int64_t from = 0;
    };
    using Key = std::pair<std::size_t, std::int64_t>;  // tensor, tile

    void makeChip();
    void makeLinks();
    TensorId addTensor(const std::string& name, MemoryId initial, DataClass kind, std::vector<std::int64_t> shape) {
        Tensor tensor{name, std::move(shape), 8, kind, initial, MemoryId()};
        return result_.problem.tensors.add(std::move(tensor));
    }
    void makeLayer(std::size_t index);
    void makeTile(std::size_t index, std::int64_t tile, explore::LayerResult& layer);
    void addKind(const workload::Layer& layer, std::size_t core, std::int64_t rows, const Option& option,
                 explore::LayerResult& into);
    Box tileBox(std::int64_t tile) const {
        const std::int64_t begin = options_.rows * tile / options_.tiles;
        const std::int64_t end = options_.rows * (tile + 1) / options_.tiles;
        return {{0, options_.channels}, {begin, end}, {0, options_.columns}};
    }
    Held& bring(TensorId tensor, std::int64_t tile, const Box& box, std::size_t core, std::int64_t earliest);
    Held move(TensorId tensor, const Box& box, Held& source, MemoryId to, std::int64_t earliest, TransferCause cause);
    void use(const Held& held, std::int64_t until) {
        if (!held.buffer.valid()) return;
        Cycles& end = result_.schedule.buffers[held.buffer].span.end;
        end = std::max(end, Cycles(until));
    }
    std::size_t coreFor(std::size_t layer, std::int64_t tile) const {
        if (layer % 4 == 3) return layer % 8 == 3 ? 5 : 4;
        return static_cast<std::size_t>(tile) % 4;
    }
    void finish();

    const SampleOptions options_;
    explore::Result result_;
    MemoryId offchip_;
    TensorId input_;
    std::vector<TensorId> results_;
    std::vector<TensorId> weights_;
    std::map<Key, std::vector<Held>> held_;
    std::vector<std::int64_t> coreFree_ = std::vector<std::int64_t>(kCores, 0);
    std::vector<std::int64_t> linkFree_;
    std::int64_t phaseEnd_ = 0;
};

void Maker::makeChip() {
    hardware::Chip& chip = result_.chip;
    Problem& problem = result_.problem;
    chip.name = options_.name + "-chip";
    for (std::size_t i = 0; i < kCores; ++i) {
        const bool matrix = i < 4;
        const std::string name = matrix ? "tpu_like" : i == 4 ? "pooling" : "simd";
        chip.cores.add(computeCore(name, matrix ? 32 : 8, Bits(matrix ? 2 * kMiB : kMiB / 2)));
        problem.cores.add({"core " + std::to_string(i) + " " + name});
        Memory memory{"core " + std::to_string(i) + " (" + name + ") sram", Bits(matrix ? 2 * kMiB : kMiB / 2), {}};
        memory.cores = {CoreId(i)};
        memory.readWordBits = memory.writeWordBits = 512;
        memory.readEnergy = 30;
        memory.writeEnergy = 35;
        problem.memories.add(memory);
    }
    chip.offchip = chip.cores.add(computeCore("dram", 0, Bits(1024 * kMiB)));
    problem.cores.add({"dram"});
    Memory dram{"dram", Bits(1024 * kMiB), {CoreId(kCores)}};
    dram.readWordBits = dram.writeWordBits = 64;
    dram.readEnergy = dram.writeEnergy = 700;
    dram.offchip = true;
    offchip_ = problem.memories.add(dram);
    makeLinks();
}

void Maker::makeLinks() {
    hardware::Chip& chip = result_.chip;
    Problem& problem = result_.problem;
    Link bus;
    bus.name = "bus between the cores";
    bus.bus = true;
    bus.bandwidth = 128;
    bus.energyPerBit = 0.02;
    for (std::size_t i = 0; i < kCores; ++i) bus.cores.push_back(CoreId(i));
    problem.links.add(bus);
    for (std::size_t i = 0; i < kCores; ++i) {
        Link link = bus;
        link.name = "core " + std::to_string(i) + " <-> dram";
        link.cores = {CoreId(i), CoreId(kCores)};
        link.bandwidth = 64;
        link.energyPerBit = 0.3;
        problem.links.add(link);
    }
    for (const Link& link : problem.links) {
        hardware::Link same;
        same.name = link.name;
        same.bus = link.bus;
        same.bandwidth = link.bandwidth;
        same.energyPerBit = link.energyPerBit;
        for (const CoreId core : link.cores) same.cores.push_back(hardware::CoreId(core.index()));
        chip.links.add(same);
    }
    linkFree_.assign(problem.links.size(), 0);
}

Maker::Held Maker::move(TensorId tensor, const Box& box, Held& source, MemoryId to, std::int64_t earliest,
                        TransferCause cause) {
    const bool outside = source.memory == offchip_ || to == offchip_;
    const MemoryId inside = source.memory == offchip_ ? to : source.memory;
    const LinkId link(outside ? 1 + inside.index() : 0);
    const std::int64_t bandwidth = result_.problem.links[link].bandwidth;
    const std::int64_t bits = volume(box) * 8;
    const std::int64_t start = std::max({earliest, source.from, linkFree_[link.index()]});
    const std::int64_t end = start + ceilDiv(bits, bandwidth);
    linkFree_[link.index()] = end;
    use(source, end);
    const Span span{Cycles(start), Cycles(end)};
    result_.schedule.transfers.add({tensor, box, source.memory, to, {link}, bandwidth, span, cause});
    return {result_.schedule.buffers.add({to, tensor, box, span}), to, end};
}

Maker::Held& Maker::bring(TensorId tensor, std::int64_t tile, const Box& box, std::size_t core, std::int64_t earliest) {
    std::vector<Held>& places = held_[{tensor.index(), tile}];
    const MemoryId memory(core);
    for (Held& held : places) {
        if (held.memory == memory) return held;
    }
    const bool initial = result_.problem.tensors[tensor].initial.valid();
    if (places.empty()) places.push_back({BufferId(), offchip_, 0});
    const bool weight = result_.problem.tensors[tensor].kind == DataClass::weight;
    TransferCause cause = places.front().memory == offchip_ ? TransferCause::reload : TransferCause::forward;
    if (initial) cause = weight ? TransferCause::weight : TransferCause::input;
    places.push_back(move(tensor, box, places.front(), memory, earliest, cause));
    return places.back();
}

void Maker::addKind(const workload::Layer& layer, std::size_t core, std::int64_t rows, const Option& option,
                    explore::LayerResult& into) {
    for (explore::TileKind& kind : into.kinds) {
        if (kind.core.index() == core && kind.duration == option.duration) {
            ++kind.count;
            return;
        }
    }
    explore::TileKind kind;
    for (const workload::LoopDim& dim : layer.dims) kind.sizes.push_back(dim.name == "OY" ? rows : dim.size);
    kind.core = hardware::CoreId(core);
    kind.count = 1;
    kind.duration = option.duration;
    kind.energy = option.energy;
    kind.arrayEnergy = option.energy * 0.5;
    kind.memoryEnergy = {option.energy * 0.125, option.energy * 0.375};
    kind.idealCycles = static_cast<double>(option.duration.value()) * 0.75;
    kind.spatialCycles = static_cast<double>(option.duration.value()) * 0.875;
    kind.stallCycles = static_cast<double>(option.duration.value()) * 0.125;
    kind.spatial = "K 32 | C 32";
    kind.temporal = "FX 3, FY 3, OX 56";
    into.kinds.push_back(kind);
}

void Maker::makeTile(std::size_t index, std::int64_t tile, explore::LayerResult& layer) {
    const workload::Layer& source = result_.workload.layers[workload::LayerId(index)];
    const std::size_t core = coreFor(index, tile);
    const Box box = tileBox(tile);
    std::int64_t start = std::max(phaseEnd_, coreFree_[core]);
    Task task;
    task.name = source.name + "[" + std::to_string(tile) + "]";
    task.group = layer.group;
    std::vector<TensorId> inputs{index == 0 ? input_ : results_[index - 1]};
    if (source.type == "Add" && index >= 3) inputs.push_back(results_[index - 3]);
    for (const TensorId tensor : inputs) {
        task.reads.push_back({tensor, box});
        start = std::max(start, bring(tensor, tile, box, core, phaseEnd_).from);
    }
    if (weights_[index].valid()) {
        const Box whole = wholeBox(result_.problem.tensors[weights_[index]].shape);
        task.reads.push_back({weights_[index], whole});
        start = std::max(start, bring(weights_[index], 0, whole, core, phaseEnd_).from);
    }
    task.writes.push_back({results_[index], box});
    const std::int64_t units = result_.chip.cores[hardware::CoreId(core)].array.units();
    const std::int64_t rows = box[1].size();
    const std::int64_t operations = source.operations() / options_.rows * rows;
    Option option{
        CoreId(core), Cycles(ceilDiv(operations * 4, units * 3)), Picojoules(0.0812345 * double(operations)), {}, {}};
    option.readMemories.assign(task.reads.size(), MemoryId(core));
    option.writeMemories.assign(1, MemoryId(core));
    if (weights_[index].valid()) option.scratch.push_back({MemoryId(core), Bits(kMiB / 32)});
    task.options.push_back(option);
    const std::int64_t end = start + option.duration.value();
    for (const Access& access : task.reads) {
        const bool weight = access.tensor == weights_[index];
        use(bring(access.tensor, weight ? 0 : tile, access.box, core, 0), end);
    }
    const Span span{Cycles(start), Cycles(end)};
    layer.tasks.push_back(result_.problem.tasks.add(task));
    result_.schedule.placements.add({CoreId(core), 0, span});
    coreFree_[core] = end;
    Held made{result_.schedule.buffers.add({MemoryId(core), results_[index], box, span}), MemoryId(core), end};
    const bool last = index + 1 == options_.layers;
    const bool spill = options_.spillEvery > 0 && index % options_.spillEvery == options_.spillEvery - 1;
    std::vector<Held>& places = held_[{results_[index].index(), tile}];
    if (spill || last) {
        const TransferCause cause = last ? TransferCause::output : TransferCause::spill;
        places.push_back(move(results_[index], box, made, offchip_, end, cause));
    } else {
        places.push_back(made);
    }
    layer.operations += operations;
    layer.energy += option.energy;
    const hardware::CoreId same(core);
    if (std::find(layer.cores.begin(), layer.cores.end(), same) == layer.cores.end()) layer.cores.push_back(same);
    addKind(source, core, rows, option, layer);
    layer.utilisation = 0.75;
}

void Maker::makeLayer(std::size_t index) {
    const std::vector<std::string> types{"Conv", "Relu", "Conv", index % 8 == 3 ? "Add" : "MaxPool"};
    const std::string& type = types[index % 4];
    workload::Layer layer;
    layer.type = type;
    layer.name = options_.prefix + "layer" + std::to_string(index / 8 + 1) + "/layer" + std::to_string(index / 8 + 1) +
                 "." + std::to_string(index / 4 % 2) + "/" +
                 (type == "Conv"  ? "conv"
                  : type == "Add" ? "add"
                                  : "act") +
                 std::to_string(index % 4 + 1) + "/" + type;
    const bool conv = type == "Conv";
    const std::int64_t window = conv || type == "MaxPool" ? 3 : 1;
    layer.dims = {{"K", options_.channels},
                  {"C", conv ? options_.channels : 1, workload::DimKind::reduction},
                  {"OY", options_.rows},
                  {"OX", options_.columns},
                  {"FY", window, workload::DimKind::reduction},
                  {"FX", window, workload::DimKind::reduction}};
    result_.workload.layers.add(layer);
    explore::LayerResult entry;
    entry.group = result_.problem.groups.add({layer.name, static_cast<std::int64_t>(index)});
    weights_.push_back(conv ? addTensor("weights " + std::to_string(index), offchip_, DataClass::weight,
                                        {options_.channels, options_.channels, 3, 3})
                            : TensorId());
    results_.push_back(addTensor("result " + std::to_string(index), MemoryId(), DataClass::activation,
                                 {options_.channels, options_.rows, options_.columns}));
    if (index + 1 == options_.layers) result_.problem.tensors[results_.back()].final = offchip_;
    for (std::int64_t tile = 0; tile < options_.tiles; ++tile) makeTile(index, tile, entry);
    entry.span.start = Cycles(phaseEnd_);
    entry.span.end = Cycles(*std::max_element(coreFree_.begin(), coreFree_.end()));
    phaseEnd_ = entry.span.end.value();
    result_.layers.add(entry);
}

void Maker::finish() {
    Schedule& schedule = result_.schedule;
    for (const Placement& placement : schedule.placements)
        schedule.latency = std::max(schedule.latency, placement.span.end);
    for (const Transfer& transfer : schedule.transfers) {
        schedule.latency = std::max(schedule.latency, transfer.span.end);
        if (transfer.from == offchip_ || transfer.to == offchip_) {
            result_.offchipTraffic += Bits(volume(transfer.box) * 8);
        }
    }
    for (Buffer& buffer : schedule.buffers) {
        const bool output = result_.problem.tensors[buffer.tensor].final == buffer.memory;
        if (output) buffer.span.end = schedule.latency;
    }
    schedule.energy = schedule::energy(result_.problem, schedule);
    Diagnostics diagnostics;
    result_.verified = verify(result_.problem, schedule, diagnostics);
    result_.bounds.compute = Cycles(schedule.latency.value() / 2);
    result_.bounds.offchip = Cycles(schedule.latency.value() / 3);
    result_.bounds.latency = result_.bounds.compute;
    result_.bounds.energy = schedule.energy.total() * 0.7;
    result_.bounds.offchipBits = Bits(result_.offchipTraffic.value() / 2);
    result_.evaluations = 1234;
}

}  // namespace

explore::Result sample(const SampleOptions& options) { return Maker(options).make(); }

explore::Result smallSample() { return sample({}); }

explore::Result largeSample() {
    SampleOptions options;
    options.layers = 70;
    options.tiles = 14;
    options.spillEvery = 6;
    options.name = "large-net";
    return sample(options);
}

explore::Result singleTask() {
    explore::Result result;
    result.workload.name = "one";
    result.chip.name = "tiny";
    result.chip.cores.add(computeCore("only", 4, Bits(kMiB)));
    Problem& problem = result.problem;
    problem.cores.add({"core 0 only"});
    problem.memories.add({"sram", Bits(kMiB), {CoreId(0)}});
    problem.tensors.add({"x", {16}, 8, DataClass::activation, MemoryId(0), MemoryId()});
    problem.tensors.add({"y", {16}, 8, DataClass::activation, MemoryId(), MemoryId(0)});
    problem.groups.add({"relu", 0});
    Option option{CoreId(0), Cycles(7), Picojoules(3.5), {MemoryId(0)}, {MemoryId(0)}};
    problem.tasks.add({"relu", GroupId(0), {{TensorId(0), {{0, 16}}}}, {{TensorId(1), {{0, 16}}}}, {option}});
    result.schedule.placements.add({CoreId(0), 0, {Cycles(0), Cycles(7)}});
    result.schedule.buffers.add({MemoryId(0), TensorId(1), {{0, 16}}, {Cycles(0), Cycles(7)}});
    result.schedule.latency = Cycles(7);
    result.schedule.energy.compute = Picojoules(3.5);
    workload::Layer layer;
    layer.name = "relu";
    layer.type = "Relu";
    layer.dims = {{"K", 16}};
    result.workload.layers.add(layer);
    explore::LayerResult entry;
    entry.group = GroupId(0);
    entry.cores = {hardware::CoreId(0)};
    entry.tasks = {TaskId(0)};
    entry.span = {Cycles(0), Cycles(7)};
    entry.operations = 16;
    entry.energy = Picojoules(3.5);
    result.layers.add(entry);
    return result;
}

explore::Result emptyResult() { return {}; }

}  // namespace millrace::test
