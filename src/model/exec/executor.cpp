#include "model/exec/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>

#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Thrown inside of this file: an error with its names.
struct Failure {
    std::string what;
    std::string hint;
};

std::string describe(const Value* value) {
    if (value == nullptr) return "left out";
    if (value->isSequence()) return fmt::format("a sequence of {}", value->items().size());
    if (!value->present()) return "absent";
    return fmt::format("{}{}", name(value->type()), text(value->shape()));
}

/// Operators that take sequences and empty optionals; all others take tensors only.
bool takesAnything(const Operator& op) {
    constexpr std::array<std::string_view, 16> kTypes{"Identity",
                                                      "If",
                                                      "Loop",
                                                      "Scan",
                                                      "Optional",
                                                      "SequenceMap",
                                                      "SequenceInsert",
                                                      "SequenceConstruct",
                                                      "SequenceErase",
                                                      "SequenceAt",
                                                      "SequenceLength",
                                                      "ConcatFromSequence",
                                                      "SequenceEmpty",
                                                      "SplitToSequence",
                                                      "OptionalHasElement",
                                                      "OptionalGetElement"};
    return op.domain.empty() && std::find(kTypes.begin(), kTypes.end(), op.type) != kTypes.end();
}

void checkAreTensors(const std::vector<const Value*>& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == nullptr || (inputs[i]->present() && !inputs[i]->isSequence())) continue;
        throw Refused{fmt::format("input {} is {}, not a tensor", i, describe(inputs[i]))};
    }
}

/// One walk through one network (a body is another one).
class Runner {
public:
    Runner(const Network& network, const Environment& environment, const RunOptions& options, bool outermost)
        : network_(network), environment_(environment), options_(options), outermost_(outermost) {}

    RunResult run(std::vector<Value> inputs) {
        values_ = Table<TensorId, Value>(network_.tensors.size());
        countReads();
        takeInputs(std::move(inputs));
        for (const TensorId id : network_.tensors.ids()) {
            if (network_.tensors[id].constant && (reads_[id] > 0 || options_.everyTensor)) takeConstant(id);
        }
        for (const Operator& op : network_.operators) step(op);
        RunResult result;
        for (const TensorId id : network_.outputs) result.outputs.push_back(values_[id]);
        if (outermost_ && options_.everyTensor) result.tensors = std::move(values_);
        return result;
    }

private:
    void countReads() {
        reads_ = Table<TensorId, int>(network_.tensors.size(), 0);
        for (const TensorId id : network_.outputs) ++reads_[id];
        for (const Operator& op : network_.operators) {
            for (const TensorId id : op.inputs) {
                if (id.valid()) ++reads_[id];
            }
        }
    }

    void observe(TensorId id) {
        if (outermost_ && options_.observe) options_.observe(id, values_[id]);
    }

    void takeInputs(std::vector<Value> inputs) {
        if (inputs.size() != network_.inputs.size()) {
            throw Failure{fmt::format("{} inputs are given; the network has {}", inputs.size(), network_.inputs.size()),
                          ""};
        }
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const Tensor& tensor = network_.tensors[network_.inputs[i]];
            const Value& value = inputs[i];
            const bool typeFits = tensor.type == DataType::undefined || tensor.type == value.type();
            const bool shapeFits = !tensor.shape || *tensor.shape == value.shape();
            if (outermost_ && !(typeFits && shapeFits)) {
                throw Failure{
                    fmt::format("input '{}' is given as {}; the network reads {}{}", tensor.name, describe(&value),
                                name(tensor.type), tensor.shape ? text(*tensor.shape) : "[?]"),
                    ""};
            }
            values_[network_.inputs[i]] = std::move(inputs[i]);
            observe(network_.inputs[i]);
        }
    }

    void takeConstant(TensorId id) {
        const Tensor& tensor = network_.tensors[id];
        values_[id] = constantValue(tensor);
        if (!values_[id].present()) {
            throw Failure{fmt::format("the values of constant '{}' ({}{}) are not in the file", tensor.name,
                                      name(tensor.type), tensor.shape ? text(*tensor.shape) : "[?]"),
                          "put the file of external data beside the model, or fill it with random weights"};
        }
        observe(id);
    }

    std::string label(const Operator& op) const {
        std::string inputs;
        for (const TensorId id : op.inputs) {
            if (!inputs.empty()) inputs += ", ";
            inputs += id.valid() ? fmt::format("'{}' {}", network_.tensors[id].name, describe(&values_[id])) : "-";
        }
        return fmt::format("operator '{}' ({}), inputs {}", op.name, op.type, inputs.empty() ? "none" : inputs);
    }

    void step(const Operator& op) {
        const Kernel kernel = findKernel(op.domain, op.type, op.version);
        if (kernel == nullptr) {
            throw Failure{fmt::format("operator '{}' ({}{}{} of opset {}) is not executed by Millrace", op.name,
                                      op.domain, op.domain.empty() ? "" : ".", op.type, op.version),
                          "`millrace ops` lists what is"};
        }
        std::vector<const Value*> inputs;
        for (const TensorId id : op.inputs) {
            inputs.push_back(id.valid() ? &values_[id] : nullptr);
        }
        std::vector<Value> outputs(op.outputs.size());
        try {
            if (!takesAnything(op)) checkAreTensors(inputs);
            Call call{op, inputs, outputs, environment_};
            kernel(call);
            checkOutputs(op, outputs);
        } catch (const Refused& refused) {
            throw Failure{fmt::format("{}: {}", label(op), refused.why), ""};
        } catch (const std::bad_alloc&) {
            throw Failure{fmt::format("{}: there is not enough memory", label(op)), ""};
        }
        keep(op, outputs);
    }

    void checkOutputs(const Operator& op, const std::vector<Value>& outputs) const {
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (!op.known || !op.outputs[i].valid() || !outputs[i].present()) continue;
            const Tensor& tensor = network_.tensors[op.outputs[i]];
            const bool typeFits = tensor.type == DataType::undefined || tensor.type == outputs[i].type();
            if (typeFits && (!tensor.shape || *tensor.shape == outputs[i].shape())) continue;
            throw Refused{fmt::format("output '{}' comes out as {}; the network says {}{}", tensor.name,
                                      describe(&outputs[i]), name(tensor.type),
                                      tensor.shape ? text(*tensor.shape) : "[?]")};
        }
    }

    void keep(const Operator& op, std::vector<Value>& outputs) {
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const TensorId id = op.outputs[i];
            if (!id.valid()) continue;
            values_[id] = std::move(outputs[i]);
            observe(id);
            if (reads_[id] == 0 && !options_.everyTensor) values_[id] = Value();
        }
        for (const TensorId id : op.inputs) {
            if (id.valid() && --reads_[id] == 0 && !options_.everyTensor) values_[id] = Value();
        }
    }

    const Network& network_;
    const Environment& environment_;
    const RunOptions& options_;
    bool outermost_;
    Table<TensorId, Value> values_;
    Table<TensorId, int> reads_;
};

}  // namespace

Value constantValue(const Tensor& tensor) {
    if (!tensor.constant || !tensor.shape) return {};
    if (tensor.type == DataType::string) {
        const auto count = static_cast<std::int64_t>(tensor.constant->strings.size());
        if (count != tensor.elements()) return {};
        Value texts(tensor.type, *tensor.shape);
        texts.writeStrings() = tensor.constant->strings;
        return texts;
    }
    const std::vector<std::uint8_t>& bytes = tensor.constant->bytes;
    if (bytes.empty() && tensor.elements() != 0) return {};
    if (bytes.empty()) return Value(tensor.type, *tensor.shape);
    Value value = Value::borrowed(tensor.type, *tensor.shape, std::as_bytes(std::span(bytes)));
    const bool odd = tensor.type == DataType::boolean &&
                     std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte > 1; });
    if (!odd) return value;
    Value clean(tensor.type, *tensor.shape);
    const auto to = clean.write<bool>();
    for (std::size_t i = 0; i < bytes.size(); ++i) to[i] = bytes[i] != 0;
    return clean;
}

std::optional<RunResult> run(const Network& network, std::vector<Value> inputs, const RunOptions& options,
                             Diagnostics& diagnostics) {
    Environment environment;
    environment.threads = std::max(1, options.threads);
    environment.seed = options.seed;
    std::int64_t iterationsLeft = options.maxIterations;
    environment.iterationsLeft = &iterationsLeft;
    environment.runBody = [&](const Network& body, std::vector<Value> bodyInputs) {
        try {
            return Runner(body, environment, options, false).run(std::move(bodyInputs)).outputs;
        } catch (const Failure& failure) {
            throw Refused{fmt::format("in its body: {}", failure.what)};
        }
    };
    try {
        return Runner(network, environment, options, true).run(std::move(inputs));
    } catch (const Failure& failure) {
        diagnostics.error({network.file}, failure.what, failure.hint);
    } catch (const Refused& refused) {
        diagnostics.error({network.file}, refused.why);
    } catch (const std::bad_alloc&) {
        diagnostics.error({network.file}, "there is not enough memory to execute it");
    }
    return std::nullopt;
}

}  // namespace millrace::model::exec
