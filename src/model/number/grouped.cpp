#include "model/number/grouped.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "model/number/bfloat16.h"

namespace millrace::model::number {

namespace {

constexpr int kInfinite = 255;

/// A bfloat16 as magnitude / 128 * 2^(exponent - 127).
struct Lane {
    int exponent = 0;
    std::uint32_t magnitude = 0;
    bool negative = false;
};

Lane laneOf(float value) {
    const std::uint16_t bits = toBfloat16(value, Rounding::halfAway).bits;
    const int field = bits >> 7 & 0xff;
    const std::uint32_t fraction = bits & 0x7fU;
    if (field == 0) return {fraction == 0 ? 0 : 1, fraction, fraction != 0 && bits >> 15 != 0};
    return {field, 0x80U | fraction, bits >> 15 != 0};
}

float laneValue(std::uint32_t magnitude, int exponent) {
    if (exponent == kInfinite && magnitude >= 0x80)
        return std::bit_cast<float>(0x7f800000U | (magnitude & 0x7fU) << 16 | (magnitude > 0x80 ? 0x400000U : 0U));
    return std::ldexp(static_cast<float>(magnitude), exponent - 127 - 7);
}

std::size_t groupsOf(std::size_t channels) { return (channels + kGroupLanes - 1) / kGroupLanes; }

/// Calls visit(first value, lanes) for every group of every pixel.
template <class Visit>
void forEachGroup(std::size_t values, std::size_t channels, Visit visit) {
    for (std::size_t pixel = 0; pixel < values; pixel += channels) {
        for (std::size_t first = 0; first < channels; first += kGroupLanes)
            visit(pixel + first, std::min(kGroupLanes, channels - first));
    }
}

}  // namespace

Group encodeGroup(std::span<const float, kGroupLanes> values) {
    std::array<Lane, kGroupLanes> lanes;
    std::transform(values.begin(), values.end(), lanes.begin(), laneOf);
    int largest = 0;
    for (const Lane& lane : lanes) largest = std::max(largest, lane.exponent);
    Group group;
    group.exponent = static_cast<std::uint8_t>(largest);
    for (std::size_t i = 0; i < kGroupLanes; ++i) {
        const int gap = std::min(largest - lanes[i].exponent, static_cast<int>(kGroupLanes) + 1);
        group.magnitude[i] = static_cast<std::uint8_t>(shiftRight(lanes[i].magnitude, gap, Rounding::halfAway));
        group.negative[i] = lanes[i].negative && group.magnitude[i] != 0;
    }
    return group;
}

std::array<float, kGroupLanes> decodeGroup(const Group& group) {
    std::array<float, kGroupLanes> values{};
    for (std::size_t i = 0; i < kGroupLanes; ++i) {
        const float value = laneValue(group.magnitude[i], group.exponent);
        values[i] = group.negative[i] && group.magnitude[i] != 0 ? -value : value;
    }
    return values;
}

std::array<std::uint8_t, kGroupBytes> pack(const Group& group) {
    std::array<std::uint8_t, kGroupBytes> bytes{};
    for (std::size_t i = 0; i < kGroupLanes; ++i) {
        const unsigned lane = group.magnitude[i] | (group.negative[i] ? 0x100U : 0U);
        bytes[i] = static_cast<std::uint8_t>(bytes[i] | lane << i);
        bytes[i + 1] = static_cast<std::uint8_t>(lane >> (8 - i));
    }
    bytes[9] = group.exponent;
    return bytes;
}

Group unpack(std::span<const std::uint8_t, kGroupBytes> bytes) {
    Group group;
    for (std::size_t i = 0; i < kGroupLanes; ++i) {
        const unsigned lane = (bytes[i] | static_cast<unsigned>(bytes[i + 1]) << 8) >> i;
        group.magnitude[i] = static_cast<std::uint8_t>(lane);
        group.negative[i] = (lane & 0x100U) != 0;
    }
    group.exponent = bytes[9];
    return group;
}

std::size_t GroupedLayout::bytes(std::size_t pixels) const {
    const std::size_t pixel = groupsOf(channels) * kGroupBytes;
    if (rowPixels == 0) return pixels * pixel;
    return pixels / rowPixels * ((rowPixels * pixel + 3) / 4 * 4);
}

std::vector<std::uint8_t> encodeGrouped(std::span<const float> values, const GroupedLayout& layout) {
    assert(layout.channels > 0 && values.size() % layout.channels == 0);
    const std::size_t pixels = values.size() / layout.channels;
    assert(layout.rowPixels == 0 || pixels % layout.rowPixels == 0);
    std::vector<std::uint8_t> bytes;
    bytes.reserve(layout.bytes(pixels));
    const std::size_t row = layout.rowPixels * layout.channels;
    forEachGroup(values.size(), layout.channels, [&](std::size_t first, std::size_t lanes) {
        if (row != 0 && first % row == 0) bytes.resize((bytes.size() + 3) / 4 * 4);
        std::array<float, kGroupLanes> group{};
        std::copy_n(values.data() + first, lanes, group.data());
        const auto packed = pack(encodeGroup(group));
        bytes.insert(bytes.end(), packed.begin(), packed.end());
    });
    if (row != 0) bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

std::optional<std::vector<float>> decodeGrouped(std::span<const std::uint8_t> bytes, std::size_t pixels,
                                                const GroupedLayout& layout) {
    if (layout.channels == 0 || (layout.rowPixels != 0 && pixels % layout.rowPixels != 0)) return std::nullopt;
    if (pixels != 0 && (layout.channels > bytes.size() || groupsOf(layout.channels) > bytes.size() / pixels))
        return std::nullopt;
    if (bytes.size() != layout.bytes(pixels)) return std::nullopt;
    std::vector<float> values(pixels * layout.channels);
    const std::size_t row = layout.rowPixels * layout.channels;
    std::size_t at = 0;
    forEachGroup(values.size(), layout.channels, [&](std::size_t first, std::size_t lanes) {
        if (row != 0 && first % row == 0) at = (at + 3) / 4 * 4;
        const auto group = decodeGroup(unpack(bytes.subspan(at).first<kGroupBytes>()));
        std::copy_n(group.data(), lanes, values.data() + first);
        at += kGroupBytes;
    });
    return values;
}

void roundGrouped(std::span<float> values, std::size_t channels) {
    assert(channels > 0 && values.size() % channels == 0);
    forEachGroup(values.size(), channels, [&](std::size_t first, std::size_t lanes) {
        std::array<float, kGroupLanes> group{};
        std::copy_n(values.data() + first, lanes, group.data());
        const auto stored = decodeGroup(encodeGroup(group));
        std::copy_n(stored.data(), lanes, values.data() + first);
    });
}

}  // namespace millrace::model::number
