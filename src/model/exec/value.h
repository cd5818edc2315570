#pragma once
#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/exec/types.h"

namespace millrace::model::exec {

/// Thrown by kernels and values, caught by the executor, which adds operator and tensor names. The one place where
/// Millrace uses an exception inside a room; it never leaves it.
struct Refused {
    std::string why;
};

/// No tensor at run time has more elements.
inline constexpr std::int64_t kMaxValueElements = std::int64_t{1} << 31;

/// Product of the dimensions. Refused: a negative dimension, more than `kMaxRank` axes, more than `kMaxValueElements`.
std::int64_t elementsOf(const Shape& shape);

/// A dense tensor in row-major order. Copies share storage; writing makes a storage of one's own (copy on write).
/// A Value may also be absent (an output that is left out, an optional without content) or a sequence of Values.
class Value {
public:
    Value() = default;
    /// Filled with zeros (empty strings). Refused as `elementsOf`; std::bad_alloc if the memory is not there.
    Value(DataType type, Shape shape);
    /// A view of memory that outlives it, such as that of a constant of a Network. `bytes` are as many as type and
    /// shape make. Booleans must be 0 or 1.
    static Value borrowed(DataType type, Shape shape, std::span<const std::byte> bytes);
    /// A sequence; `type` is that of its elements, also if there are none.
    static Value sequence(DataType type, std::vector<Value> items);

    DataType type() const { return type_; }
    const Shape& shape() const { return shape_; }
    std::int64_t elements() const { return elements_; }
    bool present() const { return type_ != DataType::undefined || items_; }

    /// T must be the C++ type of type().
    template <class T>
    std::span<const T> read() const {
        assert(typeOf<T>() == type_);
        return {reinterpret_cast<const T*>(data()), static_cast<std::size_t>(elements_)};
    }
    template <class T>
    std::span<T> write() {
        assert(typeOf<T>() == type_);
        return {reinterpret_cast<T*>(writable()), static_cast<std::size_t>(elements_)};
    }
    /// Densely packed, little endian; empty for strings.
    std::span<const std::byte> bytes() const;
    std::span<std::byte> writeBytes();
    const std::vector<std::string>& strings() const;
    std::vector<std::string>& writeStrings();

    bool isSequence() const { return items_ != nullptr; }
    const std::vector<Value>& items() const;

    /// The same elements in another shape of as many. Refused if it has not as many.
    Value reshaped(Shape shape) const;

private:
    struct Storage;
    const std::byte* data() const { return data_; }
    std::byte* writable();

    DataType type_ = DataType::undefined;
    Shape shape_;
    std::int64_t elements_ = 0;
    const std::byte* data_ = nullptr;
    std::shared_ptr<Storage> storage_;
    std::shared_ptr<const std::vector<Value>> items_;
};

}  // namespace millrace::model::exec
