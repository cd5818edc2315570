#include "report/conversion.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/text.h"

namespace millrace::report {

std::string conversionText(const model::Converted& converted, const model::ConvertOptions& options) {
    const auto bytes = [](auto count) { return thousands(static_cast<std::int64_t>(count)) + " bytes"; };
    std::string text = fmt::format("{}: {}", clean(options.output), bytes(converted.model.size()));
    if (options.shapes) text += fmt::format(", with the shapes of {} tensors", thousands(converted.shapes));
    text += "\n";
    if (options.dropWeights) {
        text += fmt::format("Without the values of {} tensors ({})\n", thousands(converted.weights),
                            bytes(converted.weightBytes));
    }
    if (converted.data) {
        text += fmt::format("{} beside it: {}, the values of {} tensors\n", clean(options.externalData),
                            bytes(converted.data->size()), thousands(converted.weights));
    }
    return text;
}

std::string conversionJson(const model::Converted& converted, const model::ConvertOptions& options) {
    nlohmann::ordered_json json;
    json["schema"] = "millrace.convert/1";
    json["output"] = clean(options.output);
    json["output_bytes"] = converted.model.size();
    json["shapes"] = options.shapes ? nlohmann::ordered_json(converted.shapes) : nlohmann::ordered_json();
    json["external_data"] =
        converted.data ? nlohmann::ordered_json(clean(options.externalData)) : nlohmann::ordered_json();
    json["external_data_bytes"] = converted.data ? converted.data->size() : 0;
    json["moved_tensors"] = converted.data ? converted.weights : 0;
    json["moved_bytes"] = converted.data ? converted.weightBytes : 0;
    json["dropped_tensors"] = options.dropWeights ? converted.weights : 0;
    json["dropped_bytes"] = options.dropWeights ? converted.weightBytes : 0;
    return json.dump(2) + "\n";
}

}  // namespace millrace::report
