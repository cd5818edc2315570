#include "hardware/check.h"

#include <gmock/gmock.h>

#include "hardware/read.h"
#include "shared.h"

namespace millrace::hardware {
namespace {

using enum MemoryOperand;

Chip quadCore() {
    Diagnostics diagnostics;
    auto chip = readChip(test::sourceDir() + "/hardware/tpu_like_quad_core.yaml", diagnostics);
    EXPECT_TRUE(chip) << diagnostics.text();
    chip->file = "chip";
    for (Core& core : chip->cores) core.file = "core";
    return *chip;
}

CoreId id(std::size_t index) { return CoreId(index); }

/// What the checks say about the chip after a change.
template <class Change>
std::string problems(Change change) {
    Chip chip = quadCore();
    change(chip);
    Diagnostics diagnostics;
    const bool good = check(chip, diagnostics);
    EXPECT_EQ(good, !diagnostics.failed());
    return diagnostics.text();
}

TEST(CheckChip, GoodChip) {
    EXPECT_EQ(problems([](Chip&) {}), "");
}

TEST(CheckChip, Cores) {
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].memories[0].size = Bits(-1); }),
              "core: error: the size of memory 'rf_128B' of core 'tpu_like' must be from 1 to 2^60 bits, but is -1\n");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].memories[0].ports.clear(); }),
              "core: error: memory 'rf_128B' of core 'tpu_like' has no port\n"
              "core: error: memory 'rf_128B' of core 'tpu_like' has no port for 'I2, tl' (I2 read out to the lower "
              "level) (add it to the allocation of a port)\n"
              "core: error: memory 'rf_128B' of core 'tpu_like' has no port for 'I2, fh' (I2 written by the higher "
              "level) (add it to the allocation of a port)\n");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(4)].memories[0].ports[0].uses.clear(); }).substr(0, 92),
              "core: error: port 'r_port_1' of memory 'sram_128KB' of core 'pooling' moves nothing\n"
              "core: er");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].memories[1].name = "rf_128B"; }),
              "core: error: memory 'rf_128B' of core 'tpu_like' is listed twice\n");
    EXPECT_EQ(problems([](Chip& chip) {
                  chip.cores[id(0)].memories[2].servedDimensions = {0, 7};
              }),
              "core: error: memory 'sram_2MB' of core 'tpu_like' serves dimension number 8, but the array has 2\n");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].dataflows[0].dimension = 2; }),
              "core: error: the dataflows of core 'tpu_like' name dimension number 3, but its array has 2\n");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].dataflows[0].dimension = 1; }),
              "core: error: the dataflows of core 'tpu_like' name D2 twice\n");
    EXPECT_EQ(problems([](Chip& chip) { chip.cores[id(0)].memories[0].operands.clear(); }).substr(0, 68),
              "core: error: memory 'rf_128B' of core 'tpu_like' holds no operand\n"
              "co");
    EXPECT_EQ(problems([](Chip& chip) {
                  chip.cores[id(6)].array.dimensions.clear();
                  chip.cores[id(6)].memories[0].servedDimensions.clear();
              }),
              "core: error: the array of core 'offchip' has no dimension\n");
}

TEST(CheckChip, Links) {
    const auto add = [](Link link) { return [link](Chip& chip) { chip.links.add(link); }; };
    Link link{"wire", false, {id(0), id(9)}, {}, HubTransfers::both, 8, 0};
    EXPECT_EQ(problems(add(link)), "chip: error: link 'wire' joins core 9, but the chip has cores 0 to 6\n");
    link.cores = {id(0), CoreId()};
    EXPECT_EQ(problems(add(link)), "chip: error: link 'wire' joins core ?, but the chip has cores 0 to 6\n");
    link.cores = {id(0), id(2), id(3)};
    EXPECT_EQ(problems(add(link)), "chip: error: link 'wire' joins 3 cores: a link joins two, a bus two or more\n");
    link.cores = {id(0), id(2)};
    EXPECT_EQ(problems(add(link)), "");
    link.bandwidth = 0;
    EXPECT_EQ(problems(add(link)),
              "chip: error: the bandwidth of link 'wire' must be at least 1 bit a cycle, but is 0\n");
    link.bandwidth = 8;
    link.cores = {id(0), id(1)};
    EXPECT_EQ(problems(add(link)),
              "chip: error: cores 0 and 1 are linked twice (remove one, or give one link more bandwidth)\n");
}

TEST(CheckChip, WholeChip) {
    EXPECT_EQ(problems([](Chip& chip) { chip.offchip = id(9); }),
              "chip: error: the off-chip core of 'tpu_like_quad_core' is not among its cores\n");
    EXPECT_EQ(problems([](Chip& chip) { chip = Chip{"none", "chip", {}, {}, {}, {}}; }),
              "chip: error: the chip 'none' has no cores\n");
    EXPECT_EQ(problems([](Chip& chip) {
                  chip.sharedMemories = {{id(0), id(9)}};
              }),
              "chip: error: a group of cores that share memories needs two or more different cores from 0 to 6\n");
}

TEST(CheckChip, CoresThatCannotReachEachOther) {
    const auto dropLinksOf = [](std::size_t core, bool offchipToo) {
        return [=](Chip& chip) {
            Table<LinkId, Link> kept;
            for (Link link : chip.links) {
                const bool touches = std::find(link.cores.begin(), link.cores.end(), id(core)) != link.cores.end();
                if (touches && link.bus && offchipToo) std::erase(link.cores, id(core));
                if (!touches || link.bus) kept.add(link);
            }
            chip.links = kept;
        };
    };
    EXPECT_EQ(problems(dropLinksOf(5, false)),
              "chip: warning: 10 of 30 pairs of cores have no way that avoids the off-chip memory; the first: core 0 "
              "('tpu_like') to core 5 ('simd')\n");
    EXPECT_EQ(problems(dropLinksOf(5, true)),
              "chip: warning: core 5 ('simd') has no way to or from the off-chip memory\n"
              "chip: warning: 10 of 30 pairs of cores have no way that avoids the off-chip memory; the first: core 0 "
              "('tpu_like') to core 5 ('simd')\n");
    // A shared memory is a way.
    EXPECT_EQ(problems([&](Chip& chip) {
                  chip.cores[id(5)] = chip.cores[id(4)];
                  dropLinksOf(5, false)(chip);
                  chip.sharedMemories = {{id(4), id(5)}};
              }),
              "");
}

}  // namespace
}  // namespace millrace::hardware
