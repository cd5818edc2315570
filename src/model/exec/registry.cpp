#include "model/exec/registry.h"

#include <algorithm>
#include <tuple>

namespace millrace::model::exec {

namespace {

using Family = std::span<const KernelEntry> (*)();

constexpr Family kFamilies[] = {
    // Those where networks spend their time.
    convolutionKernels,
    matrixKernels,
    poolingKernels,
    regionKernels,
    normalizationKernels,
    resizeKernels,
    quantizeKernels,
    integerKernels,
    recurrentKernels,
    einsumKernels,
    samplingKernels,
    signalKernels,
    // The others.
    arithmeticKernels,
    logicKernels,
    unaryKernels,
    activationKernels,
    softmaxKernels,
    castKernels,
    reduceKernels,
    orderKernels,
    layoutKernels,
    joinKernels,
    gatherKernels,
    fillKernels,
    randomKernels,
    controlKernels,
    lossKernels,
    sequenceKernels,
};

bool before(const KernelEntry& a, const KernelEntry& b) {
    return std::tie(a.domain, a.type, a.since) < std::tie(b.domain, b.type, b.since);
}

std::vector<KernelEntry> makeTable() {
    std::vector<KernelEntry> table;
    for (const Family family : kFamilies) {
        const auto entries = family();
        table.insert(table.end(), entries.begin(), entries.end());
    }
    std::sort(table.begin(), table.end(), before);
    return table;
}

}  // namespace

const std::vector<KernelEntry>& kernelTable() {
    static const std::vector<KernelEntry> table = makeTable();
    return table;
}

Kernel findKernel(std::string_view domain, std::string_view type, std::int64_t version) {
    const std::vector<KernelEntry>& table = kernelTable();
    auto entry = std::lower_bound(table.begin(), table.end(), KernelEntry{domain, type, 0, 0, nullptr}, before);
    for (; entry != table.end() && entry->domain == domain && entry->type == type; ++entry) {
        if (version >= entry->since && version <= entry->until) return entry->kernel;
    }
    return nullptr;
}

}  // namespace millrace::model::exec
