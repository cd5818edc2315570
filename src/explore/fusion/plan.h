#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/mapping/mapping.h"
#include "explore/tiling/grid.h"
#include "explore/workload/workload.h"
#include "hardware/chip.h"
#include "support/diagnostics.h"

/// What fused exploration runs: which layers are fused, how each is cut, which cores take the parts.
namespace millrace::fusion {

/// How a layer is laid over cores and time. No loop stands twice in one list, and every split has 2 parts or more.
///
/// A loop of size N with p parts over cores and t parts in time has p * t parts on it: the cut in time is the outer
/// one, so that neighbours run at the same time on different cores. p <= N and t <= floor(N / p): no part is empty.
/// Nothing is padded; parts differ by one at most. Tiles are numbered with mixed radix: splits over cores fastest, then
/// splits in time, each list's first split fastest (stream.md 4.1).
struct LayerPlan {
    std::size_t stack = 0;             ///< index into `Plan::stacks`
    std::vector<tiling::Split> inter;  ///< over cores; any loop, also one that is summed over
    std::vector<tiling::Split> intra;  ///< in time, inside of each of those parts
    /// Part i of the grid over cores runs on `cores[i % cores.size()]`. Not empty.
    std::vector<hardware::CoreId> cores;
    /// Its halos are kept even if others are computed again (`PlanOptions::recompute`).
    bool keepsHalos = false;

    /// Product of the splits over cores, and of those in time.
    std::int64_t parts() const;
    std::int64_t steps() const;
    std::int64_t tiles() const { return parts() * steps(); }
};

struct Plan {
    Table<workload::LayerId, LayerPlan> layers;
    /// In order of execution: what a layer reads comes from its own stack or an earlier one. Each layer in exactly one,
    /// in the order of the workload.
    std::vector<std::vector<workload::LayerId>> stacks;
};

enum class Stacking : std::uint8_t {
    automatic,  ///< the mapping file's fused groups, or else as many layers as fit the memories
    layers,     ///< each layer by itself
    byHand,     ///< `PlanOptions::stacks`; layers that none names are by themselves
    cuts,       ///< a stack ends after each of `PlanOptions::cuts`
};

struct PlanOptions {
    Stacking stacking = Stacking::automatic;
    /// Layers by name or number (from 0), or "FROM..TO" for a range of either, or "3-7".
    std::vector<std::vector<std::string>> stacks;
    std::vector<std::string> cuts;  ///< layers by name or number
    /// Cuts that go before the mapping file's. As entries of a mapping file: `name` is a layer, an operator type or
    /// "default"; only tilings count. An entry without `intraCoreTiling` leaves the file's, and so with
    /// `interCoreTiling`.
    std::vector<mapping::MappingEntry> tiles;
    /// Tiles in time that automatic tiling aims at for each layer of a fused stack, if memory does not ask for more.
    std::int64_t tilesPerLayer = 32;
    /// Share of each memory that the weights of an automatic stack may take; the rest is for activations.
    double fill = 0.5;
    /// Room for the next tile's data beside the current one's, where the capacity of memories decides.
    bool doubleBuffer = true;
    /// Tiles will compute their halos again, and so are larger than the cuts say: `LayerPlan::keepsHalos` for layers
    /// whose tiles would not fit then.
    bool recompute = false;
};

/// Decides what is fused and cut. Without a word from the mapping file or the options: cores of the kind
/// (`mapping::allowedCores`), all of them; splits over cores along K (G for grouped layers) as far as the array stays
/// full, then along rows; stacks and splits in time by the capacity of the memories. A layer whose tiles do not fit is
/// cut finer, with a warning if the cut was asked for. docs/fusion.md has the rules. A mapping that fixes the schedule
/// is taken as it stands (fusion/found.h), and options that would change it are errors. Empty with errors for options
/// and files that do not fit the workload, and with an `infeasible` entry for a layer of which no tile fits.
std::optional<Plan> makePlan(const workload::Workload& workload, const hardware::Chip& chip,
                             const mapping::Mapping* mapping, const PlanOptions& options, Diagnostics& diagnostics);

/// "auto", "layers", or stacks by hand: layers separated by commas, stacks by semicolons ("0-10;11-21"). False with an
/// error if the text is none of them.
bool parseStacks(std::string_view text, PlanOptions& options, Diagnostics& diagnostics);
/// Layers separated by commas after which a stack ends.
bool parseCuts(std::string_view text, PlanOptions& options, Diagnostics& diagnostics);
/// "LAYER:SPLIT[,SPLIT...]" adds to `PlanOptions::tiles`. LAYER: a layer's name, an operator type or "default". SPLIT:
/// "OY=8" or "OY=all" for parts in time, "OY=*" for a number to be found, "K@4", "K@all" and "K@*" for parts over cores
/// ("*": one for each core). "1" undoes what a file says.
bool parseTile(std::string_view text, PlanOptions& options, Diagnostics& diagnostics);

/// The plan for people: a line for each stack and layer.
std::string printText(const Plan& plan, const workload::Workload& workload);

}  // namespace millrace::fusion
