#include "model/onnx/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "model/onnx/decode.h"
#include "model/onnx/importer.h"
#include "model/onnx/places.h"
#include "model/onnx/shapes.h"
#include "model/operators/fold.h"

namespace millrace::model {

namespace {

class Converter {
public:
    Converter(onnx::ModelProto& model, const ModelPlace& place, const ConvertOptions& options)
        : model_(model), place_(place), options_(options) {}

    std::optional<Converted> run() {
        if (!checkPlaces(model_, place_, options_)) return std::nullopt;
        if (options_.shapes && !addShapes()) return std::nullopt;
        if (!moveWeights()) return std::nullopt;
        const auto size = static_cast<std::int64_t>(model_.ByteSizeLong());
        if (size > kLargestFile) {
            place_.diagnostics.error(
                {options_.output},
                fmt::format("would have {} bytes; an ONNX file holds 2 GiB ({} bytes) at most", size, kLargestFile),
                "move the weights to a file of their own: --external-data FILE");
            return std::nullopt;
        }
        result_.model = model_.SerializeAsString();
        return std::move(result_);
    }

private:
    bool addShapes() {
        const auto network = Importer(model_, place_, options_.import).run();
        if (!network) return false;
        result_.shapes = saveShapes(*network, options_.import, *model_.mutable_graph());
        return true;
    }

    bool moveWeights() {
        if (!options_.externalData.empty()) result_.data.emplace();
        const bool embeds = !sameFolder(place_.file, options_);
        if (!result_.data && !options_.dropWeights && !embeds) return true;
        bool good = true;
        for (onnx::TensorProto& proto : *model_.mutable_graph()->mutable_initializer()) {
            const bool external = proto.data_location() == kExternalLocation;
            const bool touched = result_.data || options_.dropWeights || external;
            // Strings, and types that have no size in bytes, stay.
            const auto type = dataType(proto.data_type());
            if (touched && type && bitWidth(*type) > 0) good = moveTensor(proto) && good;
        }
        if (missing_ > 0 && result_.data) {
            place_.diagnostics.warning(
                {place_.file}, fmt::format("{} tensors have no values at hand, and stay as they are", missing_));
        }
        if (embeds) warnOfOthers();
        return good;
    }

    bool moveTensor(onnx::TensorProto& proto) {
        const bool external = proto.data_location() == kExternalLocation;
        // Reading checks sizes against each other.
        const auto tensor = readTensor(proto, fmt::format("initializer '{}'", proto.name()), place_);
        if (!tensor) return false;
        const std::int64_t size = tensor->elements() * (bitWidth(tensor->type) / 8);
        const bool has = tensor->constant->hasValues();
        if (options_.dropWeights && size >= kExternalBytes && !(has && mayBeShape(*tensor))) {
            drop(proto, size);
        } else if (size == 0) {
            clearValues(proto);
        } else if (!has) {
            ++missing_;
        } else if (result_.data && size >= kExternalBytes) {
            append(proto, tensor->constant->bytes);
        } else if (external) {
            clearValues(proto);
            proto.set_raw_data(tensor->constant->bytes.data(), tensor->constant->bytes.size());
        }
        return true;
    }

    static bool mayBeShape(const Tensor& tensor) {
        const bool integral =
            tensor.type == DataType::int32 || tensor.type == DataType::int64 || tensor.type == DataType::boolean;
        return integral && tensor.elements() <= kMaxFoldedElements;
    }

    static void clearValues(onnx::TensorProto& proto) {
        proto.clear_float_data();
        proto.clear_int32_data();
        proto.clear_string_data();
        proto.clear_int64_data();
        proto.clear_double_data();
        proto.clear_uint64_data();
        proto.clear_raw_data();
        proto.clear_external_data();
        proto.clear_data_location();
    }

    void pointTo(onnx::TensorProto& proto, const std::string& location, std::int64_t offset, std::int64_t length) {
        clearValues(proto);
        proto.set_data_location(kExternalLocation);
        const std::pair<const char*, std::string> entries[] = {
            {"location", location}, {"offset", std::to_string(offset)}, {"length", std::to_string(length)}};
        for (const auto& entry : entries) {
            onnx::StringStringEntryProto* added = proto.add_external_data();
            added->set_key(entry.first);
            added->set_value(entry.second);
        }
        ++result_.weights;
        // Sizes of weights that nobody has may be anything.
        result_.weightBytes = std::min(result_.weightBytes, std::numeric_limits<std::int64_t>::max() - length) + length;
    }

    void drop(onnx::TensorProto& proto, std::int64_t size) {
        pointTo(proto, droppedLocation(options_), droppedOffset_, size);
        // A sum beyond the bounds of one tensor says no more than zero.
        droppedOffset_ = size > kMaxElements - droppedOffset_ ? 0 : droppedOffset_ + size;
    }

    void append(onnx::TensorProto& proto, const std::vector<std::uint8_t>& bytes) {
        std::string& data = *result_.data;
        const auto size = static_cast<std::int64_t>(bytes.size());
        if (size >= kExternalAlignment)
            data.resize((data.size() + kExternalAlignment - 1) / kExternalAlignment * kExternalAlignment);
        pointTo(proto, options_.externalData, static_cast<std::int64_t>(data.size()), size);
        data.append(bytes.begin(), bytes.end());
    }

    /// External data inside of attributes and sparse tensors stay where they are, which is elsewhere.
    void warnOfOthers() {
        int count = 0;
        forEachTensor(model_.graph(), [&](const onnx::TensorProto& proto) {
            count += proto.data_location() == kExternalLocation ? 1 : 0;
        });
        for (const onnx::TensorProto& proto : model_.graph().initializer()) {
            count -= proto.data_location() == kExternalLocation ? 1 : 0;
        }
        if (count == 0) return;
        place_.diagnostics.warning({place_.file},
                                   fmt::format("{} tensors of attributes or sparse initializers name files beside the "
                                               "model, which do not lie beside '{}'",
                                               count, options_.output),
                                   "copy these files there");
    }

    onnx::ModelProto& model_;
    ModelPlace place_;
    const ConvertOptions& options_;
    Converted result_;
    std::int64_t missing_ = 0;
    std::int64_t droppedOffset_ = 0;
};

}  // namespace

std::optional<Converted> convertOnnx(std::string_view bytes, const std::string& file, const ConvertOptions& options,
                                     Diagnostics& diagnostics) {
    auto model = decodeModel(bytes, file, diagnostics);
    if (!model) return std::nullopt;
    return Converter(*model, {file, diagnostics}, options).run();
}

}  // namespace millrace::model
