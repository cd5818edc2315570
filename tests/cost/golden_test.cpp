#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "explore/mapper/mapper.h"
#include "explore/mapping/mapping.h"
#include "hardware/read.h"
#include "shared.h"

namespace millrace::cost {
namespace {

using nlohmann::json;

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

/// Input sizes that do not follow from stride * output.
std::int64_t inputExtent(std::int64_t stride, std::int64_t output, std::int64_t kernel) {
    return std::max(stride * output, kernel == 11 ? stride * (output - 1) + kernel : 0);
}

/// A nest from what a golden result says about its layer. The order of the keys is that of the layer's loops.
Nest nestOfGolden(const nlohmann::ordered_json& layer) {
    Nest nest;
    nest.name = layer["name"];
    const std::string equation = layer["equation"];
    for (const auto& [name, size] : layer["loop_dims"].items()) nest.dims.push_back({name, size});
    std::smatch match;
    for (const std::string text : layer["relations"]) {
        const std::regex form(R"((\w+) = (\d+)\*(\w+) \+ (\d+)\*(\w+))");
        EXPECT_TRUE(std::regex_match(text, match, form)) << text;
        Relation relation{match[1],
                          {*nest.dim(match[3].str()), *nest.dim(match[5].str())},
                          {std::stoll(match[2]), std::stoll(match[4])}};
        relation.cap =
            inputExtent(relation.coefficients[0], nest.dims[relation.dims[0]].size, nest.dims[relation.dims[1]].size);
        nest.relations.push_back(relation);
    }
    const std::regex operandForm(R"((\w)((?:\[\w+\])+))");
    const std::regex axisForm(R"(\[(\w+)\])");
    for (std::sregex_iterator it(equation.begin(), equation.end(), operandForm), end; it != end; ++it) {
        Operand operand;
        operand.name = (*it)[1];
        operand.role = operand.name == "O"   ? hardware::MemoryOperand::O
                       : operand.name == "I" ? hardware::MemoryOperand::I1
                                             : hardware::MemoryOperand::I2;
        operand.bits = layer["precision"][operand.name];
        const std::string axes = (*it)[2];
        for (std::sregex_iterator axis(axes.begin(), axes.end(), axisForm); axis != end; ++axis) {
            const std::string name = upper((*axis)[1]);
            if (const auto dim = nest.dim(name)) {
                operand.index.push_back({false, *dim});
                continue;
            }
            for (std::size_t i = 0; i < nest.relations.size(); ++i) {
                if (nest.relations[i].name == name) operand.index.push_back({true, i});
            }
        }
        nest.operands.push_back(operand);
    }
    nest.finalBits = layer["precision"]["O_final"];
    Diagnostics diagnostics;
    EXPECT_TRUE(classify(nest, diagnostics)) << diagnostics.text();
    return nest;
}

struct Case {
    std::string file;
    mapper::Objective objective;
    int lpfLimit;
};

class Golden : public testing::TestWithParam<Case> {};

std::string path(const std::string& relative) {
    return test::sharedDir() + "/peers/" + std::regex_replace(relative, std::regex("/inputs"), "");
}

void compareTraffic(const json& layer, const mapper::Mapping& mapping, const Nest& nest, const hardware::Core& core) {
    const char* directions[] = {"rd_out_to_low", "wr_in_by_low", "rd_out_to_high", "wr_in_by_high"};
    std::size_t compared = 0;
    for (const mapper::Traffic& traffic : mapping.traffic) {
        const json& memory = layer["per_memory"][core.memories[traffic.memory].name];
        const json& words = memory[nest.operands[traffic.operand].name]["word_accesses"];
        for (std::size_t d = 0; d < 4; ++d, ++compared) {
            EXPECT_EQ(traffic.accesses[d], words[directions[d]].get<double>())
                << core.memories[traffic.memory].name << ' ' << directions[d];
        }
    }
    EXPECT_GT(compared, 0u);
}

void compareLoops(const json& layer, const mapper::Mapping& mapping, const Nest& nest, const hardware::Core& core) {
    const json& loops = layer["temporal_loops_outer_to_inner"];
    ASSERT_EQ(loops.size(), mapping.loops.size());
    for (std::size_t i = 0; i < loops.size(); ++i) {
        const mapper::MappedLoop& loop = mapping.loops[loops.size() - 1 - i];
        EXPECT_EQ(loop.dim, loops[i]["dim"].get<std::string>()) << i;
        EXPECT_EQ(loop.size, loops[i]["size"].get<std::int64_t>()) << i;
        for (std::size_t op = 0; op < nest.operands.size(); ++op) {
            EXPECT_EQ(core.memories[loop.memory[op]].name, loops[i]["mem"][nest.operands[op].name].get<std::string>());
        }
    }
}

void compareLayer(const json& layer, const mapper::Mapping& mapping, const Nest& nest, const hardware::Core& core) {
    EXPECT_EQ(mapping.energy, layer["energy_total_pJ"].get<double>());
    EXPECT_EQ(mapping.arrayEnergy, layer["mac_energy_pJ"].get<double>());
    const json& latency = layer["latency"];
    EXPECT_EQ(mapping.idealCycles, latency["ideal_cycle"].get<double>());
    EXPECT_EQ(mapping.spatialCycles, latency["ideal_temporal_cycle"].get<double>());
    EXPECT_EQ(mapping.latency0, latency["computation_with_stall_total0"].get<double>());
    EXPECT_EQ(mapping.latency1, latency["with_onloading_total1"].get<double>());
    EXPECT_EQ(mapping.latency, latency["with_offloading_total2"].get<double>());
    EXPECT_EQ(mapping.stallCycles, latency["stall_slack_comb"].get<double>());
    EXPECT_EQ(mapping.onloadCycles, latency["data_onloading"].get<double>());
    EXPECT_EQ(mapping.offloadCycles, latency["data_offloading"].get<double>());
    EXPECT_EQ(mapping.evaluations, layer["mapper"]["cost_model_evaluations"].get<std::int64_t>());
    compareTraffic(layer, mapping, nest, core);
    compareLoops(layer, mapping, nest, core);
}

TEST_P(Golden, ResultsAreEqualToTheLastDigit) {
    MILLRACE_NEEDS_SHARED();
    std::ifstream stream(test::sharedDir() + "/golden/zigzag/" + GetParam().file);
    ASSERT_TRUE(stream) << GetParam().file;
    const nlohmann::ordered_json ordered = nlohmann::ordered_json::parse(stream);
    Diagnostics diagnostics;
    const auto core = hardware::readCore(path(ordered["accelerator"]), diagnostics);
    const auto mapping = mapping::readMapping(path(ordered["mapping"]), diagnostics);
    ASSERT_TRUE(core && mapping) << diagnostics.text();
    mapper::Cache cache;
    for (const nlohmann::ordered_json& inOrder : ordered["layers"]) {
        const json layer = json::parse(inOrder.dump());
        SCOPED_TRACE(layer["name"].get<std::string>());
        Nest nest = nestOfGolden(inOrder);
        const mapping::MappingEntry* entry = mapping->find(nest.name, layer["type"].get<std::string>());
        ASSERT_NE(entry, nullptr);
        mapper::Request request{nest, *core};
        for (const mapping::SpatialMapping& spatial : entry->spatial) {
            const auto& dimensions = core->array.dimensions;
            const auto at = std::find_if(dimensions.begin(), dimensions.end(),
                                         [&](const auto& d) { return d.name == spatial.arrayDimension; });
            ASSERT_NE(at, dimensions.end());
            request.spatial.push_back({static_cast<std::size_t>(at - dimensions.begin()), spatial.unrollings});
        }
        request.temporal = entry->temporalOrdering;
        request.options.objective = GetParam().objective;
        request.options.lpfLimit = GetParam().lpfLimit;
        const auto found = cache.map(request, diagnostics);
        ASSERT_TRUE(found) << diagnostics.text();
        compareLayer(layer, *found, nest, *core);
    }
}

INSTANTIATE_TEST_SUITE_P(
    ZigZag, Golden,
    testing::Values(Case{"tpu_like__resnet18_onnx__latency__lpf6.json", mapper::Objective::latency, 6},
                    Case{"tpu_like__resnet18_onnx__energy__lpf6.json", mapper::Objective::energy, 6},
                    Case{"tpu_like__resnet18_onnx__EDP__lpf6.json", mapper::Objective::edp, 6},
                    Case{"edge_tpu_like__resnet18_onnx__latency__lpf6.json", mapper::Objective::latency, 6},
                    Case{"meta_prototype__resnet18_onnx__energy__lpf6.json", mapper::Objective::energy, 6},
                    Case{"tpu_like__alexnet_onnx__latency__lpf6_dedup.json", mapper::Objective::latency, 6},
                    Case{"gemm_l1__gemm_layer_yaml__latency__lpf3.json", mapper::Objective::latency, 3},
                    Case{"gemm_l1__gemm_layer_yaml__EDP__lpf6.json", mapper::Objective::edp, 6},
                    Case{"gemm_l1_l3__gemm_layer_yaml__latency__lpf6.json", mapper::Objective::latency, 6}),
    [](const auto& one) { return std::regex_replace(one.param.file, std::regex("[^A-Za-z0-9]+"), "_"); });

}  // namespace
}  // namespace millrace::cost
