#include "model/exec/functions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "shared.h"
#include "support/rng.h"

namespace millrace::model::exec {

namespace {

/// Units in the last place between two floats; large if their signs differ or one is no number.
std::int64_t ulps(float a, float b) {
    if (a == b || (a != a && b != b)) return 0;
    if (a != a || b != b || std::signbit(a) != std::signbit(b)) return 1LL << 40;
    return std::llabs(std::int64_t{std::bit_cast<std::int32_t>(a)} - std::int64_t{std::bit_cast<std::int32_t>(b)});
}

std::vector<float> samples() {
    std::vector<float> x{0.0F,  -0.0F, 1e-30F,  -1e-30F, 0.15F,   0.149999F, 1e-4F,      9.9e-5F,      6.0F,
                         -6.0F, 88.8F, -104.0F, 300.0F,  -300.0F, HUGE_VALF, -HUGE_VALF, std::nanf("")};
    Rng rng(7);
    for (std::int64_t i = 0; i < test::count(2'000'000); ++i) {
        const double size = std::exp2(-20.0 + 27.0 * rng.unit());
        x.push_back(static_cast<float>(rng.unit() < 0.5 ? size : -size));
    }
    return x;
}

void check(const char* what, ArrayFunction ours, double (*exact)(double)) {
    const std::vector<float> x = samples();
    std::vector<float> y(x.size());
    ours(x.data(), y.data(), static_cast<std::int64_t>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto wanted = static_cast<float>(exact(static_cast<double>(x[i])));
        // Below the normal numbers the last place is coarse; there, the same absolute error is allowed.
        const bool tiny = std::fabs(wanted) < 1e-37F && std::fabs(y[i] - wanted) < 1e-44F;
        ASSERT_TRUE(tiny || ulps(y[i], wanted) <= 1) << what << "(" << x[i] << ") = " << y[i] << ", exact " << wanted;
    }
}

TEST(Functions, AreWithinOneUnitInTheLastPlace) {
    check("exp", expArray, [](double x) { return std::exp(x); });
    check("tanh", tanhArray, [](double x) { return std::tanh(x); });
    check("sigmoid", sigmoidArray, [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
    check("erf", erfArray, [](double x) { return std::erf(x); });
}

TEST(Functions, GeluIsCloseEverywhere) {
    for (float x = -12.0F; x < 12.0F; x += 0.01F) {
        float y = 0;
        geluArray(&x, &y, 1);
        EXPECT_NEAR(y, 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))), 1e-7 * std::fmax(1.0, std::fabs(x))) << x;
        geluTanhArray(&x, &y, 1);
        EXPECT_NEAR(y, 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x))),
                    1e-7 * std::fmax(1.0, std::fabs(x)))
            << x;
    }
}

}  // namespace

}  // namespace millrace::model::exec
