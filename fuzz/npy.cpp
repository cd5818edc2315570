// Any bytes: as .npy and as .npz tensors that write and read back as the same, or an error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/arrays/arrays.h"

namespace {

namespace arrays = millrace::model::arrays;

void require(bool condition) {
    if (!condition) std::abort();
}

void checkRoundTrip(const millrace::model::Tensor& tensor) {
    millrace::Diagnostics diagnostics;
    require(tensor.constant->bytes.size() == static_cast<std::size_t>(tensor.elements() * bitWidth(tensor.type) / 8));
    const auto bytes = arrays::npyBytes(tensor, diagnostics);
    require(bytes.has_value());
    const auto again = arrays::parseNpy(*bytes, "again.npy", diagnostics);
    require(again.has_value());
    require(again->type == tensor.type && again->shape == tensor.shape);
    require(again->constant->bytes == tensor.constant->bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes;
    if (size > 0) bytes = {reinterpret_cast<const char*>(data), size};
    millrace::Diagnostics diagnostics;
    const auto tensor = arrays::parseNpy(bytes, "fuzz.npy", diagnostics);
    require(tensor.has_value() != diagnostics.failed());
    if (tensor) checkRoundTrip(*tensor);
    millrace::Diagnostics archiveDiagnostics;
    const auto all = arrays::parseNpz(bytes, "fuzz.npz", archiveDiagnostics);
    require(all.has_value() != archiveDiagnostics.failed());
    if (!all) return 0;
    for (const auto& one : *all) checkRoundTrip(one);
    return 0;
}
