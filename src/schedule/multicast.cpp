#include "schedule/multicast.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace millrace::schedule {

std::string whyNotCarried(const Schedule& schedule, TransferId id) {
    const Transfer& transfer = schedule.transfers[id];
    if (!transfer.with.valid()) return {};
    if (!schedule.transfers.contains(transfer.with)) return "there is no such transfer";
    const Transfer& leader = schedule.transfers[transfer.with];
    if (transfer.with == id) return "that is itself";
    if (leader.with.valid()) return "that is carried with another itself";
    if (leader.tensor != transfer.tensor) return "that is of another tensor";
    if (leader.box != transfer.box) return "that is of another box";
    if (leader.from != transfer.from) return "that comes from another memory";
    if (leader.span != transfer.span) return "that runs at another time";
    if (leader.bandwidth != transfer.bandwidth) return "that has another bandwidth";
    return {};
}

bool follows(const Schedule& schedule, TransferId id) {
    return schedule.transfers[id].with.valid() && whyNotCarried(schedule, id).empty();
}

/// (leader, follower), in order.
static std::vector<std::pair<TransferId, TransferId>> followers(const Schedule& schedule) {
    std::vector<std::pair<TransferId, TransferId>> result;
    for (std::size_t i = 0; i < schedule.transfers.size(); ++i) {
        const TransferId id(i);
        if (follows(schedule, id)) result.push_back({schedule.transfers[id].with, id});
    }
    std::sort(result.begin(), result.end());
    return result;
}

OwnLinks::OwnLinks(const Schedule& schedule) : schedule_(schedule) {
    TransferId leader;
    std::vector<LinkId> carried;  // by the leader and the followers so far, sorted, as often as occupied
    for (const auto& [with, follower] : followers(schedule)) {
        if (at_.empty()) at_.assign(schedule.transfers.size(), kWhole);
        if (with != leader) {
            leader = with;
            carried = schedule.transfers[leader].route;
            std::sort(carried.begin(), carried.end());
        }
        std::vector<LinkId> route = schedule.transfers[follower].route;
        std::sort(route.begin(), route.end());
        std::vector<LinkId> own;
        std::set_difference(route.begin(), route.end(), carried.begin(), carried.end(), std::back_inserter(own));
        std::vector<LinkId> all;
        std::set_union(route.begin(), route.end(), carried.begin(), carried.end(), std::back_inserter(all));
        carried = std::move(all);
        at_[follower.index()] = static_cast<std::uint32_t>(links_.size());
        links_.push_back(std::move(own));
    }
}

}  // namespace millrace::schedule
