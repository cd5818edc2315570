#pragma once
#include <memory>
#include <vector>

#include "model/exec/kernel.h"

namespace millrace::model::exec {

/// Values of any real type as floats or doubles: the elements themselves if they are that already, else a copy.
template <class T>
class As {
public:
    As(const Call& call, const Value& value) {
        if (value.type() == typeOf<T>()) {
            data_ = value.read<T>().data();
            return;
        }
        dispatchOrRefuse(call, Numbers{}, value.type(), [&]<class From>() {
            const auto from = value.read<From>();
            copy_.reserve(from.size());
            for (const From element : from) copy_.push_back(static_cast<T>(static_cast<Wide<From>>(element)));
        });
        data_ = copy_.data();
    }
    As(const As&) = delete;
    As& operator=(const As&) = delete;

    const T* data() const { return data_; }
    T operator[](std::int64_t i) const { return data_[i]; }

private:
    std::vector<T> copy_;
    const T* data_ = nullptr;
};

/// Rounds to a value of a 16-bit type, or passes floats on.
Value rounded(Value floats, DataType type);

}  // namespace millrace::model::exec
