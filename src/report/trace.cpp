#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "report/lanes.h"
#include "report/report.h"
#include "report/statistics.h"
#include "report/text.h"
#include "report/waits.h"

namespace millrace::report {
namespace {

std::string quoted(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Writes events one after the other into one string; names are quoted once.
class Tracer {
public:
    explicit Tracer(const Result& result)
        : result_(result),
          waits_(waits(result)),
          owners_(result),
          own_(result.schedule),
          stackOf_(stacksOfLayers(result)) {}
    std::string write();

private:
    template <class... Args>
    void event(fmt::format_string<Args...> format, Args&&... args) {
        text_ += first_ ? "\n" : ",\n";
        first_ = false;
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }
    std::size_t thread(const std::string& name);
    void quoteNames();
    /// Bits by tensor.
    std::string bitsOf(const std::vector<schedule::Access>& accesses) const;
    void stacks();
    void tasks();
    void idle(schedule::CoreId core, const std::vector<schedule::IdlePart>& parts);
    void transfers();
    void transferEvent(schedule::TransferId id, std::size_t thread);
    void counters();

    const Result& result_;
    const Waits waits_;
    const Owners owners_;
    const schedule::OwnLinks own_;
    const std::vector<std::size_t> stackOf_;
    std::string text_;
    bool first_ = true;
    std::size_t threads_ = 0;
    std::vector<std::string> layers_;
    std::vector<std::string> tensors_;
    std::vector<std::string> memories_;
};

void Tracer::quoteNames() {
    for (const LayerId id : result_.layers.ids()) {
        layers_.push_back(quoted(result_.workload.layers.contains(id) ? result_.workload.layers[id].name : ""));
    }
    for (const schedule::Tensor& tensor : result_.problem.tensors) tensors_.push_back(quoted(tensor.name));
    for (const schedule::Memory& memory : result_.problem.memories) memories_.push_back(quoted(memory.name));
}

std::size_t Tracer::thread(const std::string& name) {
    const std::size_t id = ++threads_;
    event(R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":{}}}}})", id, quoted(name));
    event(R"({{"ph":"M","pid":1,"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})", id, id);
    return id;
}

std::string Tracer::bitsOf(const std::vector<schedule::Access>& accesses) const {
    std::vector<std::pair<schedule::TensorId, std::int64_t>> sums;
    for (const schedule::Access& access : accesses) {
        const std::int64_t bits = volume(access.box) * result_.problem.tensors[access.tensor].bits;
        const auto same = [&](const auto& sum) { return sum.first == access.tensor; };
        const auto known = std::find_if(sums.begin(), sums.end(), same);
        if (known == sums.end()) {
            sums.emplace_back(access.tensor, bits);
        } else {
            known->second += bits;
        }
    }
    std::string text = "{";
    for (const auto& [tensor, bits] : sums) {
        text += (text.size() > 1 ? "," : "") + tensors_[tensor.index()] + ":" + std::to_string(bits);
    }
    return text + "}";
}

void Tracer::stacks() {
    const std::vector<StackUse> uses = statistics(result_, Detail::sums).stacks;
    std::vector<LaneRequest> requests;
    for (const StackUse& use : uses) requests.push_back({use.span.start.value(), use.span.end.value(), 1});
    const std::vector<std::size_t> lane = lanes(requests);
    std::vector<std::size_t> threads;
    for (std::size_t i = 0; i < lane.size(); ++i) {
        while (threads.size() <= lane[i]) {
            threads.push_back(thread(threads.empty() ? "stacks" : fmt::format("stacks ({})", threads.size() + 1)));
        }
        event(R"({{"ph":"X","pid":1,"tid":{},"ts":{},"dur":{},"cat":"stack","name":"stack {}","args":{{"layers":"{}",)"
              R"("tiles":{},"weight_bits":{},"offchip_bits":{}}}}})",
              threads[lane[i]], uses[i].span.start.value(), uses[i].span.length().value(), i,
              rangesText(indices(result_.stacks[i])), uses[i].tasks, uses[i].weights.value(), uses[i].offchip.value());
    }
}

void Tracer::idle(schedule::CoreId core, const std::vector<schedule::IdlePart>& parts) {
    const std::size_t lane = thread(result_.problem.cores[core].name + ", idle");
    for (const schedule::IdlePart& part : parts) {
        std::string more;
        if (part.next.valid()) more += fmt::format(R"(,"next_task":{})", part.next.index());
        if (part.transfer.valid()) more += fmt::format(R"(,"transfer":{})", part.transfer.index());
        if (part.task.valid()) more += fmt::format(R"(,"after_task":{})", part.task.index());
        if (part.link.valid()) more += ",\"link\":" + quoted(result_.problem.links[part.link].name);
        if (part.memory.valid()) more += ",\"memory\":" + memories_[part.memory.index()];
        event(R"({{"ph":"X","pid":1,"tid":{},"ts":{},"dur":{},"cat":"idle","name":"{}","args":{{"cause":"{}"{}}}}})",
              lane, part.span.start.value(), part.span.length().value(), causeText(part.cause),
              schedule::text(part.cause), more);
    }
}

void Tracer::tasks() {
    std::vector<std::size_t> threads;
    for (const schedule::CoreId core : result_.problem.cores.ids()) {
        threads.push_back(thread(result_.problem.cores[core].name));
        if (waits_.known && computes(result_, core)) idle(core, waits_.cores[core].parts);
    }
    for (const schedule::TaskId id : result_.schedule.placements.ids()) {
        const schedule::Placement& placement = result_.schedule.placements[id];
        const schedule::Task& task = result_.problem.tasks[id];
        const LayerId layer = owners_.layer(id);
        const std::size_t stack = layer.valid() ? stackOf_[layer.index()] : kNoStack;
        event(R"({{"ph":"X","pid":1,"tid":{},"ts":{},"dur":{},"cat":"task","name":{},"args":{{"task":{},"layer":{},{})"
              R"("energy_pj":{},"reads_bits":{},"writes_bits":{}}}}})",
              threads[placement.core.index()], placement.span.start.value(), placement.span.length().value(),
              quoted(task.name), id.index(), layer.valid() ? layers_[layer.index()] : "null",
              stack != kNoStack ? fmt::format(R"("stack":{},)", stack) : "",
              nlohmann::json(taskEnergy(result_, id).value()).dump(), bitsOf(task.reads), bitsOf(task.writes));
    }
}

void Tracer::transferEvent(schedule::TransferId id, std::size_t thread) {
    const schedule::Transfer& transfer = result_.schedule.transfers[id];
    const LayerId layer = owners_.layer(transfer);
    event(R"({{"ph":"X","pid":1,"tid":{},"ts":{},"dur":{},"cat":"{}","name":{},"args":{{"transfer":{},"layer":{},)"
          R"("bits":{},"bits_per_cycle":{},"from":{},"to":{},"energy_pj":{}}}}})",
          thread, transfer.span.start.value(), transfer.span.length().value(), causeName(transfer.cause),
          tensors_[transfer.tensor.index()], id.index(), layer.valid() ? layers_[layer.index()] : "null",
          size(result_, transfer).value(), transfer.bandwidth, memories_[transfer.from.index()],
          memories_[transfer.to.index()], nlohmann::json(energy(result_, own_, id).total().value()).dump());
}

void Tracer::transfers() {
    const std::size_t links = result_.problem.links.size();
    std::vector<std::vector<schedule::TransferId>> byLink(links + 1);  // the last one: without a link
    for (const schedule::TransferId id : result_.schedule.transfers.ids()) {
        const std::vector<schedule::LinkId>& route = result_.schedule.transfers[id].route;
        for (const schedule::LinkId link : route) byLink[link.index()].push_back(id);
        if (route.empty()) byLink[links].push_back(id);
    }
    for (std::size_t link = 0; link <= links; ++link) {
        std::vector<LaneRequest> requests;
        for (const schedule::TransferId id : byLink[link]) {
            const schedule::Span& span = result_.schedule.transfers[id].span;
            requests.push_back({span.start.value(), span.end.value(), 1});
        }
        const std::vector<std::size_t> lane = lanes(requests);
        const std::string name =
            link < links ? result_.problem.links[schedule::LinkId(link)].name : "between memories of a core";
        std::vector<std::size_t> threads;
        for (std::size_t i = 0; i < lane.size(); ++i) {
            while (threads.size() <= lane[i]) {
                threads.push_back(thread(threads.empty() ? name : fmt::format("{} ({})", name, threads.size() + 1)));
            }
            transferEvent(byLink[link][i], threads[lane[i]]);
        }
    }
}

void Tracer::counters() {
    const std::vector<Profile> held = memoryProfiles(result_);
    for (std::size_t i = 0; i < held.size(); ++i) {
        const std::string name = quoted(result_.problem.memories[schedule::MemoryId(i)].name + ", bytes");
        for (const Step& step : held[i]) {
            event(R"({{"ph":"C","pid":1,"ts":{},"name":{},"args":{{"weights":{},"activations":{},"scratch":{}}}}})",
                  step.at, name, ceilDiv(step.weights, 8), ceilDiv(step.activations, 8), ceilDiv(step.scratch, 8));
        }
    }
    const std::vector<Profile> carried = linkProfiles(result_);
    for (std::size_t i = 0; i < carried.size(); ++i) {
        const std::string name = quoted(result_.problem.links[schedule::LinkId(i)].name + ", bits per cycle");
        for (const Step& step : carried[i]) {
            event(R"({{"ph":"C","pid":1,"ts":{},"name":{},"args":{{"weights":{},"activations":{}}}}})", step.at, name,
                  step.weights, step.activations);
        }
    }
}

std::string Tracer::write() {
    quoteNames();
    text_.reserve(256 * (result_.problem.tasks.size() + result_.schedule.transfers.size()) + 1024);
    text_ = "{\"traceEvents\":[";
    event(R"({{"ph":"M","pid":1,"name":"process_name","args":{{"name":{}}}}})",
          quoted(result_.workload.name + " on " + result_.chip.name));
    stacks();
    tasks();
    transfers();
    counters();
    text_ += fmt::format(
        "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":{{\"time\":\"1 us is 1 cycle\","
        "\"latency_cycles\":{},\"energy_pj\":{}}}}}\n",
        result_.schedule.latency.value(), nlohmann::json(result_.schedule.energy.total().value()).dump());
    return std::move(text_);
}

}  // namespace

std::string perfettoTrace(const explore::Result& result) { return Tracer(result).write(); }

}  // namespace millrace::report
