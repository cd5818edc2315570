#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "explore/cost/corrections.h"
#include "explore/mapper/mapper.h"
#include "explore/mapping/mapping.h"
#include "explore/platform/result.h"
#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"

namespace millrace::platform {

/// What tiles are costed with: ZigZag's model, but that small tiles pay for their share of a wide access. Rounded down,
/// as for whole layers, thousands of them would move data for nothing.
cost::Corrections tileCorrections();

/// What tiles cost on cores: asks the mapper once for each different question. For several threads at once.
class TileCosts {
public:
    /// `cache`: answers that others may know already; null: none. `corrections`: of the cost model.
    TileCosts(const workload::Workload& workload, const hardware::Chip& chip, const mapping::Mapping* mapping,
              explore::Objective objective, int lpfLimit, std::shared_ptr<mapper::Cache> cache = nullptr,
              cost::Corrections corrections = tileCorrections());

    /// Null if the mapper finds no way; `reason()` then says why, until another tile has none.
    const explore::TileKind* cost(workload::LayerId layer, const tiling::Tile& tile, hardware::CoreId core);
    std::string reason() const;
    std::int64_t evaluations() const { return cache_->evaluations(); }

private:
    using Key = std::tuple<workload::LayerId, hardware::CoreId, std::vector<std::int64_t>>;

    struct Known {
        std::mutex asking;  ///< who comes second waits for the first
        bool asked = false;
        std::optional<explore::TileKind> kind;
        std::string reason;  ///< why there is none
    };
    Known& known(Key key);
    void ask(const workload::Layer& layer, const workload::Layer& tile, hardware::CoreId core, Known& known);

    const workload::Workload& workload_;
    const hardware::Chip& chip_;
    const mapping::Mapping* mapping_;
    mapper::Options options_;
    std::shared_ptr<mapper::Cache> cache_;
    mutable std::mutex mutex_;
    std::map<Key, std::unique_ptr<Known>> known_;
    std::string reason_;
};

}  // namespace millrace::platform
