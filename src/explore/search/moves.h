#pragma once
#include <array>
#include <cstdint>

#include "explore/search/workshop.h"
#include "support/rng.h"

/// Changes of candidates, by chance. What comes out can be scheduled as far as single tiles go.
namespace millrace::search {

/// Kinds of moves, and how often each of them is tried.
class Moves {
public:
    enum class Kind : std::uint8_t {
        layout,  ///< a layer goes to other cores, or is cut over them along another loop
        spread,  ///< layers around one take its cores, and its cuts where they have the loops
        cut,     ///< a stack is cut in two, or two become one
        shift,   ///< the end of a stack moves by a layer
        retile,  ///< the layers of a stack are cut anew in time
        scale,   ///< the parts in time of a stack are doubled or halved
        tile,    ///< a layer is cut in time along some loop
        order,   ///< which tile goes first
        policy,  ///< halo, lookahead, prefetch
        count
    };

    explicit Moves(const Workshop& workshop) : workshop_(workshop) { weights_.fill(1.0); }

    /// A candidate that differs from `parent` by one to three moves; nothing if all that were tried fail. `kind` gets
    /// the first of them.
    std::optional<Candidate> mutate(const Candidate& parent, Rng& rng, Kind& kind) const;
    /// Layers from one parent, a run of them from the other, with their stacks.
    std::optional<Candidate> cross(const Candidate& a, const Candidate& b, Rng& rng) const;
    /// Moves that helped come more often.
    void learn(Kind kind, bool helped);

private:
    Kind choose(Rng& rng) const;
    bool apply(Kind kind, Candidate& candidate, Rng& rng) const;
    bool layout(Candidate& candidate, Rng& rng) const;
    bool spread(Candidate& candidate, Rng& rng) const;
    bool cut(Candidate& candidate, Rng& rng) const;
    bool shift(Candidate& candidate, Rng& rng) const;
    bool retile(Candidate& candidate, Rng& rng) const;
    bool scale(Candidate& candidate, Rng& rng) const;
    bool tile(Candidate& candidate, Rng& rng) const;
    bool order(Candidate& candidate, Rng& rng) const;
    bool policy(Candidate& candidate, Rng& rng) const;

    const Workshop& workshop_;
    std::array<double, static_cast<std::size_t>(Kind::count)> weights_{};
};

}  // namespace millrace::search
