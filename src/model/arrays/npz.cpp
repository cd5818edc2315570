#include <fmt/format.h>

#include <cstdint>

#include "model/arrays/arrays.h"

namespace millrace::model::arrays {

namespace {

constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kMostArrays = 100'000;

/// A little-endian number of `width` bytes, or nothing beyond the end.
std::optional<std::size_t> number(std::string_view bytes, std::size_t at, std::size_t width) {
    if (at > bytes.size() || width > bytes.size() - at) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = width; i > 0; --i) value = value * 256 + static_cast<unsigned char>(bytes[at + i - 1]);
    return value;
}

struct Entry {
    std::string name;
    std::size_t method, size, local;
    std::size_t next;  ///< where the next entry stands
};

std::optional<Entry> entryAt(std::string_view bytes, std::size_t at) {
    if (bytes.substr(std::min(at, bytes.size()), 4) != "PK\x01\x02" || bytes.size() - at < kEntrySize) {
        return std::nullopt;
    }
    const auto field = [&](std::size_t offset, std::size_t width) { return *number(bytes, at + offset, width); };
    const std::size_t nameLength = field(28, 2);
    Entry entry;
    entry.method = field(10, 2);
    entry.size = field(20, 4);
    entry.local = field(42, 4);
    entry.next = at + kEntrySize + nameLength + field(30, 2) + field(32, 2);
    if (entry.next > bytes.size()) return std::nullopt;
    entry.name = std::string(bytes.substr(at + kEntrySize, nameLength));
    // numpy writes sizes of 64 bits into an extra field when an array may be large.
    for (std::size_t extra = at + kEntrySize + nameLength; extra + 4 <= entry.next;) {
        const std::size_t id = *number(bytes, extra, 2);
        const std::size_t length = *number(bytes, extra + 2, 2);
        std::size_t from = extra + 4;
        if (id == 1) {
            from += field(24, 4) == 0xffffffff ? 8U : 0U;
            if (entry.size == 0xffffffff) {
                entry.size = number(bytes, from, 8).value_or(SIZE_MAX);
                from += 8;
            }
            if (entry.local == 0xffffffff) entry.local = number(bytes, from, 8).value_or(SIZE_MAX);
        }
        extra += 4 + length;
    }
    return entry;
}

/// The bytes of a stored file; nothing if the archive is damaged there.
std::optional<std::string_view> contentOf(std::string_view bytes, const Entry& entry) {
    if (entry.local > bytes.size() || bytes.size() - entry.local < kLocalSize) return std::nullopt;
    if (bytes.substr(entry.local, 4) != "PK\x03\x04") return std::nullopt;
    const std::size_t begin = entry.local + kLocalSize + number(bytes, entry.local + 26, 2).value_or(0) +
                              number(bytes, entry.local + 28, 2).value_or(0);
    if (begin > bytes.size() || entry.size > bytes.size() - begin) return std::nullopt;
    return bytes.substr(begin, entry.size);
}

}  // namespace

std::optional<std::vector<Tensor>> parseNpz(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    const auto damaged = [&](const std::string& why, std::string hint = {}) {
        diagnostics.error({file}, why, std::move(hint));
        return std::nullopt;
    };
    const std::size_t end = bytes.rfind("PK\x05\x06");
    if (bytes.size() < kEndSize || end == std::string_view::npos || bytes.size() - end < kEndSize) {
        return damaged("is no .npz file: it has no directory of a ZIP archive");
    }
    const std::size_t count = *number(bytes, end + 10, 2);
    std::size_t at = *number(bytes, end + 16, 4);
    std::vector<Tensor> result;
    std::size_t total = 0;
    for (std::size_t i = 0; i < std::min(count, kMostArrays); ++i) {
        const auto entry = entryAt(bytes, at);
        if (!entry) return damaged(fmt::format("is damaged: entry {} of its directory does not read", i));
        at = entry->next;
        if (entry->method != 0) {
            return damaged(fmt::format("'{}' is compressed", entry->name), "write it with numpy.savez");
        }
        const auto content = contentOf(bytes, *entry);
        if (!content) return damaged(fmt::format("is damaged: '{}' does not read", entry->name));
        total += content->size();
        if (total > bytes.size()) return damaged("is damaged: its files overlap");
        auto tensor = parseNpy(*content, file + ":" + entry->name, diagnostics);
        if (!tensor) return std::nullopt;
        tensor->name = entry->name.ends_with(".npy") ? entry->name.substr(0, entry->name.size() - 4) : entry->name;
        result.push_back(*std::move(tensor));
    }
    return result;
}

}  // namespace millrace::model::arrays
