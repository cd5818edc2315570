#include "model/onnx/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "model/builder.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model {
namespace {

using test::ModelBuilder;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A folder that is gone after the test.
class Convert : public testing::Test {
protected:
    Convert() {
        folder_ = fs::temp_directory_path() / ("millrace_convert_" + std::to_string(::getpid()));
        fs::create_directories(folder_ / "other");
    }
    ~Convert() override { fs::remove_all(folder_); }

    std::string at(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(at(name), std::ios::binary) << content;
        return at(name);
    }
    ConvertOptions options(const std::string& output = "out.onnx") const {
        ConvertOptions result;
        result.output = at(output);
        return result;
    }
    std::string errorOf(const ModelBuilder& builder, const ConvertOptions& options) const {
        Diagnostics diagnostics;
        const auto converted = convertOnnx(builder.bytes(), at("in.onnx"), options, diagnostics);
        return converted ? "converted without error" : diagnostics.text();
    }

    fs::path folder_;
};

onnx::ModelProto decoded(const std::string& bytes) {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(bytes));
    return model;
}

Converted converted(const ModelBuilder& builder, const std::string& file, const ConvertOptions& options,
                    const std::string& says = "") {
    Diagnostics diagnostics;
    auto result = convertOnnx(builder.bytes(), file, options, diagnostics);
    EXPECT_TRUE(result) << diagnostics.text();
    EXPECT_THAT(diagnostics.text(), HasSubstr(says));
    EXPECT_EQ(says.empty(), diagnostics.text().empty()) << diagnostics.text();
    return result ? *std::move(result) : Converted{};
}

/// x -> Conv (bias, 4 KiB weight) -> Reshape by int64s -> MatMul (2 KiB typed) -> y
ModelBuilder sample() {
    ModelBuilder b;
    b.input("x", {1, 4, 8, 8}).int64s("to", {1, 16, 64}).floats("bias", std::vector<float>(16, 0.5F)).output("y");
    onnx::TensorProto* w = b.newConstant("w", {16, 4, 4, 4}, DataType::float32);
    std::string raw;
    for (int i = 0; i < 4096; ++i) raw += static_cast<char>(i * 7 % 251);
    w->set_raw_data(raw);
    onnx::TensorProto* m = b.newConstant("m", {64, 8}, DataType::float32);
    for (int i = 0; i < 512; ++i) m->add_float_data(static_cast<float>(i) / 8);
    b.node("Conv", {"x", "w", "bias"}, {"c"}).integers("pads", {1, 1, 2, 2}).name("conv");
    b.node("Reshape", {"c", "to"}, {"r"});
    b.node("MatMul", {"r", "m"}, {"y"});
    return b;
}

std::string shapeIn(const onnx::ModelProto& model, const std::string& name) {
    for (const auto* infos : {&model.graph().input(), &model.graph().output(), &model.graph().value_info()}) {
        for (const auto& info : *infos) {
            if (info.name() != name) continue;
            if (!info.type().tensor_type().has_shape()) return "none";
            std::string shape;
            for (const auto& dim : info.type().tensor_type().shape().dim()) {
                shape += (shape.empty() ? "" : ",") +
                         (dim.has_dim_value() ? std::to_string(dim.dim_value()) : dim.dim_param());
            }
            return shape;
        }
    }
    return "absent";
}

const onnx::TensorProto& constant(const onnx::ModelProto& model, const std::string& name) {
    for (const auto& tensor : model.graph().initializer()) {
        if (tensor.name() == name) return tensor;
    }
    static const onnx::TensorProto none;
    ADD_FAILURE() << "no initializer " << name;
    return none;
}

std::string entry(const onnx::TensorProto& tensor, const std::string& key) {
    for (const auto& pair : tensor.external_data()) {
        if (pair.key() == key) return pair.value();
    }
    return "";
}

TEST_F(Convert, ShapesOfAllTensorsAreSaved) {
    ConvertOptions wanted = options();
    wanted.shapes = true;
    const Converted result = converted(sample(), at("in.onnx"), wanted);
    const auto model = decoded(result.model);
    EXPECT_EQ(shapeIn(model, "c"), "1,16,8,8");
    EXPECT_EQ(shapeIn(model, "r"), "1,16,64");
    EXPECT_EQ(shapeIn(model, "y"), "1,16,8");
    EXPECT_EQ(shapeIn(model, "w"), "absent");
    EXPECT_EQ(result.shapes, 3);
    EXPECT_FALSE(result.data);
    EXPECT_EQ(model.graph().value_info_size(), 2);
    EXPECT_EQ(model.graph().output(0).type().tensor_type().elem_type(), 1);
    Diagnostics diagnostics;
    EXPECT_EQ(convertOnnx(result.model, at("in.onnx"), wanted, diagnostics)->model, result.model);
    EXPECT_EQ(constant(model, "w").raw_data().size(), 4096U);
}

TEST_F(Convert, PinnedInputsReplaceFreeDimensions) {
    ModelBuilder b;
    b.input("x", {1, 3, 8, 8}).output("y");
    auto* dims = b.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
    dims->mutable_dim(0)->set_dim_param("batch");
    b.node("Relu", {"x"}, {"m"});
    b.node("Flatten", {"m"}, {"y"});
    b.valueInfo("m", {1, 3, 8, 8});
    b.graph()
        .mutable_value_info(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(0)
        ->set_dim_param("batch");
    ConvertOptions wanted = options();
    wanted.shapes = true;
    EXPECT_THAT(errorOf(b, wanted), HasSubstr("pin it: --input-shape x=1,3,8,8"));
    wanted.import.inputShapes["x"] = {5, 3, 8, 8};
    const auto model = decoded(converted(b, at("in.onnx"), wanted).model);
    EXPECT_EQ(shapeIn(model, "x"), "5,3,8,8");
    EXPECT_EQ(shapeIn(model, "m"), "5,3,8,8");
    EXPECT_EQ(shapeIn(model, "y"), "5,192");
    EXPECT_EQ(model.graph().value_info_size(), 1);
}

TEST_F(Convert, ShapesThatHoldNoMoreAreTakenOut) {
    ModelBuilder b;
    b.importDomain("own", 1).input("x", {1, 3, 8, 8}).output("y");
    b.node("Strange", {"x"}, {"s"}).domain("own");
    b.node("Relu", {"s"}, {"y"});
    b.valueInfo("s", {1, 3, 8, 8});
    ConvertOptions wanted = options();
    wanted.shapes = true;
    EXPECT_EQ(shapeIn(decoded(converted(b, at("in.onnx"), wanted).model), "s"), "1,3,8,8");
    wanted.import.inputShapes["x"] = {2, 3, 8, 8};
    const auto model = decoded(converted(b, at("in.onnx"), wanted).model);
    EXPECT_EQ(shapeIn(model, "x"), "2,3,8,8");
    EXPECT_EQ(shapeIn(model, "s"), "none");
}

TEST_F(Convert, WeightsMoveToAFileAndReadBack) {
    ConvertOptions wanted = options();
    wanted.externalData = "weights.bin";
    const Converted result = converted(sample(), at("in.onnx"), wanted);
    const auto model = decoded(result.model);
    EXPECT_EQ(result.weights, 2);
    EXPECT_EQ(result.weightBytes, 4096 + 2048);
    EXPECT_EQ(constant(model, "w").raw_data(), "");
    EXPECT_EQ(entry(constant(model, "w"), "location"), "weights.bin");
    EXPECT_EQ(entry(constant(model, "w"), "length"), "4096");
    EXPECT_EQ(constant(model, "m").float_data_size(), 0);
    EXPECT_EQ(constant(model, "bias").float_data_size(), 16);
    EXPECT_EQ(constant(model, "to").int64_data_size(), 3);
    write("out.onnx", result.model);
    write("weights.bin", *result.data);
    Diagnostics diagnostics;
    const auto before = parseOnnx(sample().bytes(), at("in.onnx"), {}, diagnostics);
    const auto after = readOnnx(at("out.onnx"), {}, diagnostics);
    ASSERT_TRUE(before && after) << diagnostics.text();
    ASSERT_EQ(before->tensors.size(), after->tensors.size());
    for (const TensorId id : before->tensors.ids()) {
        ASSERT_EQ(before->tensors[id].constant.has_value(), after->tensors[id].constant.has_value());
        if (before->tensors[id].constant) {
            EXPECT_TRUE(after->tensors[id].constant->hasValues()) << before->tensors[id].name;
            EXPECT_EQ(before->tensors[id].constant->bytes, after->tensors[id].constant->bytes);
        }
    }
    EXPECT_EQ(printText(*before).substr(printText(*before).find('\n')),
              printText(*after).substr(printText(*after).find('\n')));
}

TEST_F(Convert, LargeTensorsAreAligned) {
    ModelBuilder b;
    b.input("x", {2048}).output("y");
    b.floats("a", std::vector<float>(256, 1))
        .floats("b", std::vector<float>(1024, 2))
        .floats("c", std::vector<float>(255, 3));
    b.floats("d", std::vector<float>(300, 4)).floats("e", std::vector<float>(2048, 5));
    b.node("Relu", {"x"}, {"y"});
    ConvertOptions wanted = options();
    wanted.externalData = "w";
    const Converted result = converted(b, at("in.onnx"), wanted);
    const auto model = decoded(result.model);
    const std::map<std::string, std::string> offsets{
        {"a", "0"}, {"b", "4096"}, {"c", ""}, {"d", "8192"}, {"e", "12288"}};
    for (const auto& [name, offset] : offsets) EXPECT_EQ(entry(constant(model, name), "offset"), offset) << name;
    EXPECT_EQ(result.data->size(), 12288U + 8192U);
    float value = 0;
    std::memcpy(&value, result.data->data() + 12288, sizeof value);
    EXPECT_EQ(value, 5);
}

// External data of the input: moved, kept, or taken in; small ones always into the model.
TEST_F(Convert, ExternalDataOfTheInputAreReadAndMoved) {
    ConvertOptions first = options("in.onnx");
    first.externalData = "first.bin";
    ModelBuilder b = sample();
    const Converted source = converted(b, at("none.onnx"), first);
    b.model = decoded(source.model);
    auto* small = b.newConstant("small", {2}, DataType::int32);
    small->set_data_location(1);
    for (const auto& [key, value] : std::map<std::string, std::string>{{"location", "first.bin"}, {"offset", "8"}}) {
        auto* pair = small->add_external_data();
        pair->set_key(key);
        pair->set_value(value);
    }
    write("first.bin", *source.data);
    ConvertOptions wanted = options("other/out.onnx");
    wanted.externalData = "second.bin";
    const Converted moved = converted(b, at("in.onnx"), wanted);
    EXPECT_EQ(*moved.data, *source.data);
    EXPECT_EQ(entry(constant(decoded(moved.model), "w"), "location"), "second.bin");
    EXPECT_EQ(constant(decoded(moved.model), "small").raw_data(), source.data->substr(8, 8));
    EXPECT_EQ(constant(decoded(moved.model), "small").data_location(), 0);

    wanted = options("other/out.onnx");
    wanted.shapes = true;
    const auto taken = decoded(converted(b, at("in.onnx"), wanted).model);
    EXPECT_EQ(constant(taken, "w").raw_data(), sample().graph().initializer(2).raw_data());
    EXPECT_EQ(constant(taken, "m").raw_data().size(), 2048U);
    EXPECT_EQ(constant(taken, "m").external_data_size(), 0);

    wanted = options("beside.onnx");
    wanted.shapes = true;
    EXPECT_EQ(entry(constant(decoded(converted(b, at("in.onnx"), wanted).model), "w"), "location"), "first.bin");

    fs::remove(at("first.bin"));
    wanted.externalData = "second.bin";
    const Converted missing = converted(b, at("in.onnx"), wanted, "3 tensors have no values at hand");
    EXPECT_EQ(missing.data, "");
    EXPECT_EQ(entry(constant(decoded(missing.model), "w"), "location"), "first.bin");
}

TEST_F(Convert, DroppedWeightsLeaveWhatShapesNeed) {
    ModelBuilder b = sample();
    b.int64s("table", std::vector<std::int64_t>(200, 3)).int64s("long", std::vector<std::int64_t>(4097, 3));
    ConvertOptions wanted = options();
    wanted.dropWeights = true;
    const Converted result = converted(b, at("in.onnx"), wanted);
    const auto model = decoded(result.model);
    EXPECT_EQ(result.weights, 3);
    EXPECT_LT(result.model.size(), 3000U);
    EXPECT_EQ(entry(constant(model, "w"), "location"), "out.onnx.dropped");
    EXPECT_EQ(entry(constant(model, "m"), "offset"), "4096");
    EXPECT_EQ(entry(constant(model, "m"), "length"), "2048");
    EXPECT_EQ(constant(model, "table").int64_data_size(), 200);
    EXPECT_EQ(constant(model, "long").int64_data_size(), 0);
    Diagnostics diagnostics;
    const auto network = parseOnnx(result.model, at("out.onnx"), {}, diagnostics);
    ASSERT_TRUE(network) << diagnostics.text();
    EXPECT_FALSE(network->tensors[network->find("w")].constant->hasValues());
    EXPECT_EQ(text(*network->tensors[network->find("y")].shape), "[1,16,8]");
    write("out.onnx.dropped", "x");
    EXPECT_THAT(errorOf(b, wanted), HasSubstr("out.onnx.dropped: error: exists, but dropped weights"));
}

/// A message field of a number that the schema does not have.
template <class Message>
std::string withField(const Message& message, int field, const std::string& content) {
    std::string bytes = message.SerializeAsString();
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteTag(static_cast<std::uint32_t>(field << 3 | 2));
    out.WriteVarint32(static_cast<std::uint32_t>(content.size()));
    out.WriteString(content);
    out.Trim();
    return bytes;
}
template <class Message>
void addField(Message& message, int field, const std::string& content) {
    const std::string bytes = withField(message, field, content);
    ASSERT_TRUE(message.ParseFromString(bytes));
}

// Documentation, metadata, training, denotations: fields that Millrace's schema has no name for.
TEST_F(Convert, WhatHasNoNameHereStays) {
    ModelBuilder b = sample();
    b.valueInfo("c", {1, 16, 8, 8});
    auto* shape = b.graph().mutable_value_info(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
    addField(*shape->mutable_dim(1), 3, "DATA_CHANNEL");
    addField(*b.graph().mutable_value_info(0)->mutable_type(), 6, "IMAGE");
    addField(*b.graph().mutable_value_info(0), 3, "doc of c");
    addField(*b.graph().mutable_initializer(2), 12, "doc of w");
    addField(*b.graph().mutable_node(0), 6, "doc of conv");
    addField(b.graph(), 10, "doc of graph");
    addField(b.model, 14, "metadata");
    addField(b.model, 20, "training");
    ConvertOptions wanted = options();
    wanted.shapes = true;
    wanted.externalData = "w.bin";
    const Converted result = converted(b, at("in.onnx"), wanted);
    for (const auto* part :
         {"DATA_CHANNEL", "IMAGE", "doc of c", "doc of w", "doc of conv", "doc of graph", "metadata", "training"}) {
        EXPECT_THAT(result.model, HasSubstr(part));
    }
    // Undone, the conversion gives the bytes of the input: only shapes and weights differ.
    onnx::ModelProto model = decoded(result.model);
    onnx::ModelProto original = decoded(b.bytes());
    for (const int i : {2, 3}) *model.mutable_graph()->mutable_initializer(i) = original.graph().initializer(i);
    *model.mutable_graph()->mutable_output() = original.graph().output();
    EXPECT_EQ(model.graph().value_info(0).SerializeAsString(), original.graph().value_info(0).SerializeAsString());
    *model.mutable_graph()->mutable_value_info() = original.graph().value_info();
    EXPECT_EQ(model.SerializeAsString(), original.SerializeAsString());
}

TEST_F(Convert, TensorsOfAttributesAndSparseOnesStay) {
    ModelBuilder b = sample();
    auto* values = b.graph().add_sparse_initializer();
    values->mutable_values()->set_name("sparse");
    values->mutable_values()->set_data_type(1);
    for (int i = 0; i < 500; ++i) values->mutable_values()->add_float_data(1);
    values->add_dims(1000);
    auto* value = b.node("Constant", {}, {"k"}).add("value", 4)->mutable_t();
    value->set_data_type(1);
    value->add_dims(500);
    for (int i = 0; i < 500; ++i) value->add_float_data(2);
    for (const bool drop : {false, true}) {
        ConvertOptions wanted = options();
        wanted.dropWeights = drop;
        if (!drop) wanted.externalData = "w";
        const auto model = decoded(converted(b, at("in.onnx"), wanted).model);
        EXPECT_EQ(model.graph().sparse_initializer(0).SerializeAsString(), values->SerializeAsString());
        EXPECT_EQ(model.graph().node(3).SerializeAsString(), b.graph().node(3).SerializeAsString());
    }
}

TEST_F(Convert, Refusals) {
    ConvertOptions wanted = options("nowhere/out.onnx");
    EXPECT_THAT(errorOf(sample(), wanted), HasSubstr("there is no folder"));
    EXPECT_THAT(errorOf(sample(), options("other")), HasSubstr("is a folder (name a file in it)"));
    wanted = options();
    wanted.dropWeights = true;
    wanted.externalData = "w";
    EXPECT_THAT(errorOf(sample(), wanted), HasSubstr("either dropped or moved to 'w', not both"));
    wanted = options("other/../in.onnx");
    wanted.dropWeights = true;
    EXPECT_THAT(errorOf(sample(), wanted), HasSubstr("its weights would be lost"));
    const std::map<std::string, std::string> names{{"../w", "does not lie beside"},
                                                   {"other/w", "does not lie beside"},
                                                   {"/w", "does not lie beside"},
                                                   {"..", "does not lie beside"},
                                                   {"other", "is a folder"},
                                                   {"out.onnx", "is the output itself"},
                                                   {"in.onnx", "is the model that is converted"},
                                                   {"held.bin", "is named by tensors of the model"}};
    ModelBuilder b = sample();
    auto* held = b.newConstant("held", {4}, DataType::float32);
    held->set_data_location(1);
    auto* pair = held->add_external_data();
    pair->set_key("location");
    pair->set_value("held.bin");
    for (const auto& [name, says] : names) {
        wanted = options();
        wanted.externalData = name;
        EXPECT_THAT(errorOf(b, wanted), HasSubstr(says)) << name;
    }
    EXPECT_THAT(errorOf(b, options("held.bin")), HasSubstr("holds external data of the model"));
    b.graph().mutable_initializer(2)->add_dims(2);
    wanted.externalData = "w";
    EXPECT_THAT(errorOf(b, wanted), HasSubstr("initializer 'w': 4096 bytes of values"));
}

// Every network of the collection: shapes are those of the import, and dropped weights change none.
TEST_F(Convert, NetworksKeepTheirMeaning) {
    MILLRACE_NEEDS_SHARED();
    int networks = 0;
    for (const auto* folder : {"peers", "real", "shapes"}) {
        for (const auto& file : fs::directory_iterator(millrace::test::sharedDir() + "/models/" + folder)) {
            if (file.path().extension() != ".onnx" || file.file_size() > 20'000'000) continue;
            SCOPED_TRACE(file.path());
            Diagnostics diagnostics;
            const auto bytes = readModelFile(file.path(), diagnostics);
            const auto before = parseOnnx(*bytes, file.path(), {}, diagnostics);
            ConvertOptions wanted = options();
            wanted.shapes = wanted.dropWeights = true;
            const auto result = convertOnnx(*bytes, file.path(), wanted, diagnostics);
            ASSERT_TRUE(before && result) << diagnostics.text();
            auto after = parseOnnx(result->model, file.path(), {}, diagnostics);
            ASSERT_TRUE(after) << diagnostics.text();
            EXPECT_EQ(diagnostics.text(), "");
            EXPECT_EQ(printText(*after), printText(*before));
            const auto model = decoded(result->model);
            for (const Operator& op : before->operators) {
                for (const TensorId id : op.outputs) {
                    if (!id.valid()) continue;
                    const std::string shape = text(*before->tensors[id].shape);
                    EXPECT_EQ("[" + shapeIn(model, before->tensors[id].name) + "]", shape);
                }
            }
            ++networks;
        }
    }
    EXPECT_GE(networks, 15);
}

}  // namespace
}  // namespace millrace::model
