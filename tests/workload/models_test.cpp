#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "explore/workload/layerfile.h"
#include "explore/workload/lower.h"
#include "model/onnx/onnx.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::workload {
namespace {

std::optional<model::Network> network(const std::string& path) {
    Diagnostics diagnostics;
    auto result = model::readOnnx(path, {}, diagnostics);
    EXPECT_TRUE(result) << path << "\n" << diagnostics.text();
    return result;
}

std::optional<Workload> lowered(const model::Network& network) {
    Diagnostics diagnostics;
    auto result = lower(network, {}, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    return result;
}

/// Multiply-accumulates of the layers that are not element-wise, and elements of the weights that they read.
struct Work {
    std::int64_t operations = 0;
    std::int64_t weights = 0;
    bool operator==(const Work&) const = default;
};

Work workOf(const Workload& workload) {
    Work work;
    std::set<TensorId> weights;
    for (const Layer& layer : workload.layers) {
        if (layer.elementwise) continue;
        work.operations += layer.operations();
        for (const Operand& operand : layer.inputs) {
            Box all;
            for (const Axis& axis : operand.axes) all.push_back({0, axis.extent});
            for (const Need& need : needs(workload, operand.source, all)) {
                if (workload.tensors[need.tensor].origin == TensorOrigin::constant) weights.insert(need.tensor);
            }
        }
    }
    for (const TensorId id : weights) work.weights += workload.tensors[id].elements();
    return work;
}

/// A constant, or made of constants alone.
bool isConstant(const model::Network& network, model::TensorId id) {
    if (network.tensors[id].constant) return true;
    const model::OperatorId producer = network.producer(id);
    if (!producer.valid()) return false;
    const auto& inputs = network.operators[producer].inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](model::TensorId input) { return isConstant(network, input); });
}

/// The same from the operators' shapes alone: elements of the result times reads of each.
Work workOf(const model::Network& network) {
    Work work;
    std::set<model::TensorId> weights;
    for (const model::Operator& op : network.operators) {
        const bool product = op.type == "MatMul" || op.type == "Gemm";
        if (op.type != "Conv" && op.type != "ConvTranspose" && !product) continue;
        const model::Tensor& first = network.tensors[op.inputs[0]];
        const model::Tensor& second = network.tensors[op.inputs[1]];
        const model::Tensor& result = network.tensors[op.outputs[0]];
        if (op.type == "Conv") {
            work.operations += result.elements() * (second.elements() / (*second.shape)[0]);
        } else if (op.type == "ConvTranspose") {
            const auto strides = op.integers("strides", {1, 1});
            const auto pads = op.integers("pads", {0, 0, 0, 0});
            const auto& kernel = *second.shape;
            std::int64_t each = (*result.shape)[0] * (*result.shape)[1] * (*first.shape)[1] / op.integer("group", 1);
            for (std::size_t i = 0; i < 2; ++i) {
                // Rows of all phases: from the first that the crop leaves to the last of the result, whole strides.
                const std::int64_t begin = pads[i] / strides[i];
                const std::int64_t end = ((*result.shape)[i + 2] + pads[i] + strides[i] - 1) / strides[i];
                each *= (end - begin) * strides[i] * ((kernel[i + 2] + strides[i] - 1) / strides[i]);
            }
            work.operations += each;
        } else {
            const bool transposed = op.integer("transA", 0) != 0;
            work.operations += result.elements() * (transposed ? first.shape->front() : first.shape->back());
        }
        for (const model::TensorId id : {op.inputs[0], op.inputs[1]}) {
            if (isConstant(network, id)) weights.insert(id);
        }
    }
    for (const model::TensorId id : weights) work.weights += network.tensors[id].elements();
    return work;
}

TEST(Models, WorkIsThatOfTheOperators) {
    MILLRACE_NEEDS_SHARED();
    int files = 0;
    for (const char* folder : {"peers", "shapes", "real"}) {
        for (const auto& entry : std::filesystem::directory_iterator(test::sharedDir() + "/models/" + folder)) {
            SCOPED_TRACE(entry.path().string());
            const auto from = network(entry.path().string());
            ASSERT_TRUE(from);
            const auto workload = lowered(*from);
            ASSERT_TRUE(workload);
            EXPECT_EQ(workOf(*workload).operations, workOf(*from).operations);
            EXPECT_EQ(workOf(*workload).weights, workOf(*from).weights);
            EXPECT_GT(workOf(*workload).operations, 0);
            ++files;
        }
    }
    EXPECT_GE(files, 20);
}

TEST(Models, KnownFigures) {
    MILLRACE_NEEDS_SHARED();
    struct Figure {
        const char* file;
        Work work;
    };
    for (const Figure& figure :
         {Figure{"shapes/resnet18.onnx", {1814073344, 11678912}}, Figure{"peers/resnet18.onnx", {1814073344, 11678912}},
          Figure{"shapes/resnet50.onnx", {4089184256, 25502912}},
          Figure{"shapes/mobilenet_v2.onnx", {300774272, 3469760}},
          Figure{"shapes/squeezenet1_1.onnx", {349151936, 1231552}}}) {
        const auto from = network(test::sharedDir() + "/models/" + figure.file);
        ASSERT_TRUE(from);
        const auto workload = lowered(*from);
        ASSERT_TRUE(workload);
        EXPECT_EQ(workOf(*workload), figure.work) << figure.file;
        EXPECT_TRUE(workload->hostOperators.empty());
    }
}

/// Needs with tensors named by the number of the layer that makes them, or by what they are.
std::vector<std::pair<std::string, Box>> namedNeeds(const Workload& workload, const Operand& operand, const Box& box) {
    std::vector<std::pair<std::string, Box>> result;
    for (const Need& need : needs(workload, operand.source, box)) {
        const Tensor& tensor = workload.tensors[need.tensor];
        std::string name = tensor.origin == TensorOrigin::constant ? "constant" : "input";
        if (tensor.origin == TensorOrigin::layer) name = std::to_string(tensor.producer.index());
        result.emplace_back(name + " of " + std::to_string(tensor.bits), need.box);
    }
    return result;
}

void expectSameOperand(const Workload& a, const Layer& layerA, const Operand& inA, const Workload& b,
                       const Layer& layerB, const Operand& inB, Rng& rng) {
    EXPECT_EQ(inA.name, inB.name);
    EXPECT_EQ(inA.bits, inB.bits);
    EXPECT_EQ(inA.memoryOperand, inB.memoryOperand);
    ASSERT_EQ(inA.axes.size(), inB.axes.size());
    for (int run = 0; run < 20; ++run) {
        std::vector<Interval> tile;
        for (const LoopDim& dim : layerA.dims) {
            const std::int64_t begin = rng.between(0, dim.size - 1);
            tile.push_back({begin, rng.between(begin + 1, dim.size)});
        }
        Box boxA;
        Box boxB;
        for (std::size_t i = 0; i < inA.axes.size(); ++i) {
            EXPECT_EQ(inA.axes[i].extent, inB.axes[i].extent);
            EXPECT_EQ(inA.axes[i].name, inB.axes[i].name);
            boxA.push_back(range(inA.axes[i].index, tile));
            boxB.push_back(range(inB.axes[i].index, tile));
        }
        EXPECT_EQ(boxA, boxB);
        EXPECT_EQ(namedNeeds(a, inA, boxA), namedNeeds(b, inB, boxB)) << layerA.name << " " << layerB.name;
    }
}

TEST(Models, LayersByHandAreThoseOfTheNetwork) {
    const auto from = network(test::sourceDir() + "/models/resnet18.onnx");
    ASSERT_TRUE(from);
    const auto a = lowered(*from);
    ASSERT_TRUE(a);
    Diagnostics diagnostics;
    const auto b = readLayers(test::sourceDir() + "/models/resnet18_layers.yaml", diagnostics);
    ASSERT_TRUE(b) << diagnostics.text();
    EXPECT_TRUE(diagnostics.all().empty()) << diagnostics.text();
    ASSERT_EQ(a->layers.size(), b->layers.size());
    Rng rng(3);
    for (const LayerId id : a->layers.ids()) {
        const Layer& left = a->layers[id];
        const Layer& right = b->layers[id];
        SCOPED_TRACE(left.name + " and " + right.name);
        EXPECT_EQ(left.type, right.type);
        EXPECT_EQ(left.elementwise, right.elementwise);
        ASSERT_EQ(left.dims.size(), right.dims.size());
        for (DimIndex i = 0; i < left.dims.size(); ++i) {
            EXPECT_EQ(left.dims[i].name, right.dims[i].name);
            EXPECT_EQ(left.dims[i].size, right.dims[i].size);
            EXPECT_EQ(left.dims[i].kind, right.dims[i].kind);
        }
        EXPECT_EQ(left.outputFinalBits, right.outputFinalBits);
        EXPECT_EQ(a->tensors[left.result].isOutput, b->tensors[right.result].isOutput);
        EXPECT_EQ(a->tensors[left.result].shape, b->tensors[right.result].shape);
        ASSERT_EQ(left.inputs.size(), right.inputs.size());
        expectSameOperand(*a, left, left.output, *b, right, right.output, rng);
        for (std::size_t i = 0; i < left.inputs.size(); ++i) {
            expectSameOperand(*a, left, left.inputs[i], *b, right, right.inputs[i], rng);
        }
    }
}

}  // namespace
}  // namespace millrace::workload
