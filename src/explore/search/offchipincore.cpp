#include "explore/search/offchipincore.h"

namespace millrace::search {

hardware::Chip withOffchipInCores(hardware::Chip chip) {
    if (!chip.offchip.valid()) return chip;
    const hardware::Memory outside = chip.cores[chip.offchip].memories.back();
    for (const hardware::CoreId id : chip.computeCores()) {
        hardware::Core& core = chip.cores[id];
        hardware::Memory memory = outside;
        memory.servedDimensions.clear();
        for (std::size_t i = 0; i < core.array.dimensions.size(); ++i) memory.servedDimensions.push_back(i);
        core.memories.push_back(std::move(memory));
    }
    chip.sharedMemories = {chip.cores.ids()};
    return chip;
}

}  // namespace millrace::search
