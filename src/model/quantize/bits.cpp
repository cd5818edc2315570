#include "model/quantize/bits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <unordered_map>

#include "model/quantize/weights.h"
#include "support/files.h"
#include "support/json.h"

namespace millrace::model::quantize {

namespace {

using yaml::Node;

/// Names are compared with all layers only so often, and so many mistakes of a kind are listed.
constexpr int kMostListed = 20;
constexpr std::size_t kMostHints = 3;

std::string shown(const std::string& name) { return name.size() > 80 ? name.substr(0, 80) + "..." : name; }

std::string listed(const std::vector<int>& numbers) {
    if (numbers.size() > 4) return fmt::format("{} to {}", numbers.front(), numbers.back());
    if (numbers.size() == 1) return std::to_string(numbers.front());
    return fmt::format("{} or {}", fmt::join(numbers.begin(), numbers.end() - 1, ", "), numbers.back());
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

/// The layers of a model by name, and what a table says of them.
class Reader {
public:
    Reader(const BitsModel& model, const BitsRules& rules, Diagnostics& diagnostics)
        : model_(model), rules_(rules), diagnostics_(diagnostics), said_(model.layers.size(), nullptr) {
        for (std::size_t i = 0; i < model.layers.size(); ++i) {
            names_[model.layers[i].name].push_back(i);
            for (const std::string& alias : model.layers[i].aliases) aliases_[alias].push_back(i);
        }
    }

    std::vector<int> read(const Node& table) {
        std::vector<int> bits(model_.layers.size(), 0);
        int otherwise = rules_.otherwise;
        for (const Node::Entry& entry : table.entries) {
            const auto value = bitsOf(entry);
            if (entry.first.scalar == kDefaultKey) {
                otherwise = value.value_or(otherwise);
                continue;
            }
            for (const std::size_t layer : layersOf(entry.first)) say(layer, entry, value.value_or(otherwise), bits);
        }
        if (unknown_ > kMostListed)
            diagnostics_.error(table.where, fmt::format("{} names are no layers of {}; {} of them are listed", unknown_,
                                                        shown(model_.name), kMostListed));
        std::replace(bits.begin(), bits.end(), 0, otherwise);
        return bits;
    }

private:
    std::optional<int> bitsOf(const Node::Entry& entry) {
        if (wrong_ > kMostListed) return std::nullopt;
        const std::string what = fmt::format("the precision of '{}'", shown(entry.first.scalar));
        const auto value = yaml::integer(entry.second, what, diagnostics_);
        const std::vector<int>& allowed = rules_.allowed;
        if (value && std::find(allowed.begin(), allowed.end(), *value) != allowed.end())
            return static_cast<int>(*value);
        ++wrong_;
        if (value)
            diagnostics_.error(entry.second.where,
                               fmt::format("{} is {} bits; {} are possible", what, *value, listed(allowed)),
                               nearest(*value));
        return std::nullopt;
    }

    std::string nearest(std::int64_t value) const {
        const auto& allowed = rules_.allowed;
        const auto above = std::lower_bound(allowed.begin(), allowed.end(), value);
        return fmt::format("write {}", above == allowed.end() ? allowed.back() : *above);
    }

    std::vector<std::size_t> layersOf(const Node& key) {
        for (const auto* map : {&names_, &aliases_}) {
            if (const auto found = map->find(key.scalar); found != map->end()) return found->second;
        }
        if (++unknown_ <= kMostListed)
            diagnostics_.error(key.where, fmt::format("{} has no layer '{}'", shown(model_.name), shown(key.scalar)),
                               hint(key.scalar));
        return {};
    }

    void say(std::size_t layer, const Node::Entry& entry, int value, std::vector<int>& bits) {
        const std::string& name = model_.layers[layer].name;
        if (!model_.layers[layer].hasWeights && withoutWeights_++ < kMostListed)
            diagnostics_.warning(entry.first.where,
                                 fmt::format("layer '{}' has no weights; this changes nothing", shown(name)));
        if (said_[layer] != nullptr && bits[layer] != value)
            diagnostics_.error(entry.first.where,
                               fmt::format("'{}' and '{}' (line {}) are both layer '{}', with {} and {} bits",
                                           shown(entry.first.scalar), shown(said_[layer]->first.scalar),
                                           said_[layer]->first.where.line, shown(name), value, bits[layer]),
                               "keep one of them");
        said_[layer] = &entry;
        bits[layer] = value;
    }

    /// Layers whose name is near, or that has the name as a part.
    std::string hint(const std::string& name) const {
        std::vector<std::string> names;
        for (const BitsLayer& layer : model_.layers) {
            if (layer.hasWeights) names.push_back(layer.name);
        }
        std::vector<std::string> near;
        const auto add = [&](const std::string& candidate) {
            const bool isNew = std::find(near.begin(), near.end(), candidate) == near.end();
            if (!candidate.empty() && isNew && near.size() < kMostHints) near.push_back(candidate);
        };
        add(nearestName(name, names));
        for (const std::string& candidate : names) {
            if (!name.empty() && lower(candidate).find(lower(name)) != std::string::npos) add(candidate);
        }
        for (std::string& candidate : near) candidate = "'" + shown(candidate) + "'";
        if (!near.empty()) return fmt::format("did you mean {}?", fmt::join(near, " or "));
        if (names.empty()) return "the model has no layers with weights";
        for (std::size_t i = 0; i < std::min(kMostHints, names.size()); ++i)
            near.push_back("'" + shown(names[i]) + "'");
        return fmt::format("layers with weights: {}{}", fmt::join(near, ", "),
                           names.size() > kMostHints ? ", ..." : "");
    }

    const BitsModel& model_;
    const BitsRules& rules_;
    Diagnostics& diagnostics_;
    std::unordered_map<std::string, std::vector<std::size_t>> names_;
    std::unordered_map<std::string, std::vector<std::size_t>> aliases_;
    std::vector<const Node::Entry*> said_;
    int unknown_ = 0;
    int wrong_ = 0;
    int withoutWeights_ = 0;
};

std::string modelList(std::span<const BitsModel> models) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < models.size() && i < 16; ++i)
        names.push_back(fmt::format("{} {}", i, shown(models[i].name)));
    return fmt::format("{}", fmt::join(names, ", "));
}

/// "0", "1", ... without leading zeros.
std::optional<std::size_t> indexOf(const std::string& key) {
    std::size_t index = 0;
    const auto [rest, problem] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (problem != std::errc{} || std::to_string(index) != key) return std::nullopt;
    return index;
}

void readModels(const Node& root, std::span<const BitsModel> models, const BitsRules& rules, WeightBits& bits,
                Diagnostics& diagnostics) {
    int wrong = 0;
    for (const Node::Entry& entry : root.entries) {
        const auto index = indexOf(entry.first.scalar);
        if (index && *index < models.size()) {
            bits[*index] = Reader(models[*index], rules, diagnostics).read(entry.second);
        } else if (++wrong <= kMostListed) {
            diagnostics.error(entry.first.where,
                              fmt::format("'{}' is not the number of a model, from 0 to {}", shown(entry.first.scalar),
                                          models.size() - 1),
                              "models: " + modelList(models));
        }
    }
}

}  // namespace

BitsRules dataflowBits() { return {{4, 8, 16}, 8}; }

BitsRules anyBits() {
    BitsRules rules;
    rules.allowed.resize(kMaxWeightBits);
    std::iota(rules.allowed.begin(), rules.allowed.end(), 1);
    return rules;
}

BitsModel bitsModel(const Network& network) {
    BitsModel model;
    model.name = network.file.empty() ? network.name : network.file;
    for (const Operator& op : network.operators) {
        BitsLayer& layer = model.layers.emplace_back();
        layer.name = op.name;
        for (const TensorId output : op.outputs) {
            if (output.valid()) layer.aliases.push_back(network.tensors[output].name);
        }
        const auto use = weightsOf(network, op);
        layer.hasWeights = use.has_value();
        if (!use) continue;
        const std::string& weights = network.tensors[use->tensor].name;
        layer.aliases.push_back(weights);
        constexpr std::string_view kEnding = ".weight";
        if (std::string_view(weights).ends_with(kEnding))
            layer.aliases.push_back(weights.substr(0, weights.size() - kEnding.size()));
    }
    return model;
}

WeightBits defaultBits(std::span<const BitsModel> models, const BitsRules& rules) {
    WeightBits bits;
    for (const BitsModel& model : models) bits.emplace_back(model.layers.size(), rules.otherwise);
    return bits;
}

std::optional<WeightBits> parseBits(std::string_view text, std::string_view file, std::span<const BitsModel> models,
                                    const BitsRules& rules, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    const auto root = json::parse(text, file, diagnostics);
    if (!root) return std::nullopt;
    WeightBits bits = defaultBits(models, rules);
    const auto isMap = [](const Node::Entry& entry) { return entry.second.isMap(); };
    const auto& entries = root->entries;
    const auto firstMap = std::find_if(entries.begin(), entries.end(), isMap);
    if (!root->isMap()) {
        diagnostics.error(root->where, fmt::format("a table of precision must be a map, but is {}", root->describe()),
                          "for example {\"__DEFAULT__\": 8, \"conv1\": 16}");
    } else if (entries.empty()) {
        return bits;
    } else if (std::all_of(entries.begin(), entries.end(), isMap)) {
        readModels(*root, models, rules, bits, diagnostics);
    } else if (firstMap != entries.end()) {
        diagnostics.error(
            firstMap->second.where,
            fmt::format("'{}' is a map, but other values of this table are not", shown(firstMap->first.scalar)),
            "a table holds numbers for one model, or a map of numbers for each of several models");
    } else if (models.size() > 1) {
        diagnostics.error(
            root->where,
            fmt::format("this is a table for one model, but there are {}: {}", models.size(), modelList(models)),
            "write {\"0\": {...}, \"1\": {...}}");
    } else if (!models.empty()) {
        bits[0] = Reader(models[0], rules, diagnostics).read(*root);
    }
    if (diagnostics.failures() != before) return std::nullopt;
    return bits;
}

std::optional<WeightBits> readBits(const std::string& path, std::span<const BitsModel> models, const BitsRules& rules,
                                   Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 26);
    if (!text) return std::nullopt;
    return parseBits(*text, path, models, rules, diagnostics);
}

namespace {

std::string printModel(const std::vector<int>& bits, const BitsModel& model, const BitsRules& rules) {
    std::map<int, int> counts;
    for (std::size_t i = 0; i < bits.size(); ++i) counts[bits[i]] += model.layers[i].hasWeights ? 1 : 0;
    int usual = rules.otherwise;
    for (const auto& [value, count] : counts) usual = count > counts[usual] ? value : usual;
    std::vector<std::string> lines;
    if (usual != rules.otherwise) lines.push_back(fmt::format("{}: {}", json::quote(kDefaultKey), usual));
    std::unordered_map<std::string, bool> printed;
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const BitsLayer& layer = model.layers[i];
        if (bits[i] != usual && layer.hasWeights && printed.emplace(layer.name, true).second)
            lines.push_back(fmt::format("{}: {}", json::quote(layer.name), bits[i]));
    }
    return lines.empty() ? "{}" : fmt::format("{{\n  {}\n}}", fmt::join(lines, ",\n  "));
}

}  // namespace

std::string printBits(const WeightBits& bits, std::span<const BitsModel> models, const BitsRules& rules) {
    if (models.size() == 1) return printModel(bits[0], models[0], rules) + "\n";
    std::vector<std::string> tables;
    for (std::size_t i = 0; i < models.size(); ++i)
        tables.push_back(fmt::format("\"{}\": {}", i, printModel(bits[i], models[i], rules)));
    return fmt::format("{{\n{}\n}}\n", fmt::join(tables, ",\n"));
}

}  // namespace millrace::model::quantize
