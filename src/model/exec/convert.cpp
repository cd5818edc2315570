#include "model/exec/convert.h"

namespace millrace::model::exec {

Value rounded(Value floats, DataType type) {
    if (type == DataType::float32) return floats;
    Value result(type, floats.shape());
    dispatch<Float16, BFloat16>(type, [&]<class T>() {
        const auto from = floats.read<float>();
        const auto to = result.write<T>();
        for (std::size_t i = 0; i < from.size(); ++i) to[i] = T(from[i]);
    });
    return result;
}

}  // namespace millrace::model::exec
