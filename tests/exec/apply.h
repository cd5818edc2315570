#pragma once
#include <string>
#include <vector>

#include "model/exec/executor.h"

namespace millrace::model::exec::test {

/// The results of one operator on some inputs (absent: left out), or why not.
struct Applied {
    std::vector<Value> outputs;
    std::string error;
};

inline Applied apply(const std::string& type, std::int64_t version, const std::vector<Value>& inputs,
                     Attributes attributes = {}, std::size_t outputs = 1, int threads = 1, std::string domain = "") {
    Network network;
    network.file = "test";
    Operator op;
    op.name = "op";
    op.type = type;
    op.domain = std::move(domain);
    op.version = version;
    op.known = false;
    op.attributes = std::move(attributes);
    std::vector<Value> given;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].present()) {
            op.inputs.push_back({});
            continue;
        }
        Tensor tensor;
        tensor.name = "in" + std::to_string(i);
        tensor.type = inputs[i].type();
        tensor.shape = inputs[i].shape();
        op.inputs.push_back(network.tensors.add(tensor));
        network.inputs.push_back(op.inputs.back());
        given.push_back(inputs[i]);
    }
    for (std::size_t i = 0; i < outputs; ++i) {
        Tensor tensor;
        tensor.name = "out" + std::to_string(i);
        op.outputs.push_back(network.tensors.add(tensor));
        network.outputs.push_back(op.outputs.back());
    }
    network.operators.add(std::move(op));
    RunOptions options;
    options.threads = threads;
    Diagnostics diagnostics;
    auto result = run(network, std::move(given), options, diagnostics);
    if (!result) return {{}, diagnostics.text()};
    return {std::move(result->outputs), ""};
}

template <class T>
Value valueOf(Shape shape, const std::vector<T>& elements) {
    Value value(typeOf<T>(), std::move(shape));
    std::copy(elements.begin(), elements.end(), value.write<T>().begin());
    return value;
}

inline Value integers(const std::vector<std::int64_t>& elements) {
    return valueOf<std::int64_t>({static_cast<std::int64_t>(elements.size())}, elements);
}

template <class T>
std::vector<T> listOf(const Value& value) {
    const auto read = value.read<T>();
    return {read.begin(), read.end()};
}

}  // namespace millrace::model::exec::test
