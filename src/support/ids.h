#pragma once
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace millrace {

/// A strong index: an `Id<CoreTag>` cannot be used where an `Id<LinkTag>` is meant.
/// A default-constructed id is invalid. Ids are dense: 0, 1, 2, ... in the order of creation.
template <class Tag>
class Id {
public:
    constexpr Id() = default;
    constexpr explicit Id(std::size_t index) : value_(static_cast<std::uint32_t>(index)) {}

    constexpr bool valid() const { return value_ != kInvalid; }
    constexpr std::size_t index() const {
        assert(valid());
        return value_;
    }
    constexpr auto operator<=>(const Id&) const = default;

private:
    static constexpr std::uint32_t kInvalid = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t value_ = kInvalid;
};

/// A vector indexed by a strong id.
template <class IdType, class T>
class Table {
public:
    Table() = default;
    explicit Table(std::size_t count, const T& value = T()) : items_(count, value) {}

    IdType add(T item) {
        items_.push_back(std::move(item));
        return IdType(items_.size() - 1);
    }
    T& operator[](IdType id) {
        assert(id.index() < items_.size());
        return items_[id.index()];
    }
    const T& operator[](IdType id) const {
        assert(id.index() < items_.size());
        return items_[id.index()];
    }
    std::size_t size() const { return items_.size(); }
    bool empty() const { return items_.empty(); }
    bool contains(IdType id) const { return id.valid() && id.index() < items_.size(); }
    void resize(std::size_t count) { items_.resize(count); }
    bool operator==(const Table&) const = default;

    auto begin() { return items_.begin(); }
    auto end() { return items_.end(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

    /// All ids, in order.
    std::vector<IdType> ids() const {
        std::vector<IdType> result;
        result.reserve(items_.size());
        for (std::size_t i = 0; i < items_.size(); ++i) result.push_back(IdType(i));
        return result;
    }

private:
    std::vector<T> items_;
};

}  // namespace millrace

template <class Tag>
struct std::hash<millrace::Id<Tag>> {
    std::size_t operator()(millrace::Id<Tag> id) const noexcept {
        return id.valid() ? id.index() : static_cast<std::size_t>(-1);
    }
};
