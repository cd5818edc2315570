#include "model/onnx/tensors.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace millrace::model {

namespace {

namespace fs = std::filesystem;

void append(std::vector<std::uint8_t>& bytes, const void* data, std::size_t size) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    bytes.insert(bytes.end(), first, first + size);
}

/// Each number narrowed to the low `width` bytes (the machine is little endian, as the format is).
template <class List>
std::vector<std::uint8_t> narrow(const List& list, std::size_t width) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(static_cast<std::size_t>(list.size()) * width);
    for (const auto value : list) append(bytes, &value, std::min(width, sizeof value));
    return bytes;
}

std::vector<std::uint8_t> typedBytes(const onnx::TensorProto& proto, DataType type) {
    const auto width = static_cast<std::size_t>(bitWidth(type) / 8);
    switch (type) {
        case DataType::float32:
        case DataType::complex64: return narrow(proto.float_data(), sizeof(float));
        case DataType::float64:
        case DataType::complex128: return narrow(proto.double_data(), sizeof(double));
        case DataType::int64: return narrow(proto.int64_data(), width);
        case DataType::uint32:
        case DataType::uint64: return narrow(proto.uint64_data(), width);
        case DataType::string:
        case DataType::undefined: return {};
        default: return narrow(proto.int32_data(), width);
    }
}

struct ExternalData {
    std::string location;
    std::int64_t offset = 0;
    std::int64_t length = -1;
};

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::optional<ExternalData> readEntries(const onnx::TensorProto& proto, const std::string& label,
                                        const ModelPlace& place) {
    ExternalData external;
    for (const onnx::StringStringEntryProto& entry : proto.external_data()) {
        if (entry.key() == "location") external.location = entry.value();
        if (entry.key() != "offset" && entry.key() != "length") continue;
        const auto value = number(entry.value());
        if (!value) {
            place.diagnostics.error({place.file}, fmt::format("{}: external data {} '{}' is no number of bytes", label,
                                                              entry.key(), entry.value()));
            return std::nullopt;
        }
        (entry.key() == "offset" ? external.offset : external.length) = *value;
    }
    const fs::path location(external.location);
    bool inside =
        !external.location.empty() && !location.is_absolute() && external.location.find('\0') == std::string::npos;
    for (const fs::path& part : location) inside = inside && part != "..";
    if (inside) return external;
    place.diagnostics.error({place.file}, fmt::format("{}: external data location '{}' is not below the model's folder",
                                                      label, external.location));
    return std::nullopt;
}

/// False after an error. A file that is not there leaves the constant without values.
bool readExternal(const onnx::TensorProto& proto, const std::string& label, const ModelPlace& place, Tensor& tensor) {
    const auto external = readEntries(proto, label, place);
    if (!external) return false;
    const std::int64_t needed = tensor.elements() * (bitWidth(tensor.type) / 8);
    if (external->length >= 0 && external->length != needed) {
        place.diagnostics.error({place.file},
                                fmt::format("{}: {} bytes of external data; shape {} and type {} make {}", label,
                                            external->length, text(*tensor.shape), name(tensor.type), needed));
        return false;
    }
    const fs::path path = fs::path(place.file).parent_path() / external->location;
    std::error_code error;
    if (!fs::is_regular_file(path, error) || needed == 0) return true;
    const auto size = static_cast<std::int64_t>(fs::file_size(path, error));
    if (error || external->offset > size || needed > size - external->offset) {
        place.diagnostics.error({place.file}, fmt::format("{}: external file '{}' has {} bytes; {} from offset {} on "
                                                          "are needed",
                                                          label, path.string(), size, needed, external->offset));
        return false;
    }
    std::ifstream in(path, std::ios::binary);
    in.seekg(external->offset);
    std::string bytes(static_cast<std::size_t>(needed), '\0');
    if (!in.read(bytes.data(), static_cast<std::streamsize>(needed))) {
        place.diagnostics.error({place.file},
                                fmt::format("{}: external file '{}' cannot be read", label, path.string()));
        return false;
    }
    tensor.constant->bytes.assign(bytes.begin(), bytes.end());
    return true;
}

std::optional<Tensor> readHead(const google::protobuf::RepeatedField<google::protobuf::int64>& dims, std::int64_t type,
                               const std::string& label, const ModelPlace& place) {
    const auto elementType = readDataType(type, label, place);
    if (!elementType) return std::nullopt;
    Tensor tensor;
    tensor.type = *elementType;
    tensor.shape = Shape(dims.begin(), dims.end());
    tensor.constant = Constant{};
    if (boundedElements(*tensor.shape)) return tensor;
    place.diagnostics.error(
        {place.file},
        fmt::format("{}: {} dimensions, {}{}: a dimension is negative, or there are more than {} "
                    "axes or 2^48 elements",
                    label, dims.size(), text(Shape(dims.begin(), dims.begin() + std::min(dims.size(), 20))),
                    dims.size() > 20 ? "..." : "", kMaxRank));
    return std::nullopt;
}

std::optional<Tensor> withStrings(const onnx::TensorProto& proto, Tensor tensor, const std::string& label,
                                  const ModelPlace& place) {
    tensor.constant->strings.assign(proto.string_data().begin(), proto.string_data().end());
    const auto count = static_cast<std::int64_t>(tensor.constant->strings.size());
    if (count == 0 || count == tensor.elements()) return tensor;
    place.diagnostics.error({place.file}, fmt::format("{}: {} texts; shape {} makes {}", label, count,
                                                      text(*tensor.shape), tensor.elements()));
    return std::nullopt;
}

}  // namespace

std::optional<DataType> readDataType(std::int64_t number, const std::string& label, const ModelPlace& place) {
    const auto type = dataType(number);
    if (type && *type != DataType::undefined) return type;
    place.diagnostics.error({place.file}, fmt::format("{}: element type {} is not supported", label, number),
                            "types 1 (float32) to 16 (bfloat16) are; insert a Cast when exporting");
    return std::nullopt;
}

std::optional<Tensor> readTensor(const onnx::TensorProto& proto, const std::string& label, const ModelPlace& place) {
    auto tensor = readHead(proto.dims(), proto.data_type(), label, place);
    if (!tensor) return std::nullopt;
    if (tensor->type == DataType::string) return withStrings(proto, *std::move(tensor), label, place);
    if (proto.data_location() == 1) {
        if (!readExternal(proto, label, place, *tensor)) return std::nullopt;
        return tensor;
    }
    const bool raw = proto.has_raw_data() && !proto.raw_data().empty();
    std::vector<std::uint8_t>& bytes = tensor->constant->bytes;
    if (raw) {
        bytes.assign(proto.raw_data().begin(), proto.raw_data().end());
    } else {
        bytes = typedBytes(proto, tensor->type);
    }
    const std::int64_t needed = tensor->elements() * (bitWidth(tensor->type) / 8);
    if (bytes.empty() || static_cast<std::int64_t>(bytes.size()) == needed) return tensor;
    place.diagnostics.error({place.file}, fmt::format("{}: {} bytes of values; shape {} and type {} make {}", label,
                                                      bytes.size(), text(*tensor->shape), name(tensor->type), needed));
    return std::nullopt;
}

std::optional<Tensor> readSparseTensor(const onnx::SparseTensorProto& proto, const std::string& label,
                                       const ModelPlace& place) {
    return readHead(proto.dims(), proto.values().data_type(), label, place);
}

}  // namespace millrace::model
