#include <nlohmann/json.hpp>

#include "report/inspection.h"
#include "report/text.h"
#include "report/worktypes.h"

namespace millrace::report {
namespace {

using Json = nlohmann::ordered_json;

Json tensorJson(const model::Tensor& tensor) {
    Json json{{"name", clean(tensor.name)}, {"type", name(tensor.type)}};
    json["shape"] = tensor.shape ? Json(*tensor.shape) : Json();
    return json;
}

Json tensorsJson(const model::Network& network, const std::vector<model::TensorId>& ids) {
    Json list = Json::array();
    for (const model::TensorId id : ids) list.push_back(tensorJson(network.tensors[id]));
    return list;
}

Json typesJson(const ModelInspection& model, const Work& work) {
    Json list = Json::array();
    for (const model::TypeCount& type : model.summary.types) {
        const TypeWork& own = work.types.at({type.type, type.domain});
        list.push_back({{"type", clean(type.type)},
                        {"domain", clean(type.domain)},
                        {"count", type.count},
                        {"known", type.known},
                        {"host", own.host},
                        {"layers", own.layers},
                        {"macs", own.macs},
                        {"parameters", type.parameters}});
    }
    return list;
}

Json nodesJson(const model::Network& network) {
    Json list = Json::array();
    const auto namesOf = [&](const std::vector<model::TensorId>& ids) {
        Json names = Json::array();
        for (const model::TensorId id : ids)
            names.push_back(id.valid() ? Json(clean(network.tensors[id].name)) : Json());
        return names;
    };
    for (const model::Operator& op : network.operators) {
        list.push_back({{"name", clean(op.name)},
                        {"type", clean(op.type)},
                        {"domain", clean(op.domain)},
                        {"known", op.known},
                        {"inputs", namesOf(op.inputs)},
                        {"outputs", namesOf(op.outputs)}});
    }
    return list;
}

Json allTensorsJson(const model::Network& network) {
    Json list = Json::array();
    for (const model::Tensor& tensor : network.tensors) {
        Json json = tensorJson(tensor);
        json["constant"] = tensor.constant.has_value();
        json["values"] = tensor.constant && tensor.constant->hasValues();
        list.push_back(std::move(json));
    }
    return list;
}

}  // namespace

std::string inspectionJson(const ModelInspection& model, bool nodes) {
    const model::Network& network = model.network;
    const model::Summary& summary = model.summary;
    const Work work = workOf(network, model.workload);
    Json json{{"schema", "millrace.inspect/1"}, {"kind", "model"}, {"file", clean(network.file)}};
    json["file_bytes"] = model.facts.bytes;
    json["ir_version"] = model.facts.irVersion;
    json["producer"] = clean(model.facts.producer);
    json["opsets"] = Json::array();
    for (const auto& [domain, version] : model.facts.opsets) {
        json["opsets"].push_back({{"domain", clean(domain)}, {"version", version}});
    }
    json["name"] = clean(network.name);
    json["inputs"] = tensorsJson(network, network.inputs);
    json["outputs"] = tensorsJson(network, network.outputs);
    json["operators"] = typesJson(model, work);
    json["host_operators"] = Json::array();
    for (const workload::HostOperator& op : model.workload.hostOperators) {
        json["host_operators"].push_back(
            {{"name", clean(op.name)}, {"type", clean(op.type)}, {"reason", clean(op.reason)}});
    }
    json["parameters"] = {{"tensors", summary.constants},
                          {"elements", summary.constantElements},
                          {"bytes", summary.constantBytes},
                          {"tensors_without_values", summary.constantsWithoutValues},
                          {"bytes_without_values", summary.bytesWithoutValues}};
    json["macs"] = work.macs;
    json["other_operations"] = work.elementwise;
    json["activations"] = {
        {"peak_bytes", summary.peakActivationBytes},
        {"peak_at", summary.peakAt.valid() ? Json(clean(network.operators[summary.peakAt].name)) : Json()},
        {"unsized_tensors", summary.unsizedActivations}};
    if (nodes) {
        json["nodes"] = nodesJson(network);
        json["tensors"] = allTensorsJson(network);
    }
    return json.dump(2) + "\n";
}

std::string chipJson(const hardware::Chip& chip) {
    Json json{
        {"schema", "millrace.inspect/1"}, {"kind", "chip"}, {"file", clean(chip.file)}, {"name", clean(chip.name)}};
    json["cores"] = Json::array();
    for (const hardware::CoreId id : chip.cores.ids()) {
        const hardware::Core& core = chip.cores[id];
        Json one{{"name", clean(core.name)}, {"offchip", chip.isOffchip(id)}, {"units", core.array.units()}};
        one["array"] = Json::array();
        for (const hardware::ArrayDimension& dimension : core.array.dimensions) {
            one["array"].push_back({{"name", clean(dimension.name)}, {"size", dimension.size}});
        }
        one["memories"] = Json::array();
        for (std::size_t i = 0; i < core.memories.size(); ++i) {
            const hardware::Memory& memory = core.memories[i];
            one["memories"].push_back({{"name", clean(memory.name)},
                                       {"bits", memory.size.value()},
                                       {"instances", core.instances(i)},
                                       {"read_bits_per_cycle", memory.readWidth()},
                                       {"write_bits_per_cycle", memory.writeWidth()}});
        }
        json["cores"].push_back(std::move(one));
    }
    json["links"] = Json::array();
    for (const hardware::Link& link : chip.links) {
        Json ends = Json::array();
        for (const hardware::CoreId id : link.cores) ends.push_back(id.index());
        json["links"].push_back({{"name", clean(link.name)},
                                 {"bus", link.bus},
                                 {"cores", ends},
                                 {"bits_per_cycle", link.bandwidth},
                                 {"pj_per_bit", link.energyPerBit}});
    }
    return json.dump(2) + "\n";
}

}  // namespace millrace::report
