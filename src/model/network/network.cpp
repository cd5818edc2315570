#include "model/network/network.h"

#include <array>
#include <cmath>
#include <cstring>

namespace millrace::model {

namespace {

struct TypeFacts {
    DataType type;
    std::string_view name;
    int bits;
};

constexpr std::array<TypeFacts, 17> kTypes{{
    {DataType::undefined, "undefined", 0},
    {DataType::float32, "float32", 32},
    {DataType::uint8, "uint8", 8},
    {DataType::int8, "int8", 8},
    {DataType::uint16, "uint16", 16},
    {DataType::int16, "int16", 16},
    {DataType::int32, "int32", 32},
    {DataType::int64, "int64", 64},
    {DataType::string, "string", 0},
    {DataType::boolean, "bool", 8},
    {DataType::float16, "float16", 16},
    {DataType::float64, "float64", 64},
    {DataType::uint32, "uint32", 32},
    {DataType::uint64, "uint64", 64},
    {DataType::complex64, "complex64", 64},
    {DataType::complex128, "complex128", 128},
    {DataType::bfloat16, "bfloat16", 16},
}};

const TypeFacts& facts(DataType type) {
    const auto index = static_cast<std::size_t>(type);
    return kTypes[index < kTypes.size() ? index : 0];
}

double halfToDouble(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31;
    const int mantissa = bits & 1023;
    double value = 0;
    if (exponent == 31) {
        value = mantissa != 0 ? std::nan("") : HUGE_VAL;
    } else if (exponent == 0) {
        value = std::ldexp(mantissa, -24);
    } else {
        value = std::ldexp(mantissa + 1024, exponent - 25);
    }
    return (bits & 0x8000) != 0 ? -value : value;
}

template <class Stored, class Result, class Convert>
std::vector<Result> decode(const std::vector<std::uint8_t>& bytes, Convert convert) {
    std::vector<Result> result;
    result.reserve(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i + sizeof(Stored) <= bytes.size(); i += sizeof(Stored)) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i, sizeof stored);
        result.push_back(convert(stored));
    }
    return result;
}

template <class T>
const T* attributeOf(const Attributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

std::string text(const Shape& shape) {
    std::string result(1, '[');
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i > 0) result += ',';
        result += std::to_string(shape[i]);
    }
    result += ']';
    return result;
}

std::optional<std::int64_t> boundedElements(const Shape& shape) {
    if (shape.size() > kMaxRank) return std::nullopt;
    std::int64_t product = 1;
    bool empty = false;
    for (const std::int64_t dim : shape) {
        if (dim < 0) return std::nullopt;
        if (dim == 0) {
            empty = true;
            continue;
        }
        if (dim > kMaxElements / product) return std::nullopt;
        product *= dim;
    }
    return empty ? 0 : product;
}

std::string_view name(DataType type) { return facts(type).name; }

std::optional<DataType> dataTypeNamed(std::string_view name) {
    for (const TypeFacts& candidate : kTypes) {
        if (candidate.name == name) return candidate.type;
    }
    return std::nullopt;
}

std::optional<DataType> dataType(std::int64_t number) {
    if (number < 0 || number >= static_cast<std::int64_t>(kTypes.size())) return std::nullopt;
    return static_cast<DataType>(number);
}

int bitWidth(DataType type) { return facts(type).bits; }

std::int64_t Tensor::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t dim : shape.value()) product *= dim;
    return product;
}

std::optional<std::vector<std::int64_t>> Tensor::integers() const {
    if (!constant || !shape || (type != DataType::int32 && type != DataType::int64)) return std::nullopt;
    if (!constant->hasValues() && elements() != 0) return std::nullopt;
    const auto widen = [](auto value) { return static_cast<std::int64_t>(value); };
    if (type == DataType::int32) return decode<std::int32_t, std::int64_t>(constant->bytes, widen);
    return decode<std::int64_t, std::int64_t>(constant->bytes, widen);
}

std::optional<std::vector<double>> Tensor::reals() const {
    if (!constant || !shape) return std::nullopt;
    if (!constant->hasValues() && elements() != 0) return std::nullopt;
    const auto widen = [](auto value) { return static_cast<double>(value); };
    switch (type) {
        case DataType::float32: return decode<float, double>(constant->bytes, widen);
        case DataType::float64: return decode<double, double>(constant->bytes, widen);
        case DataType::float16: return decode<std::uint16_t, double>(constant->bytes, halfToDouble);
        default: return std::nullopt;
    }
}

std::int64_t Operator::integer(std::string_view attribute, std::int64_t otherwise) const {
    const auto* value = attributeOf<std::int64_t>(attributes, attribute);
    return value != nullptr ? *value : otherwise;
}

double Operator::real(std::string_view attribute, double otherwise) const {
    const auto* value = attributeOf<double>(attributes, attribute);
    return value != nullptr ? *value : otherwise;
}

std::string Operator::text(std::string_view attribute, std::string_view otherwise) const {
    const auto* value = attributeOf<std::string>(attributes, attribute);
    return value != nullptr ? *value : std::string(otherwise);
}

std::vector<std::int64_t> Operator::integers(std::string_view attribute, std::vector<std::int64_t> otherwise) const {
    const auto* value = attributeOf<std::vector<std::int64_t>>(attributes, attribute);
    if (value != nullptr) return *value;
    return otherwise;
}

const Body* Operator::body(std::string_view attribute) const {
    const auto found = bodies.find(attribute);
    return found == bodies.end() ? nullptr : &found->second;
}

OperatorId Network::producer(TensorId tensor) const {
    if (!tensor.valid()) return {};
    for (const OperatorId id : operators.ids()) {
        for (const TensorId output : operators[id].outputs) {
            if (output == tensor) return id;
        }
    }
    return {};
}

TensorId Network::find(std::string_view tensorName) const {
    for (const TensorId id : tensors.ids()) {
        if (tensors[id].name == tensorName) return id;
    }
    return {};
}

}  // namespace millrace::model
