#include "hardware/corereader.h"

#include <fmt/format.h>

#include <algorithm>

#include "hardware/arrayreader.h"
#include "hardware/costreader.h"
#include "hardware/portreader.h"
#include "hardware/quantity.h"
#include "hardware/rules.h"

namespace millrace::hardware {
namespace {

constexpr std::size_t kMostItems = 1024;

/// Reads one core; members are the core so far.
class CoreReader {
public:
    CoreReader(yaml::MapReader& map, const std::string& file, Diagnostics& diagnostics)
        : map_(map), diagnostics_(diagnostics) {
        result_.core.file = file;
        result_.sites.core = map.node().where;
    }

    std::optional<CoreFile> read() {
        const std::size_t before = diagnostics_.failures();
        result_.core.name = map_.text("name").value_or("");
        readRole();
        readArray();
        readMemories();
        if (const yaml::Node* node = map_.find("dataflows"); node != nullptr && arrayRead_) {
            readDataflows(*node, result_.core, result_.sites, diagnostics_);
        }
        readOperatorTypes();
        // Fields of 2026 files that say nothing to Millrace.
        for (const char* key : {"operand_precision", "utilization", "id", "description"}) map_.find(key);
        map_.finish();
        if (diagnostics_.failures() == before) {
            checkHierarchy(result_.core, result_.sites, diagnostics_);
            checkDataflows(result_.core, result_.sites, diagnostics_);
        }
        if (diagnostics_.failures() != before) return std::nullopt;
        return std::move(result_);
    }

private:
    void readRole() {
        const yaml::Node* node = map_.find("type");
        if (node == nullptr) return;
        const std::string type =
            yaml::text(*node, fmt::format("'type' of {}", map_.what()), diagnostics_).value_or("compute");
        const std::string_view kind = std::string_view(type).substr(type.starts_with("zigzag.") ? 7 : 0);
        if (kind == "compute") {
            result_.role = CoreRole::compute;
        } else if (kind == "memory") {
            result_.role = CoreRole::memory;
        } else if (kind == "offchip") {
            result_.role = CoreRole::offchip;
        } else {
            diagnostics_.error(node->where,
                               fmt::format("{} is of the type '{}', which Millrace does not model", map_.what(), type),
                               "known: compute, memory, offchip");
        }
    }

    void readArray() {
        const bool old = map_.find("operational_array") == nullptr && map_.find("multipliers") != nullptr;
        const yaml::Node* node = map_.require(old ? "multipliers" : "operational_array");
        if (node == nullptr) return;
        arrayRead_ = hardware::readArray(*node, map_.what(), result_.core.array, result_.sites, diagnostics_);
    }

    void readMemories() {
        const yaml::Node* node = map_.require("memories");
        const std::size_t before = diagnostics_.failures();
        if (arrayRead_) checkArrayDimensions();
        if (node == nullptr) return;
        if (!node->isMap()) {
            diagnostics_.error(node->where, fmt::format("'memories' of {} must be a map of name: memory, but is {}",
                                                        map_.what(), node->describe()));
            return;
        }
        for (const auto& [key, value] : node->entries) readMemory(key, value);
        if (arrayRead_ && result_.core.array.inMemoryComputing && diagnostics_.failures() == before) {
            checkArray(result_.core, result_.sites, diagnostics_);
        }
    }

    /// Rules of the array that do not look at memories; in-memory computing waits for them.
    void checkArrayDimensions() {
        if (!result_.core.array.inMemoryComputing) checkArray(result_.core, result_.sites, diagnostics_);
    }

    void readMemory(const yaml::Node& key, const yaml::Node& value) {
        const std::size_t before = diagnostics_.failures();
        yaml::MapReader map(value, fmt::format("memory '{}' of {}", key.scalar, map_.what()), diagnostics_);
        if (!map.valid()) return;
        Memory memory;
        MemorySite site{key.where, key.where, key.where, key.where, {}};
        memory.name = key.scalar;
        if (const yaml::Node* size = map.require("size")) {
            site.size = size->where;
            memory.size = Bits(readBits(*size, fmt::format("'size' of {}", map.what()), diagnostics_).value_or(1));
        }
        memory.area = map.real("area", 0);
        memory.latency = map.integer("latency", 1);
        memory.forceDoubleBuffering = map.boolean("force_double_buffering", false);
        readOperands(map, memory, site);
        readPorts(map, memory, site, diagnostics_);
        readCosts(map, memory, result_.core.array.inMemoryComputing.has_value(), diagnostics_);
        readServed(map, memory, site);
        map.finish();
        result_.core.memories.push_back(std::move(memory));
        result_.sites.memories.push_back(std::move(site));
        if (diagnostics_.failures() == before && arrayRead_) {
            checkMemory(result_.core, result_.core.memories.size() - 1, result_.sites, diagnostics_);
        }
        dropRepeatedUses(result_.core.memories.back(), result_.sites.memories.back());
    }

    void readOperands(yaml::MapReader& map, Memory& memory, MemorySite& site) {
        const yaml::Node* node = map.require("operands");
        if (node == nullptr) return;
        site.operands = node->where;
        if (!node->isSequence()) {
            diagnostics_.error(node->where,
                               fmt::format("'operands' of {} must be a list, but is {}", map.what(), node->describe()));
            return;
        }
        for (const yaml::Node& item : node->items) {
            const auto operand = memoryOperandNamed(item.scalar);
            if (operand) {
                memory.operands.push_back(*operand);
            } else {
                diagnostics_.error(item.where, fmt::format("an operand of {} is {}", map.what(), item.describe()),
                                   "it must be I1, I2 or O");
            }
        }
    }

    void readServed(yaml::MapReader& map, Memory& memory, MemorySite& site) {
        const yaml::Node* node = map.require("served_dimensions");
        if (node == nullptr) return;
        site.served = node->where;
        if (!node->isSequence()) {
            diagnostics_.error(node->where, fmt::format("'served_dimensions' of {} must be a list, but is {}",
                                                        map.what(), node->describe()));
            return;
        }
        const std::vector<ArrayDimension>& dimensions = result_.core.array.dimensions;
        for (const yaml::Node& item : node->items) {
            const auto found = std::find_if(dimensions.begin(), dimensions.end(), [&](const ArrayDimension& dimension) {
                return dimension.name == item.scalar;
            });
            if (found != dimensions.end()) {
                memory.servedDimensions.push_back(static_cast<std::size_t>(found - dimensions.begin()));
            } else if (arrayRead_) {
                diagnostics_.error(item.where, fmt::format("{} serves '{}', which is no dimension of the array",
                                                           map.what(), item.scalar));
            }
        }
    }

    void readOperatorTypes() {
        const yaml::Node* node = map_.find("operator_types");
        if (node == nullptr) return;
        if (!node->isSequence()) {
            diagnostics_.error(node->where, fmt::format("'operator_types' of {} must be a list, but is {}", map_.what(),
                                                        node->describe()));
            return;
        }
        for (const yaml::Node& item : node->items) {
            const auto type = yaml::text(item, fmt::format("an operator type of {}", map_.what()), diagnostics_);
            if (type) result_.core.operatorTypes.push_back(*type);
        }
    }

    yaml::MapReader& map_;
    Diagnostics& diagnostics_;
    CoreFile result_;
    bool arrayRead_ = false;
};

}  // namespace

std::optional<MemoryOperand> memoryOperandNamed(std::string_view text) {
    for (const MemoryOperand operand : kMemoryOperands) {
        if (name(operand) == text) return operand;
    }
    return std::nullopt;
}

void readDataflows(const yaml::Node& node, Core& core, CoreSites& sites, Diagnostics& diagnostics) {
    const std::string subject = fmt::format("'dataflows' of core '{}'", core.name);
    if (!node.isMap()) {
        diagnostics.error(node.where, fmt::format("{} must be a map, but is {}", subject, node.describe()));
        return;
    }
    for (const auto& [key, value] : node.entries) {
        const std::vector<ArrayDimension>& dimensions = core.array.dimensions;
        const auto found = std::find_if(dimensions.begin(), dimensions.end(),
                                        [&name = key.scalar](const ArrayDimension& d) { return d.name == name; });
        if (found == dimensions.end()) {
            diagnostics.error(key.where,
                              fmt::format("{} names '{}', which is no dimension of the array", subject, key.scalar));
            continue;
        }
        Dataflow dataflow{static_cast<std::size_t>(found - dimensions.begin()), {}};
        if (!value.isSequence()) {
            diagnostics.error(value.where, fmt::format("{} must have a list for {}, but has {}", subject, key.scalar,
                                                       value.describe()));
            continue;
        }
        for (const yaml::Node& item : value.items) {
            if (const auto unrolling = readUnrolling(item, "an entry of " + subject, diagnostics))
                dataflow.unrollings.push_back(*unrolling);
        }
        core.dataflows.push_back(std::move(dataflow));
        sites.dataflows.push_back(key.where);
    }
}

/// A list or map inside, if one is longer than any core needs.
static const yaml::Node* tooLong(const yaml::Node& node) {
    if (node.items.size() > kMostItems || node.entries.size() > kMostItems) return &node;
    for (const yaml::Node& item : node.items) {
        if (const yaml::Node* found = tooLong(item)) return found;
    }
    for (const auto& [key, value] : node.entries) {
        if (const yaml::Node* found = tooLong(value)) return found;
    }
    return nullptr;
}

std::optional<CoreFile> readCoreNode(const yaml::Node& node, const std::string& file, Diagnostics& diagnostics) {
    const yaml::Node* name = node.find("name");
    const bool named = name != nullptr && name->isScalar();
    yaml::MapReader map(node, named ? fmt::format("core '{}'", name->scalar) : "the core", diagnostics);
    if (!map.valid()) return std::nullopt;
    if (const yaml::Node* found = tooLong(node)) {
        diagnostics.error(found->where,
                          fmt::format("{} of {} has more than {} entries", found->describe(), map.what(), kMostItems));
        return std::nullopt;
    }
    return CoreReader(map, file, diagnostics).read();
}

}  // namespace millrace::hardware
