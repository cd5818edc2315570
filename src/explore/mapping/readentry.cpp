#include "explore/mapping/readentry.h"

#include <fmt/format.h>

#include <algorithm>

#include "hardware/quantity.h"

namespace millrace::mapping {
namespace {

constexpr std::int64_t kMostCoreId = std::int64_t{1} << 31;

class EntryReader {
public:
    EntryReader(yaml::MapReader& map, Diagnostics& diagnostics) : map_(map), diagnostics_(diagnostics) {}

    MappingEntry read() {
        entry_.where = map_.node().where;
        entry_.name = map_.text("name").value_or("");
        readCores();
        readSpatial();
        readHint();
        readLinks();
        readOrder();
        entry_.intraCoreTiling = readTiling("intra_core_tiling", list("intra_core_tiling"));
        entry_.interCoreTiling = readInterTiling();
        map_.find("kernel");
        for (const yaml::Node& item : list("layer_dimension_names")) {
            if (const auto name = loop(item, "layer_dimension_names")) entry_.layerDimensionNames.push_back(*name);
        }
        map_.finish();
        return std::move(entry_);
    }

private:
    /// Items of a list, or none if it is absent; anything else is an error.
    const std::vector<yaml::Node>& list(std::string_view key) {
        const yaml::Node* node = map_.find(key);
        if (node == nullptr) return none_;
        if (!node->isSequence()) {
            diagnostics_.error(node->where,
                               fmt::format("'{}' of {} must be a list, but is {}", key, map_.what(), node->describe()));
        }
        return node->items;
    }

    std::optional<std::string> loop(const yaml::Node& node, std::string_view key) {
        if (node.isScalar() && hardware::isLoopName(node.scalar)) return node.scalar;
        diagnostics_.error(node.where, fmt::format("'{}' of {} names the loop '{}'", key, map_.what(), node.scalar),
                           "loops are capitals, and digits at the end: K, OX, D1");
        return std::nullopt;
    }

    /// A core, a list of cores, or a list of such lists (2026), of which the first counts.
    std::vector<yaml::Node> coreItems() {
        const yaml::Node* node = map_.find("core_allocation");
        if (node != nullptr && node->isScalar()) return {*node};
        const std::vector<yaml::Node>& items = list("core_allocation");
        if (items.empty() || !items.front().isSequence()) return items;
        if (items.size() > 1) {
            diagnostics_.warning(items[1].where,
                                 fmt::format("'core_allocation' of {} has {} lists of cores; the first one counts",
                                             map_.what(), items.size()));
        }
        return items.front().items;
    }

    void readCores() {
        const std::string what = fmt::format("'core_allocation' of {}", map_.what());
        for (const yaml::Node& item : coreItems()) {
            const auto id = yaml::integer(item, "a core in " + what, diagnostics_);
            if (!id) continue;
            if (*id < 0 || *id > kMostCoreId) {
                diagnostics_.error(item.where, fmt::format("{} names core {}", what, *id), "ids of cores count from 0");
            } else {
                entry_.coreAllocation.push_back(*id);
            }
        }
        entry_.allocationIsFixed = map_.boolean("core_allocation_is_fixed", false);
        if (entry_.allocationIsFixed) return;
        const std::vector<std::int64_t>& ids = entry_.coreAllocation;
        for (auto at = ids.begin(); at != ids.end(); ++at) {
            if (std::find(ids.begin(), at, *at) == at) continue;
            diagnostics_.warning(map_.find("core_allocation")->where, fmt::format("{} names core {} twice", what, *at),
                                 "a list that gives each part its core needs 'core_allocation_is_fixed: true'");
            break;
        }
    }

    /// The map from array dimensions to lists, entry by entry.
    template <class Read>
    void eachDimension(std::string_view key, Read read) {
        const yaml::Node* node = map_.find(key);
        if (node == nullptr) return;
        if (!node->isMap()) {
            diagnostics_.error(node->where, fmt::format("'{}' of {} must be a map from array dimensions, but is {}",
                                                        key, map_.what(), node->describe()));
            return;
        }
        for (const auto& [dimension, value] : node->entries) {
            if (!hardware::isArrayDimensionName(dimension.scalar)) {
                diagnostics_.error(
                    dimension.where,
                    fmt::format("'{}' of {} names the array dimension '{}'", key, map_.what(), dimension.scalar),
                    "dimensions are called D1, D2, ...");
            } else if (!value.isSequence()) {
                diagnostics_.error(value.where, fmt::format("'{}' of {} must have a list for {}, but has {}", key,
                                                            map_.what(), dimension.scalar, value.describe()));
            } else {
                read(dimension.scalar, value.items);
            }
        }
    }

    void readSpatial() {
        const std::string what = fmt::format("an entry of 'spatial_mapping' of {}", map_.what());
        eachDimension("spatial_mapping", [&](const std::string& dimension, const std::vector<yaml::Node>& items) {
            SpatialMapping spatial{dimension, {}};
            for (const yaml::Node& item : items) {
                if (const auto unrolling = hardware::readUnrolling(item, what, diagnostics_))
                    spatial.unrollings.push_back(*unrolling);
            }
            entry_.spatial.push_back(std::move(spatial));
        });
    }

    void readHint() {
        eachDimension("spatial_mapping_hint", [&](const std::string& dimension, const std::vector<yaml::Node>& items) {
            SpatialHint hint{dimension, {}};
            for (const yaml::Node& item : items) {
                if (const auto name = loop(item, "spatial_mapping_hint")) hint.loops.push_back(*name);
            }
            entry_.spatialHint.push_back(std::move(hint));
        });
    }

    void readLinks() {
        const yaml::Node* node = map_.find("memory_operand_links");
        if (node == nullptr) return;
        const std::string what = fmt::format("'memory_operand_links' of {}", map_.what());
        if (!node->isMap()) {
            diagnostics_.error(node->where, fmt::format("{} must be a map, but is {}", what, node->describe()));
            return;
        }
        std::vector<OperandLink> links;
        for (const auto& [key, value] : node->entries) {
            const auto role = memoryOperand(value.scalar);
            if (!role) {
                diagnostics_.error(value.where, fmt::format("{} links {} to {}", what, key.scalar, value.describe()),
                                   "it must be I1, I2 or O");
                continue;
            }
            const auto taken = std::find_if(links.begin(), links.end(),
                                            [&](const OperandLink& link) { return link.memoryOperand == *role; });
            if (taken != links.end()) {
                diagnostics_.error(
                    value.where,
                    fmt::format("{} links both {} and {} to {}", what, taken->layerOperand, key.scalar, value.scalar),
                    "each operand needs a role of its own");
            }
            links.push_back({key.scalar, *role});
        }
        if (node->find("O") == nullptr)
            diagnostics_.error(node->where, fmt::format("{} does not link O", what), "add 'O: O'");
        entry_.memoryOperandLinks = std::move(links);
    }

    static std::optional<hardware::MemoryOperand> memoryOperand(std::string_view text) {
        for (const hardware::MemoryOperand operand : hardware::kMemoryOperands) {
            if (hardware::name(operand) == text) return operand;
        }
        return std::nullopt;
    }

    /// Loops of hand-written layers may have any letters, digits and "_" in their names.
    static bool isLayerLoop(std::string_view name) {
        const auto isLetter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
        const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
        return std::any_of(name.begin(), name.end(), isLetter) &&
               std::all_of(name.begin(), name.end(), [&](char c) { return isLetter(c) || isDigit(c); });
    }

    /// "LOOP, n", with other words allowed for n. The value is checked by the caller.
    std::optional<hardware::NamedValue> readPair(const yaml::Node& item, std::string_view key, std::string_view form) {
        const std::string what = fmt::format("an entry of '{}' of {}", key, map_.what());
        auto pair = hardware::readNamedValue(item, what, form, diagnostics_);
        if (!pair) return std::nullopt;
        if (isLayerLoop(pair->name)) return pair;
        diagnostics_.error(item.where, fmt::format("{} names the loop '{}'", what, pair->name),
                           "loops are capitals, and digits at the end: K, OX, D1");
        return std::nullopt;
    }

    std::optional<std::int64_t> readCount(const hardware::NamedValue& pair, std::string_view key) {
        const std::string what = fmt::format("the number for {} in '{}' of {}", pair.name, key, map_.what());
        const auto value = yaml::integer(pair.value, what, diagnostics_);
        if (!value || *value > 0) return value;
        diagnostics_.error(pair.value.where, fmt::format("{} must be at least 1, but is {}", what, *value));
        return std::nullopt;
    }

    /// ["*", "*"]: meant to count what follows from the outermost loop, but ZigZag drops it as an unknown loop.
    static bool isGap(const yaml::Node& item) {
        return item.isSequence() && item.items.size() == 2 && item.items[0].isScalar() && item.items[0].scalar == "*";
    }

    void readOrder() {
        for (const yaml::Node& item : list("temporal_ordering")) {
            if (isGap(item)) {
                diagnostics_.warning(item.where,
                                     fmt::format("an entry of 'temporal_ordering' of {} names the loop '*'; it is left "
                                                 "out, as ZigZag does",
                                                 map_.what()),
                                     "positions count from the innermost loop, without it");
                continue;
            }
            const auto pair = readPair(item, "temporal_ordering", "[LOOP, n] or [LOOP, \"*\"]");
            if (!pair) continue;
            if (pair->value.scalar == "*") {
                entry_.temporalOrdering.push_back({pair->name, std::nullopt});
            } else if (const auto size = readCount(*pair, "temporal_ordering")) {
                entry_.temporalOrdering.push_back({pair->name, size});
            }
        }
    }

    std::optional<Tiling> readPairTiling(const yaml::Node& item, std::string_view key) {
        const auto pair = readPair(item, key, "'LOOP, n', 'LOOP, all' or 'LOOP, *'");
        if (!pair) return std::nullopt;
        if (pair->value.scalar == "*") return Tiling{pair->name, Tiling::Kind::wildcard, 1};
        if (pair->value.scalar == "all") return Tiling{pair->name, Tiling::Kind::all, 1};
        const auto parts = readCount(*pair, key);
        return parts ? std::optional(Tiling{pair->name, Tiling::Kind::parts, *parts}) : std::nullopt;
    }

    /// {dim: D6, split: 4}
    std::optional<Tiling> readMapTiling(const yaml::Node& item, std::string_view key) {
        yaml::MapReader map(item, fmt::format("an entry of '{}' of {}", key, map_.what()), diagnostics_);
        if (!map.valid()) return std::nullopt;
        const yaml::Node* dim = map.require("dim");
        const yaml::Node* split = map.require("split");
        map.finish();
        if (dim == nullptr || split == nullptr) return std::nullopt;
        auto tiling = readDim(*dim, dim->scalar, map.what(), diagnostics_);
        if (!tiling) return std::nullopt;
        if (split->scalar == "*" || split->scalar == "all") {
            tiling->kind = split->scalar == "*" ? Tiling::Kind::wildcard : Tiling::Kind::all;
            return tiling;
        }
        const auto parts = readCount({tiling->dim, *split}, key);
        if (parts) tiling->parts = *parts;
        return parts ? tiling : std::nullopt;
    }

    std::vector<Tiling> readTiling(std::string_view key, const std::vector<yaml::Node>& items) {
        std::vector<Tiling> result;
        for (const yaml::Node& item : items) {
            if (const auto tiling = readPairTiling(item, key)) result.push_back(*tiling);
        }
        return result;
    }

    /// In pairs as `readTiling`, or in lists of maps (2026), of which the first counts.
    std::vector<Tiling> readInterTiling() {
        constexpr std::string_view kKey = "inter_core_tiling";
        const std::vector<yaml::Node>& items = list(kKey);
        const auto hasMaps = [](const yaml::Node& node) {
            return node.isSequence() && (node.items.empty() || node.items.front().isMap());
        };
        if (items.empty() || !hasMaps(items.front())) return readTiling(kKey, items);
        if (items.size() > 1) {
            diagnostics_.warning(items[1].where, fmt::format("'{}' of {} has {} lists of cuts; the first one counts",
                                                             kKey, map_.what(), items.size()));
        }
        std::vector<Tiling> result;
        for (const yaml::Node& item : items.front().items) {
            if (const auto tiling = readMapTiling(item, kKey)) result.push_back(*tiling);
        }
        return result;
    }

    yaml::MapReader& map_;
    Diagnostics& diagnostics_;
    MappingEntry entry_;
    const std::vector<yaml::Node> none_;
};

}  // namespace

MappingEntry readEntry(yaml::MapReader& map, Diagnostics& diagnostics) { return EntryReader(map, diagnostics).read(); }

}  // namespace millrace::mapping
