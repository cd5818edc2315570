#include "explore/workload/layerrecord.h"

#include <algorithm>
#include <set>

namespace millrace::workload {

static constexpr std::int64_t kMostSize = std::int64_t{1} << 40;
static constexpr std::int64_t kMostPadding = std::int64_t{1} << 31;

const Relation* LayerRecord::relation(std::string_view dim) const {
    for (const Relation& each : relations) {
        if (each.dim == dim) return &each;
    }
    return nullptr;
}

const LayerRecord::Loop* LayerRecord::loop(std::string_view dim) const {
    for (const Loop& each : loops) {
        if (each.name == dim) return &each;
    }
    return nullptr;
}

class RecordReader {
public:
    RecordReader(const yaml::Node& node, std::string what, Diagnostics& diagnostics)
        : reader_(node, std::move(what), diagnostics), node_(node), diagnostics_(diagnostics) {}

    std::optional<LayerRecord> read(std::optional<std::int64_t> id) {
        if (!reader_.valid()) return std::nullopt;
        const std::size_t before = diagnostics_.failures();
        record_.where = node_.where;
        readId(id);
        readEquation();
        readLoops();
        readExtents();
        readPrecision();
        readSources();
        readLinks();
        readMapping();
        reader_.finish();
        if (diagnostics_.failures() == before) checkRecord(record_, reader_.what(), diagnostics_);
        if (diagnostics_.failures() != before) return std::nullopt;
        return std::move(record_);
    }

private:
    using Where = const SourceLocation&;
    void fail(Where where, std::string message, std::string hint = {}) {
        diagnostics_.error(where, reader_.what() + ": " + std::move(message), std::move(hint));
    }

    void readId(std::optional<std::int64_t> id) {
        if (id) {
            record_.id = *id;
            const yaml::Node* own = reader_.find("id");
            if (own != nullptr && yaml::integer(*own, "id", diagnostics_) != id) {
                fail(own->where, "its id differs from the key that it stands under");
            }
        } else {
            record_.id = reader_.integer("id").value_or(0);
        }
        record_.name = reader_.text("name", "Layer" + std::to_string(record_.id));
        record_.type = reader_.text("operator_type").value_or("");
    }

    void readEquation() {
        const yaml::Node* node = reader_.require("equation");
        if (node != nullptr) {
            const auto text = yaml::text(*node, "equation", diagnostics_);
            if (text) {
                if (const auto equation = parseEquation(*text, node->where, diagnostics_)) record_.equation = *equation;
            }
        }
        for (const auto& [text, where] : texts("dimension_relations")) {
            const auto relation = parseRelation(text, where, diagnostics_);
            if (!relation) continue;
            if (record_.relation(relation->dim) != nullptr) {
                fail(where, "dimension " + relation->dim + " has two relations");
            } else {
                record_.relations.push_back(*relation);
            }
        }
    }

    /// A list of texts; a single text counts as a list of one.
    std::vector<std::pair<std::string, SourceLocation>> texts(std::string_view key) {
        std::vector<std::pair<std::string, SourceLocation>> result;
        const yaml::Node* node = reader_.find(key);
        if (node == nullptr) return result;
        if (node->isScalar()) {
            result.emplace_back(node->scalar, node->where);
        } else if (node->isSequence()) {
            for (const yaml::Node& item : node->items) {
                if (const auto text = yaml::text(item, key, diagnostics_)) result.emplace_back(*text, item.where);
            }
        } else {
            fail(node->where, std::string(key) + " is " + node->describe() + ", not a list");
        }
        return result;
    }

    void addLoop(const std::string& name, std::int64_t size, Where where) {
        if (record_.loop(name) != nullptr) {
            fail(where, "loop " + name + " is given twice");
        } else if (size < 1 || size > kMostSize) {
            fail(where, "loop " + name + " has size " + std::to_string(size), "sizes are from 1 to 2^40");
        } else {
            record_.loops.push_back({name, size, where});
        }
    }

    void readLoops() {
        const yaml::Node* map = reader_.find("loop_dim_size");
        const yaml::Node* names = reader_.find("loop_dims");
        const yaml::Node* sizes = reader_.find("loop_sizes");
        if (map != nullptr && map->isMap()) {
            if (names != nullptr || sizes != nullptr)
                fail(map->where, "loop_dim_size stands beside loop_dims or loop_sizes");
            for (const auto& [key, value] : map->entries) {
                const auto size = yaml::integer(value, "size of loop " + key.scalar, diagnostics_);
                if (size) addLoop(upperCase(key.scalar), *size, value.where);
            }
        } else if (map != nullptr) {
            fail(map->where, "loop_dim_size is " + map->describe() + ", not a map", "for example {B: 1, K: 64}");
        } else if (names == nullptr || sizes == nullptr || !names->isSequence() || !sizes->isSequence()) {
            fail(node_.where, "it has no loop sizes", "give loop_dim_size, or the lists loop_dims and loop_sizes");
        } else if (names->items.size() != sizes->items.size()) {
            fail(sizes->where, std::to_string(sizes->items.size()) + " loop_sizes for " +
                                   std::to_string(names->items.size()) + " loop_dims");
        } else {
            for (std::size_t i = 0; i < names->items.size(); ++i) {
                const auto name = yaml::text(names->items[i], "name of a loop", diagnostics_);
                const auto size = yaml::integer(sizes->items[i], "size of a loop", diagnostics_);
                if (name && size) addLoop(upperCase(*name), *size, sizes->items[i].where);
            }
        }
    }

    void setSize(const std::string& dim, const yaml::Node& node) {
        const auto size = yaml::integer(node, "size of " + dim, diagnostics_);
        if (!size) return;
        if (*size < 1 || *size > kMostSize)
            fail(node.where, "dimension " + dim + " has size " + std::to_string(*size), "sizes are from 1 to 2^40");
        record_.extents[dim].size = *size;
        record_.extents[dim].where = node.where;
    }

    void setPadding(const std::string& dim, const yaml::Node& node) {
        if (!node.isSequence() || node.items.size() != 2) {
            fail(node.where, "the padding of " + dim + " is " + node.describe(), "two numbers, as in [1, 1]");
            return;
        }
        const auto before = yaml::integer(node.items[0], "padding before " + dim, diagnostics_);
        const auto after = yaml::integer(node.items[1], "padding after " + dim, diagnostics_);
        if (!before || !after) return;
        if (*before < 0 || *after < 0 || *before > kMostPadding || *after > kMostPadding) {
            fail(node.where, "a padding of " + std::to_string(*before < 0 ? *before : *after),
                 "paddings are from 0 to 2^31");
        }
        LayerRecord::Extent& extent = record_.extents[dim];
        extent.before = *before;
        extent.after = *after;
        extent.where = node.where;
    }

    /// `values` is a map by dimension, or a list beside the names in pr_loop_dims.
    template <class Set>
    void byDimension(const yaml::Node* values, std::string_view key, const std::vector<std::string>& names, Set set) {
        if (values == nullptr) return;
        if (values->isMap()) {
            for (const auto& [dim, value] : values->entries) set(upperCase(dim.scalar), value);
        } else if (!values->isSequence()) {
            fail(values->where, std::string(key) + " is " + values->describe() + ", not a list or a map");
        } else if (values->items.size() != names.size()) {
            fail(values->where, std::to_string(values->items.size()) + " values in " + std::string(key) + " for " +
                                    std::to_string(names.size()) + " pr_loop_dims");
        } else {
            for (std::size_t i = 0; i < names.size(); ++i) set(names[i], values->items[i]);
        }
    }

    void readExtents() {
        std::vector<std::string> names;
        for (const auto& [name, where] : texts("pr_loop_dims")) names.push_back(upperCase(name));
        const auto size = [&](const std::string& dim, const yaml::Node& node) { setSize(dim, node); };
        byDimension(reader_.find("pr_loop_sizes"), "pr_loop_sizes", names, size);
        byDimension(reader_.find("pr_loop_dim_size"), "pr_loop_dim_size", names, size);
        byDimension(reader_.find("padding"), "padding", names,
                    [&](const std::string& dim, const yaml::Node& node) { setPadding(dim, node); });
    }

    const yaml::Node* mapOf(std::string_view key) {
        const yaml::Node* node = reader_.find(key);
        if (node == nullptr || node->isMap()) return node;
        if (!(node->isSequence() && node->items.empty()))
            fail(node->where, std::string(key) + " is " + node->describe() + ", not a map");
        return nullptr;
    }

    void readPrecision() {
        const yaml::Node* node = reader_.require("operand_precision");
        if (node == nullptr) return;
        if (!node->isMap()) {
            fail(node->where, "operand_precision is " + node->describe() + ", not a map");
            return;
        }
        std::optional<int> final;
        for (const auto& [key, value] : node->entries) {
            const auto bits = yaml::integer(value, "precision of " + key.scalar, diagnostics_);
            const bool input = key.scalar != "O" && key.scalar != "O_final" && key.scalar != "O_FINAL";
            if (bits && (*bits < (input ? 0 : 1) || *bits > 64)) {
                fail(value.where, "operand " + key.scalar + " has " + std::to_string(*bits) + " bits",
                     input ? "from 0 (nothing is read) to 64" : "from 1 to 64");
            } else if (bits && key.scalar != "O" && !input) {
                final = static_cast<int>(*bits);
            } else if (bits) {
                record_.bits[key.scalar] = static_cast<int>(*bits);
            }
        }
        if (record_.bits.count("O") == 0)
            fail(node->where, "operand_precision has no O", "O is the width of partial sums");
        record_.finalBits = final.value_or(record_.bits.count("O") > 0 ? record_.bits["O"] : 8);
        namePrecisions(*node);
    }

    /// Peers' files call an operand by another name here at times; one that is left over stands for the one missing.
    void namePrecisions(const yaml::Node& node) {
        std::vector<std::string> missing;
        std::vector<std::string> spare;
        for (const OperandText& input : record_.equation.inputs) {
            if (record_.bits.count(input.name) == 0) missing.push_back(input.name);
        }
        for (const auto& [name, bits] : record_.bits) {
            if (name != "O" && !isInput(name)) spare.push_back(name);
        }
        if (record_.equation.inputs.empty()) return;
        if (missing.size() == 1 && spare.size() == 1) {
            diagnostics_.warning(node.where, reader_.what() + ": operand_precision has no " + missing[0] + "; the " +
                                                 spare[0] + " in it is taken for it");
            record_.bits[missing[0]] = record_.bits[spare[0]];
            record_.bits.erase(spare[0]);
            return;
        }
        for (const std::string& name : missing) fail(node.where, "operand_precision has no " + name);
        for (const std::string& name : spare)
            fail(node.where, "operand_precision has " + name + ", which the equation does not have");
    }

    bool isInput(std::string_view name) const {
        const auto& inputs = record_.equation.inputs;
        return std::any_of(inputs.begin(), inputs.end(), [&](const OperandText& input) { return input.name == name; });
    }

    bool checkInput(std::string_view name, std::string_view key, Where where) {
        if (isInput(name) || record_.equation.inputs.empty()) return true;
        fail(where, std::string(key) + " names operand " + std::string(name) + ", which the equation does not have");
        return false;
    }

    void readSources() {
        if (const yaml::Node* node = mapOf("operand_source")) {
            for (const auto& [key, value] : node->entries) {
                if (key.scalar == "O" || !checkInput(key.scalar, "operand_source", key.where)) continue;
                LayerRecord::Producers& producers = record_.sources[key.scalar];
                producers.where = value.where;
                if (value.isNull()) continue;
                for (const yaml::Node& item : value.isSequence() ? value.items : std::vector<yaml::Node>{value}) {
                    if (const auto id = yaml::integer(item, "source of " + key.scalar, diagnostics_))
                        producers.ids.push_back(*id);
                }
            }
        }
        for (const auto& [name, where] : texts("constant_operands")) {
            if (checkInput(name, "constant_operands", where)) record_.constants.push_back(name);
        }
        if (const yaml::Node* node = mapOf("operand_source_dimension_mapping")) readDimensions(*node);
    }

    void readDimensions(const yaml::Node& node) {
        for (const auto& [operand, dims] : node.entries) {
            if (!checkInput(operand.scalar, "operand_source_dimension_mapping", operand.where)) continue;
            if (!dims.isMap()) {
                fail(dims.where, "the dimensions of " + operand.scalar + " are " + dims.describe() + ", not a map");
                continue;
            }
            for (const auto& [mine, theirs] : dims.entries) {
                const auto name = yaml::text(theirs, "producer's dimension", diagnostics_);
                if (name) record_.dimensions[operand.scalar][upperCase(mine.scalar)] = upperCase(*name);
            }
        }
    }

    void readLinks() {
        const yaml::Node* node = mapOf("memory_operand_links");
        if (node == nullptr) return;
        std::set<std::string> used;
        for (const auto& [key, value] : node->entries) {
            const auto memory = yaml::text(value, "memory operand of " + key.scalar, diagnostics_);
            if (!memory || (key.scalar != "O" && !checkInput(key.scalar, "memory_operand_links", key.where))) continue;
            const bool fits = key.scalar == "O" ? *memory == "O" : *memory == "I1" || *memory == "I2";
            if (!fits || !used.insert(*memory).second) {
                fail(value.where, "operand " + key.scalar + " has memory operand '" + *memory + "'",
                     "O has O; the inputs have I1 and I2, each once");
            }
            record_.links[key.scalar] = *memory;
        }
    }

    void readMapping() {
        if (const yaml::Node* node = reader_.find("core_allocation")) {
            for (const yaml::Node& item : node->isSequence() ? node->items : std::vector<yaml::Node>{*node}) {
                const auto core = yaml::integer(item, "core_allocation", diagnostics_);
                if (core && *core < 0) fail(item.where, "core " + std::to_string(*core) + " does not exist");
                if (core) record_.mapping.coreAllocation.push_back(*core);
            }
        }
        const yaml::Node* node = mapOf("spatial_mapping");
        if (node == nullptr) return;
        for (const auto& [array, value] : node->entries) readUnrollings(array.scalar, value);
    }

    /// "K, 32", [K, 32], ["K, 32", ...] or [[K, 32], ...].
    void readUnrollings(const std::string& array, const yaml::Node& node) {
        const bool pair = node.isSequence() && node.items.size() == 2 && node.items[0].isScalar() &&
                          node.items[0].scalar.find(',') == std::string::npos;
        if (node.isSequence() && !pair) {
            for (const yaml::Node& item : node.items) readUnrollings(array, item);
            return;
        }
        yaml::Node factor = pair ? node.items[1] : node;
        std::string loop = pair ? node.items[0].scalar : node.scalar;
        if (!pair) {
            const std::size_t comma = loop.find(',');
            factor.scalar = comma == std::string::npos
                                ? ""
                                : loop.substr(std::min(loop.size(), loop.find_first_not_of(' ', comma + 1)));
            factor.quoted = false;
            loop.resize(std::min(comma, loop.size()));
        }
        const auto count = yaml::integer(factor, "unrolling over " + array, diagnostics_);
        if (count && *count < 1) fail(node.where, "an unrolling of " + std::to_string(*count), "factors are 1 or more");
        if (count) record_.mapping.spatialMapping.push_back({array, upperCase(loop), *count});
    }

    yaml::MapReader reader_;
    const yaml::Node& node_;
    Diagnostics& diagnostics_;
    LayerRecord record_;
};

std::optional<LayerRecord> readRecord(const yaml::Node& node, std::optional<std::int64_t> id,
                                      Diagnostics& diagnostics) {
    std::string what = "layer";
    const yaml::Node* own = node.isMap() ? node.find("id") : nullptr;
    if (id) {
        what += " " + std::to_string(*id);
    } else if (own != nullptr && own->isScalar()) {
        what += " " + own->scalar.substr(0, 40);
    }
    return RecordReader(node, what, diagnostics).read(id);
}

}  // namespace millrace::workload
