#include "explore/steady/carry.h"

#include <algorithm>
#include <map>
#include <set>

namespace millrace::steady {

std::vector<Load> Carrier::loads(const std::vector<Move>& moves) const {
    std::map<std::size_t, double> cycles;
    std::vector<std::set<std::size_t>> taken(moves.size());
    for (std::size_t i = 0; i < moves.size(); ++i) {
        const Move& move = moves[i];
        const auto* route = platform_.route(schedule::MemoryId(move.from), schedule::MemoryId(move.to));
        if (route == nullptr || move.bits <= 0) continue;
        std::size_t leader = 0;
        while (leader < i && (moves[leader].from != move.from || !(moves[leader].what == move.what))) ++leader;
        for (const schedule::LinkId link : route->links) {
            if (!taken[leader].insert(link.index()).second) continue;
            cycles[link.index()] += move.bits / static_cast<double>(resources_.links[link].bandwidth);
        }
    }
    std::vector<Load> result;
    for (const auto& [link, sum] : cycles) result.push_back({link, sum});
    return result;
}

double longest(const std::vector<Load>& loads) {
    double most = 0;
    for (const Load& load : loads) most = std::max(most, load.cycles);
    return most;
}

}  // namespace millrace::steady
