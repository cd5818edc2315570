#include "model/quantize/bits.h"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/json.h"

/// Any bytes through the JSON reader and the reader of precision tables. Strict JSON is read, the rest draws a message;
/// tables that are accepted hold allowed bits only and survive printing.

namespace {

using namespace millrace;
using namespace millrace::model::quantize;

void require(bool condition) {
    if (!condition) std::abort();
}

/// nlohmann has no bound on nesting, and takes a zero byte for the end of the text.
bool isOther(const std::string& text) {
    if (text.find('\0') != std::string::npos) return true;
    int depth = 0;
    for (const char c : text) {
        if ((c == '[' || c == '{') && ++depth > 60) return true;
    }
    return false;
}

void readJson(const std::string& text) {
    Diagnostics diagnostics;
    const auto node = json::parse(text, "f.json", diagnostics);
    require(node.has_value() == !diagnostics.failed());
    if (isOther(text)) return;
    if (nlohmann::json::accept(text)) {
        require(node.has_value());
    } else {
        require(!diagnostics.all().empty());
    }
}

void readTable(const std::string& text, const std::vector<BitsModel>& models) {
    for (const BitsRules& rules : {dataflowBits(), anyBits()}) {
        Diagnostics diagnostics;
        const auto bits = parseBits(text, "f.json", models, rules, diagnostics);
        require(bits.has_value() == !diagnostics.failed());
        if (!bits) continue;
        require(bits->size() == models.size());
        for (const auto& model : *bits) {
            for (const int value : model) require(value >= rules.allowed.front() && value <= rules.allowed.back());
        }
        Diagnostics again;
        const auto printed = parseBits(printBits(*bits, models, rules), "printed.json", models, rules, again);
        require(printed && *printed == *bits && again.all().empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    readJson(text);
    const BitsModel first{"a", {{"conv1", {"x"}, true}, {"dense_layer", {}, true}, {"0", {"x"}, true}}};
    const BitsModel second{"b", {{"conv2d_1", {}, true}, {"predictions", {}, true}}};
    readTable(text, {first});
    readTable(text, {first, second});
    return 0;
}
