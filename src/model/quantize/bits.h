#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/network/network.h"
#include "support/diagnostics.h"

/// Tables of weight precision: how many bits the weights of each layer get. The Neural Compiler's
/// `--weight_bits_table`.
///
///     {"__DEFAULT__": 16, "conv1": 8}                  one model
///     {"0": {"__DEFAULT__": 16}, "1": {"conv1": 4}}    several models, by their place; one left out has the default
///
/// The second form is meant if every value is a map (and there is one); with more than one model it is the only one. A
/// layer called "0" is thus possible in the first form. Keys are names of operators or one of their other names; a name
/// that several layers have stands for all of them.
namespace millrace::model::quantize {

inline constexpr std::string_view kDefaultKey = "__DEFAULT__";

/// What a target can do.
struct BitsRules {
    std::vector<int> allowed;  ///< ascending, not empty
    int otherwise = 8;         ///< for layers that nobody speaks for
};
/// 4, 8 and 16.
BitsRules dataflowBits();
/// 1 to 16.
BitsRules anyBits();

struct BitsLayer {
    std::string name;
    /// Other names that stand for it: of its results and its weights, of operators that it has taken in.
    std::vector<std::string> aliases;
    bool hasWeights = true;
};

struct BitsModel {
    std::string name;  ///< for messages
    std::vector<BitsLayer> layers;
};

/// The operators of a network: name, names of their results, and of their weights with and without ".weight".
BitsModel bitsModel(const Network& network);

/// Bits by model and layer, in the order of the models and their layers.
using WeightBits = std::vector<std::vector<int>>;

/// Every layer of every model at `rules.otherwise`: what holds without a table.
WeightBits defaultBits(std::span<const BitsModel> models, const BitsRules& rules);

/// Errors, with line and column: what is no table, bits that are not allowed, unknown layers (with names that are
/// near), a name that means two layers with different bits, a model that is not there, the form for one model beside
/// several. Warnings: a layer without weights, and faults of JSON whose meaning is plain (json.h).
std::optional<WeightBits> parseBits(std::string_view text, std::string_view file, std::span<const BitsModel> models,
                                    const BitsRules& rules, Diagnostics& diagnostics);
std::optional<WeightBits> readBits(const std::string& path, std::span<const BitsModel> models, const BitsRules& rules,
                                   Diagnostics& diagnostics);

/// The table as text that `parseBits` reads back as the same bits: the first form for one model, else the second;
/// layers with weights whose bits are not the model's most frequent ones. Layers of one name must have the same bits.
std::string printBits(const WeightBits& bits, std::span<const BitsModel> models, const BitsRules& rules);

}  // namespace millrace::model::quantize
