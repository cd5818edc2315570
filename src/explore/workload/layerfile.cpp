#include "explore/workload/layerfile.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "explore/workload/layeraxes.h"
#include "explore/workload/layerrecord.h"
#include "explore/workload/uniquenames.h"
#include "explore/workload/views.h"
#include "support/files.h"

namespace millrace::workload {

/// What later layers must know of a layer.
struct Produced {
    TensorId tensor;  ///< invalid: the record was wrong, which has been reported
    std::vector<std::vector<std::string>> axisNames;
};

class LayerFile {
public:
    explicit LayerFile(Diagnostics& diagnostics) : diagnostics_(diagnostics), before_(diagnostics.failures()) {}

    void add(const yaml::Node& node, std::optional<std::int64_t> id) {
        const auto record = readRecord(node, id, diagnostics_);
        if (!record) {
            const yaml::Node* own = node.isMap() ? node.find("id") : nullptr;
            Diagnostics quiet;
            if (!id && own != nullptr) id = yaml::integer(*own, "id", quiet);
            if (id) produced_.try_emplace(*id);
        } else if (const auto [at, isNew] = produced_.try_emplace(record->id); isNew) {
            at->second = build(*record);
        } else {
            diagnostics_.error(record->where, "two layers have id " + std::to_string(record->id));
        }
    }

    std::optional<Workload> finish() {
        if (diagnostics_.failures() != before_) return std::nullopt;
        std::set<TensorId> read;
        for (const Layer& layer : workload_.layers) {
            for (const Operand& operand : layer.inputs) {
                for (const TensorId id : views::tensorsOf(operand.source)) read.insert(id);
            }
        }
        for (const Layer& layer : workload_.layers)
            workload_.tensors[layer.result].isOutput = read.count(layer.result) == 0;
        makeNamesUnique(workload_, diagnostics_);
        if (!verify(workload_, diagnostics_)) return std::nullopt;
        return std::move(workload_);
    }

private:
    Produced build(const LayerRecord& record) {
        const std::size_t before = diagnostics_.failures();
        Layer layer = startLayer(record);
        Produced produced;
        auto output = draftAxes(record, record.equation.output, diagnostics_);
        for (const OperandText& input : record.equation.inputs) addInput(record, input, layer);
        if (!output || diagnostics_.failures() != before) return produced;
        layer.output.axes = axesOf(*output);
        for (const AxisDraft& axis : *output) produced.axisNames.push_back(axis.names);
        const std::string name = record.name + ".O";
        layer.result = workload_.tensors.add({name, shapeOf(*output), layer.outputFinalBits, TensorOrigin::layer,
                                              LayerId(workload_.layers.size()), false});
        produced.tensor = layer.result;
        workload_.layers.add(std::move(layer));
        return produced;
    }

    static Layer startLayer(const LayerRecord& record) {
        Layer layer;
        layer.name = record.name;
        layer.type = record.type;
        layer.where = record.where;
        layer.mapping = record.mapping;
        layer.output.name = "O";
        layer.output.memoryOperand = "O";
        layer.output.bits = record.bits.at("O");
        layer.outputFinalBits = record.finalBits;
        const std::vector<std::string>& kept = record.equation.output.dims;
        bool reduces = false;
        for (const LayerRecord::Loop& loop : record.loops) {
            const bool parallel = std::find(kept.begin(), kept.end(), loop.name) != kept.end();
            reduces = reduces || !parallel;
            layer.dims.push_back({loop.name, loop.size, parallel ? DimKind::parallel : DimKind::reduction});
        }
        bool window = false;
        for (const OperandText& input : record.equation.inputs) window = window || record.bits.at(input.name) == 0;
        layer.elementwise = window || !record.equation.product || !reduces;
        return layer;
    }

    void addInput(const LayerRecord& record, const OperandText& text, Layer& layer) {
        auto axes = draftAxes(record, text, diagnostics_);
        if (!axes) return;
        Operand operand;
        operand.name = text.name;
        operand.bits = record.bits.at(text.name);
        operand.memoryOperand = memoryOperand(record, text.name);
        const auto listed = record.sources.find(text.name);
        std::vector<std::int64_t> ids;
        if (listed != record.sources.end()) ids = listed->second.ids;
        ids.erase(std::remove(ids.begin(), ids.end(), record.id), ids.end());
        if (operand.bits == 0) {
            operand.axes = axesOf(*axes);
            operand.source = std::vector<Piece>{};
        } else if (ids.empty()) {
            if (!fitOffChip(record, *axes, diagnostics_)) return;
            operand.axes = axesOf(*axes);
            operand.source = offChip(record, text.name, operand.bits, shapeOf(*axes));
        } else {
            const auto from = incoming(record, text.name, listed->second, ids);
            if (!from || !connect(record, text.name, *from, *axes, operand, diagnostics_)) return;
        }
        layer.inputs.push_back(std::move(operand));
    }

    Source offChip(const LayerRecord& record, const std::string& operand, int bits,
                   const std::vector<std::int64_t>& shape) {
        const bool constant = operand == "W" || isListed(record.constants, operand);
        const TensorId id =
            workload_.tensors.add({record.name + "." + operand, shape, bits,
                                   constant ? TensorOrigin::constant : TensorOrigin::input, LayerId(), false});
        return views::whole(id, shape);
    }

    static bool isListed(const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    /// As listed; else W has I2 and the others take what is left, I1 first.
    static std::string memoryOperand(const LayerRecord& record, const std::string& operand) {
        const auto listed = record.links.find(operand);
        if (listed != record.links.end()) return listed->second;
        if (record.equation.inputs.size() == 1) return "I1";
        const std::string& first = record.equation.inputs[0].name;
        const std::string& other = first == operand ? record.equation.inputs[1].name : first;
        const auto taken = record.links.find(other);
        if (taken != record.links.end()) return taken->second == "I1" ? "I2" : "I1";
        const bool second = operand == "W" || (other != "W" && operand != first);
        return second ? "I2" : "I1";
    }

    /// The outputs of the producers; several are laid one after another along axis 1 (channels).
    std::optional<Incoming> incoming(const LayerRecord& record, const std::string& operand,
                                     const LayerRecord::Producers& producers, const std::vector<std::int64_t>& ids) {
        const auto fail = [&](const std::string& message, std::string hint = {}) {
            diagnostics_.error(producers.where,
                               "layer " + std::to_string(record.id) + ": operand " + operand + " " + message,
                               std::move(hint));
            return std::nullopt;
        };
        if (isListed(record.constants, operand)) return fail("is constant, but reads another layer");
        Incoming result;
        for (const std::int64_t id : ids) {
            const auto from = produced_.find(id);
            if (from == produced_.end()) {
                return fail("reads layer " + std::to_string(id) + ", which does not stand before it",
                            "a layer stands after the layers that it reads");
            }
            if (!from->second.tensor.valid()) return std::nullopt;
            const Tensor& tensor = workload_.tensors[from->second.tensor];
            const Source source = views::whole(from->second.tensor, tensor.shape);
            if (result.shape.empty() && result.axisNames.empty()) {
                result = {source, tensor.shape, from->second.axisNames};
            } else if (!views::append(result.source, result.shape, source, tensor.shape, 1)) {
                return fail("reads layers whose outputs differ in another axis than that of channels");
            }
        }
        return result;
    }

    Diagnostics& diagnostics_;
    std::size_t before_;
    Workload workload_;
    std::map<std::int64_t, Produced> produced_;
};

std::optional<Workload> parseLayers(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
    const auto root = yaml::parse(text, file, diagnostics);
    if (!root) return std::nullopt;
    LayerFile layers(diagnostics);
    if (root->isSequence() && !root->items.empty()) {
        for (const yaml::Node& item : root->items) layers.add(item, std::nullopt);
    } else if (root->isMap() && !root->entries.empty()) {
        for (const auto& [key, value] : root->entries) {
            const auto id = yaml::integer(key, "id of a layer", diagnostics);
            if (id) layers.add(value, id);
        }
    } else {
        diagnostics.error(root->where,
                          "a layer file is a list of layers, or a map from ids to layers, with at least one; this is " +
                              root->describe());
        return std::nullopt;
    }
    auto workload = layers.finish();
    if (workload) workload->name = std::filesystem::path(file).stem().string();
    return workload;
}

std::optional<Workload> readLayers(const std::string& path, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 26);
    if (!text) return std::nullopt;
    return parseLayers(*text, path, diagnostics);
}

}  // namespace millrace::workload
