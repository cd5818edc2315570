#pragma once
#include <gtest/gtest.h>

#include <string>

/// Small files for the readers' tests.
namespace millrace::test {

/// ZigZag's form: weights in registers, everything in a buffer, 2x4 units.
inline const std::string kCore = R"(name: small
memories:
  rf:
    size: 64
    r_cost: 0.5
    w_cost: 0.75
    area: 0
    latency: 1
    operands: [I2]
    ports:
      - name: r_port_1
        type: read
        bandwidth_min: 8
        bandwidth_max: 8
        allocation:
          - I2, tl
      - name: w_port_1
        type: write
        bandwidth_min: 8
        bandwidth_max: 8
        allocation:
          - I2, fh
    served_dimensions: []
  buffer:
    size: 4096
    r_cost: 10
    w_cost: 12
    operands: [I1, I2, O]
    ports:
      - name: rw_port_1
        type: read_write
        bandwidth_min: 16
        bandwidth_max: 64
        allocation:
          - I1, tl
          - I1, fh
          - I2, tl
          - I2, fh
          - O, tl
          - O, fl
          - O, th
          - O, fh
    served_dimensions: [D1, D2]
operational_array:
  unit_energy: 0.25
  unit_area: 1
  dimensions: [D1, D2]
  sizes: [2, 4]
dataflows:
  D1:
    - K, 2
)";

/// The same core in Stream's form of 2025.
inline const std::string kCountedCore = R"(name: small
memories:
  rf:
    size: 64
    r_bw: 8
    w_bw: 8
    r_cost: 0.5
    w_cost: 0.75
    area: 0
    r_port: 1
    w_port: 1
    rw_port: 0
    latency: 1
    operands: [I2]
    ports:
      - tl: r_port_1
        fh: w_port_1
    served_dimensions: []
  buffer:
    size: 4_096
    r_bw: 64
    w_bw: 64
    r_cost: 10
    w_cost: 12
    r_port: 0
    w_port: 0
    rw_port: 1
    min_r_granularity: 16
    min_w_granularity: 16
    operands: [I1, I2, O]
    ports:
      - tl: rw_port_1
        fh: rw_port_1
      - tl: rw_port_1
        fh: rw_port_1
      - tl: rw_port_1
        fl: rw_port_1
        th: rw_port_1
        fh: rw_port_1
    served_dimensions: [D1, D2]
multipliers:
  input_precision: [8, 8]
  unit_energy: 0.25
  unit_area: 1
  dimensions: [D1, D2]
  sizes: [2, 4]
dataflows:
  D1:
    - K, 2
)";

/// Stream's form: three cores, two of them linked, and an off-chip memory of one port. The files are called core.yaml
/// and dram.yaml.
inline const std::string kChip = R"(name: trio
cores:
  0: core.yaml
  1: core.yaml
  2: core.yaml
offchip_core: dram.yaml
core_connectivity:
  - 0, 1
  - 0, 1, 2
bandwidth: 32
unit_energy_cost: 8
)";

inline const std::string kDram = R"(name: dram
memories:
  dram:
    size: 1 GiB
    r_cost: 1000
    w_cost: 1100
    operands: [I1, I2, O]
    ports:
      - name: rw_port_1
        type: read_write
        bandwidth_min: 64
        bandwidth_max: 64
        allocation: ["I1, tl", "I1, fh", "I2, tl", "I2, fh", "O, tl", "O, fl", "O, th", "O, fh"]
    served_dimensions: [D1]
operational_array: {dimensions: [D1], sizes: [0], unit_energy: 0}
)";

/// The text with the first `from` replaced.
inline std::string edited(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "not in the text: " << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace millrace::test
