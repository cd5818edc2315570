#include "targets/barvinn/simulate/vectors.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// Any bytes as one recorded run of BARVINN's hardware: it is refused with an error, or it runs within its limit.

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace millrace;
    using namespace millrace::targets::barvinn;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Diagnostics diagnostics;
    const auto vector = parseVector(text, {"f.jsonl", 1}, diagnostics);
    require(vector.has_value() == !diagnostics.failed());
    if (!vector) return 0;
    VectorOptions options;
    options.cycleLimit = 2000;
    difference(*vector, options, {"f.jsonl", 1}, diagnostics);
    return 0;
}
