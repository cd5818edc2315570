#include "model/operators/known.h"

#include <cstring>

namespace millrace::model {

double Known::real(std::size_t i) const {
    double value;
    std::memcpy(&value, &raw[i], sizeof value);
    return value;
}

void Known::setReal(std::size_t i, double value) {
    const double rounded = type == DataType::float32 ? static_cast<double>(static_cast<float>(value)) : value;
    std::memcpy(&raw[i], &rounded, sizeof rounded);
}

std::optional<Known> knownValues(const Tensor& tensor, std::int64_t limit) {
    if (!tensor.constant || !tensor.shape || tensor.elements() > limit) return std::nullopt;
    Known known{tensor.type, *tensor.shape, {}};
    if (auto integers = tensor.integers()) {
        known.raw = *std::move(integers);
        return known;
    }
    if (tensor.type == DataType::boolean && (tensor.constant->hasValues() || tensor.elements() == 0)) {
        for (const std::uint8_t byte : tensor.constant->bytes) known.raw.push_back(byte != 0 ? 1 : 0);
        return known;
    }
    const auto reals = tensor.reals();
    if (!reals || !known.isReal()) return std::nullopt;
    known.raw.resize(reals->size());
    for (std::size_t i = 0; i < reals->size(); ++i) known.setReal(i, (*reals)[i]);
    return known;
}

namespace {

template <class Stored>
void append(std::vector<std::uint8_t>& bytes, Stored value) {
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace

Constant encode(const Known& known) {
    Constant constant;
    for (std::size_t i = 0; i < known.raw.size(); ++i) {
        switch (known.type) {
            case DataType::int64: append(constant.bytes, known.raw[i]); break;
            case DataType::int32: append(constant.bytes, static_cast<std::int32_t>(known.raw[i])); break;
            case DataType::float32: append(constant.bytes, static_cast<float>(known.real(i))); break;
            case DataType::float64: append(constant.bytes, known.real(i)); break;
            default: append(constant.bytes, static_cast<std::uint8_t>(known.raw[i] != 0 ? 1 : 0)); break;
        }
    }
    return constant;
}

std::size_t broadcastOffset(const Shape& shape, const std::vector<std::int64_t>& index) {
    std::int64_t offset = 0;
    const std::size_t skip = index.size() - shape.size();
    for (std::size_t i = 0; i < shape.size(); ++i) offset = offset * shape[i] + (shape[i] == 1 ? 0 : index[skip + i]);
    return static_cast<std::size_t>(offset);
}

}  // namespace millrace::model
