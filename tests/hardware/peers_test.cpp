#include <gmock/gmock.h>

#include <algorithm>

#include "hardware/check.h"
#include "hardware/print.h"
#include "hardware/read.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::hardware {
namespace {

std::vector<std::string> yamlFiles(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// All chip and core files of the peers.
std::vector<std::string> peersFiles() {
    std::vector<std::string> files;
    for (const char* folder : {"zigzag/hardware", "stream-2025/hardware", "stream-2025/hardware/cores",
                               "stream-2026/hardware", "stream-2026/hardware/cores"}) {
        const auto more = yamlFiles(test::sharedDir() + "/peers/" + folder);
        files.insert(files.end(), more.begin(), more.end());
    }
    return files;
}

Chip readGood(const std::string& path) {
    Diagnostics diagnostics;
    auto chip = readChip(path, diagnostics);
    EXPECT_TRUE(chip && !diagnostics.failed()) << diagnostics.text();
    return chip.value_or(Chip());
}

Core readGoodCore(const std::string& path) {
    Diagnostics diagnostics;
    auto core = readCore(path, diagnostics);
    EXPECT_TRUE(core && !diagnostics.failed()) << diagnostics.text();
    return core.value_or(Core());
}

Core bare(Core core) {
    core.file.clear();
    return core;
}

Chip bare(Chip chip) {
    chip.file.clear();
    for (Core& core : chip.cores) core.file.clear();
    return chip;
}

/// The same with names and the order of port uses taken out, and areas, which only pictures show.
Chip essential(Chip chip) {
    chip = bare(std::move(chip));
    chip.name.clear();
    for (Core& core : chip.cores) {
        core.name.clear();
        core.array.unitArea = 0;
        for (Memory& memory : core.memories) {
            memory.area = 0;
            for (Port& port : memory.ports) std::sort(port.uses.begin(), port.uses.end());
        }
    }
    return chip;
}

TEST(PeersHardware, AllFilesLoadAndPassTheChecks) {
    MILLRACE_NEEDS_SHARED();
    const auto files = peersFiles();
    EXPECT_GE(files.size(), 54U);
    for (const std::string& file : files) {
        SCOPED_TRACE(file);
        const Chip chip = readGood(file);
        Diagnostics diagnostics;
        EXPECT_TRUE(check(chip, diagnostics)) << diagnostics.text();
    }
}

TEST(PeersHardware, AllChipsPrintAndReadBack) {
    MILLRACE_NEEDS_SHARED();
    for (const std::string& file : peersFiles()) {
        SCOPED_TRACE(file);
        const Chip chip = readGood(file);
        Diagnostics diagnostics;
        const auto again = parseChip(printChip(chip), "printed.yaml", {}, diagnostics);
        ASSERT_TRUE(again) << diagnostics.text();
        EXPECT_EQ(bare(*again), bare(chip));
        EXPECT_EQ(printChip(*again), printChip(chip));
    }
}

TEST(PeersHardware, CoreFilesKeepTheirHierarchy) {
    MILLRACE_NEEDS_SHARED();
    for (const std::string& file : yamlFiles(test::sharedDir() + "/peers/zigzag/hardware")) {
        SCOPED_TRACE(file);
        const Core core = readGoodCore(file);
        const Chip chip = readGood(file);
        const std::size_t away = chip.offchip.valid() ? 1 : 0;
        EXPECT_EQ(chip.cores[CoreId(0)].memories.size() + away, core.memories.size());
        Diagnostics diagnostics;
        const auto again = parseCore(printCore(core), "printed.yaml", diagnostics);
        ASSERT_TRUE(again) << diagnostics.text();
        EXPECT_EQ(bare(*again), bare(core));
    }
}

/// The core files of 2025 and 2026 describe the same ports in two forms.
TEST(PeersHardware, BothFormsOfCoreFilesAgree) {
    MILLRACE_NEEDS_SHARED();
    const std::string peers = test::sharedDir() + "/peers/";
    int compared = 0;
    for (const char* name :
         {"eyeriss_like", "offchip", "pooling", "simd", "tpu_like", "simba_chiplet", "simba_offchip", "fusemax_dram"}) {
        SCOPED_TRACE(name);
        Core older = readGoodCore(peers + "stream-2025/hardware/cores/" + name + ".yaml");
        Core newer = readGoodCore(peers + "stream-2026/hardware/cores/" + name + ".yaml");
        ASSERT_EQ(older.memories.size(), newer.memories.size());
        for (std::size_t i = 0; i < older.memories.size(); ++i) {
            for (Memory* memory : {&older.memories[i], &newer.memories[i]}) {
                for (Port& port : memory->ports) std::sort(port.uses.begin(), port.uses.end());
                std::sort(memory->ports.begin(), memory->ports.end(),
                          [](const Port& a, const Port& b) { return a.name < b.name; });
            }
            EXPECT_EQ(older.memories[i].ports, newer.memories[i].ports) << older.memories[i].name;
        }
        ++compared;
    }
    EXPECT_EQ(compared, 8);
}

/// The file writes the key `ports` twice in one memory; the later one counts, and the reader says so.
TEST(PeersHardware, DuplicateKeyIsAWarning) {
    MILLRACE_NEEDS_SHARED();
    const std::string file = test::sharedDir() + "/peers/zigzag/hardware/tpu_like.yaml";
    Diagnostics diagnostics;
    const auto core = readCore(file, diagnostics);
    ASSERT_TRUE(core);
    EXPECT_EQ(diagnostics.text(), file +
                                      ":74:5: warning: the key 'ports' stands twice in this map, first in line 67; the "
                                      "one in line 74 counts (remove one of them)\n");
    EXPECT_EQ(core->memories[2].ports.size(), 2U);
}

TEST(PeersHardware, FilesFoundByBaseName) {
    MILLRACE_NEEDS_SHARED();
    const Chip chip = readGood(test::sharedDir() + "/peers/stream-2025/hardware/fusemax.yaml");
    ASSERT_EQ(chip.cores.size(), 3U);
    EXPECT_EQ(chip.sharedMemories.size(), 1U);
    ASSERT_EQ(chip.links.size(), 2U);
    // Three ports: not one bus. The energy of a busy cycle is spread over the bus's own 3200 bits.
    EXPECT_EQ(chip.links[LinkId(0)].hubTransfers, HubTransfers::fromHub);
    EXPECT_EQ(chip.links[LinkId(0)].bandwidth, 3200);
    EXPECT_EQ(chip.links[LinkId(0)].energyPerBit, 512.0 / 3200);
}

TEST(ShippedHardware, AllFilesLoadWithoutAWord) {
    for (const std::string& file : yamlFiles(test::sourceDir() + "/hardware")) {
        SCOPED_TRACE(file);
        Diagnostics diagnostics;
        const auto chip = readChip(file, diagnostics);
        ASSERT_TRUE(chip) << diagnostics.text();
        for (const Diagnostic& diagnostic : diagnostics.all())
            EXPECT_EQ(diagnostic.severity, Severity::note) << diagnostic.text();
        EXPECT_TRUE(chip->offchip.valid());
        EXPECT_TRUE(check(*chip, diagnostics)) << diagnostics.text();
    }
}

TEST(ShippedHardware, QuadCoreIsThePeersChip) {
    MILLRACE_NEEDS_SHARED();
    const Chip ours = readGood(test::sourceDir() + "/hardware/tpu_like_quad_core.yaml");
    const Chip theirs = readGood(test::sharedDir() + "/peers/stream-2025/hardware/tpu_like_quad_core.yaml");
    ASSERT_EQ(ours.cores.size(), theirs.cores.size());
    const Chip a = essential(ours);
    const Chip b = essential(theirs);
    for (const CoreId id : a.cores.ids())
        EXPECT_EQ(a.cores[id], b.cores[id]) << printCore(a.cores[id]) << printCore(b.cores[id]);
    EXPECT_EQ(a.links, b.links);
    EXPECT_EQ(a, b);
}

/// Changes one number of a chip at random.
void mutate(Chip& chip, Rng& rng) {
    Core& core = chip.cores[CoreId(rng.below(chip.cores.size()))];
    Memory& memory = core.memories[rng.below(core.memories.size())];
    switch (rng.below(8)) {
        case 0: memory.size = Bits(rng.between(1, std::int64_t{1} << 40)); break;
        case 1: memory.readCost = rng.unit() * 1e3; break;
        case 2: memory.writeCost = rng.unit() * 1e-9; break;
        case 3: memory.latency = rng.between(0, 9); break;
        case 4: memory.ports[0].bandwidthMax = memory.ports[0].bandwidthMin + rng.between(0, 99); break;
        case 5: core.array.unitEnergy = rng.unit(); break;
        case 6: core.name = "c \"" + std::string(1, static_cast<char>(rng.between(1, 126))) + "\\"; break;
        default:
            if (chip.links.empty()) return;
            Link& link = chip.links[LinkId(rng.below(chip.links.size()))];
            link.bandwidth = rng.between(1, 1000);
            link.energyPerBit = rng.unit() / 3;
    }
}

TEST(ShippedHardware, ChangedChipsPrintAndReadBack) {
    const Chip original = readGood(test::sourceDir() + "/hardware/tpu_like_quad_core.yaml");
    Rng rng(11);
    const std::int64_t rounds = test::count(5000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        Chip chip = original;
        for (int change = 0; change < 6; ++change) mutate(chip, rng);
        Diagnostics diagnostics;
        const auto again = parseChip(printChip(chip), "printed.yaml", {}, diagnostics);
        ASSERT_TRUE(again) << diagnostics.text() << printChip(chip);
        ASSERT_EQ(bare(*again), bare(chip)) << printChip(chip);
    }
}

}  // namespace
}  // namespace millrace::hardware
