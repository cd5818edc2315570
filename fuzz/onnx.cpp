// Any bytes: an import that passes verify and whose text form round-trips, or an error. The same bytes as a text form.
#include "model/onnx/onnx.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/network/network.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void checkRoundTrip(const millrace::model::Network& network) {
    millrace::Diagnostics diagnostics;
    require(verify(network, diagnostics));
    const std::string text = printText(network);
    const auto again = millrace::model::parseText(text, network.file, diagnostics);
    require(again.has_value());
    require(printText(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes;
    if (size > 0) bytes = {reinterpret_cast<const char*>(data), size};
    millrace::Diagnostics diagnostics;
    const auto network = millrace::model::parseOnnx(bytes, "/nowhere/fuzz.onnx", {}, diagnostics);
    require(network.has_value() != diagnostics.failed());
    if (network) checkRoundTrip(*network);
    millrace::Diagnostics textDiagnostics;
    const auto parsed = millrace::model::parseText(bytes, "fuzz.txt", textDiagnostics);
    require(parsed.has_value() != textDiagnostics.failed());
    if (parsed) checkRoundTrip(*parsed);
    return 0;
}
