#include <fmt/format.h>

#include <set>

#include "model/network/network.h"

namespace millrace::model {

namespace {

class Verifier {
public:
    Verifier(const Network& network, Diagnostics& diagnostics, bool isBody)
        : network_(network), diagnostics_(diagnostics), isBody_(isBody), produced_(network.tensors.size()) {}

    bool run() {
        const std::size_t before = diagnostics_.failures();
        checkTensors();
        checkInputs();
        checkOperators();
        checkEveryTensorIsProduced();
        checkOutputs();
        return diagnostics_.failures() == before;
    }

private:
    void fail(std::string message) { diagnostics_.error({network_.file}, std::move(message)); }

    std::string label(TensorId id) const { return fmt::format("tensor '{}'", network_.tensors[id].name); }

    void checkTensors() {
        std::set<std::string_view> names;
        for (const TensorId id : network_.tensors.ids()) {
            const Tensor& tensor = network_.tensors[id];
            if (tensor.name.empty()) {
                fail(fmt::format("tensor {} has no name", id.index()));
            } else if (!names.insert(tensor.name).second) {
                fail(fmt::format("two tensors are named '{}'", tensor.name));
            }
            if (tensor.shape && !boundedElements(*tensor.shape)) {
                fail(fmt::format("{} has shape {}: a negative dimension, more than {} axes, or more than 2^48 elements",
                                 label(id), text(*tensor.shape), kMaxRank));
            } else if (tensor.constant) {
                checkConstant(id, tensor);
            }
        }
    }

    void checkConstant(TensorId id, const Tensor& tensor) {
        if (!tensor.shape || tensor.type == DataType::undefined) {
            fail(fmt::format("{} is a constant without shape or type", label(id)));
        } else if (tensor.constant->hasValues()) {
            const auto size = static_cast<std::int64_t>(tensor.constant->bytes.size());
            const std::int64_t needed = tensor.elements() * (bitWidth(tensor.type) / 8);
            const auto strings = static_cast<std::int64_t>(tensor.constant->strings.size());
            const std::int64_t neededStrings = tensor.type == DataType::string ? tensor.elements() : 0;
            if (strings != neededStrings) {
                fail(fmt::format("{} is a constant of {} texts; its shape {} and type {} make {}", label(id), strings,
                                 text(*tensor.shape), name(tensor.type), neededStrings));
            }
            if (size != needed) {
                fail(fmt::format("{} is a constant of {} bytes; its shape {} and type {} make {}", label(id), size,
                                 text(*tensor.shape), name(tensor.type), needed));
            }
        }
        produced_[id] = true;
    }

    void checkInputs() {
        for (const TensorId id : network_.inputs) {
            if (!network_.tensors.contains(id)) {
                fail("a graph input is not in the tensor table");
                continue;
            }
            if (produced_[id]) fail(fmt::format("{} is a graph input and produced elsewhere too", label(id)));
            produced_[id] = true;
            const Tensor& tensor = network_.tensors[id];
            if (!isBody_ && (!tensor.shape || tensor.type == DataType::undefined)) {
                fail(fmt::format("{} is a graph input without shape or type", label(id)));
            }
        }
    }

    void checkOperators() {
        std::set<std::string_view> names;
        for (const Operator& op : network_.operators) {
            if (op.name.empty()) {
                fail(fmt::format("an operator of type {} has no name", op.type));
            } else if (!names.insert(op.name).second) {
                fail(fmt::format("two operators are named '{}'", op.name));
            }
            if (op.type.empty()) fail(fmt::format("operator '{}' has no type", op.name));
            for (const TensorId id : op.inputs) checkRead(op, id);
            for (const auto& [attribute, body] : op.bodies) checkBody(op, attribute, body);
            for (const TensorId id : op.outputs) checkWritten(op, id);
        }
    }

    void checkBody(const Operator& op, const std::string& attribute, const Body& body) {
        const std::string label = fmt::format("body '{}' of operator '{}'", attribute, op.name);
        if (op.known) fail(fmt::format("{}: an operator with a body is host work, not known", label));
        if (!body.network) return fail(fmt::format("{} has no network", label));
        if (body.formals + body.captured.size() != body.network->inputs.size()) {
            fail(fmt::format("{} has {} inputs; {} formal and {} captured ones are said", label,
                             body.network->inputs.size(), body.formals, body.captured.size()));
        }
        for (const std::size_t index : body.captured) {
            if (!op.input(index).valid()) fail(fmt::format("{} captures input {}, which is left out", label, index));
        }
        Verifier(*body.network, diagnostics_, true).run();
    }

    void checkRead(const Operator& op, TensorId id) {
        if (!id.valid()) return;
        if (!network_.tensors.contains(id)) {
            fail(fmt::format("operator '{}' reads a tensor that is not in the table", op.name));
            return;
        }
        if (!produced_[id]) fail(fmt::format("operator '{}' reads {} before it is produced", op.name, label(id)));
        checkKnown(op, id);
    }

    void checkWritten(const Operator& op, TensorId id) {
        if (!id.valid()) return;
        if (!network_.tensors.contains(id)) {
            fail(fmt::format("operator '{}' writes a tensor that is not in the table", op.name));
            return;
        }
        if (produced_[id]) fail(fmt::format("operator '{}' writes {}, which is produced already", op.name, label(id)));
        produced_[id] = true;
        checkKnown(op, id);
    }

    void checkKnown(const Operator& op, TensorId id) {
        if (op.known && !network_.tensors[id].shape) {
            fail(fmt::format("operator '{}' is known, but {} has no shape", op.name, label(id)));
        }
    }

    void checkEveryTensorIsProduced() {
        for (const TensorId id : network_.tensors.ids()) {
            if (!produced_[id]) fail(fmt::format("{} is produced by nothing", label(id)));
        }
    }

    void checkOutputs() {
        for (const TensorId id : network_.outputs) {
            if (!network_.tensors.contains(id)) fail("a graph output is not in the tensor table");
        }
    }

    const Network& network_;
    Diagnostics& diagnostics_;
    bool isBody_;
    Table<TensorId, char> produced_;
};

}  // namespace

bool verify(const Network& network, Diagnostics& diagnostics) { return Verifier(network, diagnostics, false).run(); }

}  // namespace millrace::model
