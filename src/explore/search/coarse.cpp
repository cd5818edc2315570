#include "explore/search/coarse.h"

#include <algorithm>
#include <limits>
#include <set>

#include "explore/fusion/memories.h"
#include "explore/fusion/reads.h"
#include "explore/tiling/splits.h"

namespace millrace::search {

using fusion::LayerPlan;
using hardware::CoreId;
using workload::Layer;
using workload::LayerId;

Coarse::Coarse(const Scene& scene) : scene_(scene), busy_(scene.chip().cores.size(), 0.0) {
    const workload::Workload& workload = scene.workload();
    for (const auto& reads : fusion::readsOf(workload)) {
        std::vector<std::size_t> producers;
        for (const fusion::Read& read : reads) producers.push_back(read.producer.index());
        producers_.add(std::move(producers));
    }
    for (const Layer& layer : workload.layers) {
        known_.add({});
        std::set<workload::TensorId> read;
        for (const workload::Operand& operand : layer.inputs) {
            for (const workload::Need& need : tiling::tileNeeds(workload, operand, tiling::wholeLayer(layer))) {
                if (workload.tensors[need.tensor].origin != workload::TensorOrigin::layer) read.insert(need.tensor);
            }
        }
        double constants = 0;
        for (const workload::TensorId id : read) {
            constants += static_cast<double>(workload.tensors[id].elements()) * workload.tensors[id].bits;
        }
        constants_.add(constants);
        const workload::Tensor& result = workload.tensors[layer.result];
        results_.add(result.isOutput ? static_cast<double>(result.elements()) * result.bits : 0.0);
        begin_.push_back(0);
    }
    const schedule::Problem& resources = scene.resources();
    for (const schedule::Memory& memory : resources.memories) {
        if (memory.offchip) offchipEnergy_ = memory.readEnergy / static_cast<double>(memory.readWordBits);
    }
    std::int64_t bandwidth = 0;
    for (const hardware::Link& link : scene.chip().links) {
        const bool reaches = std::count(link.cores.begin(), link.cores.end(), scene.chip().offchip) > 0;
        if (reaches) bandwidth += link.bandwidth;
    }
    offchipBits_ = static_cast<double>(std::max<std::int64_t>(bandwidth, 1));
}

Coarse::Bars Coarse::ask(LayerId id, const LayerPlan& plan) const {
    const Layer& layer = scene_.workload().layers[id];
    tiling::Tile tile = fusion::largestPart(layer, plan);
    for (const tiling::Split& split : plan.intra) tile[split.dim] = tiling::cut(tile[split.dim], split.parts).front();
    Bars bars;
    const auto parts = static_cast<std::size_t>(plan.parts());
    const auto steps = static_cast<double>(plan.steps());
    for (std::size_t part = 0; part < parts; ++part) {
        const CoreId core = plan.cores[part % plan.cores.size()];
        const explore::TileKind* kind = scene_.tileCost(id, tile, core);
        if (kind == nullptr) {
            bars.runs = false;
            return bars;
        }
        const auto cycles = static_cast<double>(kind->duration.value());
        bars.first = std::max(bars.first, cycles);
        bars.energy += kind->energy.value() * steps;
        const auto same = std::find_if(bars.cores.begin(), bars.cores.end(),
                                       [&](const auto& entry) { return entry.first == core.index(); });
        if (same == bars.cores.end()) {
            bars.cores.emplace_back(core.index(), cycles * steps);
        } else {
            same->second += cycles * steps;
        }
    }
    for (const auto& entry : bars.cores) bars.longest = std::max(bars.longest, entry.second);
    return bars;
}

const Coarse::Bars& Coarse::bars(LayerId layer, const LayerPlan& plan) {
    Key key;
    for (const tiling::Split& split : plan.inter) {
        key.push_back(static_cast<std::int64_t>(split.dim));
        key.push_back(split.parts);
    }
    key.push_back(-1);
    for (const tiling::Split& split : plan.intra) {
        key.push_back(static_cast<std::int64_t>(split.dim));
        key.push_back(split.parts);
    }
    key.push_back(-1);
    for (const CoreId core : plan.cores) key.push_back(static_cast<std::int64_t>(core.index()));
    const auto known = known_[layer].find(key);
    if (known != known_[layer].end()) return known->second;
    return known_[layer].emplace(std::move(key), ask(layer, plan)).first->second;
}

Coarse::Estimate Coarse::estimate(const fusion::Plan& plan) {
    Estimate sum;
    for (const std::vector<LayerId>& stack : plan.stacks) {
        std::fill(busy_.begin(), busy_.end(), 0.0);
        double bits = 0;
        double longest = 0;
        for (const LayerId id : stack) {
            const Bars& mine = bars(id, plan.layers[id]);
            if (!mine.runs) return {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
            double begin = 0;
            for (const std::size_t producer : producers_[id]) {
                const LayerPlan& other = plan.layers[LayerId(producer)];
                if (other.stack != plan.layers[id].stack) continue;
                begin = std::max(begin, begin_[producer] + bars(LayerId(producer), other).first);
            }
            begin_[id.index()] = begin;
            longest = std::max(longest, begin + mine.longest);
            for (const auto& entry : mine.cores) busy_[entry.first] += entry.second;
            sum.energy += mine.energy;
            bits += constants_[id] + results_[id];
        }
        sum.energy += bits * offchipEnergy_;
        sum.latency += std::max({longest, bits / offchipBits_, *std::max_element(busy_.begin(), busy_.end())});
    }
    return sum;
}

}  // namespace millrace::search
