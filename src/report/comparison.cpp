#include "report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "report/columns.h"
#include "report/jsonparts.h"
#include "report/statistics.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 120;
constexpr std::size_t kBeside = 3;
constexpr std::size_t kMostKinds = 16;
using Align = Columns::Align;

/// Memories alike in all but the core that they belong to.
std::string kindOf(const Result& result, schedule::MemoryId id) {
    const schedule::Memory& memory = result.problem.memories[id];
    if (memory.cores.empty()) return memory.name;
    const hardware::CoreId core(memory.cores.front().index());
    if (!result.chip.cores.contains(core)) return memory.name;
    const std::string& owner = result.chip.cores[core].name;
    const std::string prefix = fmt::format("core {} ({}) ", core.index(), owner);
    return memory.name.starts_with(prefix) ? owner + " " + memory.name.substr(prefix.size()) : memory.name;
}

struct MemoryKind {
    Bits peak;  ///< of the fullest one
    Bits capacity;
};

/// What is compared, of one result.
struct Figures {
    const NamedResult& named;
    Statistics sums;
    std::map<std::string, MemoryKind> memories;  ///< on-chip, by kind
    double busy = 0;                             ///< share of the time in which cores that compute run tiles

    explicit Figures(const NamedResult& run) : named(run), sums(statistics(*run.result)) {
        for (const schedule::MemoryId id : result().problem.memories.ids()) {
            if (result().problem.memories[id].offchip) continue;
            MemoryKind& kind = memories[kindOf(result(), id)];
            kind.peak = std::max(kind.peak, sums.memories[id.index()].peak);
            kind.capacity = std::max(kind.capacity, result().problem.memories[id].capacity);
        }
        double cores = 0;
        double cycles = 0;
        for (const schedule::CoreId id : result().problem.cores.ids()) {
            if (!computes(result(), id)) continue;
            ++cores;
            cycles += static_cast<double>(sums.cores[id.index()].busy.value());
        }
        busy = share(cycles, cores * static_cast<double>(sums.period.value()));
    }
    const Result& result() const { return *named.result; }
    double latency() const { return static_cast<double>(result().schedule.latency.value()); }
    double energy() const { return result().schedule.energy.total().value(); }
    double bound() const { return static_cast<double>(result().bounds.latency.value()); }
};

struct Cell {
    double value = 0;
    std::string text;
};

class Comparison {
public:
    explicit Comparison(const std::vector<NamedResult>& results) : all_(results.begin(), results.end()) { fill(); }
    /// Of the first result and those from `begin` to `end`.
    std::string text(std::size_t begin, std::size_t end) const;

private:
    struct Row {
        std::string name;
        std::vector<Cell> cells;
        bool ratio = true;
    };
    template <class Of>
    void add(const std::string& name, Of of, bool ratio = true) {
        Row row{name, {}, ratio};
        for (const Figures& figures : all_) row.cells.push_back(of(figures));
        rows_.push_back(std::move(row));
    }
    void fill();
    void addMemories();

    std::vector<Figures> all_;
    std::vector<Row> rows_;
};

Cell size(Bits bits) { return {static_cast<double>(bits.value()), sizeText(bits)}; }
Cell energyCell(Picojoules energy) { return {energy.value(), energyText(energy)}; }
Cell count(std::int64_t value) { return {static_cast<double>(value), countText(value)}; }

void Comparison::addMemories() {
    std::set<std::string> kinds;
    for (const Figures& figures : all_) {
        for (const auto& [kind, use] : figures.memories) kinds.insert(kind);
    }
    std::size_t shown = 0;
    for (const std::string& kind : kinds) {
        if (++shown > kMostKinds) break;
        add("peak of " + clean(kind), [&](const Figures& figures) -> Cell {
            const auto known = figures.memories.find(kind);
            if (known == figures.memories.end()) return {0, "-"};
            const auto& [peak, capacity] = known->second;
            return {static_cast<double>(peak.value()),
                    fmt::format("{} ({})", sizeText(peak), percent(share(peak, capacity)))};
        });
    }
}

void Comparison::fill() {
    add("latency in cycles", [](const Figures& of) { return count(of.result().schedule.latency.value()); });
    add("· times its lower bound", [](const Figures& of) -> Cell {
        const double times = share(of.latency(), of.bound());
        return {times, times > 0 ? fmt::format("{:.2f}", times) : "-"};
    });
    add("energy", [](const Figures& of) { return energyCell(of.result().schedule.energy.total()); });
    add("· times its lower bound", [](const Figures& of) -> Cell {
        const double times = share(of.energy(), of.result().bounds.energy.value());
        return {times, times > 0 ? fmt::format("{:.2f}", times) : "-"};
    });
    add("· of off-chip memory and spills", [](const Figures& of) {
        return energyCell(of.result().schedule.energy.offchip + of.result().schedule.energy.spill);
    });
    add("energy-delay product, pJ x cycles", [](const Figures& of) -> Cell {
        return {of.energy() * of.latency(), fmt::format("{:.4g}", of.energy() * of.latency())};
    });
    add("off-chip traffic", [](const Figures& of) { return size(of.result().offchipTraffic); });
    addMemories();
    add("cores running tiles", [](const Figures& of) -> Cell { return {of.busy, percent(of.busy)}; });
    add("tiles", [](const Figures& of) { return count(static_cast<std::int64_t>(of.result().problem.tasks.size())); });
    add(
        "verified",
        [](const Figures& of) -> Cell {
            return {0, of.result().verified ? "yes" : "NO"};
        },
        false);
    add("seconds to find it", [](const Figures& of) -> Cell {
        return {of.named.wallSeconds, fmt::format("{:.3g}", of.named.wallSeconds)};
    });
}

std::string Comparison::text(std::size_t begin, std::size_t end) const {
    std::vector<Columns::Column> titles{{"", Align::left, true}, {all_[0].named.name, Align::right, true}};
    for (std::size_t i = begin; i < end; ++i) {
        titles.push_back({all_[i].named.name, Align::right, true});
        titles.push_back({"ratio", Align::right});
    }
    Columns table(titles);
    for (const Row& row : rows_) {
        std::vector<std::string> cells{row.name, row.cells[0].text};
        const double base = row.cells[0].value;
        for (std::size_t i = begin; i < end; ++i) {
            const bool comparable = row.ratio && base > 0 && row.cells[i].text != "-";
            cells.push_back(row.cells[i].text);
            cells.push_back(comparable ? fmt::format("x{:.3g}", row.cells[i].value / base) : "");
        }
        table.add(std::move(cells));
    }
    return table.text(kWidth);
}

}  // namespace

std::string comparison(const std::vector<NamedResult>& results) {
    if (results.empty()) return "nothing to compare\n";
    const Comparison table(results);
    std::string text;
    for (std::size_t begin = 1; begin == 1 || begin < results.size(); begin += kBeside) {
        if (!text.empty()) text += "\n";
        text += table.text(begin, std::min(begin + kBeside, results.size()));
    }
    return text;
}

std::string comparisonJson(const std::vector<NamedResult>& results) {
    Json runs = Json::array();
    for (const NamedResult& named : results) {
        const Figures figures(named);
        const Result& result = *named.result;
        Json memories = Json::array();
        for (const auto& [kind, use] : figures.memories) {
            memories.push_back(
                {{"kind", kind}, {"peak_bits", use.peak.value()}, {"capacity_bits", use.capacity.value()}});
        }
        runs.push_back({{"name", named.name},
                        {"network", result.workload.name},
                        {"chip", result.chip.name},
                        {"policy", result.policy},
                        {"verified", result.verified},
                        {"latency_cycles", result.schedule.latency.value()},
                        {"lower_bound",
                         {{"latency_cycles", result.bounds.latency.value()},
                          {"energy_pj", result.bounds.energy.value()},
                          {"offchip_bits", result.bounds.offchipBits.value()}}},
                        {"gap", gapJson(result)},
                        {"energy_pj", figures.energy()},
                        {"edp", figures.energy() * figures.latency()},
                        {"offchip_bits", result.offchipTraffic.value()},
                        {"memories", std::move(memories)},
                        {"busy_share", figures.busy},
                        {"tiles", result.problem.tasks.size()},
                        {"wall_seconds", named.wallSeconds}});
    }
    const Json root{{"schema", "millrace.comparison/1"}, {"runs", std::move(runs)}};
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace millrace::report
