#pragma once
#include <vector>

#include "explore/cost/model.h"
#include "explore/mapper/exact/aim.h"
#include "explore/mapper/mapper.h"

namespace millrace::mapper::exact {

/// Searches one spatial mapping after the other for the same aim, and keeps account of what is proven.
class Solver {
public:
    /// Prefix states of a spatial mapping that are searched at most.
    static constexpr std::size_t kMostStates = 400'000;
    /// Partial mappings that are looked at to break a tie.
    static constexpr std::size_t kMostTieLabels = 50'000;

    Solver(Aim aim, const Limits& limits) : aim_(std::move(aim)), limits_(limits) {}

    Aim& aim() { return aim_; }
    const Aim& aim() const { return aim_; }
    /// Leaves out a spatial mapping whose mappings cost at least this much, if that proves that none is better.
    bool skip(double energy, double latency);
    /// All orders of the primes and all cuts; only one order if `order` is not empty. False if there are too many
    /// prefix states, or the output slides: then the answer is without proof.
    bool search(const cost::Model& model, const std::vector<cost::Loop>& primes, const std::vector<cost::Loop>& order,
                std::size_t candidate);
    /// Leaves out spatial mappings without proof (time is up): their mappings cost at least this much.
    void giveUp(double energy, double latency, Certificate::End why);
    bool timeIsUp() const { return limits_.reached(); }

    /// Among the mappings that are best for the objective, looks for the one with the least energy (latency), in the
    /// spatial mappings that were searched; gives up after a while. Not for fronts and products.
    void breakTie();

    Certificate certificate() const;
    std::int64_t evaluations() const { return evaluations_; }
    void count(std::int64_t evaluations) { evaluations_ += evaluations; }

private:
    struct Searched {
        const cost::Model* model = nullptr;
        std::vector<cost::Loop> primes;
        std::vector<cost::Loop> order;
        std::size_t candidate = 0;
    };
    void end(Certificate::End why);

    Aim aim_;
    Limits limits_;
    Certificate certificate_{Certificate::End::exhausted, true};
    std::vector<Searched> searched_;
    double bound_ = std::numeric_limits<double>::infinity();
    std::int64_t evaluations_ = 0;
};

}  // namespace millrace::mapper::exact
