#include "report/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/text.h"

namespace millrace::report {

namespace {

using Json = nlohmann::ordered_json;
using model::exec::Value;

/// Values of tensors up to this many elements stand in the JSON.
constexpr std::int64_t kListed = 64;

/// Calls `visit(i, x)` with each element as a double; nothing for texts.
template <class Visit>
void forReals(const Value& value, Visit visit) {
    if (value.isSequence()) return;
    model::exec::dispatch(model::exec::All{}, value.type(), [&]<class T>() {
        const auto read = value.read<T>();
        for (std::size_t i = 0; i < read.size(); ++i) {
            visit(i, static_cast<double>(static_cast<model::exec::Wide<T>>(read[i])));
        }
    });
}

struct Spread {
    double least = HUGE_VAL, most = -HUGE_VAL, sum = 0;
    std::int64_t count = 0, notFinite = 0;
};

Spread spreadOf(const Value& value) {
    Spread spread;
    forReals(value, [&](std::size_t, double x) {
        ++spread.count;
        if (!std::isfinite(x)) {
            ++spread.notFinite;
            return;
        }
        spread.least = std::min(spread.least, x);
        spread.most = std::max(spread.most, x);
        spread.sum += x;
    });
    return spread;
}

std::string kindOf(const Value& value) {
    if (value.isSequence()) return fmt::format("a sequence of {}", value.items().size());
    if (!value.present()) return "nothing";
    return fmt::format("{}{}", model::name(value.type()), model::text(value.shape()));
}

std::string line(const char* what, const NamedValue& named) {
    const Spread s = spreadOf(named.value);
    std::string result = fmt::format("{:<7} {}  {}", what, clean(named.name), kindOf(named.value));
    const std::int64_t finite = s.count - s.notFinite;
    if (finite > 0) {
        result +=
            fmt::format("  min {:.6g}  max {:.6g}  mean {:.6g}", s.least, s.most, s.sum / static_cast<double>(finite));
    }
    if (s.notFinite > 0) result += fmt::format("  {} not finite", s.notFinite);
    return result + "\n";
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json(const NamedValue& named) {
    const Value& value = named.value;
    Json entry{{"name", clean(named.name)}, {"type", std::string(model::name(value.type()))}, {"shape", value.shape()}};
    const Spread s = spreadOf(value);
    const std::int64_t finite = s.count - s.notFinite;
    entry["min"] = finite > 0 ? Json(s.least) : Json(nullptr);
    entry["max"] = finite > 0 ? Json(s.most) : Json(nullptr);
    entry["mean"] = finite > 0 ? Json(s.sum / static_cast<double>(finite)) : Json(nullptr);
    entry["not_finite"] = s.notFinite;
    if (value.present() && !value.isSequence() && value.elements() <= kListed) {
        Json values = Json::array();
        if (value.type() == model::DataType::string) {
            for (const std::string& text : value.strings()) values.push_back(clean(text));
        } else {
            forReals(value, [&](std::size_t, double x) { values.push_back(number(x)); });
        }
        entry["values"] = std::move(values);
    }
    return entry;
}

Json list(const std::vector<NamedValue>& values) {
    Json result = Json::array();
    for (const NamedValue& value : values) result.push_back(json(value));
    return result;
}

}  // namespace

Difference compare(const NamedValue& ours, const Value* theirs) {
    Difference result;
    result.name = ours.name;
    const Value& value = ours.value;
    if (theirs == nullptr) {
        result.wrong = "there is nothing of that name to compare with";
    } else if (value.isSequence() || !value.present() || value.type() != theirs->type() ||
               value.shape() != theirs->shape()) {
        result.wrong = fmt::format("is {}, the other one {}", kindOf(value), kindOf(*theirs));
    }
    if (!result.wrong.empty()) return result;
    result.elements = value.elements();
    if (value.type() == model::DataType::string) {
        for (std::size_t i = 0; i < value.strings().size(); ++i) {
            result.unequal += value.strings()[i] != theirs->strings()[i] ? 1 : 0;
        }
        return result;
    }
    std::vector<double> others;
    forReals(*theirs, [&](std::size_t, double x) { others.push_back(x); });
    double scale = 0;
    forReals(value, [&](std::size_t i, double x) {
        const double y = others[i];
        if (std::isfinite(y)) scale = std::max(scale, std::fabs(y));
        if (x == y || (x != x && y != y)) return;
        ++result.unequal;
        const double error = std::fabs(x - y);
        result.largest = error != error ? HUGE_VAL : std::max(result.largest, error);
    });
    result.relative = result.largest == 0 ? 0 : result.largest / scale;
    return result;
}

std::string inferenceText(const Inference& inference) {
    std::string result;
    for (const NamedValue& value : inference.inputs) result += line("input", value);
    for (const NamedValue& value : inference.dumped) result += line("tensor", value);
    for (const NamedValue& value : inference.outputs) result += line("output", value);
    if (inference.randomConstants > 0) result += fmt::format("{} constants are random\n", inference.randomConstants);
    for (const std::string& name : inference.randomInputs) {
        result += fmt::format("input {} is random; --input {}=FILE gives it values\n", clean(name), clean(name));
    }
    for (const Difference& d : inference.differences) {
        if (!d.wrong.empty()) {
            result += fmt::format("{}: {}\n", clean(d.name), d.wrong);
        } else {
            result += fmt::format("{}: {} of {} elements differ, by {:.3g} at most, {:.3g} of the largest\n",
                                  clean(d.name), d.unequal, d.elements, d.largest, d.relative);
        }
    }
    return result;
}

std::string inferenceJson(const Inference& inference) {
    Json root;
    root["schema"] = "millrace.infer/1";
    root["inputs"] = list(inference.inputs);
    root["outputs"] = list(inference.outputs);
    if (!inference.dumped.empty()) root["tensors"] = list(inference.dumped);
    root["random_constants"] = inference.randomConstants;
    root["random_inputs"] = Json::array();
    for (const std::string& name : inference.randomInputs) root["random_inputs"].push_back(clean(name));
    if (!inference.comparedWith.empty()) {
        root["compared_with"] = clean(inference.comparedWith);
        root["differences"] = Json::array();
        for (const Difference& d : inference.differences) {
            root["differences"].push_back({{"name", clean(d.name)},
                                           {"wrong", d.wrong.empty() ? Json(nullptr) : Json(clean(d.wrong))},
                                           {"elements", d.elements},
                                           {"unequal", d.unequal},
                                           {"max_abs", number(d.largest)},
                                           {"max_relative", number(d.relative)}});
        }
    }
    root["wall_seconds"] = inference.seconds;
    return root.dump(2) + "\n";
}

model::Tensor tensorOf(const NamedValue& value) {
    model::Tensor tensor;
    tensor.name = value.name;
    if (!value.value.present() || value.value.isSequence()) return tensor;
    tensor.type = value.value.type();
    tensor.shape = value.value.shape();
    tensor.constant.emplace();
    if (tensor.type == model::DataType::string) {
        tensor.constant->strings = value.value.strings();
    } else {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(value.value.bytes().data());
        tensor.constant->bytes.assign(bytes, bytes + value.value.bytes().size());
    }
    return tensor;
}

}  // namespace millrace::report
