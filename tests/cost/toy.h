#pragma once
#include <string>
#include <vector>

#include "explore/cost/nest.h"
#include "hardware/chip.h"

/// Small nests and cores for the tests of the cost model.
namespace millrace::test {

struct OperandText {
    std::string name;
    hardware::MemoryOperand role;
    int bits;
    std::vector<std::string> index;  ///< names of loops and relations
};

inline cost::Nest makeNest(std::vector<cost::Dim> dims, std::vector<cost::Relation> relations,
                           const std::vector<OperandText>& operands, int finalBits) {
    cost::Nest nest;
    nest.name = "layer";
    nest.dims = std::move(dims);
    nest.relations = std::move(relations);
    nest.finalBits = finalBits;
    for (const OperandText& text : operands) {
        cost::Operand& operand = nest.operands.emplace_back();
        operand.name = text.name;
        operand.role = text.role;
        operand.bits = text.bits;
        for (const std::string& name : text.index) {
            if (const auto dim = nest.dim(name)) operand.index.push_back({false, *dim});
            for (std::size_t i = 0; i < nest.relations.size(); ++i) {
                if (nest.relations[i].name == name) operand.index.push_back({true, i});
            }
        }
    }
    Diagnostics diagnostics;
    classify(nest, diagnostics);
    return nest;
}

/// A convolution of O = W * I; caps follow from stride and output size.
inline cost::Nest convolution(std::int64_t k, std::int64_t c, std::int64_t oy, std::int64_t ox, std::int64_t fy,
                              std::int64_t fx, std::int64_t stride = 1) {
    using enum hardware::MemoryOperand;
    return makeNest({{"B", 1}, {"K", k}, {"C", c}, {"OY", oy}, {"OX", ox}, {"FY", fy}, {"FX", fx}},
                    {{"IX", {4, 6}, {stride, 1}, 0, 0}, {"IY", {3, 5}, {stride, 1}, 0, 0}},
                    {{"O", O, 16, {"B", "K", "OY", "OX"}},
                     {"W", I2, 8, {"K", "C", "FY", "FX"}},
                     {"I", I1, 8, {"B", "C", "IY", "IX"}}},
                    8);
}

inline hardware::Port port(std::int64_t least, std::int64_t most, std::vector<hardware::PortUse> uses) {
    return {"port", hardware::PortType::readWrite, least, most, std::move(uses)};
}

inline hardware::Memory memory(const std::string& name, std::int64_t bits, double read, double write,
                               std::vector<hardware::MemoryOperand> operands, std::vector<std::size_t> served,
                               std::vector<hardware::Port> ports) {
    hardware::Memory made;
    made.name = name;
    made.size = Bits(bits);
    made.readCost = read;
    made.writeCost = write;
    made.operands = std::move(operands);
    made.servedDimensions = std::move(served);
    made.ports = std::move(ports);
    return made;
}

/// An array of 4 x 3 under a register for weights, one for partial sums, an SRAM and a DRAM (zigzag.md 15.1).
inline hardware::Core toyCore() {
    using enum hardware::MemoryOperand;
    using enum hardware::Direction;
    hardware::Core core;
    core.name = "toy";
    core.array.dimensions = {{"D1", 4}, {"D2", 3}};
    core.array.unitEnergy = 0.5;
    core.memories = {
        memory("reg_W", 8, 0.1, 0.1, {I2}, {}, {port(8, 8, {{I2, tl}}), port(8, 8, {{I2, fh}})}),
        memory("reg_O", 16, 0.2, 0.2, {O}, {1},
               {port(16, 16, {{O, tl}}), port(16, 16, {{O, th}}), port(16, 16, {{O, fl}}), port(16, 16, {{O, fh}})}),
        memory("sram", 512, 10, 12, {I1, O}, {0, 1},
               {port(16, 64, {{I1, tl}, {O, tl}, {O, th}}), port(16, 64, {{I1, fh}, {O, fh}, {O, fl}})}),
        memory("dram", 1 << 20, 100, 100, {I1, I2, O}, {0, 1},
               {port(32, 32, {{I1, fh}, {I1, tl}, {I2, fh}, {I2, tl}, {O, fh}, {O, tl}, {O, fl}, {O, th}})})};
    return core;
}

inline std::vector<hardware::Dataflow> toySpatial() { return {{0, {{"OX", 4}}}, {1, {{"FX", 3}}}}; }

/// C 3, OX 2, K 6, OY 2, innermost first; indices of `convolution`'s loops.
inline cost::Nest toyNest() { return convolution(6, 3, 2, 5, 1, 3); }

}  // namespace millrace::test
