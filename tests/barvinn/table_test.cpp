#include "targets/barvinn/generate/table.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "model/onnx/onnx.h"
#include "shared.h"

namespace millrace::targets::barvinn {
namespace {

using Json = nlohmann::json;

Precision bits(int input, int weight) {
    Precision precision;
    precision.input = input;
    precision.weight = weight;
    return precision;
}

model::Network network(const std::string& name) {
    Diagnostics diagnostics;
    const auto read = model::readOnnx(test::sharedDir() + "/models/shapes/" + name, {}, diagnostics);
    EXPECT_TRUE(read) << diagnostics.text();
    return read.value_or(model::Network{});
}

/// The rows that MVU_Code_Gen's documentation prints.
std::vector<Json> printedRows() {
    std::vector<Json> rows;
    std::ifstream in(test::sharedDir() + "/seeds/002_ec28eb1c34602c84.txt");
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| [")) continue;
        std::vector<Json> cells;
        for (std::size_t at = 0, next = 0; (next = line.find('|', at + 1)) != std::string::npos; at = next)
            cells.push_back(Json::parse(line.substr(at + 1, next - at - 1)));
        if (cells.size() != 8) continue;
        rows.push_back({{"iShape", cells[0]},
                        {"fShape", cells[1]},
                        {"ilength", cells[2]},
                        {"ijump", cells[3]},
                        {"wlength", cells[4]},
                        {"wjump", cells[5]},
                        {"countdown", cells[6]},
                        {"total_layer_countdown", cells[7]}});
    }
    return rows;
}

TEST(Table, LegacyFormIsThePrintedTable) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto table =
        configurationTable(network("plain_resnet18_cifar.onnx"), bits(2, 2), TableForm::legacy, diagnostics);
    ASSERT_TRUE(table) << diagnostics.text();
    const Json json = Json::parse(table->json());
    const std::vector<Json> printed = printedRows();
    ASSERT_EQ(printed.size(), 17U);
    ASSERT_EQ(json["rows"].size(), 17U);
    for (std::size_t i = 0; i < printed.size(); ++i) EXPECT_EQ(json["rows"][i], printed[i]) << "row " << i + 1;
    EXPECT_EQ(json["total_countdown"], 532872);
}

TEST(Table, PrecisionsScaleTheTotal) {
    MILLRACE_NEEDS_SHARED();
    struct Total {
        int input, weight;
        double cycles;
    };
    const auto net = network("plain_resnet18_cifar.onnx");
    for (const Total& total : {Total{1, 1, 133218}, Total{1, 2, 266436}, Total{4, 4, 2131488}, Total{8, 8, 8525952}}) {
        Diagnostics diagnostics;
        const auto table = configurationTable(net, bits(total.input, total.weight), TableForm::legacy, diagnostics);
        ASSERT_TRUE(table);
        EXPECT_EQ(table->totalCountdown, total.cycles);
    }
}

/// The forms differ in jump 0 of the input, except for two input blocks.
TEST(Table, RightFormMovesTheWindow) {
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    const auto net = network("plain_resnet18_cifar.onnx");
    const auto legacy = configurationTable(net, bits(2, 2), TableForm::legacy, diagnostics);
    const auto right = configurationTable(net, bits(2, 2), TableForm::right, diagnostics);
    ASSERT_TRUE(legacy && right);
    for (std::size_t i = 0; i < right->rows.size(); ++i) {
        const TableRow& row = right->rows[i];
        const bool halves = i == 5 || i == 9 || i == 13;
        EXPECT_EQ(row.ijump[0], row.ijump[1] + (halves ? 2 : 1) * row.iShape[0] * 2);
        EXPECT_EQ(row.ijump[0] == legacy->rows[i].ijump[0], row.iShape[0] == 2);
        EXPECT_EQ(row.ilength, legacy->rows[i].ilength);
        EXPECT_EQ(row.wjump, legacy->rows[i].wjump);
    }
}

/// Published cycles of ResNet9 for CIFAR-10: the legacy cycles of a row times the rows of the output; and with all
/// columns computed, on maps with a border.
TEST(Table, PublishedResNet9) {
    struct Layer {
        std::int64_t inputs, size, outputs, stride;
    };
    const Layer layers[] = {{1, 32, 1, 1}, {1, 32, 1, 1}, {1, 32, 2, 2}, {2, 16, 2, 1},
                            {2, 16, 4, 2}, {4, 8, 4, 1},  {4, 8, 8, 2},  {8, 4, 8, 1}};
    const double published[] = {34560, 34560, 17280, 32256, 16128, 27648, 13824, 18432};
    double total = 0;
    double whole = 0;
    for (std::size_t i = 0; i < std::size(layers); ++i) {
        const Layer& layer = layers[i];
        const std::int64_t rows = layer.size / layer.stride;
        ConvShape shape{layer.inputs, layer.size, layer.size, layer.outputs, 3, 3, layer.stride, layer.stride};
        const double cycles = tableRow(shape, 2, rows, bits(2, 2), TableForm::legacy).countdown;
        EXPECT_EQ(cycles * static_cast<double>(rows), published[i]);
        total += cycles * static_cast<double>(rows);
        shape.height += 2;
        shape.width += 2;
        whole += tableRow(shape, 2, rows, bits(2, 2), TableForm::right).totalLayerCountdown;
    }
    EXPECT_EQ(total, 194688);
    EXPECT_EQ(whole, 239616);
}

TEST(Table, FractionsAndWhatHasNoRow) {
    ConvShape shape{1, 7, 7, 1, 3, 3, 2, 2};
    EXPECT_EQ(tableRow(shape, 2, 4, bits(2, 2), TableForm::legacy).countdown, 36 * 2.5);
    EXPECT_EQ(tableRow(shape, 2, 4, bits(2, 2), TableForm::right).countdown, 36 * 3);
    MILLRACE_NEEDS_SHARED();
    Diagnostics diagnostics;
    EXPECT_TRUE(configurationTable(network("mobilenet_v1.onnx"), bits(2, 2), TableForm::legacy, diagnostics));
    EXPECT_THAT(diagnostics.text(), testing::HasSubstr("groups"));
    EXPECT_FALSE(configurationTable(network("bert_base.onnx"), bits(2, 2), TableForm::legacy, diagnostics));
}

}  // namespace
}  // namespace millrace::targets::barvinn
