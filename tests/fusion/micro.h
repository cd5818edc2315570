#pragma once
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "chips.h"
#include "fusion/fused_case.h"
#include "layers.h"

/// Small cases by hand.
namespace millrace::test {

/// Cores with one memory each (bits, a wide port), all wires by hand.
class WiredChip {
public:
    WiredChip(std::size_t cores, std::int64_t bits) {
        for (std::size_t i = 0; i < cores; ++i) {
            hardware::Core core = matrixCore("matrix", 4, 4, bits);
            for (hardware::Port& port : core.memories.back().ports) port.bandwidthMax = port.bandwidthMin = 4096;
            chip.cores.add(std::move(core));
        }
        chip.offchip = chip.cores.add(dram(4096));
    }
    /// Both ways, each with its own link.
    WiredChip& wire(std::size_t a, std::size_t b, std::int64_t bandwidth, double energyPerBit = 1) {
        for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
            hardware::Link link;
            link.name = std::to_string(from) + " -> " + std::to_string(to);
            link.cores = {hardware::CoreId(from), hardware::CoreId(to)};
            link.bandwidth = bandwidth;
            link.energyPerBit = energyPerBit;
            chip.links.add(std::move(link));
        }
        return *this;
    }
    /// Of all cores, the off-chip one too.
    WiredChip& bus(std::int64_t bandwidth) {
        hardware::Link link;
        link.name = "bus";
        link.bus = true;
        link.bandwidth = bandwidth;
        link.energyPerBit = 1;
        link.cores = chip.cores.ids();
        chip.links.add(std::move(link));
        return *this;
    }
    hardware::Chip chip;
};

/// Its schedule, which is legal.
inline explore::Result schedule(FusedCase given, const std::vector<FusedTile>& order = {}) {
    FusedRun run(std::move(given));
    if (!(order.empty() ? run.all() : run.all(order))) throw std::runtime_error(run.engine().reason());
    Diagnostics diagnostics;
    auto result = run.finish(diagnostics);
    if (!result) throw std::runtime_error(diagnostics.text());
    return std::move(*result);
}

/// Why it cannot be scheduled.
inline std::string refusal(FusedCase given) {
    FusedRun run(std::move(given));
    EXPECT_FALSE(run.all());
    std::string reason = run.engine().reason();
    if (reason.find(run.costs().reason()) == std::string::npos) reason += ": " + run.costs().reason();
    return reason;
}

inline std::vector<schedule::Transfer> transfersOf(const explore::Result& result, schedule::TransferCause cause) {
    std::vector<schedule::Transfer> found;
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        if (transfer.cause == cause) found.push_back(transfer);
    }
    return found;
}
inline std::vector<schedule::Transfer> transfersOf(const explore::Result& result, workload::TensorId tensor) {
    std::vector<schedule::Transfer> found;
    for (const schedule::Transfer& transfer : result.schedule.transfers) {
        if (transfer.tensor.index() == tensor.index()) found.push_back(transfer);
    }
    return found;
}
inline std::int64_t bitsOf(const explore::Result& result, const std::vector<schedule::Transfer>& transfers) {
    std::int64_t bits = 0;
    for (const schedule::Transfer& transfer : transfers)
        bits += result.problem.tensors[transfer.tensor].size(transfer.box).value();
    return bits;
}
/// When the tiles of a layer run, in the order of their numbers.
inline std::vector<schedule::Span> spansOf(const explore::Result& result, std::size_t layer) {
    std::vector<schedule::Span> spans;
    for (const schedule::TaskId task : result.layers[workload::LayerId(layer)].tasks)
        spans.push_back(result.schedule.placements[task].span);
    return spans;
}

}  // namespace millrace::test
