#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "hardware/check.h"
#include "hardware/print.h"
#include "hardware/read.h"
#include "texts.h"

namespace millrace::hardware {
namespace {

using test::edited;
using test::kChip;
using test::kCore;
using test::kDram;
using testing::ElementsAre;
using testing::HasSubstr;

using Files = std::map<std::string, std::string>;

const Files kFiles{{"dir/core.yaml", kCore}, {"dir/dram.yaml", kDram}};

std::optional<Chip> read(const std::string& text, Diagnostics& diagnostics, const Files& files = kFiles) {
    const FileLoader load = [&](const std::string& path) {
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
    };
    return parseChip(text, "dir/chip.yaml", load, diagnostics);
}

Chip readGood(const std::string& text, const Files& files = kFiles) {
    Diagnostics diagnostics;
    auto chip = read(text, diagnostics, files);
    EXPECT_TRUE(chip) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(), "");
    return chip.value_or(Chip());
}

std::string problems(const std::string& text, const Files& files = kFiles) {
    Diagnostics diagnostics;
    const auto chip = read(text, diagnostics, files);
    EXPECT_EQ(chip.has_value(), !diagnostics.failed()) << diagnostics.text();
    return diagnostics.text();
}

std::vector<std::string> linkNames(const Chip& chip) {
    std::vector<std::string> names;
    for (const Link& link : chip.links) names.push_back(link.name);
    return names;
}

CoreId id(std::size_t index) { return CoreId(index); }

Chip withoutFiles(Chip chip) {
    chip.file.clear();
    for (Core& core : chip.cores) core.file.clear();
    return chip;
}

TEST(ChipFile, StreamsForm) {
    const Chip chip = readGood(kChip);
    EXPECT_EQ(chip.name, "trio");
    ASSERT_EQ(chip.cores.size(), 4U);
    EXPECT_EQ(chip.offchip, id(3));
    EXPECT_TRUE(chip.isOffchip(id(3)));
    EXPECT_THAT(chip.computeCores(), ElementsAre(id(0), id(1), id(2)));
    EXPECT_EQ(chip.cores[id(1)].file, "dir/core.yaml");
    EXPECT_THAT(linkNames(chip), ElementsAre("core 0 -> core 1", "core 1 -> core 0", "bus 0, 1, 2", "any <-> offchip"));
    const Link& link = chip.links[LinkId(0)];
    EXPECT_FALSE(link.bus);
    EXPECT_EQ(link.bandwidth, 32);
    EXPECT_EQ(link.energyPerBit, 0.25);
    EXPECT_TRUE(link.connects(id(0), id(1)));
    EXPECT_FALSE(link.connects(id(1), id(0)));
    const Link& bus = chip.links[LinkId(2)];
    EXPECT_TRUE(bus.bus && bus.connects(id(2), id(0)) && bus.connects(id(0), id(2)));
    EXPECT_FALSE(bus.connects(id(0), id(0)) || bus.connects(id(0), id(3)));
}

TEST(ChipFile, OnePortOfTheOffchipMemoryIsOneBus) {
    const Chip chip = readGood(kChip);
    const Link& bus = chip.links[LinkId(3)];
    EXPECT_TRUE(bus.bus);
    EXPECT_EQ(bus.bandwidth, 64);
    EXPECT_EQ(bus.energyPerBit, 0.125);
    EXPECT_EQ(bus.hub, id(3));
    EXPECT_TRUE(bus.connects(id(0), id(3)) && bus.connects(id(3), id(2)));
    EXPECT_FALSE(bus.connects(id(0), id(1)));
}

TEST(ChipFile, SeveralPortsAreTwoBuses) {
    const std::string ports =
        R"(      - {name: r_port_1, type: read, bandwidth_max: 96, allocation: ["I1, tl", "I2, tl", "O, tl", "O, th"]}
      - {name: w_port_1, type: write, bandwidth_max: 48, allocation: ["I1, fh", "I2, fh", "O, fl", "O, fh"]}
    served_dimensions: [D1]
operational_array)";
    std::string dram = kDram;
    const std::size_t begin = dram.find("      - name: rw_port_1");
    dram.replace(begin, dram.find("operational_array") + 17 - begin, ports);
    const Chip chip = readGood(kChip, {{"dir/core.yaml", kCore}, {"dir/dram.yaml", dram}});
    EXPECT_THAT(linkNames(chip),
                ElementsAre("core 0 -> core 1", "core 1 -> core 0", "bus 0, 1, 2", "offchip -> any", "any -> offchip"));
    const Link& out = chip.links[LinkId(3)];
    const Link& in = chip.links[LinkId(4)];
    EXPECT_EQ(out.bandwidth, 96);
    EXPECT_EQ(in.bandwidth, 48);
    EXPECT_EQ(in.energyPerBit, 8.0 / 48);
    EXPECT_TRUE(out.connects(id(3), id(0)) && in.connects(id(0), id(3)));
    EXPECT_FALSE(out.connects(id(0), id(3)) || in.connects(id(3), id(0)) || in.connects(id(0), id(1)));
}

TEST(ChipFile, CoreFilesAreLookedForInFourPlaces) {
    for (const char* place : {"dir/a/core.yaml", "dir/cores/a/core.yaml", "dir/core.yaml", "dir/cores/core.yaml"}) {
        const Chip chip = readGood("name: c\ncores: {0: a/core.yaml}\noffchip_core: dram.yaml\n",
                                   {{place, kCore}, {"dir/dram.yaml", kDram}});
        ASSERT_EQ(chip.cores.size(), 2U);
        EXPECT_EQ(chip.cores[id(0)].file, place);
    }
}

TEST(ChipFile, OrderOfTheEntriesDoesNotMatter) {
    const std::string permuted = edited(edited(kChip, "  0: core.yaml\n  1: core.yaml\n  2: core.yaml\n",
                                               "  2: core.yaml\n  0: core.yaml\n  1: core.yaml\n"),
                                        "name: trio\n", "") +
                                 "name: trio\n";
    EXPECT_EQ(readGood(permuted), readGood(kChip));
}

TEST(ChipFile, NamesDoNotMatter) {
    const Files files{{"dir/core.yaml", edited(kCore, "name: small", "name: x")}, {"dir/dram.yaml", kDram}};
    Chip renamed = readGood(edited(kChip, "trio", "y"), files);
    EXPECT_EQ(linkNames(renamed), linkNames(readGood(kChip)));
    renamed.name = "trio";
    for (std::size_t i = 0; i < 3; ++i) renamed.cores[id(i)].name = "small";
    EXPECT_EQ(renamed, readGood(kChip));
}

TEST(ChipFile, SharedMemories) {
    const std::string text =
        edited(kChip, "  - 0, 1\n  - 0, 1, 2\n", "  - 0, 2\n") + "core_memory_sharing:\n  - 0, 1\n";
    const Chip chip = readGood(text);
    ASSERT_EQ(chip.sharedMemories.size(), 1U);
    EXPECT_THAT(chip.sharedMemories[0], ElementsAre(id(0), id(1)));
}

/// Files of 2026 write links as maps and count the off-chip core among the cores.
TEST(ChipFile, LinksAsMaps) {
    const Chip chip = readGood(R"(name: trio
cores: {0: core.yaml, 1: core.yaml, 2: dram.yaml}
offchip_core_id: 2
unit_energy_cost: 4
core_connectivity:
  - type: link
    cores: [0, 1]
    bandwidth: 32
  - {type: bus, cores: [0, 1, 2], bandwidth: 128, unit_energy_cost: 64}
core_coordinates: {0: [0, 0]}
)");
    EXPECT_EQ(chip.offchip, id(2));
    EXPECT_THAT(linkNames(chip), ElementsAre("core 0 -> core 1", "core 1 -> core 0", "bus 0, 1, 2"));
    EXPECT_EQ(chip.links[LinkId(0)].energyPerBit, 0.125);
    EXPECT_EQ(chip.links[LinkId(2)].energyPerBit, 0.5);
}

const std::string kOwn = R"(name: own
cores:
  0: core.yaml
  1: core.yaml
offchip_core: dram.yaml
bandwidth: 4 B/cycle
energy_per_bit: 0.5
links:
  - {from: 0, to: 1}
  - {between: [0, offchip], bandwidth: 16, energy_per_bit: 2, name: wire}
  - {bus: [0, 1, offchip], hub: offchip, carries: to_hub}
  - {bus: [0, 1, offchip], hub: offchip, carries: from_hub, bandwidth: 8 bit}
  - {from: 1, to: 0}
)";

TEST(ChipFile, OwnForm) {
    const Chip chip = readGood(kOwn);
    EXPECT_THAT(linkNames(chip),
                ElementsAre("core 0 -> core 1", "wire", "wire", "bus 0, 1, 2", "bus 0, 1, 2", "core 1 -> core 0"));
    EXPECT_EQ(chip.links[LinkId(0)].bandwidth, 32);
    EXPECT_EQ(chip.links[LinkId(0)].energyPerBit, 0.5);
    EXPECT_EQ(chip.links[LinkId(1)].bandwidth, 16);
    EXPECT_EQ(chip.links[LinkId(1)].energyPerBit, 2);
    EXPECT_TRUE(chip.links[LinkId(3)].connects(id(1), id(2)));
    EXPECT_FALSE(chip.links[LinkId(3)].connects(id(2), id(1)));
    EXPECT_TRUE(chip.links[LinkId(4)].connects(id(2), id(1)));
}

TEST(ChipFile, EnergyPerBitReachesTheAutomaticLinks) {
    const Chip chip = readGood("name: c\ncores: {0: core.yaml}\noffchip_core: dram.yaml\nenergy_per_bit: 1.5\n");
    ASSERT_EQ(chip.links.size(), 1U);
    EXPECT_EQ(chip.links[LinkId(0)].energyPerBit, 1.5);
}

TEST(ChipFile, SingleCoreGivesItsLastMemoryAway) {
    const std::string dram = edited(edited(kDram, "name: dram\nmemories:\n", ""),
                                    "operational_array: {dimensions: [D1], sizes: [0], unit_energy: 0}\n", "");
    const std::string registers = R"(  registers:
    size: 64
    r_cost: 0
    w_cost: 0
    operands: [I1, O]
    ports: [{name: p, type: read_write, bandwidth_max: 8, allocation: ["I1, tl", "I1, fh", "O, tl", "O, fl", "O, th", "O, fh"]}]
    served_dimensions: []
)";
    Diagnostics diagnostics;
    const auto chip = read(edited(edited(kCore, "memories:\n", "memories:\n" + registers), "operational_array",
                                  dram + "operational_array"),
                           diagnostics);
    ASSERT_TRUE(chip) << diagnostics.text();
    EXPECT_EQ(diagnostics.text(),
              "dir/chip.yaml:1:1: note: memory 'dram' of core 'small' is taken as off-chip memory\n");
    ASSERT_EQ(chip->cores.size(), 2U);
    EXPECT_EQ(chip->offchip, id(1));
    EXPECT_EQ(chip->cores[id(0)].memories.size(), 3U);
    EXPECT_EQ(chip->cores[id(1)].name, "dram");
    EXPECT_EQ(chip->cores[id(1)].array.units(), 0);
    EXPECT_THAT(linkNames(*chip), ElementsAre("any <-> offchip"));
    EXPECT_TRUE(check(*chip, diagnostics));
    // Without the DRAM, I1 and O have nothing below the buffer: it stays.
    EXPECT_EQ(problems(kCore),
              "dir/chip.yaml:1:1: warning: core 'small' ends in no memory that can stand for off-chip memory (such a "
              "memory is the last one, "
              "holds I1, I2 and O, and each of them has another memory below it)\n");
}

TEST(ChipFile, PrintedChipsReadBack) {
    for (const std::string& text : {kChip, kOwn, kCore, edited(kChip, "offchip_core: dram.yaml\n", ""),
                                    edited(kOwn, "links:", "automatic_offchip_links: false\nlinks:")}) {
        Diagnostics diagnostics;
        const auto chip = read(text, diagnostics);
        ASSERT_TRUE(chip) << diagnostics.text();
        const auto again = read(printChip(*chip), diagnostics, {});
        ASSERT_TRUE(again) << diagnostics.text() << printChip(*chip);
        EXPECT_EQ(withoutFiles(*again), withoutFiles(*chip));
    }
    Diagnostics diagnostics;
    Chip unlinked = readGood(kOwn);
    unlinked.links = Table<LinkId, Link>();
    const auto again = read(printChip(unlinked), diagnostics, {});
    ASSERT_TRUE(again);
    EXPECT_EQ(withoutFiles(*again), withoutFiles(unlinked));
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

TEST(ChipFile, MessagesOfCores) {
    expectMessages(
        kChip,
        {{"name: trio\n", "", "dir/chip.yaml:1:1: error: the chip has no 'name'"},
         {"  2: core.yaml\n", "  3: core.yaml\n",
          "dir/chip.yaml:5:3: error: the id of a core is 3, but 3 cores have the ids 0 to 2"},
         {"  2: core.yaml\n", "  02: core.yaml\n  2: core.yaml\n", "dir/chip.yaml:6:3: error: core 2 is listed twice"},
         {"  2: core.yaml\n", "  two: core.yaml\n",
          "dir/chip.yaml:5:3: error: the id of a core must be a whole number, but is the text 'two'"},
         {"  2: core.yaml\n", "  2: [core.yaml]\n",
          "dir/chip.yaml:5:6: error: core 2 must be a file name or a map, but is a list"},
         {"  2: core.yaml\n", "  2: cor.yaml\n",
          "dir/chip.yaml:5:6: error: the file 'cor.yaml' of core 2 cannot be found (tried dir/cor.yaml, "
          "dir/cores/cor.yaml)"},
         {"offchip_core: dram.yaml\n", "",
          "dir/chip.yaml:1:1: warning: the chip has no off-chip memory (name one with 'offchip_core')"},
         {"offchip_core: dram.yaml\n", "offchip_core: d.yaml\n",
          "dir/chip.yaml:6:15: error: the file 'd.yaml' of the off-chip core cannot be found (tried dir/d.yaml, "
          "dir/cores/d.yaml)"},
         {"offchip_core: dram.yaml\n", "offchip_core_id: 3\n",
          "dir/chip.yaml:6:18: error: 'offchip_core_id' is 3, but the chip has cores 0 to 2"},
         {"bandwidth: 32\n", "bandwidht: 32\n",
          "dir/chip.yaml:8:5: error: this link has no bandwidth, and neither has the chip (add 'bandwidth')\n"
          "dir/chip.yaml:9:5: error: this link has no bandwidth, and neither has the chip (add 'bandwidth')\n"
          "dir/chip.yaml:10:1: error: the chip has no field 'bandwidht' (did you mean 'bandwidth'?)"}});
    EXPECT_EQ(problems("name: x\ncores: []\n"),
              "dir/chip.yaml:2:8: error: 'cores' of the chip must be a map of id: core, but is a list (ids are 0, 1, "
              "2, ...; a core is a file name or a "
              "map)\ndir/chip.yaml:1:1: warning: the chip has no off-chip memory (name one with 'offchip_core')\n");
    EXPECT_EQ(
        problems("name: x\n"),
        "dir/chip.yaml:1:1: error: this is no chip: it has neither 'cores' (a chip) nor 'memories' (a single core)\n");
    // A faulty core file that stands three times is reported once.
    EXPECT_EQ(
        problems(kChip, {{"dir/core.yaml", edited(kCore, "size: 64", "size: 0")}, {"dir/dram.yaml", kDram}}),
        "dir/core.yaml:4:11: error: the size of memory 'rf' of core 'small' must be from 1 to 2^60 bits, but is 0\n");
}

TEST(ChipFile, MessagesOfLinks) {
    expectMessages(
        kChip,
        {{"  - 0, 1\n", "  - 0, 7\n", "dir/chip.yaml:8:5: error: a link names core 7, but the chip has cores 0 to 3"},
         {"  - 0, 1\n", "  - 0, x\n",
          "dir/chip.yaml:8:5: error: a core of a link must be a whole number, but is the text 'x'"},
         {"  - 0, 1\n", "  - 1, 1\n", "dir/chip.yaml:8:5: error: core 1 is linked with itself"},
         {"  - 0, 1\n", "  - 0, 1\n  - 1, 0\n",
          "dir/chip.yaml:9:5: error: cores 1 and 0 are linked twice (remove one, or give one link more bandwidth)"},
         {"  - 0, 1\n", "  - 0\n",
          "dir/chip.yaml:8:5: error: a link joins 1 cores (a link joins two, a bus two or more)"},
         {"  - 0, 1\n", "  - {type: wire, cores: [0, 1]}\n",
          "dir/chip.yaml:8:12: error: the type of a link is 'wire' (it must be link or bus)"},
         {"  - 0, 1\n", "  - {type: link, cores: [0, 1, 2]}\n",
          "dir/chip.yaml:8:25: error: a link joins 3 cores (a link joins two, a bus two or more)"},
         {"  - 0, 1, 2\n", "  - 0, 1, 1\n", "dir/chip.yaml:9:5: error: link 'bus 0, 1, 1' joins a core with itself"},
         {"unit_energy_cost: 8", "unit_energy_cost: -8",
          "dir/chip.yaml:8:5: error: the energy of link 'core 0 -> core 1' must not be negative, but is -0.25\n"
          "dir/chip.yaml:8:5: error: the energy of link 'core 1 -> core 0' must not be negative, but is -0.25\n"
          "dir/chip.yaml:9:5: error: the energy of link 'bus 0, 1, 2' must not be negative, but is -0.25\n"
          "dir/chip.yaml:1:1: error: the energy of link 'any <-> offchip' must not be negative, but is -0.125"},
         {"bandwidth: 32", "bandwidth: 0",
          "dir/chip.yaml:10:12: error: 'bandwidth' of the chip must be from 1 to 2^40 bits a cycle, but is 0"},
         {"  - 0, 1\n  - 0, 1, 2\n", "  - 0, 1\n",
          "dir/chip.yaml:1:1: warning: 4 of 6 pairs of cores have no way that avoids the off-chip memory; the first: "
          "core 0 ('small') to core 2 ('small')"}});
    expectMessages(
        kOwn, {{"{from: 0, to: 1}", "{from: 0}",
                "dir/chip.yaml:9:5: error: a link needs one of: 'from' and 'to', 'between', 'bus'"},
               {"{from: 0, to: 1}", "{from: 0, to: 1, bus: [0, 1]}",
                "dir/chip.yaml:9:5: error: a link needs one of: 'from' and 'to', 'between', 'bus'"},
               {"{from: 0, to: 1}", "0, 1", "dir/chip.yaml:9:5: error: a link must be a map, but is the text '0, 1'"},
               {"{from: 0, to: 1}", "{from: 0, to: 0}",
                "dir/chip.yaml:9:5: error: link 'core 0 -> core 0' joins a core with itself"},
               {"{from: 0, to: 1}", "{from: 0, to: 1, speed: 3}",
                "dir/chip.yaml:9:22: error: a link has no field 'speed' (known: name, energy_per_bit, bandwidth, from, "
                "to, between, bus)"},
               {"carries: to_hub", "carries: up",
                "dir/chip.yaml:11:51: error: 'carries' of a bus is 'up' (it must be both, from_hub or to_hub)"},
               {"{bus: [0, 1, offchip], hub: offchip, carries: to_hub}", "{bus: [0, 1], hub: offchip}",
                "dir/chip.yaml:11:11: error: the hub of 'bus 0, 1' is not a member of that bus"},
               {"links:\n", "links: none\nlnks:\n",
                "dir/chip.yaml:8:8: error: 'links' must be a list, but is the text 'none'\n"
                "dir/chip.yaml:9:1: error: the chip has no field 'lnks' (did you mean 'links'?)"}});
}

TEST(ChipFile, MessagesOfSharedMemories) {
    const std::string text =
        edited(kChip, "  - 0, 1\n  - 0, 1, 2\n", "  - 0, 2\n") + "core_memory_sharing:\n  - 0, 1\n";
    expectMessages(
        text,
        {{"  - 0, 2\n", "  - 0, 1\n  - 0, 2\n",
          "dir/chip.yaml:13:5: error: link 'core 0 -> core 1' joins cores that share memories (cores with a common "
          "memory need no link: remove it)\n"
          "dir/chip.yaml:13:5: error: link 'core 1 -> core 0' joins cores that share memories (cores with a common "
          "memory need no link: remove it)"},
         {"sharing:\n  - 0, 1\n", "sharing:\n  - 0, 1\n  - 1, 2\n",
          "dir/chip.yaml:13:5: error: core 1 ('small') shares memories in two groups"},
         {"sharing:\n  - 0, 1\n", "sharing:\n  - 0, 0\n",
          "dir/chip.yaml:12:5: error: a group of cores that share memories needs two or more different cores from 0 to "
          "3"},
         {"sharing:\n  - 0, 1\n", "sharing: 0, 1\n",
          "dir/chip.yaml:11:22: error: 'core_memory_sharing' of the chip must be a list, but is the text '0, 1'"}});
    const std::string other = edited(edited(kCore, "size: 4096", "size: 8192"), "name: small", "name: big");
    EXPECT_EQ(problems(edited(text, "  1: core.yaml", "  1: other.yaml"),
                       {{"dir/core.yaml", kCore}, {"dir/other.yaml", other}, {"dir/dram.yaml", kDram}}),
              "dir/chip.yaml:12:5: error: core 0 ('small') and core 1 ('big') share memories, but their outermost "
              "memories for I1 differ: buffer has 4096 "
              "bits, buffer has 8192\n");
}

TEST(ChipFile, HugeChipsAreRefusedOrReadInTime) {
    std::string many = "name: many\noffchip_core: dram.yaml\nbandwidth: 1\ncores:\n";
    for (int i = 0; i < 4096; ++i) many += fmt::format("  {}: core.yaml\n", i);
    std::string ring = "core_connectivity:\n";
    for (int i = 0; i < 4096; ++i) ring += fmt::format("  - {}, {}\n", i, (i + 1) % 4096);
    EXPECT_EQ(readGood(many + ring).links.size(), 8193U);
    std::string bus = "core_connectivity:\n";
    for (int k = 0; k < 70; ++k) {
        bus += "  - 0";
        for (int i = 1; i < 4096; ++i) bus += fmt::format(", {}", i);
        bus += "\n";
    }
    EXPECT_THAT(problems(many + bus), HasSubstr("error: the links join more than 262144 cores in all"));
    EXPECT_THAT(problems(many + "  4096: core.yaml\n"), HasSubstr("error: the chip has 4097 cores, more than 4096"));
    const Files heavy{{"dir/core.yaml", edited(kCore, "name: small", "name: " + std::string(100000, 'x'))},
                      {"dir/dram.yaml", kDram}};
    EXPECT_THAT(problems(many + ring, heavy), HasSubstr("error: the cores up to this one take more than 256 MiB"));
}

TEST(ChipFile, OtherFiles) {
    EXPECT_EQ(problems(""), "dir/chip.yaml:1:1: error: a chip must be a map, but this file is empty\n");
    Diagnostics diagnostics;
    EXPECT_FALSE(parseChip("import x", "chip.py", {}, diagnostics));
    EXPECT_EQ(diagnostics.text(),
              "chip.py: error: a chip is read from YAML, not from Python (write it in the YAML form: see "
              "docs/hardware.md)\n");
    EXPECT_FALSE(readChip("/nowhere/chip.yaml", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("/nowhere/chip.yaml: error: the file does not exist"));
}

}  // namespace
}  // namespace millrace::hardware
