// ort_case MODEL OUT [RUNS [THREADS]]: fills weights that MODEL lacks, runs it, and writes OUT/model.onnx, the inputs
// and outputs as raw bytes, and OUT/case.json that names them. Exit code 3: the model is not executed, with the reason.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "model/exec/executor.h"
#include "model/exec/weights.h"
#include "model/onnx/onnx.h"
#include "onnx.pb.h"

namespace {

using namespace millrace;
using namespace millrace::model;

std::string readAll(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void writeAll(const std::string& path, const void* data, std::size_t size) {
    std::ofstream(path, std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
}

/// Gives the initializers of the file the values that the network has.
std::string filledModel(const std::string& path, const Network& network) {
    onnx::ModelProto model;
    if (!model.ParseFromString(readAll(path))) return "";
    for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
        const TensorId id = network.find(tensor.name());
        const bool has = !tensor.raw_data().empty() || tensor.float_data_size() > 0 || tensor.int64_data_size() > 0 ||
                         tensor.int32_data_size() > 0 || tensor.double_data_size() > 0;
        if (has || !id.valid() || !network.tensors[id].constant) continue;
        const auto& bytes = network.tensors[id].constant->bytes;
        tensor.clear_external_data();
        tensor.clear_data_location();
        tensor.set_raw_data(std::string(bytes.begin(), bytes.end()));
    }
    return model.SerializeAsString();
}

std::string entry(const Tensor& tensor, const exec::Value& value, const std::string& file) {
    std::string dims;
    for (const std::int64_t dim : value.shape()) dims += (dims.empty() ? "" : ",") + std::to_string(dim);
    return "{\"name\":\"" + tensor.name + "\",\"type\":\"" + std::string(name(value.type())) + "\",\"dims\":[" + dims +
           "],\"file\":\"" + file + "\"}";
}

std::string dump(const std::string& folder, const Network& network, const std::vector<TensorId>& ids,
                 const std::vector<exec::Value>& values, const std::string& stem) {
    std::string list;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::string file = stem + std::to_string(i) + ".bin";
        writeAll(folder + "/" + file, values[i].bytes().data(), values[i].bytes().size());
        list += (list.empty() ? "" : ",") + entry(network.tensors[ids[i]], values[i], file);
    }
    return list;
}

int runCase(const std::string& path, const std::string& folder, int runs, int threads) {
    Diagnostics diagnostics;
    std::optional<Network> network = readOnnx(path, {{}, true}, diagnostics);
    if (!network) {
        std::fputs(diagnostics.text().c_str(), stderr);
        return 3;
    }
    exec::fillMissing(*network, 1);
    std::vector<exec::Value> inputs;
    for (const TensorId id : network->inputs) inputs.push_back(exec::randomInput(network->tensors[id], 1));
    std::optional<exec::RunResult> result;
    exec::RunOptions options;
    options.threads = threads;
    double best = 1e300;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        result = exec::run(*network, inputs, options, diagnostics);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
        if (result) continue;
        std::fputs(diagnostics.text().c_str(), stderr);
        return 3;
    }
    const std::string model = filledModel(path, *network);
    writeAll(folder + "/model.onnx", model.data(), model.size());
    std::ofstream(folder + "/case.json") << "{\"milliseconds\":" << best << ",\"threads\":" << threads
                                         << ",\"runs\":" << runs << ",\"inputs\":["
                                         << dump(folder, *network, network->inputs, inputs, "input")
                                         << "],\"outputs\":["
                                         << dump(folder, *network, network->outputs, result->outputs, "output")
                                         << "]}\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: ort_case MODEL OUT [RUNS [THREADS]]\n", stderr);
        return 2;
    }
    return runCase(argv[1], argv[2], argc > 3 ? std::max(1, std::atoi(argv[3])) : 1,
                   argc > 4 ? std::max(1, std::atoi(argv[4])) : 2);
}
