#include "report/lanes.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace millrace::report {
namespace {

constexpr std::size_t kMostOverlaps = 256;
constexpr double kSlack = 1e-9;

std::vector<std::size_t> byStart(const std::vector<LaneRequest>& requests) {
    std::vector<std::size_t> order(requests.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return requests[a].start < requests[b].start; });
    return order;
}

}  // namespace

std::vector<double> stack(const std::vector<LaneRequest>& requests) {
    struct Taken {
        double low, high;
        std::int64_t end;
    };
    std::vector<double> lows(requests.size(), 0);
    std::vector<Taken> taken;  // by low
    for (const std::size_t i : byStart(requests)) {
        const LaneRequest& request = requests[i];
        const auto over = [&](const Taken& one) { return one.end <= request.start; };
        taken.erase(std::remove_if(taken.begin(), taken.end(), over), taken.end());
        if (taken.size() >= kMostOverlaps) continue;
        double low = 0;
        auto place = taken.begin();
        while (place != taken.end() && low + request.share > place->low + kSlack) {
            low = std::max(low, place->high);
            ++place;
        }
        lows[i] = std::clamp(low, 0.0, 1 - request.share);
        const auto at = std::find_if(taken.begin(), taken.end(), [&](const Taken& one) { return one.low > lows[i]; });
        taken.insert(at, {lows[i], lows[i] + request.share, request.end});
    }
    return lows;
}

std::vector<std::size_t> lanes(const std::vector<LaneRequest>& requests) {
    using Busy = std::pair<std::int64_t, std::size_t>;
    std::vector<std::size_t> result(requests.size(), 0);
    std::priority_queue<Busy, std::vector<Busy>, std::greater<>> ends;
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free;
    std::size_t count = 0;
    for (const std::size_t i : byStart(requests)) {
        while (!ends.empty() && ends.top().first <= requests[i].start) {
            free.push(ends.top().second);
            ends.pop();
        }
        if (free.empty()) free.push(count++);
        result[i] = free.top();
        free.pop();
        ends.emplace(requests[i].end, result[i]);
    }
    return result;
}

}  // namespace millrace::report
