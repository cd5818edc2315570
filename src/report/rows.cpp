#include "report/rows.h"

#include <algorithm>

#include "report/lanes.h"
#include "report/text.h"

namespace millrace::report {
namespace {

constexpr std::size_t kManyRows = 24;
constexpr std::size_t kMostRows = 300;
constexpr std::size_t kMostLanes = 4;

Hatch hatchOf(schedule::TransferCause cause) {
    switch (cause) {
        case schedule::TransferCause::weight: return Hatch::diagonal;
        case schedule::TransferCause::spill:
        case schedule::TransferCause::reload: return Hatch::crossed;
        case schedule::TransferCause::output: return Hatch::horizontal;
        default: return Hatch::none;
    }
}

Bar barOf(const schedule::Span& span, LayerId layer) {
    return {static_cast<double>(span.start.value()), static_cast<double>(span.end.value()), 0, 1, layer, Hatch::none};
}

}  // namespace

Rows::Rows(const Result& result, const DrawOptions& options)
    : result_(result),
      sums_(statistics(result, Detail::sums)),
      owners_(result),
      tasks_(result.problem.cores.size()),
      transfers_(result.problem.links.size()) {
    for (const schedule::TaskId id : result.schedule.placements.ids()) {
        tasks_[result.schedule.placements[id].core.index()].push_back(id);
    }
    const schedule::OwnLinks own(result.schedule);
    for (const schedule::TransferId id : result.schedule.transfers.ids()) {
        for (const schedule::LinkId link : own[id]) transfers_[link.index()].push_back(id);
    }
    addLayers();
    addCores(options);
    addLinks();
    dropRows();
}

std::size_t Rows::count(Row::Kind kind) const {
    const auto same = [kind](const Row& row) { return row.kind == kind; };
    return static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), same));
}

void Rows::addLayers() {
    std::vector<LaneRequest> requests;
    for (const explore::LayerResult& layer : result_.layers) {
        requests.push_back({layer.span.start.value(), layer.span.end.value(), 1});
    }
    laneOfLayer_ = lanes(requests);
    const std::size_t used = laneOfLayer_.empty() ? 0 : *std::max_element(laneOfLayer_.begin(), laneOfLayer_.end()) + 1;
    if (result_.layers.size() < 2 || used > kMostLanes) return;
    for (std::size_t lane = 0; lane < used; ++lane) {
        rows_.push_back({Row::Kind::layers, lane, lane == 0 ? "layer at work" : "", ""});
    }
}

void Rows::addCores(const DrawOptions& options) {
    for (const schedule::CoreId id : result_.problem.cores.ids()) {
        const std::size_t i = id.index();
        const bool offchip = result_.chip.isOffchip(hardware::CoreId(i));
        if (offchip && tasks_[i].empty() && !options.offchip) continue;
        const double busy = share(sums_.cores[i].busy, sums_.period);
        rows_.push_back({Row::Kind::core, i, clean(result_.problem.cores[id].name), "busy " + percent(busy)});
    }
}

void Rows::addLinks() {
    std::vector<schedule::LinkId> ids = result_.problem.links.ids();
    std::stable_partition(ids.begin(), ids.end(), [this](schedule::LinkId id) {
        const std::vector<schedule::CoreId>& cores = result_.problem.links[id].cores;
        return std::any_of(cores.begin(), cores.end(), [this](schedule::CoreId core) {
            return result_.chip.isOffchip(hardware::CoreId(core.index()));
        });
    });
    for (const schedule::LinkId id : ids) {
        const std::size_t i = id.index();
        if (transfers_[i].empty()) continue;
        const schedule::Link& link = result_.problem.links[id];
        const double most = static_cast<double>(link.bandwidth) * static_cast<double>(sums_.period.value());
        const double used = share(static_cast<double>(sums_.links[i].bits.value()), most);
        rows_.push_back({Row::Kind::link, i, clean(link.name), "used " + percent(used)});
    }
}

void Rows::dropRows() {
    if (rows_.size() > kManyRows) {
        const auto idle = [this](const Row& row) { return row.kind == Row::Kind::core && tasks_[row.index].empty(); };
        idle_ = static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), idle));
        rows_.erase(std::remove_if(rows_.begin(), rows_.end(), idle), rows_.end());
    }
    if (rows_.size() > kMostRows) {
        hidden_ = rows_.size() - kMostRows;
        rows_.resize(kMostRows);
    }
}

void Rows::paint(RowPainter& painter, const Row& row) const {
    switch (row.kind) {
        case Row::Kind::layers: return paintLayers(painter, row.index);
        case Row::Kind::core: return paintTasks(painter, row.index);
        case Row::Kind::link: return paintTransfers(painter, row.index);
    }
}

void Rows::paintLayers(RowPainter& painter, std::size_t lane) const {
    for (const LayerId id : result_.layers.ids()) {
        if (laneOfLayer_[id.index()] == lane) painter.add(barOf(result_.layers[id].span, id));
    }
}

void Rows::paintTasks(RowPainter& painter, std::size_t core) const {
    for (const schedule::TaskId id : tasks_[core]) {
        painter.add(barOf(result_.schedule.placements[id].span, owners_.layer(id)));
    }
}

void Rows::paintTransfers(RowPainter& painter, std::size_t link) const {
    const auto bandwidth = static_cast<double>(result_.problem.links[schedule::LinkId(link)].bandwidth);
    std::vector<LaneRequest> requests;
    for (const schedule::TransferId id : transfers_[link]) {
        const schedule::Transfer& transfer = result_.schedule.transfers[id];
        requests.push_back({transfer.span.start.value(), transfer.span.end.value(),
                            std::clamp(share(static_cast<double>(transfer.bandwidth), bandwidth), 0.0, 1.0)});
    }
    const std::vector<double> lows = stack(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const schedule::Transfer& transfer = result_.schedule.transfers[transfers_[link][i]];
        Bar bar = barOf(transfer.span, owners_.layer(transfer));
        bar.low = lows[i];
        bar.high = lows[i] + requests[i].share;
        bar.hatch = hatchOf(transfer.cause);
        painter.add(bar);
    }
}

}  // namespace millrace::report
