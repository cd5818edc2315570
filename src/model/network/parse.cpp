#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <map>

#include "model/network/network.h"

namespace millrace::model {

namespace {

/// Thrown inside of this file for the first mistake of a line.
struct Mistake {
    std::size_t at;
    std::string message;
};

bool isAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Reads one line from left to right.
class Line {
public:
    explicit Line(std::string_view text) : text_(text) {}

    /// Of the next token.
    std::size_t position() {
        peek();
        return at_;
    }
    char peek() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool atEnd() { return peek() == '\0' && at_ >= text_.size(); }
    bool accept(std::string_view token) {
        peek();
        if (text_.substr(at_, token.size()) != token) return false;
        at_ += token.size();
        return true;
    }
    void expect(std::string_view token) {
        if (!accept(token)) fail(fmt::format("'{}' is expected here", token));
    }
    [[noreturn]] void fail(std::string message) const { failAt(at_, std::move(message)); }
    [[noreturn]] static void failAt(std::size_t at, std::string message) { throw Mistake{at, std::move(message)}; }

    /// Letters, digits and the given characters; at least one.
    std::string_view run(std::string_view more) {
        peek();
        const std::size_t begin = at_;
        while (at_ < text_.size() && (isAlphanumeric(text_[at_]) || more.find(text_[at_]) != std::string_view::npos)) {
            ++at_;
        }
        if (at_ == begin) fail("a name or number is expected here");
        return text_.substr(begin, at_ - begin);
    }

    std::string quoted() {
        expect("\"");
        std::string result;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] != '\\') {
                result += text_[at_++];
                continue;
            }
            const std::string_view escape = text_.substr(at_, 4);
            if (escape.size() >= 2 && (escape[1] == '"' || escape[1] == '\\')) {
                result += escape[1];
                at_ += 2;
            } else {
                result += hexEscape(escape);
                at_ += 4;
            }
        }
        if (at_ >= text_.size()) fail("the text has no closing quote");
        ++at_;
        return result;
    }

    std::string word(std::string_view more = "_") { return peek() == '"' ? quoted() : std::string(run(more)); }

    std::int64_t integer() {
        const std::string_view digits = run("-");
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            fail(fmt::format("'{}' is no integer", digits));
        }
        return value;
    }

    std::variant<std::int64_t, double> number() {
        const std::string_view digits = run("-+.");
        std::int64_t whole = 0;
        const char* last = digits.data() + digits.size();
        if (const auto [end, error] = std::from_chars(digits.data(), last, whole);
            error == std::errc() && end == last) {
            return whole;
        }
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), last, value);
        if (error != std::errc() || end != last) fail(fmt::format("'{}' is no number", digits));
        return value;
    }

private:
    char hexEscape(std::string_view escape) const {
        unsigned value = 0;
        if (escape.size() == 4 && escape[1] == 'x') {
            const auto [end, error] = std::from_chars(escape.data() + 2, escape.data() + 4, value, 16);
            if (error == std::errc() && end == escape.data() + 4) return static_cast<char>(value);
        }
        fail("an escape is \\\", \\\\ or \\x and two digits");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class TextReader {
public:
    TextReader(std::string_view file, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
        network_.file = std::string(file);
    }

    std::optional<Network> run(std::string_view text) {
        const std::size_t before = diagnostics_.failures();
        for (int number = 1; !text.empty(); ++number) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            Line line(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
            try {
                readLine(line);
            } catch (const Mistake& mistake) {
                diagnostics_.error({network_.file, number, static_cast<int>(mistake.at) + 1}, mistake.message);
            }
        }
        if (!outer_.empty()) diagnostics_.error({network_.file}, "a body has no line 'end'");
        if (diagnostics_.failures() != before || !verify(network_, diagnostics_)) return std::nullopt;
        return std::move(network_);
    }

private:
    void readLine(Line& line) {
        if (line.atEnd() || line.peek() == '#') return;
        const std::size_t at = line.position();
        const std::string_view keyword = line.run("");
        if (keyword == "network") {
            network_.name = line.quoted();
        } else if (keyword == "input") {
            network_.inputs.push_back(declaration(line));
        } else if (keyword == "constant") {
            readConstant(line);
        } else if (keyword == "op" || keyword == "host") {
            readOperator(line, keyword == "op");
        } else if (keyword == "body") {
            beginBody(line);
        } else if (keyword == "end") {
            endBody(line);
        } else if (keyword == "output") {
            network_.outputs.push_back(reference(line));
        } else {
            Line::failAt(at,
                         fmt::format("'{}' is none of network, input, constant, op, host, body, end, output", keyword));
        }
        if (!line.atEnd()) line.fail("the line should end here");
    }

    void beginBody(Line& line) {
        if (network_.operators.empty()) line.fail("a body stands after its operator");
        if (outer_.size() >= kMostNested) line.fail(fmt::format("bodies are nested deeper than {}", kMostNested));
        Outer outer;
        outer.attribute = line.word();
        const std::int64_t formals = line.integer();
        if (formals < 0) line.fail("the number of formal inputs is negative");
        outer.body.formals = static_cast<std::size_t>(formals);
        line.expect("[");
        for (const std::int64_t index : list<std::int64_t>(line, [&] { return line.integer(); })) {
            if (index < 0) line.fail("the number of an input is negative");
            outer.body.captured.push_back(static_cast<std::size_t>(index));
        }
        outer.network = std::move(network_);
        outer.names = std::move(names_);
        network_ = Network{};
        network_.file = outer.network.file;
        names_.clear();
        outer_.push_back(std::move(outer));
    }

    void endBody(Line& line) {
        if (outer_.empty()) line.fail("no body is open");
        Outer outer = std::move(outer_.back());
        outer_.pop_back();
        outer.body.network = std::make_shared<const Network>(std::move(network_));
        network_ = std::move(outer.network);
        names_ = std::move(outer.names);
        Operator& op = network_.operators[OperatorId(network_.operators.size() - 1)];
        if (!op.bodies.emplace(outer.attribute, std::move(outer.body)).second) {
            line.fail(fmt::format("body '{}' stands twice", outer.attribute));
        }
    }

    static std::string tensorName(Line& line) {
        line.expect("%");
        return line.word("_./:-");
    }

    TensorId reference(Line& line) {
        if (line.accept("_")) return {};
        const std::size_t at = line.position();
        const std::string name = tensorName(line);
        const auto found = names_.find(name);
        if (found == names_.end()) Line::failAt(at, fmt::format("no tensor '{}' stands before this line", name));
        return found->second;
    }

    TensorId declaration(Line& line) {
        if (line.accept("_")) return {};
        Tensor tensor;
        tensor.name = tensorName(line);
        line.expect(":");
        const std::size_t at = line.position();
        const std::string_view type = line.run("");
        const auto known = dataTypeNamed(type);
        if (!known) Line::failAt(at, fmt::format("'{}' is no element type", type));
        tensor.type = *known;
        line.expect("[");
        if (!line.accept("?")) {
            tensor.shape.emplace();
            while (line.peek() != ']') {
                if (!tensor.shape->empty()) line.expect(",");
                tensor.shape->push_back(line.integer());
            }
            if (!boundedElements(*tensor.shape)) line.fail("the shape is beyond 16 axes or 2^48 elements");
        }
        line.expect("]");
        const auto [found, isNew] = names_.emplace(tensor.name, TensorId());
        if (!isNew) line.fail(fmt::format("tensor '{}' stands twice", tensor.name));
        return found->second = network_.tensors.add(std::move(tensor));
    }

    void readConstant(Line& line) {
        const TensorId id = declaration(line);
        if (!id.valid()) line.fail("a constant needs a name");
        Tensor& tensor = network_.tensors[id];
        tensor.constant.emplace();
        if (!line.accept("=")) return;
        if (!tensor.shape || (tensor.type != DataType::int32 && tensor.type != DataType::int64)) {
            line.fail("only int32 and int64 constants have values here");
        }
        std::vector<std::uint8_t>& bytes = tensor.constant->bytes;
        const auto width = static_cast<std::size_t>(bitWidth(tensor.type) / 8);
        line.expect("{");
        while (line.peek() != '}') {
            if (!bytes.empty()) line.expect(",");
            const std::int64_t value = line.integer();
            bytes.resize(bytes.size() + width);
            std::memcpy(bytes.data() + bytes.size() - width, &value, width);
        }
        line.expect("}");
        if (static_cast<std::int64_t>(bytes.size() / width) != tensor.elements()) {
            line.fail(fmt::format("{} values for {} elements", bytes.size() / width, tensor.elements()));
        }
    }

    void readOperator(Line& line, bool known) {
        Operator op;
        op.known = known;
        op.name = line.quoted();
        line.expect(":");
        op.type = line.word();
        line.expect("@");
        op.version = line.integer();
        if (line.accept("in ")) op.domain = line.quoted();
        line.expect("(");
        while (line.peek() != ')') {
            if (!op.inputs.empty()) line.expect(",");
            op.inputs.push_back(reference(line));
        }
        line.expect(")");
        line.expect("->");
        line.expect("(");
        while (line.peek() != ')') {
            if (!op.outputs.empty()) line.expect(",");
            op.outputs.push_back(declaration(line));
        }
        line.expect(")");
        if (line.accept("{")) readAttributes(line, op);
        network_.operators.add(std::move(op));
    }

    static void readAttributes(Line& line, Operator& op) {
        do {
            const std::string name = line.word();
            line.expect("=");
            if (!op.attributes.emplace(name, attributeValue(line)).second) {
                line.fail(fmt::format("attribute '{}' stands twice", name));
            }
        } while (line.accept(","));
        line.expect("}");
    }

    static AttributeValue attributeValue(Line& line) {
        if (line.peek() == '"') return line.quoted();
        if (line.accept("ints[")) return list<std::int64_t>(line, [&] { return line.integer(); });
        if (line.accept("texts[")) return list<std::string>(line, [&] { return line.quoted(); });
        if (line.accept("reals[")) return list<double>(line, [&] { return real(line.number()); });
        const auto number = line.number();
        if (const auto* whole = std::get_if<std::int64_t>(&number)) return *whole;
        return std::get<double>(number);
    }

    static double real(const std::variant<std::int64_t, double>& number) {
        const auto* whole = std::get_if<std::int64_t>(&number);
        return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(number);
    }

    template <class T, class Read>
    static std::vector<T> list(Line& line, Read read) {
        std::vector<T> values;
        while (line.peek() != ']') {
            if (!values.empty()) line.expect(",");
            values.push_back(read());
        }
        line.expect("]");
        return values;
    }

    /// What waits while a body is read.
    struct Outer {
        Network network;
        std::map<std::string, TensorId> names;
        std::string attribute;
        Body body;
    };
    static constexpr std::size_t kMostNested = 100;

    Diagnostics& diagnostics_;
    Network network_;
    std::map<std::string, TensorId> names_;
    std::vector<Outer> outer_;
};

}  // namespace

std::optional<Network> parseText(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    return TextReader(file, diagnostics).run(text);
}

}  // namespace millrace::model
