#include "report/inspection.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/columns.h"
#include "report/text.h"
#include "report/worktypes.h"

namespace millrace::report {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kMostTensors = 20;
using Align = Columns::Align;

std::string bytesText(std::int64_t bytes) {
    constexpr std::int64_t most = std::int64_t{1} << 59;
    return sizeText(Bits(std::min(bytes, most) * 8));
}

std::string shapeText(const model::Tensor& tensor) { return tensor.shape ? model::text(*tensor.shape) : "?"; }

std::string header(const ModelInspection& model) {
    std::string opsets;
    for (const auto& [domain, version] : model.facts.opsets) {
        opsets += fmt::format(", opset {}{}", version, domain.empty() ? "" : " of " + domain);
    }
    std::string text = fmt::format("{}: ONNX model, {}, IR {}{}", model.network.file, bytesText(model.facts.bytes),
                                   model.facts.irVersion, opsets);
    if (!model.facts.producer.empty()) text += ", by " + model.facts.producer;
    return wrap(text, kWidth, 0, 2) + wrap(fmt::format("Network '{}'", model.network.name), kWidth, 0, 2) + "\n";
}

std::string ends(const ModelInspection& model) {
    Columns columns(
        {{"", Align::left}, {"name", Align::left, true}, {"type", Align::left}, {"shape", Align::left, true}});
    std::size_t left = 0;
    const auto add = [&](const std::vector<model::TensorId>& ids, const char* what) {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const model::Tensor& tensor = model.network.tensors[ids[i]];
            if (i >= kMostTensors) {
                left += ids.size() - i;
                break;
            }
            columns.add({what, clean(tensor.name), std::string(name(tensor.type)), shapeText(tensor)});
        }
    };
    add(model.network.inputs, "input");
    add(model.network.outputs, "output");
    return columns.text(kWidth) + (left == 0 ? "" : fmt::format("  and {} more (--nodes)\n", left)) + "\n";
}

std::string whereText(const model::TypeCount& type, const TypeWork& work) {
    std::string text;
    const auto add = [&](std::int64_t count, const char* what) {
        if (count == 0) return;
        const std::string one = count == type.count ? what : fmt::format("{} {}", count, what);
        text += (text.empty() ? "" : ", ") + one;
    };
    add(work.layers, "cores");
    add(type.count - work.layers - work.host, "no work");
    add(type.known - (type.count - work.host) > 0 ? type.known - (type.count - work.host) : 0, "host");
    add(type.count - type.known, "host (unknown)");
    return text;
}

std::string operators(const ModelInspection& model, const Work& work) {
    Columns columns({{"operator", Align::left, true},
                     {"count", Align::right},
                     {"where", Align::left, true},
                     {"MACs", Align::right},
                     {"parameters", Align::right}});
    for (const model::TypeCount& type : model.summary.types) {
        const TypeWork& own = work.types.at({type.type, type.domain});
        const std::string name = type.domain.empty() ? type.type : type.domain + "." + type.type;
        columns.add({clean(name), thousands(type.count), whereText(type, own),
                     own.macs == 0 ? "-" : countText(own.macs),
                     type.parameters == 0 ? "-" : countText(type.parameters)});
    }
    columns.add({"all", thousands(static_cast<std::int64_t>(model.network.operators.size())), "", countText(work.macs),
                 countText(model.summary.constantElements)});
    return columns.text(kWidth) + "\n";
}

std::string hostList(const workload::Workload& workload) {
    if (workload.hostOperators.empty()) return "";
    std::string text = "Left to the host\n";
    std::size_t shown = 0;
    for (const workload::HostOperator& op : workload.hostOperators) {
        if (++shown > kMostTensors) break;
        text += wrap(fmt::format("{} ({}): {}", op.name, op.type, op.reason), kWidth, 2, 4);
    }
    if (shown > kMostTensors)
        text += fmt::format("  and {} more (--json)\n", workload.hostOperators.size() - kMostTensors);
    return text + "\n";
}

std::string sums(const ModelInspection& model, const Work& work) {
    const model::Summary& summary = model.summary;
    std::string text = fmt::format("Parameters   {} tensors, {} elements, {}\n", thousands(summary.constants),
                                   countText(summary.constantElements), bytesText(summary.constantBytes));
    if (summary.constantsWithoutValues > 0) {
        text += fmt::format("             of which {} tensors, {}, have no values at hand\n",
                            thousands(summary.constantsWithoutValues), bytesText(summary.bytesWithoutValues));
    }
    text += fmt::format("Work         {} multiply-accumulates, {} other operations\n", countText(work.macs),
                        countText(work.elementwise));
    std::string peak = fmt::format("at most {} at a time", bytesText(summary.peakActivationBytes));
    if (summary.peakAt.valid()) {
        const model::Operator& op = model.network.operators[summary.peakAt];
        peak += fmt::format(", while '{}' ({}) runs", elide(op.name, 40), elide(op.type, 20));
    }
    text += "Activations  " + peak + "\n";
    if (summary.unsizedActivations > 0) {
        text += fmt::format("             not counting {} tensors of unknown size\n", summary.unsizedActivations);
    }
    return text;
}

}  // namespace

std::string inspectionText(const ModelInspection& model) {
    const Work work = workOf(model.network, model.workload);
    return header(model) + ends(model) + operators(model, work) + hostList(model.workload) + sums(model, work);
}

std::string nodesText(const model::Network& network) {
    std::string text = "Operators\n";
    const auto names = [&](const std::vector<model::TensorId>& ids) {
        std::string list;
        for (const model::TensorId id : ids) {
            list += (list.empty() ? "" : ", ") + (id.valid() ? clean(network.tensors[id].name) : std::string("-"));
        }
        return list;
    };
    for (const model::Operator& op : network.operators) {
        const std::string type = op.domain.empty() ? op.type : op.domain + "." + op.type;
        text += fmt::format("  {}  {}({}) -> {}{}\n", clean(op.name), clean(type), names(op.inputs), names(op.outputs),
                            op.known ? "" : "  (unknown: host)");
    }
    text += "Tensors\n";
    Table<model::TensorId, const char*> kind(network.tensors.size(), "");
    for (const model::TensorId id : network.outputs) kind[id] = "  output";
    for (const model::TensorId id : network.inputs) kind[id] = "  input";
    for (const model::TensorId id : network.tensors.ids()) {
        const model::Tensor& tensor = network.tensors[id];
        const char* what = kind[id];
        if (tensor.constant) what = tensor.constant->hasValues() ? "  constant" : "  constant without values";
        text += fmt::format("  {}  {} {}{}\n", clean(tensor.name), name(tensor.type), shapeText(tensor), what);
    }
    return text;
}

}  // namespace millrace::report
