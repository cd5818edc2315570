#pragma once
#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "report/palette.h"

namespace millrace::test {

/// A decoded PNG.
struct Image {
    int width = 0;
    int height = 0;
    std::vector<std::uint32_t> pixels;  ///< 0xRRGGBB

    std::uint32_t at(int x, int y) const { return pixels[static_cast<std::size_t>(y * width + x)]; }
    std::int64_t count(std::uint32_t colour) const { return std::count(pixels.begin(), pixels.end(), colour); }
};

/// As Cairo rounds.
inline std::uint32_t rgb(report::Colour colour) {
    const auto byte = [](double part) { return std::min<std::uint32_t>(255, static_cast<std::uint32_t>(part * 256)); };
    return byte(colour.r) << 16 | byte(colour.g) << 8 | byte(colour.b);
}

inline Image decode(const std::string& png) {
    std::string rest = png;
    const auto read = [](void* closure, unsigned char* data, unsigned int length) {
        auto& from = *static_cast<std::string*>(closure);
        if (from.size() < length) return CAIRO_STATUS_READ_ERROR;
        std::memcpy(data, from.data(), length);
        from.erase(0, length);
        return CAIRO_STATUS_SUCCESS;
    };
    cairo_surface_t* surface = cairo_image_surface_create_from_png_stream(read, &rest);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) throw std::runtime_error("no PNG");
    Image image;
    image.width = cairo_image_surface_get_width(surface);
    image.height = cairo_image_surface_get_height(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    const unsigned char* data = cairo_image_surface_get_data(surface);
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
            std::uint32_t pixel = 0;
            std::memcpy(&pixel, data + y * stride + x * 4, 4);
            image.pixels.push_back(pixel & 0xFFFFFFU);
        }
    }
    cairo_surface_destroy(surface);
    return image;
}

/// Pixels next to each other in a line that have the same colour.
struct Run {
    std::uint32_t colour = 0;
    int begin = 0;
    int end = 0;
};

inline std::vector<Run> runs(const Image& image, int y) {
    std::vector<Run> result;
    for (int x = 0; x < image.width; ++x) {
        if (result.empty() || result.back().colour != image.at(x, y)) result.push_back({image.at(x, y), x, x});
        result.back().end = x + 1;
    }
    return result;
}

}  // namespace millrace::test
