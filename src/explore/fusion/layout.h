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

}  // namespace millrace::fusion
