#include "hardware/arrayreader.h"

#include <fmt/format.h>

namespace millrace::hardware {
namespace {

constexpr std::int64_t kMostSize = std::int64_t{1} << 31;

void readDimensions(yaml::MapReader& map, OperationalArray& array, CoreSites& sites, Diagnostics& diagnostics) {
    const yaml::Node* names = map.require("dimensions");
    const yaml::Node* sizes = map.require("sizes");
    if (names == nullptr || sizes == nullptr) return;
    for (const yaml::Node* list : {names, sizes}) {
        if (list->isSequence()) continue;
        diagnostics.error(list->where,
                          fmt::format("'{}' of {} must be a list, but is {}", list == names ? "dimensions" : "sizes",
                                      map.what(), list->describe()));
        return;
    }
    if (names->items.size() != sizes->items.size()) {
        diagnostics.error(sizes->where, fmt::format("{} has {} dimensions, but {} sizes", map.what(),
                                                    names->items.size(), sizes->items.size()));
        return;
    }
    for (std::size_t i = 0; i < names->items.size(); ++i) {
        const auto name = yaml::text(names->items[i], fmt::format("a dimension of {}", map.what()), diagnostics);
        const auto size = yaml::integer(sizes->items[i], fmt::format("a size of {}", map.what()), diagnostics);
        if (size && *size > kMostSize) {
            diagnostics.error(sizes->items[i].where,
                              fmt::format("a size of {} is {}, more than 2^31", map.what(), *size));
        }
        array.dimensions.push_back({name.value_or(""), size.value_or(1)});
        sites.dimensions.push_back(size && *size < 0 ? sizes->items[i].where : names->items[i].where);
    }
}

void readPrecisions(yaml::MapReader& map, InMemoryComputing& imc, bool used, Diagnostics& diagnostics) {
    const yaml::Node* node = used ? map.require("input_precision") : map.find("input_precision");
    if (node == nullptr || (!used && !node->isSequence())) return;
    if (!node->isSequence() || node->items.size() != 2) {
        diagnostics.error(
            node->where,
            fmt::format("'input_precision' of {} must be [bits of an activation, bits of a weight]", map.what()));
        return;
    }
    imc.activationBits = yaml::integer(node->items[0], "the first input_precision", diagnostics).value_or(1);
    imc.weightBits = yaml::integer(node->items[1], "the second input_precision", diagnostics).value_or(1);
}

void readInMemory(yaml::MapReader& map, OperationalArray& array, Diagnostics& diagnostics) {
    const bool used = map.boolean("is_imc", false);
    InMemoryComputing imc;
    readPrecisions(map, imc, used, diagnostics);
    const std::string type = map.text("imc_type", "");
    imc.analog = type == "analog";
    imc.bitSerialBits = map.integer("bit_serial_precision", 0);
    imc.adcResolution = map.integer("adc_resolution", 0);
    if (used) {
        array.inMemoryComputing = imc;
        if (type == "analog" || type == "digital") return;
        diagnostics.error(map.node().where, fmt::format("{} has is_imc, but its imc_type is '{}'", map.what(), type),
                          "it must be analog or digital");
    } else if (!type.empty() || imc.adcResolution != 0 || imc.bitSerialBits != 0) {
        diagnostics.error(
            map.node().where,
            fmt::format("{} has no is_imc, but one of imc_type, adc_resolution, bit_serial_precision", map.what()),
            "set is_imc to true, or take them away");
    }
}

}  // namespace

bool readArray(const yaml::Node& node, const std::string& core, OperationalArray& array, CoreSites& sites,
               Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    sites.array = node.where;
    yaml::MapReader map(node, "the array of " + core, diagnostics);
    if (!map.valid()) return false;
    readDimensions(map, array, sites, diagnostics);
    readInMemory(map, array, diagnostics);
    array.unitEnergy = array.inMemoryComputing ? map.real("unit_energy", 0) : map.real("unit_energy").value_or(0);
    array.unitArea = map.real("unit_area", 0);
    map.finish();
    return diagnostics.failures() == before;
}

}  // namespace millrace::hardware
