#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "explore/platform/result.h"
#include "schedule/multicast.h"

/// Sums over a result that more than one report shows.
namespace millrace::report {

using explore::Result;
using workload::LayerId;

/// What a core did. `busy` counts the tasks' durations; tasks of a core never overlap.
struct CoreUse {
    Cycles busy;
    Picojoules energy;       ///< of its tasks
    Picojoules arrayEnergy;  ///< of `energy`, the multiply-accumulate units
    std::int64_t tasks = 0;
    std::int64_t operations = 0;
    std::vector<Picojoules> memoryEnergy;  ///< of `energy`, in the order of `hardware::Core::memories`
};

/// From `at` on, until the next step: bits in a memory, or bits a cycle on a link.
struct Step {
    std::int64_t at = 0;
    std::int64_t weights = 0;
    std::int64_t activations = 0;
    std::int64_t scratch = 0;  ///< room that tasks work in
    std::int64_t total() const { return weights + activations + scratch; }
};
/// Steps in rising order of `at`, each different from the one before; the last one is the state at the end.
using Profile = std::vector<Step>;

struct LinkUse {
    Bits bits;
    Picojoules energy;
    std::int64_t transfers = 0;
    Cycles busy;  ///< while at least one transfer is under way
};

struct MemoryUse {
    Bits peak;
    Cycles peakAt;      ///< first time of the peak
    Bits read;          ///< by transfers, a multicast once
    Bits written;       ///< by transfers
    Picojoules energy;  ///< of those
};

/// What all transfers of one cause brought; a multicast brings its box to each destination.
struct CauseUse {
    Bits bits;
    std::int64_t transfers = 0;
    /// Of these, those that the words of another transfer carry (`schedule::Transfer::with`).
    std::int64_t carriedAlong = 0;
    Bits carriedBits;    ///< what those brought: not read from its source again
    Bits savedLinkBits;  ///< what they would have taken on links, summed over hops, had each gone by itself
};
inline constexpr std::size_t kCauses = 6;

/// A stack of fused layers. What belongs to a layer: see `Owners`.
struct StackUse {
    schedule::Span span;  ///< first start to last end of its layers (`explore::LayerResult::span`)
    std::int64_t tasks = 0;
    Picojoules energy;  ///< of its tasks
    Bits weights;       ///< weights that its tasks read, each once
    Bits peak;          ///< the most that its data and scratch take at a time, in all on-chip memories together
    Bits offchip;       ///< its data read from and written to off-chip memories by transfers
};
inline constexpr std::size_t kNoStack = static_cast<std::size_t>(-1);
/// By layer: index into `Result::stacks`, or `kNoStack`.
std::vector<std::size_t> stacksOfLayers(const Result& result);

struct Statistics {
    std::vector<CoreUse> cores;       ///< by core of the problem
    std::vector<LinkUse> links;       ///< by link of the problem
    std::vector<MemoryUse> memories;  ///< by memory of the problem
    std::vector<Cycles> layerBusy;    ///< by layer: sum of its tasks' durations
    std::array<CauseUse, kCauses> causes;
    std::vector<StackUse> stacks;  ///< in the order of `Result::stacks`
    /// Length of the schedule that shares of time refer to: the interval of a periodic schedule, else the latency.
    Cycles period;
};

/// `profiles`: also what needs the course over time (peaks, links' busy cycles); otherwise those stay 0.
enum class Detail { sums, profiles };
Statistics statistics(const Result& result, Detail detail = Detail::profiles);

/// Bits that each memory holds over time: buffers, what is there from the start (from 0 on), and the scratch of running
/// tasks.
std::vector<Profile> memoryProfiles(const Result& result);
/// The first of the highest steps; nothing at 0 if there is none.
Step highest(const Profile& profile);
/// Bits a cycle that each link carries over time.
std::vector<Profile> linkProfiles(const Result& result);

/// Which layers tasks and tensors belong to. Ids that no layer has are invalid.
class Owners {
public:
    explicit Owners(const Result& result);
    LayerId layer(schedule::TaskId task) const { return tasks_[task.index()]; }
    /// The layer that data and their transfers are shown with: for weights and inputs the first that reads them,
    /// otherwise the one that made the data.
    LayerId layer(const schedule::Transfer& transfer) const { return layer(transfer.tensor); }
    LayerId layer(schedule::TensorId tensor) const;

private:
    std::vector<LayerId> tasks_;
    std::vector<LayerId> producers_;
    std::vector<LayerId> readers_;
};

/// What each stack's data and scratch take over time, in all on-chip memories together.
std::vector<Profile> stackProfiles(const Result& result, const Owners& owners);

/// Of a list of ids.
template <class IdType>
std::vector<std::size_t> indices(const std::vector<IdType>& ids) {
    std::vector<std::size_t> result;
    for (const IdType id : ids) result.push_back(id.index());
    return result;
}
/// True for the cores of the chip that run layers: neither the off-chip one nor the host.
bool computes(const Result& result, schedule::CoreId core);
Bits size(const Result& result, const schedule::Transfer& transfer);
/// Energy of one transfer: reading, writing, and each link of its route; by the rules of `schedule::Memory` and
/// `schedule::Link`. A follower of a multicast pays what `schedule::Transfer` says: no reading, and links of its own.
struct TransferEnergy {
    Picojoules read;
    Picojoules write;
    Picojoules links;
    Picojoules total() const { return read + write + links; }
};
TransferEnergy energy(const Result& result, const schedule::OwnLinks& own, schedule::TransferId id);
/// The option that a task runs with, or null.
const schedule::Option* optionOf(const Result& result, schedule::TaskId task);
/// Energy that the option of a task costs.
Picojoules taskEnergy(const Result& result, schedule::TaskId task);

/// "input", "weight", "forward", "spill", "reload", "output".
const char* causeName(schedule::TransferCause cause);
/// Short names of all layers, at most 80 columns each.
std::vector<std::string> layerLabels(const Result& result);
/// "network on chip", each at most 80 columns.
std::string subject(const Result& result);
/// a / b, or 0 if b is 0 or less.
double share(double a, double b);
/// share for amounts of the same unit.
template <class Tag, class Rep>
double share(Quantity<Tag, Rep> a, Quantity<Tag, Rep> b) {
    return share(static_cast<double>(a.value()), static_cast<double>(b.value()));
}

}  // namespace millrace::report
