#include "targets/barvinn/generate/table.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "support/units.h"

namespace millrace::targets::barvinn {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
    const double whole = std::floor(value);
    return whole == value ? Json(static_cast<std::int64_t>(whole)) : Json(value);
}

std::array<std::int64_t, kJumps> widened(const std::array<std::int32_t, kJumps>& values) {
    std::array<std::int64_t, kJumps> wide{};
    std::copy(values.begin(), values.end(), wide.begin());
    return wide;
}

/// Why a convolution has no row; empty: it has.
std::string unsupported(const model::Operator& op, const model::Shape& input, const model::Shape& filter) {
    if (input.size() != 4 || filter.size() != 4) return "it has other than two spatial axes";
    if (input[0] != 1) return "its batch is " + std::to_string(input[0]) + " instead of 1";
    if (op.integer("group", 1) != 1) return "it has " + std::to_string(op.integer("group", 1)) + " groups";
    const auto dilations = op.integers("dilations");
    const bool dilated = std::any_of(dilations.begin(), dilations.end(), [](std::int64_t d) { return d != 1; });
    if (dilated) return "it is dilated";
    for (std::size_t axis = 1; axis < 4; ++axis) {
        if (input[axis] < 1 || filter[axis] < 1 || filter[0] < 1) return "one of its dimensions is 0";
    }
    return {};
}

std::int64_t entry(const std::vector<std::int64_t>& list, std::size_t index, std::int64_t otherwise) {
    return index < list.size() ? list[index] : otherwise;
}

}  // namespace

TableRow tableRow(const ConvShape& shape, std::int64_t pads, std::int64_t outputRows, const Precision& precision,
                  TableForm form) {
    const Job job = convRowJob(shape, precision);
    TableRow row;
    row.iShape = {shape.inputs, shape.height, shape.width};
    row.fShape = {shape.outputs, shape.filterHeight, shape.filterWidth};
    row.ilength = widened(job.input.length);
    row.ijump = widened(job.input.jump);
    row.wlength = widened(job.weight.length);
    row.wjump = widened(job.weight.jump);
    const std::int64_t stride = shape.strideWidth;
    const std::int64_t column =
        shape.inputs * shape.filterHeight * shape.filterWidth * precision.input * precision.weight * shape.outputs;
    if (form == TableForm::right) {
        row.countdown = static_cast<double>(column * shape.outputWidth());
        row.totalLayerCountdown = row.countdown * static_cast<double>(outputRows);
        return row;
    }
    // Right for two input blocks: the last term should be their number less one.
    row.ijump[0] = -precision.input * (shape.inputs * (shape.filterHeight - 1) * shape.width +
                                       (shape.filterWidth - stride - 1) * shape.inputs + 1);
    const double columns = static_cast<double>(shape.width - shape.filterWidth + 1) / static_cast<double>(stride);
    row.countdown = static_cast<double>(column) * columns;
    row.totalLayerCountdown = row.countdown * static_cast<double>(ceilDiv(shape.width + pads, stride));
    return row;
}

std::optional<ConfigurationTable> configurationTable(const model::Network& network, const Precision& precision,
                                                     TableForm form, Diagnostics& diagnostics) {
    ConfigurationTable table;
    const auto warn = [&](const model::Operator& op, const std::string& why) {
        diagnostics.warning({network.file}, "convolution '" + op.name + "' has no row in the table: " + why);
    };
    for (const model::Operator& op : network.operators) {
        if (op.type != "Conv" || !op.known) continue;
        const model::Shape& input = network.tensors[op.input(0)].shape.value();
        const model::Shape& filter = network.tensors[op.input(1)].shape.value();
        const model::Shape& output = network.tensors[op.output(0)].shape.value();
        const std::string why = unsupported(op, input, filter);
        if (!why.empty()) {
            warn(op, why);
            continue;
        }
        ConvShape shape;
        shape.inputs = ceilDiv(input[1], kLanes);
        shape.height = input[2];
        shape.width = input[3];
        shape.outputs = ceilDiv(filter[0], kLanes);
        shape.filterHeight = filter[2];
        shape.filterWidth = filter[3];
        shape.strideHeight = entry(op.integers("strides"), 0, 1);
        shape.strideWidth = entry(op.integers("strides"), 1, 1);
        if (shape.filterWidth > shape.width || shape.filterHeight > shape.height) {
            warn(op, "its filter is larger than its input");
            continue;
        }
        const auto pads = op.integers("pads");
        table.rows.push_back(tableRow(shape, entry(pads, 0, 0) + entry(pads, 1, 0), output[2], precision, form));
        table.rows.back().layer = op.name;
        table.totalCountdown += table.rows.back().totalLayerCountdown;
    }
    if (!table.rows.empty()) return table;
    diagnostics.error({network.file}, "has no convolution for the configuration table");
    return std::nullopt;
}

std::string ConfigurationTable::json() const {
    Json list = Json::array();
    for (const TableRow& row : rows) {
        Json entry;
        entry["iShape"] = row.iShape;
        entry["fShape"] = row.fShape;
        entry["ilength"] = row.ilength;
        entry["ijump"] = row.ijump;
        entry["wlength"] = row.wlength;
        entry["wjump"] = row.wjump;
        entry["countdown"] = number(row.countdown);
        entry["total_layer_countdown"] = number(row.totalLayerCountdown);
        list.push_back(std::move(entry));
    }
    return Json{{"rows", std::move(list)}, {"total_countdown", number(totalCountdown)}}.dump(2) + "\n";
}

}  // namespace millrace::targets::barvinn
