#include "model/onnx/facts.h"

#include "model/onnx/decode.h"
#include "model/onnx/nodes.h"

namespace millrace::model {

std::optional<FileFacts> readFacts(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    const auto model = decodeModel(bytes, file, diagnostics);
    if (!model) return std::nullopt;
    FileFacts facts;
    facts.bytes = static_cast<std::int64_t>(bytes.size());
    facts.irVersion = model->ir_version();
    facts.producer = model->producer_name();
    if (!model->producer_version().empty()) {
        facts.producer += (facts.producer.empty() ? "" : " ") + model->producer_version();
    }
    for (const onnx::OperatorSetIdProto& opset : model->opset_import()) {
        facts.opsets.emplace_back(domainOf(opset.domain()), opset.version());
    }
    return facts;
}

}  // namespace millrace::model
