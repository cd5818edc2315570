#include "explore/fusion/setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "explore/tiling/capacity.h"

namespace millrace::fusion {

using schedule::MemoryId;
using workload::LayerId;
using workload::TensorId;

static constexpr Site kNoSite = std::numeric_limits<Site>::max();

std::optional<Setup> Setup::make(const workload::Workload& workload, const hardware::Chip& chip,
                                 const platform::Platform& platform, const schedule::Problem& resources,
                                 const Plan& plan, const tiling::Cells& cells, platform::TileCosts& costs,
                                 Diagnostics& diagnostics) {
    Setup setup;
    setup.workload_ = &workload;
    setup.chip_ = &chip;
    setup.platform_ = &platform;
    setup.resources_ = &resources;
    setup.cells_ = &cells;
    setup.costs_ = &costs;
    setup.kinds_ = std::make_shared<std::deque<Kinds>>();
    std::vector<bool> hostsDone(workload.hostOperators.size(), false);
    bool good = true;
    for (const LayerId layer : workload.layers.ids()) {
        setup.addHosts(layer.index(), hostsDone);
        good = setup.addLayer(layer, plan.layers[layer], diagnostics) && good;
        setup.kinds_->emplace_back(workload, layer, cells.grid(layer), costs, chip.cores.size());
    }
    setup.addHosts(workload.layers.size(), hostsDone);
    if (!good) return std::nullopt;
    setup.findSites();
    return setup;
}

static std::optional<hardware::MemoryOperand> roleOf(const workload::Operand& operand) {
    for (const hardware::MemoryOperand role : hardware::kMemoryOperands) {
        if (hardware::name(role) == operand.memoryOperand) return role;
    }
    return std::nullopt;
}

static bool sumsUp(const workload::Layer& layer) {
    for (workload::DimIndex dim = 0; dim < layer.dims.size(); ++dim) {
        if (layer.dims[dim].size > 1 && !tiling::writes(layer, dim)) return true;
    }
    return false;
}

bool Setup::addLayer(LayerId id, const LayerPlan& plan, Diagnostics& diagnostics) {
    const workload::Layer& layer = workload_->layers[id];
    const tiling::TileGrid& grid = cells_->grid(id);
    constexpr std::uint64_t kMostTiles = std::uint64_t{1} << 31;
    if (std::uint64_t{tiles_} + grid.tiles() > kMostTiles) {
        diagnostics.infeasible(
            layer.where,
            fmt::format("layer '{}' has {} tiles, after {} of the layers before it: more than {} in all", layer.name,
                        grid.tiles(), tiles_, kMostTiles),
            "fewer, larger tiles (--tile)");
        return false;
    }
    Work work;
    work.layer = id;
    work.stack = plan.stack;
    work.parts = grid.parts();
    work.steps = grid.steps();
    work.firstTile = tiles_;
    work.kinds = id.index();
    const int wider = std::max(0, layer.output.bits - workload_->tensors[layer.result].bits);
    (grid.sums() > 1 ? work.sumBits : work.scratchBits) = sumsUp(layer) ? wider : 0;
    const auto find = [&](const workload::Operand& operand, hardware::CoreId core) {
        const auto role = roleOf(operand);
        const MemoryId memory = role ? platform_->memory(core, *role) : MemoryId();
        if (!memory.valid()) {
            diagnostics.error(layer.where, fmt::format("layer '{}': core {} has no memory for operand {} ({})",
                                                       layer.name, core.index(), operand.name, operand.memoryOperand));
        }
        return memory;
    };
    for (std::uint32_t part = 0; part < work.parts; ++part) {
        const hardware::CoreId core = plan.cores[part % plan.cores.size()];
        Work::Place place;
        place.core = schedule::CoreId(core.index());
        for (const workload::Operand& operand : layer.inputs) place.inputs.push_back(find(operand, core));
        place.output = find(layer.output, core);
        work.places.push_back(std::move(place));
        if (diagnostics.failed()) return false;
    }
    tiles_ += grid.tiles();
    workOfLayer_.add(works_.add(std::move(work)));
    return true;
}

/// Host operators whose inputs the layers before `next` make.
void Setup::addHosts(std::size_t next, std::vector<bool>& done) {
    const auto available = [&](TensorId id) {
        const workload::Tensor& tensor = workload_->tensors[id];
        if (tensor.origin == workload::TensorOrigin::layer) return tensor.producer.index() < next;
        if (tensor.origin != workload::TensorOrigin::host) return true;
        for (std::size_t i = 0; i < done.size(); ++i) {
            const auto& outputs = workload_->hostOperators[i].outputs;
            if (done[i] && std::find(outputs.begin(), outputs.end(), id) != outputs.end()) return true;
        }
        return false;
    };
    for (bool again = true; again;) {
        again = false;
        for (std::size_t i = 0; i < done.size(); ++i) {
            const workload::HostOperator& host = workload_->hostOperators[i];
            if (done[i] || !std::all_of(host.inputs.begin(), host.inputs.end(), available)) continue;
            Work work;
            work.host = i;
            work.stack = works_.empty() ? 0 : works_[WorkId(works_.size() - 1)].stack;
            work.firstTile = tiles_++;
            const schedule::CoreId core(resources_->cores.size() - 1);
            work.places.push_back({core, {platform_->offchip()}, platform_->offchip()});
            works_.add(std::move(work));
            done[i] = true;
            again = true;
        }
    }
}

WorkId Setup::workOf(std::uint32_t tile) const {
    std::size_t low = 0;
    std::size_t high = works_.size();
    while (high - low > 1) {
        const std::size_t middle = (low + high) / 2;
        (works_[WorkId(middle)].firstTile <= tile ? low : high) = middle;
    }
    return WorkId(low);
}

void Setup::addSite(TensorId tensor, MemoryId memory, bool read) {
    Site& site = siteOf_[tensor.index() * memories_ + memory.index()];
    Sites& sites = sites_[tensor];
    if (site == kNoSite) {
        site = static_cast<Site>(sites.memories.size());
        sites.memories.push_back(memory);
        sites.reads.push_back(false);
        sites.base.push_back(tableSize_);
        sites.uses.push_back(0);
        tableSize_ += cells_->cells(tensor).size();
    }
    if (!read || sites.reads[site]) return;
    sites.reads[site] = true;
    sites.uses[site] = usesSize_;
    usesSize_ += cells_->cells(tensor).size();
}

void Setup::findSites() {
    memories_ = resources_->memories.size();
    siteOf_.assign(workload_->tensors.size() * memories_, kNoSite);
    for (const workload::Tensor& tensor : workload_->tensors) {
        Sites sites;
        sites.bits = tensor.bits;
        sites.leaves = tensor.isOutput && tensor.origin == workload::TensorOrigin::layer;
        const bool given =
            tensor.origin == workload::TensorOrigin::constant || tensor.origin == workload::TensorOrigin::input;
        if (given) sites.initial = platform_->offchip();
        sites_.add(std::move(sites));
    }
    for (const Work& work : works_) {
        for (const Work::Place& place : work.places) {
            if (!work.layer.valid()) {
                const workload::HostOperator& host = workload_->hostOperators[work.host];
                for (const TensorId tensor : host.inputs) {
                    addSite(tensor, place.output, true);
                    if (workload_->tensors[tensor].origin == workload::TensorOrigin::layer)
                        sites_[tensor].leaves = true;
                }
                for (const TensorId tensor : host.outputs) addSite(tensor, place.output, false);
                continue;
            }
            const workload::Layer& layer = workload_->layers[work.layer];
            addSite(layer.result, place.output, false);
            for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
                if (const auto* pieces = std::get_if<std::vector<workload::Piece>>(&layer.inputs[i].source)) {
                    for (const workload::Piece& piece : *pieces) addSite(piece.tensor, place.inputs[i], true);
                } else {
                    for (const TensorId tensor : std::get<workload::Barrier>(layer.inputs[i].source).tensors)
                        addSite(tensor, place.inputs[i], true);
                }
            }
        }
    }
    for (const TensorId tensor : sites_.ids()) {
        addSite(tensor, platform_->offchip(), false);
        Sites& sites = sites_[tensor];
        for (std::size_t to = 0; to < sites.memories.size(); ++to) {
            std::vector<std::pair<std::pair<bool, std::size_t>, Site>> ways;
            for (std::size_t from = 0; from < sites.memories.size(); ++from) {
                const platform::Route* route = platform_->route(sites.memories[from], sites.memories[to]);
                if (from == to || route == nullptr) continue;
                const bool offchip = sites.memories[from] == platform_->offchip();
                ways.emplace_back(std::pair(offchip, route->links.size()), static_cast<Site>(from));
            }
            std::sort(ways.begin(), ways.end());
            sites.sources.emplace_back();
            for (const auto& [key, from] : ways) sites.sources.back().push_back(from);
        }
    }
}

}  // namespace millrace::fusion
