#pragma once
#include <vector>

#include "explore/fusion/plan.h"

/// How layers are laid over cores, and what the mapping file and the options say of their cuts in time.
namespace millrace::fusion {

/// What is said of one layer.
struct Wish {
    const mapping::MappingEntry* entry = nullptr;  ///< of the mapping file
    /// The entry whose tilings count, of the options or the file; null: nothing is said.
    const mapping::MappingEntry* inter = nullptr;
    const mapping::MappingEntry* intra = nullptr;
    bool intraIsOption = false;
};
Wish wishFor(const workload::Workload& workload, workload::LayerId layer, const mapping::Mapping* mapping,
             const PlanOptions& options);

/// Lays layers over cores, one after another. Parts on fewer cores than are allowed go to the block of cores that has
/// the least work so far.
class CoreChoice {
public:
    CoreChoice(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping);

    /// Sets `inter` and `cores`.
    void choose(workload::LayerId layer, const Wish& wish, LayerPlan& plan);

private:
    void byList(const workload::Layer& layer, const Wish& wish, const std::vector<hardware::CoreId>& list,
                LayerPlan& plan) const;
    void byDefault(const workload::Layer& layer, const std::vector<hardware::CoreId>& cores, LayerPlan& plan) const;
    std::int64_t unrolled(const workload::Layer& layer, hardware::CoreId core, std::string_view loop) const;
    void takeLeastBusy(const std::vector<hardware::CoreId>& cores, LayerPlan& plan) const;

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    const mapping::Mapping* mapping_;
    Table<hardware::CoreId, double> busy_;  ///< operations
};

/// Adds a split; a loop that is in the list already gets both. At most `most` parts in all.
void addSplit(std::vector<tiling::Split>& splits, workload::DimIndex dim, std::int64_t parts, std::int64_t most);
/// Parts of a loop in a list of splits.
std::int64_t partsOf(const std::vector<tiling::Split>& splits, workload::DimIndex dim);
/// Parts in time that a loop can have at most beside its parts over cores.
std::int64_t mostSteps(const workload::Layer& layer, const LayerPlan& plan, workload::DimIndex dim);

/// The cuts over cores that an entry asks for. "*": as many parts as the numbers beside it leave of this many cores.
std::vector<tiling::Split> interSplits(const workload::Layer& layer, const mapping::MappingEntry& entry,
                                       std::size_t cores);

/// The cuts in time that an entry asks for. "*" is left to the caller: at most `star` parts.
std::vector<tiling::Split> intraSplits(const workload::Layer& layer, const mapping::MappingEntry& entry,
                                       const LayerPlan& plan, std::int64_t star);

}  // namespace millrace::fusion
