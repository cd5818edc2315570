#include "explore/fusion/groups.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::fusion {

using mapping::FusedGroup;
using mapping::GroupTiling;
using workload::Layer;
using workload::LayerId;

std::vector<LayerId> layersOf(const workload::Workload& workload, const GroupTiling& tiling,
                              const std::vector<LayerId>& group) {
    std::vector<LayerId> ofType;
    for (const LayerId id : group) {
        if (workload.layers[id].name == tiling.layer) return {id};
        if (workload.layers[id].type == tiling.layer) ofType.push_back(id);
    }
    return ofType;
}

namespace {

constexpr std::size_t kNoGroup = static_cast<std::size_t>(-1);

class Grouping {
public:
    Grouping(const workload::Workload& workload, const Reads& reads, const mapping::Mapping& mapping,
             Diagnostics& diagnostics)
        : workload_(workload),
          reads_(reads),
          groups_(mapping.fusedGroups),
          diagnostics_(diagnostics),
          groupOf_(workload.layers.size(), kNoGroup) {}

    std::optional<Stacks> run() {
        const std::size_t before = diagnostics_.failures();
        for (std::size_t g = 0; g < groups_.size(); ++g) placeNamed(g);
        if (diagnostics_.failures() != before) return std::nullopt;
        std::size_t cursor = 0;
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            if (hasTypes(groups_[g])) cursor = placeRun(g, cursor);
        }
        Stacks result(groups_.size());
        for (std::size_t l = 0; l < groupOf_.size(); ++l) {
            if (groupOf_[l] != kNoGroup) result[groupOf_[l]].push_back(LayerId(l));
        }
        for (std::size_t g = 0; g < groups_.size(); ++g) checkGroup(groups_[g], result[g]);
        return diagnostics_.failures() == before ? std::optional(std::move(result)) : std::nullopt;
    }

private:
    const Layer& layer(std::size_t index) const { return workload_.layers[LayerId(index)]; }

    std::optional<std::size_t> named(std::string_view name) const {
        for (std::size_t l = 0; l < groupOf_.size(); ++l) {
            if (layer(l).name == name) return l;
        }
        return std::nullopt;
    }

    bool isType(std::string_view name) const {
        return std::any_of(workload_.layers.begin(), workload_.layers.end(),
                           [&](const Layer& candidate) { return candidate.type == name; });
    }

    bool hasTypes(const FusedGroup& group) const {
        return std::any_of(group.layers.begin(), group.layers.end(),
                           [&](const std::string& name) { return !named(name); });
    }

    void placeNamed(std::size_t g) {
        const auto place = [&](const std::string& name, const SourceLocation& where) {
            const auto found = named(name);
            if (!found && isType(name)) return;
            if (!found) {
                diagnostics_.error(where, fmt::format("group '{}' names '{}', which is no layer and no type of the "
                                                      "workload '{}'",
                                                      groups_[g].name, name, workload_.name));
            } else if (groupOf_[*found] != kNoGroup && groupOf_[*found] != g) {
                diagnostics_.error(where, fmt::format("layer '{}' is in group '{}' and in group '{}'", name,
                                                      groups_[groupOf_[*found]].name, groups_[g].name));
            } else {
                groupOf_[*found] = g;
            }
        };
        for (const std::string& name : groups_[g].layers) place(name, groups_[g].where);
        for (const GroupTiling& tiling : groups_[g].tilings) place(tiling.layer, tiling.where);
    }

    /// Could the layer be a part of the group's run?
    bool fits(std::size_t l, std::size_t g) const {
        if (groupOf_[l] != kNoGroup) return groupOf_[l] == g;
        const auto& list = groups_[g].layers;
        return std::find(list.begin(), list.end(), layer(l).type) != list.end();
    }

    /// First and last layer that a group must have.
    std::optional<std::pair<std::size_t, std::size_t>> fixed(std::size_t g) const {
        const auto first = std::find(groupOf_.begin(), groupOf_.end(), g);
        if (first == groupOf_.end()) return std::nullopt;
        const auto last = std::find(groupOf_.rbegin(), groupOf_.rend(), g);
        return std::pair(static_cast<std::size_t>(first - groupOf_.begin()),
                         static_cast<std::size_t>(groupOf_.rend() - last) - 1);
    }

    /// The end of the run of `g`, which goes up to `last` for certain.
    std::size_t runEnd(std::size_t g, std::size_t last) const {
        std::size_t end = last + 1;
        while (end < groupOf_.size() && fits(end, g)) ++end;
        if (g + 1 == groups_.size() || !hasTypes(groups_[g + 1])) return end;
        const auto next = fixed(g + 1);
        if (!next) return end;
        std::size_t begin = next->first;
        while (begin > last + 1 && fits(begin - 1, g + 1)) --begin;
        std::size_t best = end;
        std::size_t fewest = 0;
        for (std::size_t border = begin; border <= end; ++border) {
            const std::size_t results = crossing(reads_, LayerId(border));
            if (border > begin && results > fewest) continue;
            fewest = results;
            best = border;
        }
        return best;
    }

    /// Returns the end of the run.
    std::size_t placeRun(std::size_t g, std::size_t cursor) {
        const auto must = fixed(g);
        std::size_t begin = must ? must->first : cursor;
        if (must) {
            while (begin > cursor && fits(begin - 1, g)) --begin;
        } else {
            while (begin < groupOf_.size() && !fits(begin, g)) ++begin;
            if (begin == groupOf_.size()) return cursor;
        }
        const std::size_t end = runEnd(g, must ? must->second : begin);
        for (std::size_t l = begin; l < end; ++l) {
            if (fits(l, g)) groupOf_[l] = g;
        }
        return end;
    }

    void checkGroup(const FusedGroup& group, const std::vector<LayerId>& layers) {
        if (layers.empty()) {
            diagnostics_.error(group.where,
                               fmt::format("no layer is left for group '{}', which lists {}", group.name,
                                           fmt::join(group.layers, ", ")),
                               "name one of its layers, in 'layers' or in 'intra_core_tiling'");
            return;
        }
        for (const GroupTiling& tiling : group.tilings) {
            if (!layersOf(workload_, tiling, layers).empty()) continue;
            diagnostics_.error(tiling.where, fmt::format("group '{}' has no layer of type {}, of which it gives the "
                                                         "tile",
                                                         group.name, tiling.layer));
        }
    }

    const workload::Workload& workload_;
    const Reads& reads_;
    const std::vector<FusedGroup>& groups_;
    Diagnostics& diagnostics_;
    std::vector<std::size_t> groupOf_;
};

}  // namespace

std::optional<Stacks> groupLayers(const workload::Workload& workload, const Reads& reads,
                                  const mapping::Mapping& mapping, Diagnostics& diagnostics) {
    return Grouping(workload, reads, mapping, diagnostics).run();
}

}  // namespace millrace::fusion
