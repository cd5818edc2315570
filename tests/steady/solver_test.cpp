#include "explore/steady/solver.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "explore/steady/process.h"
#include "shared.h"
#include "steady/needs_cbc.h"
#include "support/rng.h"

namespace millrace {
namespace {

using namespace steady;
using Clock = std::chrono::steady_clock;

/// min x + 2.5 y, 3 x + y >= 4.5, x in {0, 1}, y >= 0: x = 1, y = 1.5.
Model small() {
    Model model;
    const std::size_t x = model.add({"x", 0, 1, true, 1});
    const std::size_t y = model.add({"y", 0, kInfinite, false, 2.5});
    model.atLeast("enough", {{x, 3}, {y, 1}}, 4.5);
    return model;
}

TEST(Solver, SolvesByHand) {
    MILLRACE_NEEDS_CBC();
    Diagnostics diagnostics;
    const auto solved = solve(small(), {}, diagnostics);
    ASSERT_TRUE(solved) << diagnostics.text();
    EXPECT_EQ(solved->status, Status::optimal);
    EXPECT_DOUBLE_EQ(solved->objective, 4.75);
    EXPECT_EQ(solved->values, (std::vector<double>{1, 1.5}));
    EXPECT_DOUBLE_EQ(*solved->bound, 4.75);
}

TEST(Solver, SaysWhatHasNoSolution) {
    MILLRACE_NEEDS_CBC();
    Model model = small();
    model.atMost("too little", {{1, 1}}, 1);
    Diagnostics diagnostics;
    const auto solved = solve(model, {}, diagnostics);
    ASSERT_TRUE(solved) << diagnostics.text();
    EXPECT_EQ(solved->status, Status::infeasible);
    // Infeasible in whole numbers only.
    Model halves = small();
    halves.equal("half", {{0, 2}}, 1);
    const auto none = solve(halves, {}, diagnostics);
    ASSERT_TRUE(none) << diagnostics.text();
    EXPECT_EQ(none->status, Status::infeasible);
}

/// Every kind of row and bound that MPS knows, against all assignments.
TEST(Solver, SmallProgramsAgainstAllAssignments) {
    MILLRACE_NEEDS_CBC();
    Rng rng(5);
    const std::int64_t count = test::count(2000);
    for (std::int64_t i = 0; i < count; ++i) {
        Model model;
        const auto columns = static_cast<std::size_t>(rng.between(1, 5));
        for (std::size_t c = 0; c < columns; ++c)
            model.add({"b" + std::to_string(c), 0, 1, true, static_cast<double>(rng.between(-9, 9)) / 4});
        const std::int64_t rows = rng.between(1, 4);
        for (std::int64_t r = 0; r < rows; ++r) {
            Row row{"row", {}, 0, 0};
            for (std::size_t c = 0; c < columns; ++c) {
                if (rng.below(3) > 0) row.terms.push_back({c, static_cast<double>(rng.between(-5, 5)) / 2});
            }
            row.least = static_cast<double>(rng.between(-5, 3)) / 2;
            row.most = row.least + static_cast<double>(rng.between(0, 4)) / 2;
            const std::uint64_t kind = rng.below(3);
            if (kind == 0) row.least = -kInfinite;
            if (kind == 1) row.most = kInfinite;
            model.rows.push_back(row);
        }
        double best = kInfinite;
        for (unsigned bits = 0; bits < (1U << columns); ++bits) {
            bool good = true;
            double cost = 0;
            for (std::size_t c = 0; c < columns; ++c) cost += ((bits >> c) & 1U) != 0 ? model.variables[c].cost : 0;
            for (const Row& row : model.rows) {
                double sum = 0;
                for (const Term& term : row.terms) sum += ((bits >> term.variable) & 1U) != 0 ? term.coefficient : 0;
                good = good && sum >= row.least && sum <= row.most;
            }
            if (good) best = std::min(best, cost);
        }
        Diagnostics diagnostics;
        const auto solved = solve(model, {}, diagnostics);
        ASSERT_TRUE(solved) << "case " << i << ": " << diagnostics.text() << mpsOf(model);
        ASSERT_EQ(solved->status, best == kInfinite ? Status::infeasible : Status::optimal) << "case " << i;
        if (best < kInfinite) {
            ASSERT_NEAR(solved->objective, best, 1e-6) << "case " << i;
        }
    }
}

TEST(Solver, ReadsStrictly) {
    const Model model = small();
    const auto read = [&](const std::string& text) {
        Diagnostics diagnostics;
        const auto solved = readSolution(model, text, "", diagnostics);
        EXPECT_EQ(solved.has_value(), !diagnostics.failed()) << text;
        return solved;
    };
    const std::string head = "Optimal - objective value 4.75000000\n";
    EXPECT_TRUE(read(head + "      0 C0                     1                    -6.5\n      1 C1  1.5  0\n"));
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("Unbounded - objective value 0\n"));
    EXPECT_FALSE(read("Segmentation fault\n"));
    EXPECT_FALSE(read(head + " 0 C0 0.5 0\n 1 C1 3 0\n")) << "not whole";
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C1 1 0\n")) << "breaks the row";
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C1 1.5x 0\n"));
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C1 nan 0\n"));
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C2 1.5 0\n"));
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C1 1.5 0\n 1 C1 1.5 0\n"));
    EXPECT_FALSE(read(head + " 0 C0 1 0\n 1 C-1 1.5 0\n"));
    const auto stopped = read("Stopped on time - objective value 4.75\n 0 C0 1 0\n 1 C1 1.5 0\n");
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->status, Status::feasible);
    const auto nothing = read("Stopped on time (no integer solution - continuous used) - objective value 4.75\n");
    ASSERT_TRUE(nothing);
    EXPECT_EQ(nothing->status, Status::unknown);
    Diagnostics diagnostics;
    const auto bound =
        readSolution(model, "Stopped on time - objective value 4.75\n 0 C0 1 0\n 1 C1 1.5 0\n",
                     "Objective value: 4.75\nLower bound:                    4.250\nGap: 0.1\n", diagnostics);
    ASSERT_TRUE(bound && bound->bound);
    EXPECT_DOUBLE_EQ(*bound->bound, 4.25);
}

TEST(Solver, NamesThePackageThatLacks) {
    Diagnostics diagnostics;
    Limit limit;
    limit.program = "millrace-no-such-solver";
    EXPECT_FALSE(solve(small(), limit, diagnostics));
    ASSERT_EQ(diagnostics.all().size(), 1U);
    EXPECT_NE(diagnostics.all()[0].hint.find("coinor-cbc"), std::string::npos) << diagnostics.text();
}

TEST(Solver, ReportsAProgramThatFails) {
    Diagnostics diagnostics;
    Limit limit;
    limit.program = "false";
    EXPECT_FALSE(solve(small(), limit, diagnostics));
    EXPECT_TRUE(diagnostics.failed());
}

TEST(Process, TakesOutputAndStatus) {
    Diagnostics diagnostics;
    const auto ran = run({"sh", "-c", "echo to out; echo to err >&2; exit 3"}, 10, nullptr, diagnostics);
    ASSERT_TRUE(ran);
    EXPECT_EQ(ran->status, 3);
    EXPECT_EQ(ran->output, "to out\nto err\n");
    EXPECT_FALSE(ran->killed);
}

TEST(Process, KillsWhatOverruns) {
    Diagnostics diagnostics;
    const auto begin = Clock::now();
    const auto ran = run({"sleep", "30"}, 0.2, nullptr, diagnostics);
    ASSERT_TRUE(ran);
    EXPECT_TRUE(ran->killed);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
}

TEST(Process, KillsWhenToldTo) {
    Diagnostics diagnostics;
    std::atomic<bool> stop = false;
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        stop = true;
    });
    const auto begin = Clock::now();
    const auto ran = run({"sleep", "30"}, 60, &stop, diagnostics);
    later.join();
    ASSERT_TRUE(ran);
    EXPECT_TRUE(ran->killed);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
}

TEST(Process, KeepsTheEndOfLongOutput) {
    Diagnostics diagnostics;
    const auto ran = run({"sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x; echo end"}, 30, nullptr, diagnostics);
    ASSERT_TRUE(ran);
    EXPECT_LE(ran->output.size(), kMostOutput);
    EXPECT_EQ(ran->output.substr(ran->output.size() - 4), "end\n");
}

TEST(Process, FoldersAreGoneAfterwards) {
    std::string path;
    {
        const TemporaryFolder folder;
        path = folder.path;
        ASSERT_TRUE(std::filesystem::is_directory(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace millrace
