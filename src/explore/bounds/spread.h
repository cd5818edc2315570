#pragma once
#include <cstddef>
#include <vector>

/// Work on unequal cores. A job's *measure* gives the cycles that each core needs for all of it, any fractions of which
/// may run on different cores. By linear programming duality, every set of prices w >= 0 of cores with sum 1 bounds the
/// time T in which all is done: T = sum w_c T >= sum w_c load_c >= sum over jobs of the least w_c cycles_c. The prices
/// are explicit, so nothing needs to be believed about how they were found.
namespace millrace::bounds {

/// A piece of work, and what it takes at least on each of the cores that may do it.
struct Job {
    std::vector<std::size_t> cores;  ///< by index, each once
    std::vector<double> cycles;      ///< of all of it on each of `cores`
    /// By another measure: so many steps, which take this many cycles on each of `cores`. May be 0.
    double steps = 0;
    std::vector<double> cyclesPerStep;
};

/// By core; they add up to 1.
using Prices = std::vector<double>;

/// The larger of both measures: the least price of all of the job.
double priceOf(const Job& job, const Prices& prices);
/// Cycles that no way to spread the jobs can beat.
double timeAt(const std::vector<Job>& jobs, const Prices& prices);

/// The same price for each of these cores.
Prices even(const std::vector<std::size_t>& cores, std::size_t count);

/// Prices for `count` cores: even ones for each core alone, for all together and for each set of cores that a job is
/// confined to, and the best that a search over prices of unlike cores finds. Cores that cannot be told apart have
/// equal prices.
std::vector<Prices> usefulPrices(const std::vector<Job>& jobs, std::size_t count);

}  // namespace millrace::bounds
