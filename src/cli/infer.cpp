#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

#include "cli/verbs.h"
#include "model/arrays/arrays.h"
#include "model/exec/executor.h"
#include "model/exec/weights.h"
#include "report/inference.h"
#include "support/files.h"

namespace millrace::cli {

namespace {

using model::exec::Value;

struct InferVerb {
    Common common;
    std::string model;
    std::vector<std::string> inputShapes, inputs, dump;
    std::string compare;
    std::int64_t randomWeights = -1;
};

/// Given tensors by name; the constants live as long as the values that view them.
using Arrays = std::map<std::string, model::Tensor>;

/// "NAME=FILE" each, or a FILE.npz with the names inside.
std::optional<Arrays> readInputs(const std::vector<std::string>& texts, Diagnostics& diagnostics) {
    Arrays result;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) {
            auto all = model::arrays::readArrays(text, diagnostics);
            if (!all) return std::nullopt;
            for (model::Tensor& tensor : *all) result[tensor.name] = std::move(tensor);
            continue;
        }
        auto tensor = model::arrays::readArray(text.substr(equals + 1), diagnostics);
        if (!tensor) return std::nullopt;
        result[text.substr(0, equals)] = *std::move(tensor);
    }
    return result;
}

/// The values of all inputs; what is not given is random. Empty with errors.
std::vector<Value> inputValues(const model::Network& network, const Arrays& given, const InferVerb& verb,
                               report::Inference& inference, Diagnostics& diagnostics) {
    std::vector<Value> values;
    std::string names;
    std::size_t used = 0;
    for (const model::TensorId id : network.inputs) {
        const model::Tensor& tensor = network.tensors[id];
        names += fmt::format("{}'{}'", names.empty() ? "" : ", ", tensor.name);
        const auto found = given.find(tensor.name);
        if (found != given.end()) {
            ++used;
            values.push_back(model::exec::constantValue(found->second));
        } else {
            inference.randomInputs.push_back(tensor.name);
            values.push_back(model::exec::randomInput(tensor, static_cast<std::uint64_t>(verb.common.seed)));
        }
        inference.inputs.push_back({tensor.name, values.back()});
    }
    if (used == given.size()) return values;
    for (const auto& entry : given) {
        const std::string& name = entry.first;
        const bool known = std::any_of(network.inputs.begin(), network.inputs.end(),
                                       [&](model::TensorId id) { return network.tensors[id].name == name; });
        if (!known) {
            diagnostics.error({"--input"}, fmt::format("the model has no input '{}'", name), "the inputs are " + names);
        }
    }
    return {};
}

std::optional<model::Network> loaded(const InferVerb& verb, const std::string& path, report::Inference& inference,
                                     Diagnostics& diagnostics) {
    auto network = loadNetwork(path, verb.inputShapes, diagnostics);
    if (network && verb.randomWeights >= 0) {
        inference.randomConstants = model::exec::fillMissing(*network, static_cast<std::uint64_t>(verb.randomWeights));
    }
    return network;
}

int threadsOf(const Common& common) {
    if (common.threads > 0) return common.threads;
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

bool execute(const InferVerb& verb, const model::Network& network, std::vector<Value> inputs,
             report::Inference& inference, Diagnostics& diagnostics) {
    const bool all = verb.dump.size() == 1 && verb.dump[0] == "all" && !network.find("all").valid();
    for (const std::string& name : verb.dump) {
        if (!all && !network.find(name).valid()) {
            diagnostics.error({"--dump"}, fmt::format("the network has no tensor '{}'", name),
                              "`--dump all` dumps every one");
        }
    }
    if (diagnostics.failed()) return false;
    model::exec::RunOptions options;
    options.threads = threadsOf(verb.common);
    options.seed = static_cast<std::uint64_t>(verb.common.seed);
    options.observe = [&](model::TensorId id, const Value& value) {
        const model::Tensor& tensor = network.tensors[id];
        const bool asked =
            all ? !tensor.constant : std::find(verb.dump.begin(), verb.dump.end(), tensor.name) != verb.dump.end();
        if (asked) inference.dumped.push_back({tensor.name, value});
    };
    auto result = model::exec::run(network, std::move(inputs), options, diagnostics);
    if (!result) return false;
    for (std::size_t i = 0; i < result->outputs.size(); ++i) {
        inference.outputs.push_back({network.tensors[network.outputs[i]].name, std::move(result->outputs[i])});
    }
    return true;
}

/// Tensors to compare with: outputs of another model on the same inputs, an array file, or a folder of NAME.npy.
std::optional<Arrays> others(const InferVerb& verb, const report::Inference& ours, Diagnostics& diagnostics) {
    Arrays result;
    if (verb.compare.ends_with(".onnx")) {
        InferVerb other = verb;
        other.dump.clear();
        report::Inference theirs;
        auto network = loaded(other, verb.compare, theirs, diagnostics);
        if (!network) return std::nullopt;
        std::vector<Value> inputs;
        for (const report::NamedValue& input : ours.inputs) inputs.push_back(input.value);
        if (!execute(other, *network, std::move(inputs), theirs, diagnostics)) return std::nullopt;
        for (std::size_t i = 0; i < theirs.outputs.size() && i < ours.outputs.size(); ++i) {
            result[ours.outputs[i].name] = report::tensorOf(theirs.outputs[i]);
        }
        return result;
    }
    if (!std::filesystem::is_directory(verb.compare)) {
        auto all = model::arrays::readArrays(verb.compare, diagnostics);
        if (!all) return std::nullopt;
        const bool only = all->size() == 1 && ours.outputs.size() == 1;
        for (model::Tensor& tensor : *all) result[only ? ours.outputs[0].name : tensor.name] = std::move(tensor);
        return result;
    }
    for (const report::NamedValue& output : ours.outputs) {
        const std::string path = verb.compare + "/" + output.name + ".npy";
        if (!std::filesystem::is_regular_file(path)) continue;
        auto tensor = model::arrays::readArray(path, diagnostics);
        if (!tensor) return std::nullopt;
        result[output.name] = *std::move(tensor);
    }
    return result;
}

/// A name of a tensor as a name of a file.
std::string fileName(const std::string& name) {
    std::string result;
    for (const char c : name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
        result += plain ? c : '_';
    }
    return (result.empty() || result[0] == '.' ? "_" + result : result).substr(0, 200) + ".npy";
}

bool writeFiles(const std::string& folder, const report::Inference& inference, const std::string& json,
                Diagnostics& diagnostics) {
    for (const auto* values : {&inference.dumped, &inference.outputs}) {
        for (const report::NamedValue& value : *values) {
            const auto bytes = model::arrays::npyBytes(report::tensorOf(value), diagnostics);
            if (!bytes || !writeFile(folder + fileName(value.name), *bytes, diagnostics)) return false;
        }
    }
    return writeFile(folder + "infer.json", json, diagnostics);
}

bool compareAll(const InferVerb& verb, report::Inference& inference, Diagnostics& diagnostics) {
    const auto theirs = others(verb, inference, diagnostics);
    if (!theirs) return false;
    inference.comparedWith = verb.compare;
    for (const report::NamedValue& output : inference.outputs) {
        const auto found = theirs->find(output.name);
        const Value value = found == theirs->end() ? Value() : model::exec::constantValue(found->second);
        inference.differences.push_back(report::compare(output, found == theirs->end() ? nullptr : &value));
    }
    return true;
}

Exit infer(const InferVerb& verb) {
    Diagnostics diagnostics;
    report::Inference inference;
    const auto given = readInputs(verb.inputs, diagnostics);
    const auto network = loaded(verb, verb.model, inference, diagnostics);
    if (!given || !network) return report(diagnostics, verb.common);
    auto inputs = inputValues(*network, *given, verb, inference, diagnostics);
    if (diagnostics.failed()) return report(diagnostics, verb.common);
    const auto begin = std::chrono::steady_clock::now();
    if (!execute(verb, *network, std::move(inputs), inference, diagnostics)) return report(diagnostics, verb.common);
    inference.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (!verb.compare.empty() && !compareAll(verb, inference, diagnostics)) return report(diagnostics, verb.common);
    const std::string json = report::inferenceJson(inference);
    const std::string folder =
        verb.common.out.empty() || verb.common.out.ends_with('/') ? verb.common.out : verb.common.out + "/";
    if (!folder.empty() && !writeFiles(folder, inference, json, diagnostics)) return report(diagnostics, verb.common);
    if (verb.common.json) {
        std::fputs(json.c_str(), stdout);
    } else if (!verb.common.quiet) {
        std::fputs(report::inferenceText(inference).c_str(), stdout);
        std::printf("executed in %.3f s\n", inference.seconds);
    }
    return report(diagnostics, verb.common);
}

}  // namespace

void addInfer(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("infer", "execute a network: the reference (docs/execution.md)");
    auto options = std::make_shared<InferVerb>();
    verb->add_option("MODEL", options->model, "network (.onnx)")->required();
    verb->add_option("--input-shape", options->inputShapes, "pins a free input, NAME=1,3,224,224 (may be repeated)")
        ->type_name("NAME=DIMS");
    verb->add_option("--input", options->inputs,
                     "values of an input, NAME=FILE (.npy, .npz:NAME, .pb), or FILE.npz with all (may be repeated); "
                     "inputs without are random")
        ->type_name("NAME=FILE");
    verb->add_option("--random-weights", options->randomWeights, "fill weights that the file lacks, from this seed")
        ->type_name("SEED")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("--dump", options->dump, "also this tensor, or 'all' (may be repeated)")->type_name("TENSOR");
    verb->add_option("--compare", options->compare,
                     "compare the outputs with another model's on the same inputs (.onnx), with arrays (.npy, .npz, "
                     ".pb) or with a folder of NAME.npy")
        ->type_name("OTHER");
    addCommon(*verb, options->common);
    verb->callback([options, &action] { action = [options] { return infer(*options); }; });
}

}  // namespace millrace::cli
