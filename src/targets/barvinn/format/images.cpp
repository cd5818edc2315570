#include "targets/barvinn/format/images.h"

#include <algorithm>

namespace millrace::targets::barvinn {

namespace {

/// Bit of a value in a plane, at lane `lane` of a word.
std::uint64_t planeBit(std::int32_t value, int bits, int plane, std::size_t lane) {
    return (static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) >> (bits - 1 - plane) & 1) << lane;
}

std::int32_t restored(std::uint64_t low, int bits, bool isSigned) {
    return static_cast<std::int32_t>(isSigned ? signedBits(low, bits) : static_cast<std::int64_t>(low));
}

/// Where weights stand in a file of words.
struct Tap {
    std::int64_t outputBlock, row, column, inputBlock;
};

std::int64_t elementIndex(const FilterShape& shape, std::int64_t output, std::int64_t input, const Tap& tap) {
    return ((output * shape.inputs + input) * shape.height + tap.row) * shape.width + tap.column;
}

/// Calls visit(tap) in the order of the words.
template <class Visit>
void forTaps(const FilterShape& shape, const Visit& visit) {
    for (std::int64_t k = 0; k < shape.outputBlocks(); ++k) {
        for (std::int64_t row = 0; row < shape.height; ++row) {
            for (std::int64_t column = 0; column < shape.width; ++column) {
                for (std::int64_t c = 0; c < shape.inputBlocks(); ++c) visit(Tap{k, row, column, c});
            }
        }
    }
}

/// Calls visit(output lane, input lane, element) for the weights of a tile that exist.
template <class Visit>
void forTile(const FilterShape& shape, const Tap& tap, const Visit& visit) {
    const std::int64_t firstOutput = tap.outputBlock * kLanes;
    const std::int64_t firstInput = tap.inputBlock * kLanes;
    const std::int64_t outputs = std::min<std::int64_t>(kLanes, shape.outputs - firstOutput);
    const std::int64_t inputs = std::min<std::int64_t>(kLanes, shape.inputs - firstInput);
    for (std::int64_t k = 0; k < outputs; ++k) {
        for (std::int64_t c = 0; c < inputs; ++c) {
            const std::int64_t element = elementIndex(shape, firstOutput + k, firstInput + c, tap);
            visit(static_cast<std::size_t>(k), static_cast<std::size_t>(c), static_cast<std::size_t>(element));
        }
    }
}

}  // namespace

bool fits(std::span<const std::int32_t> values, int bits, bool isSigned) {
    const std::int64_t low = isSigned ? -(std::int64_t{1} << (bits - 1)) : 0;
    const std::int64_t high = (std::int64_t{1} << (isSigned ? bits - 1 : bits)) - 1;
    return std::all_of(values.begin(), values.end(), [&](std::int32_t v) { return v >= low && v <= high; });
}

std::vector<ActivationWord> encodePlanes(std::span<const std::int32_t> values, int bits) {
    std::vector<ActivationWord> words(static_cast<std::size_t>(bits));
    for (int plane = 0; plane < bits; ++plane) {
        for (std::size_t lane = 0; lane < values.size(); ++lane) {
            words[static_cast<std::size_t>(plane)] |= planeBit(values[lane], bits, plane, lane);
        }
    }
    return words;
}

std::vector<std::int32_t> decodePlanes(std::span<const ActivationWord> words, bool isSigned) {
    const int bits = static_cast<int>(words.size());
    std::vector<std::int32_t> values;
    for (int lane = 0; lane < kLanes; ++lane) {
        std::uint64_t value = 0;
        for (const ActivationWord word : words) value = value << 1 | (word >> lane & 1);
        values.push_back(restored(value, bits, isSigned));
    }
    return values;
}

std::vector<ActivationWord> encodeMap(std::span<const std::int32_t> values, const MapShape& shape, int bits) {
    std::vector<ActivationWord> words;
    const std::int64_t pixels = shape.height * shape.width;
    std::vector<std::int32_t> block;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::int64_t first = 0; first < shape.channels; first += kLanes) {
            block.clear();
            const std::int64_t last = std::min<std::int64_t>(first + kLanes, shape.channels);
            for (std::int64_t c = first; c < last; ++c)
                block.push_back(values[static_cast<std::size_t>(c * pixels + pixel)]);
            const auto planes = encodePlanes(block, bits);
            words.insert(words.end(), planes.begin(), planes.end());
        }
    }
    return words;
}

std::vector<std::int32_t> decodeMap(std::span<const ActivationWord> words, const MapShape& shape, int bits,
                                    bool isSigned) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(shape.elements()));
    const std::int64_t pixels = shape.height * shape.width;
    std::size_t at = 0;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::int64_t first = 0; first < shape.channels; first += kLanes) {
            const auto block = decodePlanes(words.subspan(at, static_cast<std::size_t>(bits)), isSigned);
            at += static_cast<std::size_t>(bits);
            const std::int64_t last = std::min<std::int64_t>(first + kLanes, shape.channels);
            for (std::int64_t c = first; c < last; ++c) {
                values[static_cast<std::size_t>(c * pixels + pixel)] = block[static_cast<std::size_t>(c - first)];
            }
        }
    }
    return values;
}

std::vector<WeightWord> encodeWeights(std::span<const std::int32_t> values, const FilterShape& shape, int bits) {
    std::vector<WeightWord> words;
    forTaps(shape, [&](const Tap& tap) {
        const std::size_t base = words.size();
        words.resize(base + static_cast<std::size_t>(bits), WeightWord{});
        forTile(shape, tap, [&](std::size_t k, std::size_t c, std::size_t element) {
            for (int plane = 0; plane < bits; ++plane) {
                words[base + static_cast<std::size_t>(plane)][k] |= planeBit(values[element], bits, plane, c);
            }
        });
    });
    return words;
}

std::vector<std::int32_t> decodeWeights(std::span<const WeightWord> words, const FilterShape& shape, int bits,
                                        bool isSigned) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(shape.elements()));
    std::size_t base = 0;
    forTaps(shape, [&](const Tap& tap) {
        forTile(shape, tap, [&](std::size_t k, std::size_t c, std::size_t element) {
            std::uint64_t value = 0;
            for (std::size_t plane = 0; plane < static_cast<std::size_t>(bits); ++plane)
                value = value << 1 | (words[base + plane][k] >> c & 1);
            values[element] = restored(value, bits, isSigned);
        });
        base += static_cast<std::size_t>(bits);
    });
    return values;
}

std::vector<ScalerWord> encodeScalers(std::span<const std::int16_t> values) {
    std::vector<ScalerWord> words((values.size() + kLanes - 1) / kLanes, ScalerWord{});
    for (std::size_t i = 0; i < values.size(); ++i) words[i / kLanes][i % kLanes] = values[i];
    return words;
}

std::vector<BiasWord> encodeBiases(std::span<const std::int32_t> values) {
    std::vector<BiasWord> words((values.size() + kLanes - 1) / kLanes, BiasWord{});
    for (std::size_t i = 0; i < values.size(); ++i)
        words[i / kLanes][i % kLanes] = static_cast<std::uint32_t>(values[i]);
    return words;
}

std::vector<std::int16_t> decodeScalers(std::span<const ScalerWord> words, std::size_t count) {
    std::vector<std::int16_t> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(words[i / kLanes][i % kLanes]);
    return values;
}

std::vector<std::int32_t> decodeBiases(std::span<const BiasWord> words, std::size_t count) {
    std::vector<std::int32_t> values;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t value = signedBits(words[i / kLanes][i % kLanes], kAccumulatorBits);
        values.push_back(static_cast<std::int32_t>(value));
    }
    return values;
}

std::vector<WeightWord> encodeWeightsLegacy(std::span<const std::int32_t> values, const FilterShape& shape, int bits) {
    std::vector<WeightWord> words;
    const auto add = [&](const Tap& tap) {
        const std::size_t base = words.size();
        words.resize(base + static_cast<std::size_t>(bits), WeightWord{});
        forTile(shape, tap, [&](std::size_t k, std::size_t c, std::size_t element) {
            for (int plane = 0; plane < bits; ++plane) {
                words[base + static_cast<std::size_t>(plane)][c] |= planeBit(values[element], bits, plane, k);
            }
        });
    };
    for (std::int64_t column = 0; column < shape.width; ++column) {
        for (std::int64_t row = 0; row < shape.height; ++row) {
            for (std::int64_t c = 0; c < shape.inputBlocks(); ++c) {
                for (std::int64_t k = 0; k < shape.outputBlocks(); ++k) add({k, row, column, c});
            }
        }
    }
    return words;
}

std::vector<ActivationWord> encodeFlat(std::span<const std::int32_t> values, int bits) {
    std::vector<ActivationWord> words;
    for (std::size_t at = 0; at < values.size(); at += kLanes) {
        const auto planes = encodePlanes(values.subspan(at, std::min<std::size_t>(kLanes, values.size() - at)), bits);
        words.insert(words.end(), planes.begin(), planes.end());
    }
    return words;
}

}  // namespace millrace::targets::barvinn
