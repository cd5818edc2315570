#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "model/exec/registry.h"
#include "support/rng.h"

namespace millrace::model::exec::test {

template <class T>
Value filled(Shape shape, const std::vector<T>& values) {
    Value value(typeOf<T>(), std::move(shape));
    EXPECT_EQ(static_cast<std::int64_t>(values.size()), value.elements());
    std::copy(values.begin(), values.end(), value.write<T>().begin());
    return value;
}

/// Floats in [-1, 1).
inline Value randomFloats(Shape shape, Rng& rng) {
    Value value(DataType::float32, std::move(shape));
    for (float& element : value.write<float>()) element = static_cast<float>(rng.unit() * 2 - 1);
    return value;
}

template <class T>
Value randomIntegers(Shape shape, Rng& rng, std::int64_t low, std::int64_t high) {
    Value value(typeOf<T>(), std::move(shape));
    for (T& element : value.write<T>()) element = static_cast<T>(rng.between(low, high));
    return value;
}

template <class To, class From>
Value cast(const Value& from) {
    Value value(typeOf<To>(), from.shape());
    for (std::int64_t i = 0; i < from.elements(); ++i) {
        value.write<To>()[static_cast<std::size_t>(i)] =
            static_cast<To>(from.read<From>()[static_cast<std::size_t>(i)]);
    }
    return value;
}

template <class T>
std::vector<T> list(const Value& value) {
    EXPECT_EQ(value.type(), typeOf<T>());
    const auto read = value.read<T>();
    return {read.begin(), read.end()};
}

/// One operator, run by itself. Inputs that are not present are left out.
struct Case {
    std::string type;
    std::int64_t version = 13;
    std::vector<Value> inputs = {};
    Attributes attributes = {};
    std::size_t outputs = 1;
    std::string domain = {};

    std::vector<Value> run(int threads = 1) const {
        Operator op;
        op.name = "op";
        op.type = type;
        op.domain = domain;
        op.version = version;
        op.attributes = attributes;
        std::vector<const Value*> pointers;
        for (const Value& input : inputs) {
            op.inputs.push_back(input.present() ? TensorId(pointers.size()) : TensorId());
            pointers.push_back(input.present() ? &input : nullptr);
        }
        for (std::size_t i = 0; i < outputs; ++i) op.outputs.emplace_back(100 + i);
        std::vector<Value> results(outputs);
        Environment environment;
        environment.threads = threads;
        const Kernel kernel = findKernel(domain, type, version);
        if (kernel == nullptr) throw Refused{"no kernel for " + type};
        Call call{op, pointers, results, environment};
        kernel(call);
        return results;
    }
    Value one(int threads = 1) const { return run(threads).front(); }
    /// Why it is refused, or "".
    std::string refusal() const {
        try {
            run();
        } catch (const Refused& refused) {
            return refused.why;
        }
        return "";
    }
};

inline bool sameBytes(const Value& a, const Value& b) {
    return a.type() == b.type() && a.shape() == b.shape() && a.bytes().size() == b.bytes().size() &&
           (a.bytes().empty() || std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0);
}

/// Largest |a - b| / (1 + |b|).
inline double difference(const Value& a, const Value& b) {
    if (a.shape() != b.shape() || a.type() != b.type()) return 1e30;
    double largest = 0;
    dispatch(Numbers{}, a.type(), [&]<class T>() {
        for (std::size_t i = 0; i < a.read<T>().size(); ++i) {
            const auto x = static_cast<double>(a.read<T>()[i]);
            const auto y = static_cast<double>(b.read<T>()[i]);
            const double apart = std::abs(x - y) / (1 + std::abs(y));
            largest = apart <= largest ? largest : apart;
        }
    });
    return largest;
}

}  // namespace millrace::model::exec::test
