#include "model/exec/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace millrace::model::exec {

const Value& Call::in(std::size_t i) const {
    const Value* value = optional(i);
    if (value == nullptr) throw Refused{fmt::format("input {} is left out, and it is needed", i)};
    return *value;
}

const Value* Call::optional(std::size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }

Value& Call::out(std::size_t i, DataType type, Shape shape) const {
    if (i >= outputs.size()) throw Refused{fmt::format("output {} is left out, and it is needed", i)};
    return outputs[i] = Value(type, std::move(shape));
}

std::vector<std::int64_t> Call::integers(std::size_t i) const {
    const Value& value = in(i);
    std::vector<std::int64_t> result;
    const bool good = dispatch<std::int64_t, std::int32_t>(value.type(), [&]<class T>() {
        const auto read = value.read<T>();
        result.assign(read.begin(), read.end());
    });
    if (!good) throw Refused{fmt::format("input {} is {}, not int32 or int64", i, name(value.type()))};
    return result;
}

std::int64_t Call::integerScalar(std::size_t i) const {
    const auto values = integers(i);
    if (values.size() != 1) throw Refused{fmt::format("input {} has {} elements, not one", i, values.size())};
    return values.front();
}

std::size_t Call::axis(std::int64_t axis, std::size_t rank) {
    const auto signedRank = static_cast<std::int64_t>(rank);
    if (axis < -signedRank || axis >= signedRank) {
        throw Refused{fmt::format("axis {} is outside of [{}, {}], the axes of a tensor of rank {}", axis, -signedRank,
                                  signedRank - 1, rank)};
    }
    return static_cast<std::size_t>(axis < 0 ? axis + signedRank : axis);
}

void refuseType(const Call& call, DataType type) {
    throw Refused{fmt::format("{} of {} is not supported", call.op.type, name(type))};
}

void parallelFor(const Environment& environment, std::int64_t count, std::int64_t grain,
                 const std::function<void(std::int64_t, std::int64_t)>& work) {
    if (count <= 0) return;
    const std::int64_t most = std::max<std::int64_t>(1, count / std::max<std::int64_t>(1, grain));
    const std::int64_t parts = std::clamp<std::int64_t>(environment.threads, 1, most);
    if (parts == 1) return work(0, count);
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(parts));
    const auto part = [&](std::int64_t i) {
        try {
            const std::int64_t each = count / parts;
            const std::int64_t more = count % parts;
            const std::int64_t begin = i * each + std::min(i, more);
            work(begin, begin + each + (i < more ? 1 : 0));
        } catch (...) {
            thrown[static_cast<std::size_t>(i)] = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (std::int64_t i = 1; i < parts; ++i) threads.emplace_back(part, i);
    part(0);
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& exception : thrown) {
        if (exception) std::rethrow_exception(exception);
    }
}

}  // namespace millrace::model::exec
