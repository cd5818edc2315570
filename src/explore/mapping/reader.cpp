#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "explore/mapping/readentry.h"
#include "hardware/quantity.h"
#include "support/files.h"
#include "support/yaml.h"

namespace millrace::mapping {
namespace {

constexpr std::size_t kMostItems = 4096;
constexpr std::size_t kMostLayers = 1000000;

/// No list or map of an entry is longer than any layer needs, and none of a group longer than any network.
bool fits(const yaml::Node& entry, const std::string& what, std::size_t most, Diagnostics& diagnostics) {
    for (const auto& [key, value] : entry.entries) {
        bool longer = value.items.size() > most || value.entries.size() > most;
        for (const auto& [inner, list] : value.entries) longer = longer || list.items.size() > most;
        if (!longer) continue;
        diagnostics.error(value.where, fmt::format("'{}' of {} has more than {} entries", key.scalar, what, most));
        return false;
    }
    return true;
}

void checkNames(const Mapping& mapping, Diagnostics& diagnostics) {
    std::map<std::string, int> lines;
    for (const MappingEntry& entry : mapping.entries) {
        const auto [known, isNew] = lines.emplace(entry.name, entry.where.line);
        if (isNew) continue;
        diagnostics.error(
            entry.where,
            fmt::format("the mapping has two entries called '{}', the first in line {}", entry.name, known->second),
            "remove one of them");
    }
}

void readEntries(const yaml::Node& list, Mapping& mapping, Diagnostics& diagnostics) {
    for (const yaml::Node& item : list.items) {
        const yaml::Node* name = item.find("name");
        const bool named = name != nullptr && name->isScalar();
        yaml::MapReader map(item, named ? fmt::format("entry '{}'", name->scalar) : "an entry", diagnostics);
        if (map.valid() && fits(item, map.what(), kMostItems, diagnostics))
            mapping.entries.push_back(readEntry(map, diagnostics));
    }
}

/// "Node.D0" or "Node.OY"; the node's name may have dots itself.
std::optional<GroupTiling> readGroupTiling(const yaml::Node& item, const std::string& group, Diagnostics& diagnostics) {
    yaml::MapReader map(item, fmt::format("an entry of 'intra_core_tiling' of {}", group), diagnostics);
    if (!map.valid()) return std::nullopt;
    const yaml::Node* dim = map.require("dim");
    const auto tile = map.integer("tile");
    map.finish();
    if (dim == nullptr || !tile) return std::nullopt;
    const std::size_t dot = dim->isScalar() ? dim->scalar.rfind('.') : std::string::npos;
    if (dot == std::string::npos || dot == 0) {
        diagnostics.error(dim->where,
                          fmt::format("{} must name a layer and a loop of it, but has {}", map.what(), dim->describe()),
                          "as in /conv1/Conv.D2");
        return std::nullopt;
    }
    const auto loop = readDim(*dim, std::string_view(dim->scalar).substr(dot + 1), map.what(), diagnostics);
    if (*tile < 1) {
        diagnostics.error(map.find("tile")->where,
                          fmt::format("'tile' of {} must be at least 1, but is {}", map.what(), *tile));
    }
    if (!loop || *tile < 1) return std::nullopt;
    return GroupTiling{dim->scalar.substr(0, dot), *loop, *tile, item.where};
}

std::optional<FusedGroup> readGroup(const yaml::Node& item, Diagnostics& diagnostics) {
    const yaml::Node* name = item.find("name");
    const bool named = name != nullptr && name->isScalar();
    yaml::MapReader map(item, named ? fmt::format("group '{}'", name->scalar) : "a group", diagnostics);
    if (!map.valid() || !fits(item, map.what(), kMostLayers, diagnostics)) return std::nullopt;
    FusedGroup group;
    group.where = item.where;
    group.name = map.text("name").value_or("");
    const auto listOf = [&](std::string_view key, const yaml::Node* node) -> const std::vector<yaml::Node>* {
        if (node == nullptr || node->isSequence()) return node == nullptr ? nullptr : &node->items;
        diagnostics.error(node->where,
                          fmt::format("'{}' of {} must be a list, but is {}", key, map.what(), node->describe()));
        return nullptr;
    };
    const yaml::Node* layers = map.require("layers");
    if (const auto* items = listOf("layers", layers)) {
        for (const yaml::Node& layer : *items) {
            const auto text = yaml::text(layer, fmt::format("a layer of {}", map.what()), diagnostics);
            if (text) group.layers.push_back(*text);
        }
        if (items->empty())
            diagnostics.error(layers->where, fmt::format("{} has no layers", map.what()), "name one, or a type");
    }
    if (const auto* items = listOf("intra_core_tiling", map.find("intra_core_tiling"))) {
        for (const yaml::Node& tiling : *items) {
            if (const auto read = readGroupTiling(tiling, map.what(), diagnostics)) group.tilings.push_back(*read);
        }
    }
    map.finish();
    return group;
}

/// Stream's form of 2026: a map of layers and groups; ours: also with a schedule.
void readGroups(const yaml::Node& root, Mapping& mapping, Diagnostics& diagnostics) {
    yaml::MapReader map(root, "the mapping", diagnostics);
    const yaml::Node* layers = map.require("layers");
    const yaml::Node* groups = map.find("fused_groups");
    const yaml::Node* schedule = map.find("schedule");
    map.find("runtime_args");
    map.finish();
    for (const auto& [key, node] : {std::pair("layers", layers), std::pair("fused_groups", groups)}) {
        if (node == nullptr || node->isSequence()) continue;
        diagnostics.error(node->where, fmt::format("'{}' must be a list, but is {}", key, node->describe()));
    }
    if (layers != nullptr) readEntries(*layers, mapping, diagnostics);
    if (schedule != nullptr) mapping.schedule = readSchedule(*schedule, diagnostics);
    if (groups == nullptr) return;
    for (const yaml::Node& item : groups->items) {
        if (auto group = readGroup(item, diagnostics)) mapping.fusedGroups.push_back(std::move(*group));
    }
}

}  // namespace

std::optional<Tiling> readDim(const yaml::Node& node, std::string_view name, std::string_view what,
                              Diagnostics& diagnostics) {
    Tiling tiling{std::string(name), Tiling::Kind::parts, 1};
    if (node.isScalar() && name.size() > 1 && name[0] == 'D') {
        std::size_t place = 0;
        const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), place);
        if (error == std::errc() && end == name.data() + name.size()) {
            tiling.place = place;
            return tiling;
        }
    }
    if (node.isScalar() && hardware::isLoopName(name)) return tiling;
    diagnostics.error(node.where, fmt::format("{} names the loop '{}'", what, name),
                      "loops are places (D0, D1, ...), or names in capitals: K, OX");
    return std::nullopt;
}

std::optional<Mapping> parseMapping(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    if (file.ends_with(".py")) {
        diagnostics.error({file}, "a mapping is read from YAML, not from Python",
                          "write it in the YAML form: see docs/mapping.md");
        return std::nullopt;
    }
    const auto root = yaml::parse(text, file, diagnostics);
    if (!root) return std::nullopt;
    Mapping mapping;
    mapping.file = file;
    const bool groups =
        root->find("layers") != nullptr || root->find("fused_groups") != nullptr || root->find("schedule") != nullptr;
    if (groups) {
        readGroups(*root, mapping, diagnostics);
    } else if (root->isSequence()) {
        readEntries(*root, mapping, diagnostics);
    } else {
        diagnostics.error(
            root->where,
            fmt::format("a mapping must be a list of entries, or a map with 'layers', but this file is {}",
                        root->describe()),
            "each entry starts with '- name: ...'");
    }
    if (diagnostics.failures() != before) return std::nullopt;
    checkNames(mapping, diagnostics);
    const auto isDefault = [](const MappingEntry& entry) { return entry.name == "default"; };
    if (!groups && std::none_of(mapping.entries.begin(), mapping.entries.end(), isDefault)) {
        diagnostics.warning(root->where, "the mapping has no entry called 'default'",
                            "layers without an entry are mapped freely");
    }
    return diagnostics.failures() == before ? std::optional(std::move(mapping)) : std::nullopt;
}

std::optional<Mapping> readMapping(const std::string& path, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 28);
    return text ? parseMapping(*text, path, diagnostics) : std::nullopt;
}

}  // namespace millrace::mapping
