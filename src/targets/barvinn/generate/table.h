#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/network/network.h"
#include "support/diagnostics.h"
#include "targets/barvinn/generate/jobs.h"

/// The configuration table of MVU_Code_Gen: what to write into the walk registers for each convolution, one output row
/// a job.
namespace millrace::targets::barvinn {

enum class TableForm : std::uint8_t {
    /// As that tool prints it: jump 0 of the input is right for two input blocks only, and rows and columns are counted
    /// with and without padding.
    legacy,
    /// With the jump that moves the window, whole columns, and as many rows as the output has.
    right,
};

/// Channels in blocks of 64. Lists are in the order of the registers' numbers, 0 to 4.
struct TableRow {
    std::string layer;
    std::array<std::int64_t, 3> iShape{};  ///< input blocks, rows, columns
    std::array<std::int64_t, 3> fShape{};  ///< output blocks, filter rows, filter columns
    std::array<std::int64_t, kJumps> ilength{}, ijump{}, wlength{}, wjump{};
    double countdown = 0;            ///< cycles a job; the legacy form may have a fraction
    double totalLayerCountdown = 0;  ///< cycles of all jobs
};

struct ConfigurationTable {
    std::vector<TableRow> rows;
    double totalCountdown = 0;
    /// {"rows": [{"iShape", "fShape", "ilength", "ijump", "wlength", "wjump", "countdown", "total_layer_countdown"}],
    /// "total_countdown"}; whole numbers are written as such.
    std::string json() const;
};

/// A row: `shape` without padding, and the sum of the first two entries of ONNX's `pads` (top and left).
TableRow tableRow(const ConvShape& shape, std::int64_t pads, std::int64_t outputRows, const Precision& precision,
                  TableForm form);
/// All convolutions of a network with one precision, in its order. Convolutions that the rows cannot describe (groups,
/// dilation, other than two axes) are left out with a warning. An error if there is none left.
std::optional<ConfigurationTable> configurationTable(const model::Network& network, const Precision& precision,
                                                     TableForm form, Diagnostics& diagnostics);

}  // namespace millrace::targets::barvinn
