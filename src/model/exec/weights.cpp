#include "model/exec/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/rng.h"

namespace millrace::model::exec {

namespace {

std::uint64_t seedFor(const std::string& name, std::uint64_t seed) {
    std::uint64_t hash = seed ^ 0xcbf29ce484222325ULL;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
}

struct Interval {
    double low, high;
};

bool isNormalisation(const Operator& op) { return op.type.ends_with("Normalization"); }

/// How many products of this operand make one result; 0: it is no factor of sums.
std::int64_t fanIn(const Operator& op, std::size_t input, const Shape& shape) {
    const auto allBut = [&shape](std::size_t axis) {
        std::int64_t result = 1;
        for (std::size_t i = 0; i < shape.size(); ++i) result *= i == axis ? 1 : std::max<std::int64_t>(1, shape[i]);
        return result;
    };
    if (input == 1 && shape.size() >= 2 && op.type == "Conv") return allBut(0);
    if (input == 1 && shape.size() >= 2 && op.type == "ConvTranspose") return allBut(1);
    if (input <= 1 && shape.size() >= 2 && op.type == "Gemm") {
        const bool turned = op.integer(input == 0 ? "transA" : "transB", 0) != 0;
        return shape[(input == 0) != turned ? 1 : 0];
    }
    if (input <= 1 && !shape.empty() && op.type == "MatMul")
        return input == 0 || shape.size() == 1 ? shape.back() : shape[shape.size() - 2];
    const bool recurrent = op.type == "LSTM" || op.type == "GRU" || op.type == "RNN";
    if (recurrent && (input == 1 || input == 2) && !shape.empty()) return shape.back();
    return 0;
}

Interval intervalFor(const Operator* op, std::size_t input, const Shape& shape) {
    if (op == nullptr) return {-0.1, 0.1};
    if (const std::int64_t products = fanIn(*op, input, shape); products > 0) {
        const double limit = std::sqrt(6.0 / static_cast<double>(products));
        return {-limit, limit};
    }
    if (isNormalisation(*op)) return input == 1 || input == 4 ? Interval{0.5, 1.5} : Interval{-0.1, 0.1};
    if (op->type == "Mul" || op->type == "Div") return {0.5, 1.5};
    if (op->type == "Gather") return {-1, 1};
    return {-0.1, 0.1};
}

Value randomValue(DataType type, const Shape& shape, Interval interval, std::uint64_t seed, bool small) {
    Rng rng(seed);
    Value value(type, shape);
    dispatch(Floats{}, type, [&]<class T>() {
        for (T& x : value.write<T>()) x = static_cast<T>(interval.low + (interval.high - interval.low) * rng.unit());
    });
    dispatch<std::int8_t, std::uint8_t>(type, [&]<class T>() {
        for (T& x : value.write<T>()) x = static_cast<T>(rng.next() >> 56);
    });
    if (!small) return value;
    dispatch<std::int16_t, std::int32_t, std::int64_t, std::uint16_t, std::uint32_t, std::uint64_t, bool>(
        type, [&]<class T>() {
            for (T& x : value.write<T>()) x = static_cast<T>(rng.next() >> 63);
        });
    return value;
}

}  // namespace

std::size_t fillMissing(Network& network, std::uint64_t seed) {
    Table<TensorId, const Operator*> reader(network.tensors.size(), nullptr);
    Table<TensorId, std::size_t> place(network.tensors.size(), 0);
    std::size_t filled = 0;
    for (Operator& op : network.operators) {
        for (std::size_t i = 0; i < op.inputs.size(); ++i) {
            const TensorId id = op.inputs[i];
            if (!id.valid() || reader[id] != nullptr) continue;
            reader[id] = &op;
            place[id] = i;
        }
        for (auto& [attribute, body] : op.bodies) {
            Network copy = *body.network;
            const std::size_t inner = fillMissing(copy, seed);
            if (inner == 0) continue;
            filled += inner;
            body.network = std::make_shared<const Network>(std::move(copy));
        }
    }
    for (const TensorId id : network.tensors.ids()) {
        Tensor& tensor = network.tensors[id];
        if (!tensor.constant || tensor.constant->hasValues() || !tensor.shape || tensor.elements() == 0) continue;
        if (tensor.type == DataType::string) {
            tensor.constant->strings.resize(static_cast<std::size_t>(tensor.elements()));
        } else {
            const Interval interval = intervalFor(reader[id], place[id], *tensor.shape);
            const Value value = randomValue(tensor.type, *tensor.shape, interval, seedFor(tensor.name, seed), false);
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(value.bytes().data());
            tensor.constant->bytes.assign(bytes, bytes + value.bytes().size());
        }
        ++filled;
    }
    return filled;
}

Value randomInput(const Tensor& tensor, std::uint64_t seed) {
    return randomValue(tensor.type, tensor.shape.value_or(Shape{}), {-1, 1}, seedFor(tensor.name, seed), true);
}

}  // namespace millrace::model::exec
