#include "model/arrays/arrays.h"

#include <fmt/format.h>

#include "model/onnx/onnx.h"
#include "support/files.h"

namespace millrace::model::arrays {

std::optional<std::vector<Tensor>> readArrays(const std::string& path, Diagnostics& diagnostics) {
    const bool npz = path.ends_with(".npz");
    const bool npy = path.ends_with(".npy");
    if (!npz && !npy && !path.ends_with(".pb")) {
        diagnostics.error({path}, "is no file of tensors by its name", "give a .npy, .npz or .pb (TensorProto) file");
        return std::nullopt;
    }
    const auto bytes = readFile(path, diagnostics);
    if (!bytes) return std::nullopt;
    if (npz) return parseNpz(*bytes, path, diagnostics);
    auto tensor = npy ? parseNpy(*bytes, path, diagnostics) : parseTensor(*bytes, path, diagnostics);
    if (!tensor) return std::nullopt;
    std::vector<Tensor> result;
    result.push_back(*std::move(tensor));
    return result;
}

std::optional<Tensor> readArray(const std::string& path, Diagnostics& diagnostics) {
    const std::size_t colon = path.rfind(".npz:");
    const std::string file = colon == std::string::npos ? path : path.substr(0, colon + 4);
    auto all = readArrays(file, diagnostics);
    if (!all) return std::nullopt;
    if (colon == std::string::npos) {
        if (all->size() == 1) return std::move(all->front());
        std::string names;
        for (std::size_t i = 0; i < all->size() && i < 10; ++i) names += " '" + (*all)[i].name + "'";
        diagnostics.error({path}, fmt::format("holds {} arrays{}{}", all->size(), names.empty() ? "" : ":", names),
                          "say which: FILE.npz:NAME");
        return std::nullopt;
    }
    const std::string wanted = path.substr(colon + 5);
    for (Tensor& tensor : *all) {
        if (tensor.name == wanted) return std::move(tensor);
    }
    diagnostics.error({file}, fmt::format("holds no array '{}'", wanted));
    return std::nullopt;
}

}  // namespace millrace::model::arrays
