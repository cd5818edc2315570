#include <fmt/format.h>

#include "model/onnx/importer.h"

namespace millrace::model {

bool Importer::checkHeader() {
    const std::size_t before = place_.diagnostics.failures();
    checkIrVersion();
    checkOpsets();
    return place_.diagnostics.failures() == before;
}

void Importer::checkIrVersion() {
    const std::int64_t version = model_.ir_version();
    if (version >= kFirstIrVersion && version <= kLastIrVersion) return;
    error(fmt::format("the file has ONNX IR version {}; versions {} to {} are read", version, kFirstIrVersion,
                      kLastIrVersion),
          "export the model again with another version of the exporter");
}

void Importer::checkOpsets() {
    for (const onnx::OperatorSetIdProto& opset : model_.opset_import()) {
        const std::string domain = domainOf(opset.domain());
        const auto [earlier, isNew] = opsets_.emplace(domain, opset.version());
        if (isNew || earlier->second == opset.version()) continue;
        error(fmt::format("domain '{}' is imported with opset {} and with opset {}", domain, earlier->second,
                          opset.version()));
    }
    const auto own = opsets_.find("");
    if (own == opsets_.end()) {
        error("the file names no opset for ONNX's own operators", "opset_import needs an entry for domain ''");
    } else if (own->second < kFirstOpset || own->second > kLastOpset) {
        error(fmt::format("the file uses opset {}; opsets {} to {} are read", own->second, kFirstOpset, kLastOpset),
              fmt::format("export the model again with an opset from {} to {}", kFirstOpset, kLastOpset));
    }
}

}  // namespace millrace::model
