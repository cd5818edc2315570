// Any bytes: a conversion whose result converts to itself and imports as the input does, or an error.
#include "model/onnx/convert.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/network/network.h"

namespace {

using namespace millrace::model;

constexpr const char* kFile = "/nowhere/fuzz.onnx";

void require(bool condition) {
    if (!condition) std::abort();
}

ConvertOptions optionsOf(unsigned form) {
    ConvertOptions options;
    options.output = "/tmp/out.onnx";
    options.shapes = (form & 1) != 0;
    options.dropWeights = (form & 2) != 0;
    if (!options.dropWeights && (form & 4) != 0) options.externalData = "out.bin";
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes;
    if (size > 0) bytes = {reinterpret_cast<const char*>(data), size};
    for (unsigned form = 0; form < 6; ++form) {
        const ConvertOptions options = optionsOf(form);
        millrace::Diagnostics diagnostics;
        const auto converted = convertOnnx(bytes, kFile, options, diagnostics);
        require(converted.has_value() != diagnostics.failed());
        if (!converted) continue;
        require(converted->data.has_value() == !options.externalData.empty());
        if (!options.shapes) continue;
        millrace::Diagnostics again;
        const auto before = parseOnnx(bytes, kFile, {}, again);
        const auto after = parseOnnx(converted->model, kFile, {}, again);
        require(before && after);
        require(before->operators.size() == after->operators.size());
        if (options.dropWeights || !options.externalData.empty()) continue;
        const auto twice = convertOnnx(converted->model, kFile, options, again);
        require(twice && twice->model == converted->model);
    }
    return 0;
}
