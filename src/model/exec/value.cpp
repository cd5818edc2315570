#include "model/exec/value.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace millrace::model::exec {

namespace {

constexpr std::size_t kAlignment = 64;

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

std::size_t bytesOf(DataType type, std::int64_t elements) {
    return static_cast<std::size_t>(elements) * static_cast<std::size_t>(bitWidth(type) / 8);
}

}  // namespace

struct Value::Storage {
    std::unique_ptr<void, Free> memory;
    std::byte* first = nullptr;
    std::vector<std::string> strings;

    void allocate(std::size_t size) {
        memory.reset(std::calloc(size + kAlignment, 1));
        if (!memory) throw std::bad_alloc();
        void* aligned = memory.get();
        std::size_t space = size + kAlignment;
        first = static_cast<std::byte*>(std::align(kAlignment, size, aligned, space));
    }
};

std::int64_t elementsOf(const Shape& shape) {
    const auto elements = boundedElements(shape);
    if (!elements || *elements > kMaxValueElements) {
        throw Refused{
            fmt::format("a tensor of shape {} is beyond what is executed: at most {} axes, no negative "
                        "dimension, at most {} elements",
                        text(shape), kMaxRank, kMaxValueElements)};
    }
    return *elements;
}

Value::Value(DataType type, Shape shape) : type_(type), shape_(std::move(shape)), elements_(elementsOf(shape_)) {
    storage_ = std::make_shared<Storage>();
    if (type_ == DataType::string) {
        storage_->strings.resize(static_cast<std::size_t>(elements_));
        return;
    }
    storage_->allocate(bytesOf(type_, elements_));
    data_ = storage_->first;
}

Value Value::borrowed(DataType type, Shape shape, std::span<const std::byte> bytes) {
    Value result;
    result.type_ = type;
    result.shape_ = std::move(shape);
    result.elements_ = elementsOf(result.shape_);
    assert(bytes.size() == bytesOf(type, result.elements_));
    result.data_ = bytes.data();
    return result;
}

Value Value::sequence(DataType type, std::vector<Value> items) {
    Value result;
    result.type_ = type;
    result.items_ = std::make_shared<const std::vector<Value>>(std::move(items));
    return result;
}

std::byte* Value::writable() {
    if (!storage_ || storage_.use_count() > 1) {
        auto fresh = std::make_shared<Storage>();
        const std::size_t size = bytesOf(type_, elements_);
        fresh->allocate(size);
        if (size > 0) std::memcpy(fresh->first, data_, size);
        storage_ = std::move(fresh);
        data_ = storage_->first;
    }
    return storage_->first;
}

std::span<const std::byte> Value::bytes() const { return {data_, bytesOf(type_, elements_)}; }

std::span<std::byte> Value::writeBytes() { return {writable(), bytesOf(type_, elements_)}; }

const std::vector<std::string>& Value::strings() const {
    assert(type_ == DataType::string && storage_);
    return storage_->strings;
}

std::vector<std::string>& Value::writeStrings() {
    assert(type_ == DataType::string && storage_);
    if (storage_.use_count() > 1) {
        auto fresh = std::make_shared<Storage>();
        fresh->strings = storage_->strings;
        storage_ = std::move(fresh);
    }
    return storage_->strings;
}

const std::vector<Value>& Value::items() const {
    assert(items_);
    return *items_;
}

Value Value::reshaped(Shape shape) const {
    const std::int64_t elements = elementsOf(shape);
    if (elements != elements_) {
        throw Refused{
            fmt::format("shape {} has {} elements; shape {} has {}", text(shape_), elements_, text(shape), elements)};
    }
    Value result = *this;
    result.shape_ = std::move(shape);
    return result;
}

}  // namespace millrace::model::exec
