#pragma once
#include <functional>
#include <string>
#include <vector>

#include "explore/search/judge.h"
#include "explore/search/moves.h"
#include "explore/search/workshop.h"
#include "explore/steady/steady.h"
#include "support/rng.h"

/// Ways of searching, by name.
namespace millrace::search {

/// What an exact search has shown.
struct Proof {
    bool complete = false;       ///< every choice was tried or ruled out
    std::uint64_t choices = 0;   ///< that there are; this and `ruledOut` are at most 2^62
    std::uint64_t ruledOut = 0;  ///< by bounds, or as no tile of a layer fits; without being scheduled
    std::uint64_t tried = 0;     ///< scheduled, or found to fit nowhere
};

/// What a method works with. Found candidates are the judge's.
struct Search {
    const Workshop& workshop;
    Judge& judge;
    Rng rng;
    /// Candidates that others found, such as those of the rules. The first one counts even if all limits are reached.
    std::vector<Candidate> seeds;
    std::optional<Proof> proof = std::nullopt;
    /// Of the method "steady": what the best candidate follows from, and why there is none.
    std::optional<steady::Answer> steady = std::nullopt;
    Diagnostics refused = {};
};

struct Method {
    std::string name;
    std::string summary;  ///< a line for people
    /// Ends when the judge does, or when it finds nothing better.
    std::function<void(Search&)> run;
};

/// In the order in which `--help` names them.
const std::vector<Method>& methods();
/// Null if there is none of that name.
const Method* findMethod(std::string_view name);

/// The plan of the planner's rules in each of the orders of tiles that no file gives; in all if there is none.
std::vector<Candidate> ruleSeeds(const Workshop& workshop, const fusion::Policy& policy,
                                 const std::vector<fusion::Order>& orders, Diagnostics& diagnostics);

/// Changes the best candidates over and over, and keeps what is better. Ends after `patience` schedules in a row
/// without a better one.
void searchLocally(Search& search, std::int64_t patience);
/// Goes through the tiles of the best candidate in their order, and tries other orders of the next ones: commits them,
/// looks how far the cores are, takes them back (`Engine::undo`), and keeps the best. `sweeps` times, each of which
/// counts as one schedule. False if nothing was scheduled: nothing is known yet, or host operators, which have no place
/// in a list of tiles.
bool reorder(Search& search, int sweeps);
/// NSGA-II (Deb et al., 2002) over latency, energy and peak memory, for so many generations; -1: until the judge ends.
void searchGenetically(Search& search, std::int64_t generations);
/// A solver's choice of cores and cuts for the rules' stacks, and for layers by themselves, in each order of tiles.
void searchSteadily(Search& search);
/// Both in turn.
void searchAutomatically(Search& search);

}  // namespace millrace::search
