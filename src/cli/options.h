#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explore/workload/workload.h"
#include "model/network/network.h"
#include "model/onnx/onnx.h"
#include "support/diagnostics.h"

/// What all verbs share: options, exit codes, and how messages reach the user.
namespace millrace::cli {

enum class Exit : int { done = 0, bug = 1, wrongInput = 2, infeasible = 3 };

struct Common {
    std::string out;    ///< folder for files; empty: none are written
    bool json = false;  ///< the result on stdout, nothing else
    bool quiet = false;
    bool explain = false;
    std::string explainWhat;  ///< a layer's name; empty: all
    int threads = 0;          ///< 0: as many as the machine has
    std::int64_t seed = 1;
};

/// Prints all messages on stderr (warnings not with `quiet`) and says how the process should end.
Exit report(const Diagnostics& diagnostics, const Common& common);

/// A network (.onnx) or hand-written layers (.yaml, .yml), as a workload. `inputShapes` are "NAME=1,3,224,224" each.
struct ModelOptions {
    std::string path;
    std::vector<std::string> inputShapes;
    bool fuseActivations = false;
    std::vector<std::string> compat;
};
/// The shapes that the user gives to inputs. Nothing after an error.
std::optional<model::ImportOptions> importOptions(const std::vector<std::string>& inputShapes,
                                                  Diagnostics& diagnostics);
std::optional<workload::Workload> loadWorkload(const ModelOptions& options, Diagnostics& diagnostics);
/// The network alone, to be executed: functions are inlined. "NAME=1,3,224,224" each.
std::optional<model::Network> loadNetwork(const std::string& path, const std::vector<std::string>& inputShapes,
                                          Diagnostics& diagnostics);
/// The compatibility switch that is not one of lowering: see `explore::Options::offchipInCore`.
inline constexpr const char* kOffchipInCore = "stream-offchip";
/// True if the path names hand-written layers.
bool isLayerFile(const std::string& path);

}  // namespace millrace::cli
