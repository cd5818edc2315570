#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/network/network.h"
#include "model/onnx/nodes.h"
#include "model/onnx/onnx.h"
#include "model/onnx/tensors.h"
#include "onnx.pb.h"

namespace millrace::model {

/// Turns one decoded model into a Network.
class Importer {
public:
    Importer(const onnx::ModelProto& model, const ModelPlace& place, const ImportOptions& options);

    std::optional<Network> run();

private:
    /// What the file itself says of a tensor.
    struct Declared {
        DataType type = DataType::undefined;
        /// Dimensions that are not fixed are -1.
        std::optional<Shape> shape;
    };

    void error(std::string message, std::string hint = {});
    void warning(std::string message, std::string hint = {});
    TensorId declare(const std::string& name, Tensor tensor);
    TensorId tensorNamed(const std::string& name);

    // header.cpp
    bool checkHeader();
    void checkIrVersion();
    void checkOpsets();

    // inputs.cpp
    void addInitializers();
    void addConstant(const std::string& name, std::optional<Tensor> tensor);
    void addInputs();
    void addInput(const onnx::ValueInfoProto& info);
    std::optional<Shape> inputShape(const onnx::ValueInfoProto& info);
    void reportFreeAxes(const onnx::ValueInfoProto& info);
    void checkInputOptions();
    std::string inputNames() const;

    // importer.cpp
    void readDeclared(const onnx::ValueInfoProto& info);
    void addNodes(const std::vector<int>& order);
    void addNode(const onnx::NodeProto& node, int index);
    void addConstantNode(const onnx::NodeProto& node, const std::string& label);
    Operator makeOperator(const onnx::NodeProto& node, int index, Attributes attributes);
    std::string uniqueName(const onnx::NodeProto& node, int index);
    void explainUnknown(const Operator& op);
    void settle(OperatorId id, bool inferred);
    void compareWithDeclared(const Operator& op, TensorId id);
    void foldLast();
    void addOutputs();
    void dropUnreadShapeArithmetic();

    const onnx::ModelProto& model_;
    const onnx::GraphProto& graph_;
    ModelPlace place_;
    const ImportOptions& options_;
    Network network_;
    std::map<std::string, std::int64_t> opsets_;
    std::map<std::string, TensorId, std::less<>> names_;
    std::map<std::string, Declared, std::less<>> declared_;
    std::set<std::string> operatorNames_;
    std::map<std::string, int> nextSuffix_;
    /// The file's own shapes hold for the file's own input shapes only.
    bool trustDeclared_ = true;
    Table<TensorId, char> derived_;
    /// Constants that a folded operator gave or read.
    Table<TensorId, char> folded_;
};

}  // namespace millrace::model
