#include "explore/search/exact.h"

#include <gtest/gtest.h>

#include "search/searching.h"
#include "shared.h"

/// Exact search against trying everything.
namespace millrace::search {
namespace {

using test::Searching;
using workload::LayerId;

/// What trying every choice finds.
struct Everything {
    std::uint64_t choices = 0;
    std::uint64_t schedules = 0;  ///< of those that can be scheduled
    std::optional<double> best;
    std::string wrong;  ///< what is below a bound
};

class Trying {
public:
    Trying(const Searching& searching, const Choices& choices, std::optional<Bits> memory)
        : searching_(searching), choices_(choices), memory_(memory) {}

    Everything run() {
        chosen_.assign(choices_.layouts.size(), 0);
        layouts(0);
        return everything_;
    }

private:
    void layouts(std::size_t layer) {
        if (layer == chosen_.size()) {
            stacks();
            return;
        }
        for (std::size_t i = 0; i < choices_.layouts[LayerId(layer)].size(); ++i) {
            chosen_[layer] = i;
            layouts(layer + 1);
        }
    }

    /// Every set of layers after which a stack ends, as the bits of a number.
    void stacks() {
        const std::uint64_t sets = choices_.stacks ? std::uint64_t{1} << (chosen_.size() - 1) : 1;
        for (std::uint64_t ends = 0; ends < sets; ++ends) {
            fusion::Plan plan = choices_.base.plan;
            if (choices_.stacks) {
                plan.stacks.clear();
                for (std::size_t i = 0; i < chosen_.size(); ++i) {
                    if (i == 0 || (ends >> (i - 1) & 1) != 0) plan.stacks.emplace_back();
                    plan.stacks.back().push_back(LayerId(i));
                    plan.layers[LayerId(i)].stack = plan.stacks.size() - 1;
                }
            }
            std::vector<std::int64_t> tiles(plan.stacks.size());
            tile(plan, tiles, 0);
        }
    }

    void tile(const fusion::Plan& plan, std::vector<std::int64_t>& tiles, std::size_t stack) {
        if (stack == tiles.size()) {
            orders(plan, tiles);
            return;
        }
        for (const std::int64_t count : choices_.tiles) {
            tiles[stack] = count;
            tile(plan, tiles, stack + 1);
        }
    }

    void orders(fusion::Plan plan, const std::vector<std::int64_t>& tiles) {
        const Workshop& workshop = searching_.workshop();
        for (const LayerId id : plan.layers.ids()) {
            workshop.setLayout(plan, id, choices_.layouts[id][chosen_[id.index()]]);
        }
        for (std::size_t s = 0; s < tiles.size(); ++s) workshop.retile(plan, s, tiles[s], workshop.rules().fill);
        Candidate candidate{std::move(plan), choices_.base.policy};
        const bool sound = workshop.repair(candidate);
        for (const fusion::Order order : choices_.orders) {
            ++everything_.choices;
            candidate.policy.order = order;
            if (sound) look(searching_.score(candidate));
        }
    }

    void look(const std::optional<fusion::Tally>& tally) {
        if (!tally) return;
        ++everything_.schedules;
        const explore::Bounds& bounds = searching_.scene().bounds();
        if (tally->latency < bounds.latency) everything_.wrong = "latency below the bound";
        if (tally->energy.value() < bounds.energy.value() * (1 - 1e-9)) everything_.wrong = "energy below the bound";
        if (memory_ && tally->peakMemory > *memory_) return;
        const double value = searching_.value(*tally);
        if (!everything_.best || value < *everything_.best) everything_.best = value;
    }

    const Searching& searching_;
    const Choices& choices_;
    std::optional<Bits> memory_;
    std::vector<std::size_t> chosen_;
    Everything everything_;
};

template <class T>
void dropAny(std::vector<T>& list, Rng& rng) {
    if (list.size() > 1) list.erase(list.begin() + static_cast<std::ptrdiff_t>(rng.below(list.size())));
}

/// Some of all choices, at most so many.
Choices someChoices(const Searching& searching, Rng& rng, std::uint64_t most) {
    Choices choices = allChoices(searching.workshop(), searching.seeds().front());
    choices.tiles = {rng.between(1, 3), rng.between(4, 40)};
    if (rng.below(4) == 0) choices.stacks = false;
    for (std::vector<Layout>& layouts : choices.layouts) {
        while (layouts.size() > 3) dropAny(layouts, rng);
    }
    for (std::uint64_t drop = rng.below(3); drop > 0; --drop) dropAny(choices.orders, rng);
    while (count(choices) > most) {
        const std::uint64_t what = rng.below(6);
        if (what == 0) dropAny(choices.orders, rng);
        if (what == 1) dropAny(choices.tiles, rng);
        if (what == 2 && rng.below(4) == 0) choices.stacks = false;
        if (what > 2) dropAny(choices.layouts[LayerId(rng.below(choices.layouts.size()))], rng);
    }
    return choices;
}

/// Only arrays make a schedule on it long.
void makeFast(test::SearchCase& given) {
    given.options.objective = explore::Objective::latency;
    for (hardware::Link& link : given.chip.links) link.bandwidth = 1 << 20;
    for (hardware::Core& core : given.chip.cores) {
        for (hardware::Memory& memory : core.memories) {
            memory.size = Bits(1 << 24);
            for (hardware::Port& port : memory.ports) port.bandwidthMin = port.bandwidthMax = 1 << 16;
        }
    }
}

TEST(Exact, EqualsTryingEverything) {
    Rng rng(41);
    const std::int64_t runs = test::count(10'000);
    std::int64_t compared = 0;
    std::int64_t none = 0;
    std::uint64_t ruledOut = 0;
    std::uint64_t tried = 0;
    for (std::int64_t run = 0; run < runs; ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        test::SearchCase given = test::randomSearchCase(rng, 5, 3);
        const bool fast = rng.below(2) == 0;
        if (fast) makeFast(given);
        const Searching searching(std::move(given));
        if (searching.seeds().empty()) continue;
        const Choices choices = someChoices(searching, rng, fast ? 150 : 50);
        Effort effort;
        effort.threads = static_cast<int>(rng.between(1, 3));
        const auto first = searching.score(searching.seeds().front());
        if (first && rng.below(4) == 0) effort.memory = Bits(first->peakMemory.value() * rng.between(1, 4) / 3);
        Judge judge(searching.scene(), effort);
        Search search{searching.workshop(), judge, Rng(1), searching.seeds()};
        const bool seeded = fast || rng.below(2) == 0;
        if (seeded) judge.scores({searching.seeds().front()});

        const Everything everything = Trying(searching, choices, effort.memory).run();
        const Proof proof = searchExactly(search, choices);
        ASSERT_EQ(everything.wrong, "");
        ASSERT_EQ(count(choices), everything.choices);
        ASSERT_EQ(proof.choices, everything.choices);
        ASSERT_EQ(proof.tried + proof.ruledOut, everything.choices);
        ASSERT_TRUE(proof.complete);
        auto best = everything.best;
        const bool counts = first && (!effort.memory || first->peakMemory <= *effort.memory);
        if (seeded && counts) best = std::min(best.value_or(searching.value(*first)), searching.value(*first));
        ASSERT_EQ(judge.best() != nullptr, best.has_value());
        if (best) {
            ASSERT_DOUBLE_EQ(judge.bestValue(), *best);
        }
        ++(best ? compared : none);
        ruledOut += proof.ruledOut;
        tried += proof.tried;
    }
    std::printf("%lld problems, %lld without a schedule; %llu choices tried, %llu ruled out\n",
                static_cast<long long>(compared), static_cast<long long>(none), static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(ruledOut));
    EXPECT_GT(2 * compared, runs);
    EXPECT_GT(ruledOut, tried / 100);
}

}  // namespace
}  // namespace millrace::search
