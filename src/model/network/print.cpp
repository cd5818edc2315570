#include <fmt/format.h>

#include <algorithm>

#include "model/network/network.h"

namespace millrace::model {

namespace {

constexpr std::size_t kPrintedValues = 16;

bool isAnyOf(std::string_view text, std::string_view allowed) {
    const auto plain = [&](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return letter || allowed.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), plain);
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte < 32 || byte >= 127) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string word(std::string_view text) { return isAnyOf(text, "_") ? std::string(text) : quoted(text); }

std::string tensorName(const Network& network, TensorId id) {
    if (!id.valid()) return "_";
    const std::string& name = network.tensors[id].name;
    return "%" + (isAnyOf(name, "_./:-") ? name : quoted(name));
}

std::string declaration(const Network& network, TensorId id) {
    if (!id.valid()) return "_";
    const Tensor& tensor = network.tensors[id];
    const std::string shape = tensor.shape ? text(*tensor.shape) : "[?]";
    return fmt::format("{} : {}{}", tensorName(network, id), name(tensor.type), shape);
}

std::string real(double value) {
    std::string result = fmt::format("{}", value);
    if (isAnyOf(result, "-") && result.find_first_not_of("-0123456789") == std::string::npos) result += ".0";
    return result;
}

struct ValuePrinter {
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return real(value); }
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(const std::vector<std::int64_t>& values) const { return list("ints", values); }
    std::string operator()(const std::vector<double>& values) const { return list("reals", values); }
    std::string operator()(const std::vector<std::string>& values) const { return list("texts", values); }

    template <class T>
    std::string list(std::string_view kind, const std::vector<T>& values) const {
        std::string result(kind);
        result += '[';
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) result += ", ";
            result += (*this)(values[i]);
        }
        return result + ']';
    }
};

std::string values(const Tensor& tensor) {
    const auto integers = tensor.integers();
    if (!integers || integers->size() > kPrintedValues) return "";
    return fmt::format(" = {{{}}}", fmt::join(*integers, ", "));
}

std::string operatorLine(const Network& network, const Operator& op) {
    std::string line =
        fmt::format("{} {} : {} @{}", op.known ? "op" : "host", quoted(op.name), word(op.type), op.version);
    if (!op.domain.empty()) line += " in " + quoted(op.domain);
    std::vector<std::string> parts;
    for (const TensorId id : op.inputs) parts.push_back(tensorName(network, id));
    line += fmt::format(" ({})", fmt::join(parts, ", "));
    parts.clear();
    for (const TensorId id : op.outputs) parts.push_back(declaration(network, id));
    line += fmt::format(" -> ({})", fmt::join(parts, ", "));
    parts.clear();
    for (const auto& [name, value] : op.attributes) {
        parts.push_back(fmt::format("{} = {}", word(name), std::visit(ValuePrinter(), value)));
    }
    if (!parts.empty()) line += fmt::format(" {{{}}}", fmt::join(parts, ", "));
    line += '\n';
    for (const auto& [attribute, body] : op.bodies) {
        line += fmt::format("body {} {} [{}]\n", word(attribute), body.formals, fmt::join(body.captured, ", "));
        line += printText(*body.network) + "end\n";
    }
    return line;
}

}  // namespace

std::string printText(const Network& network) {
    std::string result = fmt::format("network {}\n", quoted(network.name));
    for (const TensorId id : network.inputs) result += fmt::format("input {}\n", declaration(network, id));
    for (const TensorId id : network.tensors.ids()) {
        const Tensor& tensor = network.tensors[id];
        if (tensor.constant) result += fmt::format("constant {}{}\n", declaration(network, id), values(tensor));
    }
    for (const Operator& op : network.operators) result += operatorLine(network, op);
    for (const TensorId id : network.outputs) result += fmt::format("output {}\n", tensorName(network, id));
    return result;
}

}  // namespace millrace::model
