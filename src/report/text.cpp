#include "report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

namespace millrace::report {
namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t length = 1;
};

/// The code point at the start of `text`, or nothing if the bytes are no UTF-8 (overlong, surrogate, cut off ...).
std::optional<CodePoint> decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return CodePoint{first, 1};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return std::nullopt;
    char32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return std::nullopt;
        value = (value << 6) | (byte(i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
    return CodePoint{value, length};
}

std::size_t width(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    constexpr std::array<Range, 4> none{{{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
    constexpr std::array<Range, 6> wide{
        {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFF00, 0xFF60}, {0x1F300, 0x3FFFD}}};
    const auto in = [c](const Range& range) { return c >= range.first && c <= range.last; };
    if (std::any_of(none.begin(), none.end(), in)) return 0;
    return std::any_of(wide.begin(), wide.end(), in) ? 2 : 1;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> points;
    while (!text.empty()) {
        const std::size_t length = decode(text).value_or(CodePoint{}).length;
        points.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return points;
}

std::string prefixed(double value, double base, const std::vector<const char*>& units) {
    std::size_t unit = 0;
    while (std::abs(value) >= base * 0.99995 && unit + 1 < units.size()) {
        value /= base;
        ++unit;
    }
    if (std::abs(value) >= 1e6) return fmt::format("{:.3e} {}", value, units[unit]);
    const double size = std::abs(value);
    const int digits = size >= 999.95 ? 0 : size >= 99.995 ? 1 : size >= 9.9995 ? 2 : 3;
    return fmt::format("{:.{}f} {}", value, digits, units[unit]);
}

std::vector<std::string> components(std::string_view name) {
    std::vector<std::string> parts;
    while (!name.empty()) {
        const std::size_t end = std::min(name.find('/'), name.size());
        if (end > 0) parts.emplace_back(name.substr(0, end));
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return parts;
}

std::string shortened(std::vector<std::string> parts, const std::string& type) {
    if (parts.size() > 1 && parts.back() == type) parts.pop_back();
    std::string name;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool repeated = i + 1 < parts.size() && parts[i + 1].rfind(parts[i] + ".", 0) == 0;
        if (repeated) continue;
        if (!name.empty()) name += '/';
        name += parts[i];
    }
    return name;
}

std::size_t commonComponents(const std::vector<std::vector<std::string>>& paths) {
    if (paths.size() < 2) return 0;
    std::size_t common = paths.front().size();
    for (const std::vector<std::string>& path : paths) {
        common = std::min(common, path.empty() ? 0 : path.size() - 1);
        std::size_t same = 0;
        while (same < common && path[same] == paths.front()[same]) ++same;
        common = same;
    }
    return common;
}

}  // namespace

std::string clean(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::optional<CodePoint> point = decode(text);
        const std::size_t length = point ? point->length : 1;
        if (!point) {
            result += "\xEF\xBF\xBD";
        } else if (point->value < 0x20 || (point->value >= 0x7F && point->value < 0xA0)) {
            result += ' ';
        } else {
            result += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return result;
}

std::size_t columns(std::string_view text) {
    std::size_t sum = 0;
    while (!text.empty()) {
        const CodePoint point = decode(text).value_or(CodePoint{});
        sum += width(point.value);
        text.remove_prefix(point.length);
    }
    return sum;
}

std::string elide(std::string_view text, std::size_t room) {
    std::string whole = clean(text);
    if (columns(whole) <= room) return whole;
    if (room == 0) return {};
    const std::vector<std::string_view> points = split(whole);
    const std::size_t headRoom = (room - 1) / 3;
    std::string head;
    std::size_t used = 0;
    for (const std::string_view point : points) {
        if (used + columns(point) > headRoom) break;
        used += columns(point);
        head += point;
    }
    std::size_t tail = points.size();
    std::size_t tailBytes = 0;
    while (tail > 0 && used + columns(points[tail - 1]) <= room - 1) {
        --tail;
        used += columns(points[tail]);
        tailBytes += points[tail].size();
    }
    return head + "…" + whole.substr(whole.size() - tailBytes);
}

std::string wrap(std::string_view text, std::size_t width, std::size_t first, std::size_t others) {
    const std::string whole = clean(text);
    std::string result;
    std::string line(first, ' ');
    bool fresh = true;
    std::size_t at = 0;
    while (at < whole.size()) {
        const std::size_t end = std::min(whole.find(' ', at), whole.size());
        const std::string word = elide(std::string_view(whole).substr(at, end - at), width - std::max(first, others));
        at = end + 1;
        if (word.empty()) continue;
        if (!fresh && columns(line) + 1 + columns(word) > width) {
            result += line + "\n";
            line.assign(others, ' ');
            fresh = true;
        }
        line += (fresh ? "" : " ") + word;
        fresh = false;
    }
    return result + line + "\n";
}

std::string thousands(std::int64_t value) {
    std::string digits = std::to_string(value);
    const std::size_t first = value < 0 ? 1 : 0;
    for (std::size_t end = digits.size(); end > first + 3;) {
        end -= 3;
        digits.insert(end, 1, ',');
    }
    return digits;
}

std::string countText(std::int64_t value) {
    constexpr std::int64_t limit = 10'000'000'000;
    return value < limit && value > -limit ? thousands(value) : fmt::format("{:.4g}", static_cast<double>(value));
}

std::string shortCount(double value) {
    if (std::abs(value) < 1e7) return thousands(std::llround(value));
    return prefixed(value, 1000, {"", "k", "M", "G", "T", "P", "E"});
}

std::string halvesText(double value) {
    if (std::abs(value) >= 1e10 || !std::isfinite(value)) return fmt::format("{:.10g}", value);
    const std::int64_t tenths = std::llround(std::abs(value) * 10);
    const std::string digits = tenths % 10 == 0 ? "" : fmt::format(".{}", tenths % 10);
    return (value < 0 && tenths > 0 ? "-" : "") + thousands(tenths / 10) + digits;
}

std::string changeText(double value, double base) {
    if (base == 0) return value == 0 ? "+0 %" : "+inf %";
    const double change = (value - base) / base * 100;
    if (change == 0) return "+0 %";
    return std::abs(change) < 0.05 ? fmt::format("{:+.1g} %", change) : fmt::format("{:+.1f} %", change);
}

std::string cyclesText(Cycles cycles) {
    if (cycles.value() < 1000 && cycles.value() > -1000) return fmt::format("{} cycles", cycles.value());
    return prefixed(static_cast<double>(cycles.value()), 1000,
                    {"cycles", "kcycles", "Mcycles", "Gcycles", "Tcycles", "Pcycles", "Ecycles"});
}

std::string energyText(Picojoules energy) {
    if (energy.value() == 0) return "0 pJ";
    return prefixed(energy.value(), 1000, {"pJ", "nJ", "µJ", "mJ", "J", "kJ", "MJ"});
}

std::string sizeText(Bits bits) {
    constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = static_cast<double>(bits.value()) / 8;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    const bool whole = value == std::floor(value) || value >= 1000;
    return fmt::format("{:.{}f} {}", value, whole ? 0 : 1, units[unit]);
}

std::string percent(double share) {
    const double value = share * 100;
    if (value > 0 && value < 1) return "<1 %";
    if (value > 99 && value < 100) return "99 %";
    return fmt::format("{:.0f} %", value);
}

std::string rangesText(std::vector<std::size_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    std::string text;
    for (std::size_t i = 0; i < numbers.size();) {
        std::size_t last = i;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
        if (!text.empty()) text += ',';
        text += last == i ? fmt::format("{}", numbers[i]) : fmt::format("{}-{}", numbers[i], numbers[last]);
        i = last + 1;
    }
    return text.empty() ? "-" : text;
}

std::vector<std::string> shortNames(const std::vector<std::string>& names, const std::vector<std::string>& types) {
    std::vector<std::vector<std::string>> paths;
    for (const std::string& name : names) paths.push_back(components(clean(name)));
    const std::size_t common = commonComponents(paths);
    std::vector<std::string> result;
    std::map<std::string, int> uses;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto first = paths[i].begin() + static_cast<std::ptrdiff_t>(std::min(common, paths[i].size()));
        result.push_back(shortened({first, paths[i].end()}, types[i]));
        ++uses[result.back()];
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (result[i].empty() || uses[result[i]] > 1) result[i] = clean(names[i]);
    }
    return result;
}

}  // namespace millrace::report
