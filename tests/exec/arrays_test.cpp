#include "model/arrays/arrays.h"

#include <gtest/gtest.h>

#include <cstring>

namespace millrace::model::arrays {

namespace {

using namespace std::string_literals;

std::string npy(const std::string& header, const std::string& values, int version = 1) {
    std::string bytes = "\x93NUMPY"s + static_cast<char>(version) + '\0';
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 255);
    return bytes + header + values;
}

std::string le(std::size_t value, int width) {
    std::string bytes;
    for (int i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 255);
    return bytes;
}

std::string npz(const std::vector<std::pair<std::string, std::string>>& files, int method = 0) {
    std::string bytes;
    std::string directory;
    for (const auto& [name, content] : files) {
        const std::string sizes = le(0, 4) + le(content.size(), 4) + le(content.size(), 4) + le(name.size(), 2);
        directory += "PK\x01\x02"s + le(20, 2) + le(20, 2) + le(0, 2) + le(static_cast<std::size_t>(method), 2) +
                     le(0, 4) + sizes + le(0, 2) + le(0, 2) + le(0, 2) + le(0, 2) + le(0, 4) + le(bytes.size(), 4) +
                     name;
        bytes += "PK\x03\x04"s + le(20, 2) + le(0, 2) + le(static_cast<std::size_t>(method), 2) + le(0, 4) + sizes +
                 le(0, 2) + name + content;
    }
    const std::size_t at = bytes.size();
    return bytes + directory + "PK\x05\x06"s + le(0, 4) + le(files.size(), 2) + le(files.size(), 2) +
           le(directory.size(), 4) + le(at, 4) + le(0, 2);
}

std::string errorOf(const std::string& bytes) {
    Diagnostics diagnostics;
    const auto tensor = parseNpy(bytes, "a.npy", diagnostics);
    return tensor ? "read without error" : diagnostics.text();
}

constexpr const char* kShorts = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";

TEST(Npy, ReadsBothOrders) {
    Diagnostics diagnostics;
    const std::string values = "\1\0\2\0\3\0\4\0\5\0\6\0"s;
    for (const int version : {1, 2, 3}) {
        const auto tensor = parseNpy(npy(kShorts, values, version), "a.npy", diagnostics);
        ASSERT_TRUE(tensor) << diagnostics.text();
        EXPECT_EQ(tensor->type, DataType::int16);
        EXPECT_EQ(*tensor->shape, (Shape{2, 3}));
        EXPECT_EQ(tensor->constant->bytes, std::vector<std::uint8_t>(values.begin(), values.end()));
    }
    const auto turned =
        parseNpy(npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", "\0\1\0\4\0\2\0\5\0\3\0\6"s),
                 "a.npy", diagnostics);
    ASSERT_TRUE(turned) << diagnostics.text();
    EXPECT_EQ(turned->constant->bytes, std::vector<std::uint8_t>(values.begin(), values.end()));
}

TEST(Npy, WhatIsWrittenReadsBack) {
    Diagnostics diagnostics;
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0}, Shape{2, 3, 4}}) {
        for (const DataType type : {DataType::float32, DataType::boolean, DataType::uint8, DataType::float16,
                                    DataType::int64, DataType::float64}) {
            Tensor tensor;
            tensor.type = type;
            tensor.shape = shape;
            tensor.constant.emplace();
            const auto size = static_cast<std::size_t>(tensor.elements() * bitWidth(type) / 8);
            for (std::size_t i = 0; i < size; ++i) tensor.constant->bytes.push_back(static_cast<std::uint8_t>(i % 2));
            const auto bytes = npyBytes(tensor, diagnostics);
            ASSERT_TRUE(bytes) << diagnostics.text();
            const std::size_t header =
                static_cast<unsigned char>((*bytes)[8]) + 256U * static_cast<unsigned char>((*bytes)[9]);
            EXPECT_EQ((10 + header) % 64, 0U);
            const auto again = parseNpy(*bytes, "b.npy", diagnostics);
            ASSERT_TRUE(again) << diagnostics.text() << *bytes;
            EXPECT_EQ(again->type, type);
            EXPECT_EQ(*again->shape, shape);
            EXPECT_EQ(again->constant->bytes, tensor.constant->bytes);
        }
    }
}

TEST(Npy, BrainFloatsAreWidened) {
    Diagnostics diagnostics;
    Tensor tensor;
    tensor.type = DataType::bfloat16;
    tensor.shape = Shape{1};
    tensor.constant = Constant{{0xc0, 0x3f}};
    const auto again = parseNpy(npyBytes(tensor, diagnostics).value(), "b.npy", diagnostics);
    ASSERT_TRUE(again) << diagnostics.text();
    EXPECT_EQ(again->reals().value(), (std::vector<double>{1.5}));
}

TEST(Npy, SaysWhatIsWrong) {
    const std::string values(12, '\0');
    const auto has = [](const std::string& text, const std::string& part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(errorOf("nothing"), "is no .npy file");
    has(errorOf(npy(kShorts, values, 7)), "format 7");
    has(errorOf(npy(kShorts, values).substr(0, 30)), "its header alone should have");
    has(errorOf(npy(kShorts, values + "x")), "has 13 bytes of values");
    has(errorOf(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", values)),
        "needs another");
    has(errorOf(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (-2, 3), }", values)), "size '-2'");
    has(errorOf(npy("{'descr': '<U7', 'fortran_order': False, 'shape': (2, 3), }", values)), "'<U7'");
    has(errorOf(npy("{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2, 3), }", values)), "record");
    has(errorOf(npy("{'descr': '<i2', 'shape': (2, 3), }", values)), "lacks one of");
    has(errorOf(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3", values)), "ends too early");
}

TEST(Npy, NoPrefixCrashes) {
    const std::string whole = npy(kShorts, std::string(12, '\1'));
    const std::string archive = npz({{"a.npy", whole}, {"b.npy", whole}});
    for (std::size_t size = 0; size < archive.size(); ++size) {
        Diagnostics diagnostics;
        EXPECT_FALSE(parseNpz(std::string_view(archive).substr(0, size), "a.npz", diagnostics));
        if (size < whole.size()) {
            EXPECT_FALSE(parseNpy(std::string_view(whole).substr(0, size), "a.npy", diagnostics));
        }
    }
}

TEST(Npz, ReadsEachArray) {
    Diagnostics diagnostics;
    const std::string one = npy(kShorts, std::string(12, '\1'));
    const auto arrays = parseNpz(npz({{"a.npy", one}, {"dir/b.npy", one}}), "x.npz", diagnostics);
    ASSERT_TRUE(arrays) << diagnostics.text();
    ASSERT_EQ(arrays->size(), 2U);
    EXPECT_EQ((*arrays)[0].name, "a");
    EXPECT_EQ((*arrays)[1].name, "dir/b");
    EXPECT_EQ((*arrays)[1].constant->bytes.size(), 12U);
    EXPECT_FALSE(parseNpz(npz({{"a.npy", one}}, 8), "x.npz", diagnostics));
    EXPECT_NE(diagnostics.text().find("'a.npy' is compressed"), std::string::npos) << diagnostics.text();
}

}  // namespace

}  // namespace millrace::model::arrays
