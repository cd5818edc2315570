#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "model/arrays/arrays.h"

namespace millrace::model::arrays {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Code {
    std::string_view text;  ///< without the byte order
    DataType type;
};

constexpr std::array<Code, 12> kCodes{{
    {"b1", DataType::boolean},
    {"i1", DataType::int8},
    {"u1", DataType::uint8},
    {"i2", DataType::int16},
    {"u2", DataType::uint16},
    {"i4", DataType::int32},
    {"u4", DataType::uint32},
    {"i8", DataType::int64},
    {"u8", DataType::uint64},
    {"f2", DataType::float16},
    {"f4", DataType::float32},
    {"f8", DataType::float64},
}};

/// Thrown inside of this file.
struct Mistake {
    std::string what;
    std::string hint;
};

/// The dictionary of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class Header {
public:
    explicit Header(std::string_view text) : text_(text) { read(); }

    std::string descr;
    bool fortran = false;
    Shape shape;

private:
    void read() {
        int seen = 0;
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted();
            expect(':');
            if (key == "descr") {
                seen |= 1;
                if (peek() == '[') throw Mistake{"is a record array", "save a plain array of numbers"};
                descr = quoted();
            } else if (key == "fortran_order") {
                seen |= 2;
                fortran = word() == "True";
            } else if (key == "shape") {
                seen |= 4;
                readShape();
            } else {
                throw Mistake{fmt::format("its header has the key '{}'", key.substr(0, 40)), ""};
            }
            if (!accept(',') && peek() != '}') throw Mistake{"its header does not parse", ""};
        }
        if (seen != 7) throw Mistake{"its header lacks one of descr, fortran_order, shape", ""};
    }

    void readShape() {
        expect('(');
        while (!accept(')')) {
            if (shape.size() >= kMaxRank) throw Mistake{fmt::format("has more than {} axes", kMaxRank), ""};
            const std::string digits = word();
            std::int64_t size = 0;
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
            if (error != std::errc() || end != digits.data() + digits.size() || size < 0) {
                throw Mistake{fmt::format("has a size '{}' in its shape", digits.substr(0, 40)), ""};
            }
            shape.push_back(size);
            if (!accept(',') && peek() != ')') throw Mistake{"its shape does not parse", ""};
        }
    }

    char peek() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        if (at_ >= text_.size()) throw Mistake{"its header ends too early", ""};
        return text_[at_];
    }
    bool accept(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) throw Mistake{fmt::format("its header does not parse: '{}' is missing", c), ""};
    }
    std::string quoted() {
        const char quote = peek();
        if (quote != '\'' && quote != '"') throw Mistake{"its header does not parse: a text is missing", ""};
        const std::size_t end = text_.find(quote, ++at_);
        if (end == std::string_view::npos) throw Mistake{"its header ends too early", ""};
        std::string result(text_.substr(at_, end - at_));
        at_ = end + 1;
        return result;
    }
    std::string word() {
        peek();
        const std::size_t begin = at_;
        while (at_ < text_.size() && std::string_view(" ,:(){}").find(text_[at_]) == std::string_view::npos) ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

DataType typeOf(const std::string& descr, bool& swapped) {
    const char order = descr.empty() ? '?' : descr[0];
    swapped = order == '>';
    for (const Code& code : kCodes) {
        if ((order == '<' || order == '>' || order == '|' || order == '=') && descr.substr(1) == code.text) {
            return code.type;
        }
    }
    throw Mistake{fmt::format("has elements of the type '{}'", descr.substr(0, 40)),
                  "booleans, integers and reals of up to 8 bytes are read; convert it with numpy's astype"};
}

/// The bytes of a header and where the values begin.
std::string_view headerOf(std::string_view bytes, std::size_t& values) {
    if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < 10) throw Mistake{"is no .npy file", ""};
    const int version = static_cast<unsigned char>(bytes[6]);
    if (version < 1 || version > 3) throw Mistake{fmt::format("has .npy format {}; 1 to 3 are read", version), ""};
    const std::size_t digits = version == 1 ? 2 : 4;
    std::size_t length = 0;
    for (std::size_t i = digits; i > 0; --i) {
        if (7 + i >= bytes.size()) throw Mistake{"ends inside of its header", ""};
        length = length * 256 + static_cast<unsigned char>(bytes[7 + i]);
    }
    const std::size_t begin = 8 + digits;
    if (length > bytes.size() - begin) {
        throw Mistake{fmt::format("has {} bytes; its header alone should have {}", bytes.size(), length), ""};
    }
    values = begin + length;
    return bytes.substr(begin, length);
}

void swapBytes(std::vector<std::uint8_t>& bytes, std::size_t width) {
    for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
    }
}

/// Values that stand first axis fastest, into row-major order.
std::vector<std::uint8_t> fromFortran(const std::vector<std::uint8_t>& bytes, const Shape& shape, std::size_t width) {
    std::vector<std::uint8_t> result(bytes.size());
    std::vector<std::size_t> index(shape.size(), 0);
    for (std::size_t to = 0; to < bytes.size(); to += width) {
        std::size_t from = 0;
        for (std::size_t axis = shape.size(); axis > 0; --axis) {
            from = from * static_cast<std::size_t>(shape[axis - 1]) + index[axis - 1];
        }
        std::memcpy(result.data() + to, bytes.data() + from * width, width);
        for (std::size_t axis = shape.size(); axis > 0; --axis) {
            if (++index[axis - 1] < static_cast<std::size_t>(shape[axis - 1])) break;
            index[axis - 1] = 0;
        }
    }
    return result;
}

Tensor parsed(std::string_view bytes) {
    std::size_t begin = 0;
    const Header header(headerOf(bytes, begin));
    bool swapped = false;
    Tensor tensor;
    tensor.type = typeOf(header.descr, swapped);
    tensor.shape = header.shape;
    const auto elements = boundedElements(header.shape);
    const auto width = static_cast<std::size_t>(bitWidth(tensor.type) / 8);
    const std::size_t rest = bytes.size() - begin;
    if (!elements || static_cast<std::size_t>(*elements) > rest / width ||
        static_cast<std::size_t>(*elements) * width != rest) {
        throw Mistake{fmt::format("has {} bytes of values; shape {} of {} needs another number", rest,
                                  text(header.shape), name(tensor.type)),
                      ""};
    }
    const std::string_view values = bytes.substr(begin);
    tensor.constant.emplace();
    tensor.constant->bytes.assign(values.begin(), values.end());
    if (swapped) swapBytes(tensor.constant->bytes, width);
    if (header.fortran) tensor.constant->bytes = fromFortran(tensor.constant->bytes, header.shape, width);
    return tensor;
}

}  // namespace

std::optional<Tensor> parseNpy(std::string_view bytes, const std::string& file, Diagnostics& diagnostics) {
    try {
        return parsed(bytes);
    } catch (const Mistake& mistake) {
        diagnostics.error({file}, mistake.what, mistake.hint);
        return std::nullopt;
    }
}

std::optional<std::string> npyBytes(const Tensor& tensor, Diagnostics& diagnostics) {
    const bool brain = tensor.type == DataType::bfloat16;
    const DataType type = brain ? DataType::float32 : tensor.type;
    const auto code = std::find_if(kCodes.begin(), kCodes.end(), [type](const Code& c) { return c.type == type; });
    if (code == kCodes.end()) {
        diagnostics.error({tensor.name},
                          fmt::format("is {}, which .npy files written here do not hold", name(tensor.type)));
        return std::nullopt;
    }
    if (!tensor.constant || !tensor.shape || (!tensor.constant->hasValues() && tensor.elements() != 0)) {
        diagnostics.error({tensor.name}, "has no values that could be written");
        return std::nullopt;
    }
    std::string sizes;
    for (const std::int64_t size : *tensor.shape) sizes += fmt::format("{}, ", size);
    if (tensor.shape->size() > 1) sizes.resize(sizes.size() - 2);
    if (tensor.shape->size() == 1) sizes.resize(sizes.size() - 1);
    std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                     bitWidth(type) == 8 ? '|' : '<', code->text, sizes);
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    std::string result(kMagic);
    result += '\x01';
    result += '\0';
    result += static_cast<char>(header.size() % 256);
    result += static_cast<char>(header.size() / 256);
    result += header;
    const std::vector<std::uint8_t>& bytes = tensor.constant->bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (brain && i % 2 == 0) result.append(2, '\0');
        result += static_cast<char>(bytes[i]);
    }
    return result;
}

}  // namespace millrace::model::arrays
