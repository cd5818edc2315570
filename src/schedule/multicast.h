#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "schedule/schedule.h"

/// Transfers that are carried by the words of another (`Transfer::with`).
namespace millrace::schedule {

/// True if the transfer has a leader and may be carried with it. One that may not counts as a transfer of its own.
bool follows(const Schedule& schedule, TransferId id);
/// What keeps the transfer from being carried with the leader it names ("another box"); empty if nothing does.
std::string whyNotCarried(const Schedule& schedule, TransferId id);

/// The links that each transfer occupies and pays: its route, and for a follower what of its route neither its leader
/// nor a follower of that leader with a smaller id already has. Takes O(n log n) for n followers, nothing without any.
class OwnLinks {
public:
    explicit OwnLinks(const Schedule& schedule);

    /// Of a follower in order of ids, else in order of the route.
    const std::vector<LinkId>& operator[](TransferId id) const {
        const std::uint32_t at = at_.empty() ? kWhole : at_[id.index()];
        return at == kWhole ? schedule_.transfers[id].route : links_[at];
    }

private:
    static constexpr std::uint32_t kWhole = UINT32_MAX;
    const Schedule& schedule_;
    std::vector<std::uint32_t> at_;           ///< by transfer, into `links_`; empty if nothing follows
    std::vector<std::vector<LinkId>> links_;  ///< of followers
};

}  // namespace millrace::schedule
