#include <gmock/gmock.h>

#include "hardware/check.h"
#include "hardware/print.h"
#include "hardware/read.h"
#include "texts.h"

namespace millrace::hardware {
namespace {

using test::edited;
using test::kCore;
using test::kCountedCore;
using testing::ElementsAre;
using testing::HasSubstr;

Core readGood(const std::string& text) {
    Diagnostics diagnostics;
    auto core = parseCore(text, "c.yaml", diagnostics);
    EXPECT_TRUE(core) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    return core.value_or(Core());
}

/// What reading says.
std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    const auto core = parseCore(text, "c.yaml", diagnostics);
    EXPECT_EQ(core.has_value(), !diagnostics.failed()) << diagnostics.text();
    return diagnostics.text();
}

TEST(CoreFile, Fields) {
    const Core core = readGood(kCore);
    EXPECT_EQ(core.name, "small");
    EXPECT_EQ(core.file, "c.yaml");
    ASSERT_EQ(core.memories.size(), 2U);
    const Memory& rf = core.memories[0];
    EXPECT_EQ(rf.name, "rf");
    EXPECT_EQ(rf.size, Bits(64));
    EXPECT_EQ(rf.readCost, 0.5);
    EXPECT_EQ(rf.writeCost, 0.75);
    EXPECT_THAT(rf.operands, ElementsAre(MemoryOperand::I2));
    EXPECT_TRUE(rf.servedDimensions.empty());
    EXPECT_EQ(rf.port(MemoryOperand::I2, Direction::tl)->name, "r_port_1");
    EXPECT_EQ(rf.port(MemoryOperand::I2, Direction::fh)->type, PortType::write);
    EXPECT_EQ(rf.port(MemoryOperand::I2, Direction::th), nullptr);
    const Memory& buffer = core.memories[1];
    EXPECT_EQ(buffer.ports[0].bandwidthMin, 16);
    EXPECT_EQ(buffer.ports[0].bandwidthMax, 64);
    EXPECT_EQ(buffer.ports[0].uses.size(), 8U);
    EXPECT_EQ(buffer.latency, 1);
    EXPECT_THAT(buffer.servedDimensions, ElementsAre(0, 1));
    EXPECT_EQ(core.array.units(), 8);
    EXPECT_EQ(core.array.unitEnergy, 0.25);
    ASSERT_EQ(core.dataflows.size(), 1U);
    EXPECT_EQ(core.dataflows[0].dimension, 0U);
    EXPECT_EQ(core.dataflows[0].unrollings[0], (Unrolling{"K", 2}));
    EXPECT_EQ(core.instances(0), 8);
    EXPECT_EQ(core.instances(1), 1);
}

TEST(CoreFile, BothPortFormsGiveTheSameCore) { EXPECT_EQ(readGood(kCore), readGood(kCountedCore)); }

TEST(CoreFile, PortsWithoutCountsAreThoseNamed) {
    std::string text = kCountedCore;
    for (const char* line :
         {"    r_port: 1\n    w_port: 1\n    rw_port: 0\n", "    r_port: 0\n    w_port: 0\n    rw_port: 1\n"})
        text = edited(text, line, "");
    EXPECT_EQ(readGood(text), readGood(kCore));
}

TEST(CoreFile, UnusedPortsAreDropped) {
    EXPECT_EQ(readGood(edited(kCountedCore, "    r_port: 1\n", "    r_port: 3\n")), readGood(kCore));
}

TEST(CoreFile, BandwidthMinDefaultsToMax) {
    const Core core =
        readGood(edited(edited(kCountedCore, "    min_r_granularity: 16\n", ""), "    min_w_granularity: 16\n", ""));
    EXPECT_EQ(core.memories[1].ports[0].bandwidthMin, 64);
}

TEST(CoreFile, NamesDoNotMatter) {
    Core renamed = readGood(edited(edited(kCore, "name: small", "name: other"), "  rf:\n", "  registers:\n"));
    EXPECT_EQ(renamed.memories[0].name, "registers");
    renamed.name = "small";
    renamed.memories[0].name = "rf";
    EXPECT_EQ(renamed, readGood(kCore));
}

TEST(CoreFile, OperatorTypes) {
    EXPECT_THAT(readGood(kCore + "operator_types: [Conv, Gemm]\n").operatorTypes, ElementsAre("Conv", "Gemm"));
    EXPECT_EQ(problems(kCore + "operator_types: Conv\n"),
              "c.yaml:52:17: error: 'operator_types' of core 'small' must be a list, but is the text 'Conv'\n");
}

struct Case {
    const char* from;
    const char* to;
    const char* message;
};

void expectMessages(const std::string& text, const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        SCOPED_TRACE(c.to);
        EXPECT_EQ(problems(edited(text, c.from, c.to)), std::string(c.message) + "\n");
    }
}

TEST(CoreFile, MessagesOfTheArray) {
    expectMessages(
        kCore,
        {{"name: small\n", "", "c.yaml:1:1: error: the core has no 'name'"},
         {"  unit_energy: 0.25\n", "", "c.yaml:45:3: error: the array of core 'small' has no 'unit_energy'"},
         {"unit_energy: 0.25", "unit_energy: -1",
          "c.yaml:45:3: error: the array of core 'small': unit_energy -1 and unit_area 1 must not be negative"},
         {"sizes: [2, 4]", "sizes: [2]",
          "c.yaml:48:10: error: the array of core 'small' has 2 dimensions, but 1 sizes"},
         {"sizes: [2, 4]", "sizes: 2",
          "c.yaml:48:10: error: 'sizes' of the array of core 'small' must be a list, but is the text '2'"},
         {"sizes: [2, 4]", "sizes: [2, x]",
          "c.yaml:48:14: error: a size of the array of core 'small' must be a whole number, but is the text 'x'"},
         {"sizes: [2, 4]", "sizes: [2, -4]", "c.yaml:48:14: error: the array of core 'small': the size of D2 is -4"},
         {"sizes: [2, 4]", "sizes: [2, 4294967296]",
          "c.yaml:48:14: error: a size of the array of core 'small' is 4294967296, more than 2^31"},
         {"sizes: [2, 4]", "sizes: [2, 0]",
          "c.yaml:45:3: error: the array of core 'small' has sizes of 0 and others (an off-chip memory has sizes of 0 "
          "only)"},
         {"sizes: [2, 4]", "sizes: [2_000_000_000, 1_000_000]",
          "c.yaml:45:3: error: the array of core 'small' has more than 2^40 units"},
         {"sizes: [2, 4]", "sizs: [2, 4]",
          "c.yaml:45:3: error: the array of core 'small' has no 'sizes'\n"
          "c.yaml:48:3: note: the array of core 'small' has no field 'sizs' (did you mean 'sizes'?)"},
         {"unit_area: 1", "unit_area: 1\n  adc_resolution: 8",
          "c.yaml:45:3: error: the array of core 'small' has no is_imc, but one of imc_type, adc_resolution, "
          "bit_serial_precision "
          "(set is_imc to true, or take them away)"}});
    const std::string unserved = edited(kCore, "served_dimensions: [D1, D2]", "served_dimensions: []");
    const std::string plain = edited(unserved, "dataflows:\n  D1:\n    - K, 2\n", "");
    expectMessages(
        plain,
        {{"dimensions: [D1, D2]", "dimensions: [D1, X]",
          "c.yaml:47:20: error: the array of core 'small' has a dimension 'X' (dimensions are called D1, D2, ...)"},
         {"dimensions: [D1, D2]", "dimensions: [D1, D1]",
          "c.yaml:47:20: error: the array of core 'small' has dimension D1 twice"}});
}

TEST(CoreFile, MessagesOfMemories) {
    expectMessages(
        kCore,
        {{"size: 64", "size: 0",
          "c.yaml:4:11: error: the size of memory 'rf' of core 'small' must be from 1 to 2^60 bits, but is 0"},
         {"size: 64", "size: lots",
          "c.yaml:4:11: error: 'size' of memory 'rf' of core 'small' must be a whole number, but is the text 'lots'"},
         {"    size: 64\n", "", "c.yaml:4:5: error: memory 'rf' of core 'small' has no 'size'"},
         {"    r_cost: 0.5\n", "", "c.yaml:4:5: error: memory 'rf' of core 'small' has no 'r_cost'"},
         {"r_cost: 0.5", "r_cost: -1",
          "c.yaml:3:3: error: memory 'rf' of core 'small': r_cost -1, w_cost 0.75, area 0 and latency 1 must not be "
          "negative"},
         {"operands: [I2]", "operands: [W]",
          "c.yaml:9:16: error: an operand of memory 'rf' of core 'small' is the text 'W' (it must be I1, I2 or O)"},
         {"operands: [I2]", "operands: I2",
          "c.yaml:9:15: error: 'operands' of memory 'rf' of core 'small' must be a list, but is the text 'I2'"},
         {"operands: [I2]", "operands: [I2, I2]", "c.yaml:9:15: error: memory 'rf' of core 'small' lists I2 twice"},
         {"served_dimensions: []", "served_dimensions: [D3]",
          "c.yaml:23:25: error: memory 'rf' of core 'small' serves 'D3', which is no dimension of the array"},
         {"served_dimensions: [D1, D2]", "served_dimensions: [D1, D1]",
          "c.yaml:43:24: error: memory 'buffer' of core 'small' serves D1 twice"},
         {"latency: 1", "latency: 1\n    lost: 1",
          "c.yaml:9:5: error: memory 'rf' of core 'small' has no field 'lost' (known: size, area, "
          "latency, force_double_buffering, operands, ports, auto_cost_extraction, mem_type, r_cost, w_cost, "
          "served_dimensions)"}});
    EXPECT_THAT(problems("name: x\nmemories: []\noperational_array: {dimensions: [D1], sizes: [1], unit_energy: 0}\n"),
                HasSubstr("c.yaml:2:11: error: 'memories' of core 'x' must be a map of name: memory, but is a list"));
    EXPECT_EQ(problems("name: x\nmemories: {}\noperational_array: {dimensions: [D1], sizes: [1], unit_energy: 0}\n"),
              "c.yaml:1:1: error: core 'x' has no memory\n");
}

TEST(CoreFile, MessagesOfPorts) {
    expectMessages(
        kCore,
        {{"type: read\n", "type: reed\n",
          "c.yaml:12:15: error: the type of port 'r_port_1' of memory 'rf' of core 'small' is 'reed' (it must be read, "
          "write or read_write)"},
         {"bandwidth_min: 8\n", "bandwidth_min: 9\n",
          "c.yaml:11:9: error: port 'r_port_1' of memory 'rf' of core 'small' has bandwidth_min 9 and bandwidth_max 8: "
          "it must be 1 <= min <= max"},
         {"bandwidth_max: 8\n", "bandwidth_max: 0\n",
          "c.yaml:14:24: error: 'bandwidth_max' of port 'r_port_1' of memory 'rf' of core 'small' must be from 1 to "
          "2^40 bits a cycle, but is 0"},
         {"I2, tl", "I4, tl",
          "c.yaml:16:13: error: an allocation of port 'r_port_1' of memory 'rf' of core 'small' names the operand 'I4' "
          "(it must be I1, I2 or O)"},
         {"I2, tl", "I2, up",
          "c.yaml:16:17: error: an allocation of port 'r_port_1' of memory 'rf' of core 'small' names the direction "
          "'up' "
          "(it must be fh, tl, fl or th)"},
         {"I2, tl", "I2",
          "c.yaml:16:13: error: an allocation of port 'r_port_1' of memory 'rf' of core 'small' must be 'OPERAND, "
          "DIRECTION' such as "
          "'I1, tl', but is the text 'I2' (in brackets the comma separates entries: put quotes around each)"},
         {"          - I2, tl\n", "          - I2, tl\n          - I1, tl\n",
          "c.yaml:17:13: error: port 'r_port_1' of memory 'rf' of core 'small' moves I1, which the memory does not "
          "hold "
          "(add I1 to 'operands', or take 'I1, tl' away)"},
         {"          - I2, tl\n", "          - I2, tl\n          - I2, fh\n",
          "c.yaml:17:13: error: port 'r_port_1' of memory 'rf' of core 'small' only reads, but 'I2, fh' writes "
          "(make it read_write, or give the movement to a write port)"},
         {"          - I2, fh\n", "          - I2, fh\n          - I2, tl\n",
          "c.yaml:23:13: error: port 'w_port_1' of memory 'rf' of core 'small' only writes, but 'I2, tl' reads "
          "(make it read_write, or give the movement to a read port)"},
         {"          - I2, tl\n", "          - I2, tl\n          - I2, tl\n",
          "c.yaml:17:13: error: port 'r_port_1' of memory 'rf' of core 'small' has 'I2, tl' twice"},
         {"          - I2, tl\n", "          - I2, tl\n          - I2, th\n",
          "c.yaml:17:13: warning: port 'r_port_1' of memory 'rf' of core 'small' has 'I2, th', but inputs never move "
          "up"},
         {"name: w_port_1", "name: r_port_1",
          "c.yaml:17:9: error: port 'r_port_1' of memory 'rf' of core 'small' is listed twice"},
         {"          - O, fl\n", "",
          "c.yaml:24:3: error: memory 'buffer' of core 'small' has no port for 'O, fl' (O written by the lower level) "
          "(add it to the allocation of a port)"},
         {"          - I2, fh\n", "          - I2, fl\n",
          "c.yaml:22:13: warning: port 'w_port_1' of memory 'rf' of core 'small' has 'I2, fl', but inputs never move "
          "up\n"
          "c.yaml:3:3: error: memory 'rf' of core 'small' has no port for 'I2, fh' (I2 written by the higher level) "
          "(add it to the allocation of a port)"}});
}

TEST(CoreFile, MessagesOfCountedPorts) {
    expectMessages(
        kCountedCore,
        {{"tl: r_port_1", "tl: r_port_2",
          "c.yaml:16:13: error: memory 'rf' of core 'small' has no port 'r_port_2' "
          "(r_port, w_port and rw_port count its ports: r_port_1, w_port_1)"},
         {"tl: r_port_1", "up: r_port_1",
          "c.yaml:16:9: error: 'ports' of memory 'rf' of core 'small' names the direction 'up' (it must be fh, tl, fl "
          "or th)"},
         {"r_port: 1", "r_port: 65",
          "c.yaml:10:13: error: 'r_port' of memory 'rf' of core 'small' must be from 0 to 64, but is 65"},
         {"r_bw: 8", "r_bw: 0",
          "c.yaml:5:11: error: 'r_bw' of memory 'rf' of core 'small' must be from 1 to 2^40 bits a cycle, but is 0"},
         {"    r_bw: 8\n", "", "c.yaml:4:5: error: memory 'rf' of core 'small' has no 'r_bw'"},
         {"operands: [I2]", "operands: [I2, O]",
          "c.yaml:16:7: error: memory 'rf' of core 'small' has 1 entries in 'ports' for 2 operands "
          "(give one entry for each operand, in the order of 'operands')"},
         {"    w_bw: 64\n", "    w_bw: 32\n",
          "c.yaml:32:7: warning: memory 'buffer' of core 'small': a read_write port has one bandwidth, so r_bw 64 "
          "counts and w_bw 32 does not"}});
}

TEST(CoreFile, MessagesOfTheHierarchyAndDataflows) {
    const std::string noOutputs =
        edited(kCore, "          - O, tl\n          - O, fl\n          - O, th\n          - O, fh\n", "");
    expectMessages(
        kCore,
        {{"- K, 2", "- K, 3",
          "c.yaml:50:3: warning: core 'small' unrolls 3 times over D1, which has 2 units: the factors are cut to fit"},
         {"- K, 2", "- K, 0",
          "c.yaml:51:10: error: the factor of K in an entry of 'dataflows' of core 'small' must be at least 1, but is "
          "0"},
         {"- K, 2", "- k, 2",
          "c.yaml:51:7: error: an entry of 'dataflows' of core 'small' names the loop 'k' "
          "(loops are capitals, and digits at the end: K, OX, D1)"},
         {"- K, 2", "- K 2",
          "c.yaml:51:7: error: an entry of 'dataflows' of core 'small' must be 'LOOP, n' such as 'K, 32', but is the "
          "text 'K 2' "
          "(in brackets the comma separates entries: put quotes around each)"},
         {"  D1:\n    - K, 2", "  D5:\n    - K, 2",
          "c.yaml:50:3: error: 'dataflows' of core 'small' names 'D5', which is no dimension of the array"},
         {"  D1:\n    - K, 2", "  D1: 2",
          "c.yaml:50:7: error: 'dataflows' of core 'small' must have a list for D1, but has the text '2'"}});
    EXPECT_EQ(problems(edited(noOutputs, "operands: [I1, I2, O]", "operands: [I1, I2]")),
              "c.yaml:1:1: error: core 'small' has no memory for O (each of I1, I2 and O needs at least one)\n");
    EXPECT_EQ(problems(kCore + "type: aie2.compute\n"),
              "c.yaml:52:7: error: core 'small' is of the type 'aie2.compute', which Millrace does not model (known: "
              "compute, memory, offchip)\n");
}

TEST(CoreFile, InMemoryComputing) {
    const std::string array = "  unit_energy: 0.25\n  unit_area: 1\n";
    const std::string imc =
        "  is_imc: True\n  imc_type: analog\n  input_precision: [8, 4]\n  bit_serial_precision: 2\n  adc_resolution: "
        "6\n";
    const std::string text = edited(edited(kCore, array, imc), "  rf:\n", "  cells:\n");
    const Core core = readGood(text);
    ASSERT_TRUE(core.array.inMemoryComputing);
    EXPECT_EQ(*core.array.inMemoryComputing, (InMemoryComputing{true, 8, 4, 2, 6}));
    EXPECT_EQ(readGood(printCore(core)), core);
    expectMessages(
        text,
        {{"  cells:\n", "  rf:\n",
          "c.yaml:45:3: error: the array of core 'small' computes in memory, but no memory is called 'cells'"},
         {"size: 64", "size: 66",
          "c.yaml:4:11: error: memory 'cells' of core 'small' has 66 bits, which is no multiple of the 4 bits of a "
          "weight"},
         {"served_dimensions: []", "served_dimensions: [D1]",
          "c.yaml:3:3: error: memory 'cells' of core 'small' holds the array's weights: its operands must be [I2] and "
          "its served_dimensions []"},
         {"analog", "optical",
          "c.yaml:45:3: error: the array of core 'small' has is_imc, but its imc_type is 'optical' (it must be analog "
          "or digital)"},
         {"analog", "digital",
          "c.yaml:45:3: error: the array of core 'small': digital in-memory computing has no converter, but "
          "adc_resolution is 6"},
         {"  adc_resolution: 6\n", "",
          "c.yaml:45:3: error: the array of core 'small': analog in-memory computing needs adc_resolution"},
         {"[8, 4]", "[6, 4]",
          "c.yaml:45:3: error: the array of core 'small': the first input_precision must be a power of two, but is 6"},
         {"[8, 4]", "[8]",
          "c.yaml:47:20: error: 'input_precision' of the array of core 'small' must be [bits of an activation, bits of "
          "a weight]"},
         {"bit_serial_precision: 2", "bit_serial_precision: 16",
          "c.yaml:45:3: error: the array of core 'small': bit_serial_precision 16 is larger than the 8 bits of an "
          "activation"},
         {"bit_serial_precision: 2", "bit_serial_precision: 3",
          "c.yaml:45:3: error: the array of core 'small': bit_serial_precision must be a power of two, but is 3"},
         {"[8, 4]", "[64, 4]",
          "c.yaml:45:3: error: the array of core 'small': the first input_precision is 64 bits, more than 32"},
         {"adc_resolution: 6", "adc_resolution: 33",
          "c.yaml:45:3: error: the array of core 'small': adc_resolution is 33 bits, more than 32"}});
    const std::string digital = edited(edited(edited(text, "analog", "digital"), "  adc_resolution: 6\n", ""),
                                       "sizes: [2, 4]", "sizes: [2, 6]");
    EXPECT_EQ(problems(digital),
              "c.yaml:45:3: error: the array of core 'small': digital adder trees need a power of two of rows, but D2 "
              "has 6\n");
    EXPECT_EQ(problems(edited(edited(text, "served_dimensions: [D1, D2]", "served_dimensions: [D1]"),
                              "  dimensions: [D1, D2]\n  sizes: [2, 4]", "  dimensions: [D1]\n  sizes: [8]")),
              "c.yaml:45:3: error: the array of core 'small' computes in memory, so it needs two dimensions, but has 1 "
              "(the first by name runs along the wordlines, the second along the bitlines)\n");
    EXPECT_THAT(problems(edited(text, "    r_cost: 0.5\n    w_cost: 0.75\n", "    auto_cost_extraction: true\n")),
                HasSubstr("asks for automatic costs, but CACTI does not know the cells of an array that computes in "
                          "memory"));
}

TEST(CoreFile, OfSeveralPortsForAMovementTheLastCounts) {
    const std::string text = edited(kCore, "          - O, fh\n",
                                    "          - O, fh\n      - {name: r_port_2, type: read, bandwidth_max: 32, "
                                    "allocation: [\"I1, tl\", \"O, tl\"]}\n");
    const Core core = readGood(text);
    ASSERT_EQ(core.memories[1].ports.size(), 2u);
    EXPECT_EQ(core.memories[1].port(MemoryOperand::I1, Direction::tl)->bandwidthMax, 32);
    EXPECT_EQ(core.memories[1].port(MemoryOperand::I2, Direction::tl)->bandwidthMax, 64);
    EXPECT_EQ(core.memories[1].ports[0].uses.size(), 6u);
    EXPECT_EQ(core.memories[1].ports[1].uses.size(), 2u);
    const Core whole = readGood(edited(
        kCore, "          - I2, fh\n",
        "          - I2, fh\n      - {name: r_port_2, type: read, bandwidth_max: 16, allocation: [\"I2, tl\"]}\n"));
    EXPECT_EQ(whole.memories[0].ports.size(), 2u);
}

TEST(CoreFile, AllMistakesComeOutAtOnce) {
    const std::string text = edited(edited(edited(kCore, "size: 64", "size: x"), "type: read_write", "type: both"),
                                    "sizes: [2, 4]", "sizes: [2, y]");
    EXPECT_EQ(problems(text),
              "c.yaml:48:14: error: a size of the array of core 'small' must be a whole number, but is the text 'y'\n"
              "c.yaml:4:11: error: 'size' of memory 'rf' of core 'small' must be a whole number, but is the text 'x'\n"
              "c.yaml:31:15: error: the type of port 'rw_port_1' of memory 'buffer' of core 'small' is 'both' (it must "
              "be read, write or read_write)\n");
}

TEST(CoreFile, EndlessListsAreRefused) {
    std::string types = "operator_types: [A";
    for (int i = 0; i < 2000; ++i) types += ", A";
    EXPECT_EQ(problems(kCore + types + "]\n"),
              "c.yaml:52:17: error: a list of core 'small' has more than 1024 entries\n");
}

TEST(CoreFile, OtherFiles) {
    EXPECT_EQ(problems(""), "c.yaml:1:1: error: a core must be a map, but this file is empty\n");
    EXPECT_EQ(
        problems("- name: default\n"),
        "c.yaml:1:1: error: a core must be a map, but this file is a list (a list is a mapping or a layer file)\n");
    EXPECT_EQ(problems("name: x\ncores: {0: a.yaml}\n"),
              "c.yaml:1:1: error: this file holds a chip with cores, but a single core is wanted here (name one of its "
              "core files)\n");
    Diagnostics diagnostics;
    EXPECT_FALSE(parseCore("import x", "core.py", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("core.py: error: a core is read from YAML, not from Python"));
}

}  // namespace
}  // namespace millrace::hardware
