// ONNX's own node cases, as Debian's libonnx-testdata has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "model/exec/executor.h"
#include "model/onnx/onnx.h"
#include "shared.h"
#include "support/files.h"

namespace millrace::model::exec {

namespace {

namespace fs = std::filesystem;

std::string dataDir() {
    const char* variable = std::getenv("MILLRACE_ONNX_TESTDATA");
    return variable != nullptr ? variable : "/usr/share/libonnx-testdata/data";
}

/// name -> reason, from lines "name,reason".
std::map<std::string, std::string> exceptions() {
    Diagnostics diagnostics;
    const auto text = readFile(test::sourceDir() + "/tests/exec/conformance_exceptions.csv", diagnostics);
    std::map<std::string, std::string> result;
    std::istringstream lines(text.value_or(""));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t comma = line.find(',');
        if (comma != std::string::npos) result.emplace(line.substr(0, comma), line.substr(comma + 1));
    }
    return result;
}

/// input_0.pb, input_1.pb, ... of a case. Empty with `why` if one is no tensor.
std::vector<Tensor> tensors(const fs::path& folder, const std::string& stem, std::string& why) {
    std::vector<Tensor> result;
    for (int i = 0;; ++i) {
        const fs::path path = folder / (stem + "_" + std::to_string(i) + ".pb");
        if (!fs::exists(path)) return result;
        Diagnostics diagnostics;
        const auto bytes = readFile(path.string(), diagnostics);
        auto tensor = bytes ? parseTensor(*bytes, path.filename().string(), diagnostics) : std::nullopt;
        if (!tensor) {
            why = diagnostics.text();
            return {};
        }
        result.push_back(*std::move(tensor));
    }
}

std::string differenceOf(const Value& ours, const Value& theirs) {
    const auto of = [](const Value& v) { return std::string(name(v.type())) + text(v.shape()); };
    if (!ours.present() || ours.isSequence()) return "comes out as no tensor";
    if (ours.type() != theirs.type() || ours.shape() != theirs.shape()) return of(ours) + ", expected " + of(theirs);
    std::string result;
    if (ours.type() == DataType::string) return ours.strings() == theirs.strings() ? "" : "other texts";
    dispatch(All{}, ours.type(), [&]<class T>() {
        const auto a = ours.read<T>();
        const auto b = theirs.read<T>();
        for (std::size_t i = 0; i < a.size() && result.empty(); ++i) {
            const auto x = static_cast<double>(static_cast<Wide<T>>(a[i]));
            const auto y = static_cast<double>(static_cast<Wide<T>>(b[i]));
            bool same = x == y || (x != x && y != y);
            if (isReal<T> && !same) same = std::fabs(x - y) <= 1e-7 + 1e-3 * std::fabs(y);
            if (!same) {
                result =
                    "element " + std::to_string(i) + " is " + std::to_string(x) + ", expected " + std::to_string(y);
            }
        }
    });
    return result;
}

/// Empty: passed.
std::string failureOf(const fs::path& folder) {
    std::string why;
    const auto inputs = tensors(folder / "test_data_set_0", "input", why);
    const auto outputs = tensors(folder / "test_data_set_0", "output", why);
    ImportOptions options;
    for (const Tensor& tensor : inputs) options.inputShapes[tensor.name] = *tensor.shape;
    Diagnostics diagnostics;
    const auto network = readOnnx((folder / "model.onnx").string(), options, diagnostics);
    if (!network) return "import: " + diagnostics.text();
    if (!why.empty()) return why;
    std::map<std::string, const Tensor*> byName;
    for (const Tensor& tensor : inputs) byName[tensor.name] = &tensor;
    std::vector<Value> values;
    for (const TensorId id : network->inputs) {
        const auto found = byName.find(network->tensors[id].name);
        values.push_back(found == byName.end() ? Value() : constantValue(*found->second));
    }
    RunOptions runOptions;
    runOptions.threads = 2;
    runOptions.seed = 1;
    const auto result = run(*network, std::move(values), runOptions, diagnostics);
    if (!result) return diagnostics.text();
    if (result->outputs.size() < outputs.size()) return "too few outputs";
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string difference = differenceOf(result->outputs[i], constantValue(outputs[i]));
        if (!difference.empty()) return "output " + std::to_string(i) + " " + difference;
    }
    return "";
}

void runCases(const std::string& group, std::size_t atLeast) {
    const fs::path root = fs::path(dataDir()) / group;
    if (!fs::is_directory(root)) {
        GTEST_SKIP() << "needs " << root << " (Debian's libonnx-testdata; scripts/setup --dev installs it)";
    }
    const auto known = exceptions();
    std::set<std::string> cases;
    for (const auto& entry : fs::directory_iterator(root)) cases.insert(entry.path().filename().string());
    std::size_t passed = 0;
    for (const std::string& name : cases) {
        const std::string failure = failureOf(root / name);
        passed += failure.empty() ? 1 : 0;
        const auto listed = known.find(name);
        if (failure.empty()) {
            EXPECT_EQ(listed, known.end()) << name << " passes, and is listed as an exception";
        } else if (listed == known.end()) {
            ADD_FAILURE() << name << ": " << failure.substr(0, 400);
        }
    }
    std::printf("[  CASES   ] %zu of %zu pass (%s)\n", passed, cases.size(), group.c_str());
    EXPECT_GE(cases.size(), atLeast);
}

TEST(Conformance, Node) { runCases("node", 900); }

}  // namespace

}  // namespace millrace::model::exec
