#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.h"
#include "targets/barvinn/format/geometry.h"

/// Memory images: integers to the words of an MVU's memories, and back.
///
/// A block of 64 values takes as many words as the values have bits, the most significant bits first; lane i is bit i
/// of a word. Values are two's complement if they are read as signed. Channels come in blocks of 64; missing ones are
/// 0. Encoders take the low bits of every value; `fits` says beforehand whether that loses anything.
namespace millrace::targets::barvinn {

/// True if every value can be told from its low `bits` bits, read with or without sign.
bool fits(std::span<const std::int32_t> values, int bits, bool isSigned);

/// Bit planes of up to 64 values.
std::vector<ActivationWord> encodePlanes(std::span<const std::int32_t> values, int bits);
/// The 64 values of `words.size()` planes.
std::vector<std::int32_t> decodePlanes(std::span<const ActivationWord> words, bool isSigned);

/// A feature map; values in the order channel, row, column.
struct MapShape {
    std::int64_t channels = 1, height = 1, width = 1;
    std::int64_t blocks() const { return (channels + kLanes - 1) / kLanes; }
    std::int64_t elements() const { return channels * height * width; }
    bool operator==(const MapShape&) const = default;
};
/// Word ((y * width + x) * blocks + block) * bits + plane.
std::vector<ActivationWord> encodeMap(std::span<const std::int32_t> values, const MapShape& shape, int bits);
std::vector<std::int32_t> decodeMap(std::span<const ActivationWord> words, const MapShape& shape, int bits,
                                    bool isSigned);

/// Weights; values in ONNX order: output channel, input channel, row, column. A matrix is a filter of 1 x 1.
struct FilterShape {
    std::int64_t outputs = 1, inputs = 1, height = 1, width = 1;
    std::int64_t outputBlocks() const { return (outputs + kLanes - 1) / kLanes; }
    std::int64_t inputBlocks() const { return (inputs + kLanes - 1) / kLanes; }
    std::int64_t elements() const { return outputs * inputs * height * width; }
    bool operator==(const FilterShape&) const = default;
};
/// Word (((outputBlock * height + row) * width + column) * inputBlocks + inputBlock) * bits + plane.
std::vector<WeightWord> encodeWeights(std::span<const std::int32_t> values, const FilterShape& shape, int bits);
std::vector<std::int32_t> decodeWeights(std::span<const WeightWord> words, const FilterShape& shape, int bits,
                                        bool isSigned);

/// One word for each block of 64 output channels.
std::vector<ScalerWord> encodeScalers(std::span<const std::int16_t> values);
std::vector<BiasWord> encodeBiases(std::span<const std::int32_t> values);
std::vector<std::int16_t> decodeScalers(std::span<const ScalerWord> words, std::size_t count);
/// Only the low 27 bits of a bias count.
std::vector<std::int32_t> decodeBiases(std::span<const BiasWord> words, std::size_t count);

/// As MVU_Code_Gen exports them, which is not how the hardware reads them: tap order [column][row], and in a word
/// output and input lanes changed over. For one block of each; more of them come out in the order column, row, input
/// block, output block.
std::vector<WeightWord> encodeWeightsLegacy(std::span<const std::int32_t> values, const FilterShape& shape, int bits);
/// As MVU_Code_Gen writes its test vectors: consecutive values, in the order of the tensor, in blocks of 64.
std::vector<ActivationWord> encodeFlat(std::span<const std::int32_t> values, int bits);

/// Text files of words. Weights: a line of 4096 binary digits a word, bit 4095 first, the last line without an end.
std::string weightText(std::span<const WeightWord> words);
/// Input: a line of 64 binary digits a word, bit 63 first.
std::string inputText(std::span<const ActivationWord> words);
/// Output: a line of 16 hexadecimal digits in capitals a word.
std::string outputText(std::span<const ActivationWord> words);
std::optional<std::vector<WeightWord>> parseWeightText(std::string_view text, const std::string& file,
                                                       Diagnostics& diagnostics);
std::optional<std::vector<ActivationWord>> parseInputText(std::string_view text, const std::string& file,
                                                          Diagnostics& diagnostics);
std::optional<std::vector<ActivationWord>> parseOutputText(std::string_view text, const std::string& file,
                                                           Diagnostics& diagnostics);

}  // namespace millrace::targets::barvinn
