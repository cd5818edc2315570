#include <fmt/format.h>

#include <algorithm>

#include "explore/mapping/readentry.h"

namespace millrace::mapping {
namespace {

class ScheduleReader {
public:
    ScheduleReader(const yaml::Node& node, Diagnostics& diagnostics)
        : map_(node, "the section 'schedule'", diagnostics), diagnostics_(diagnostics) {}

    Schedule read() {
        Schedule schedule;
        schedule.where = map_.node().where;
        if (!map_.valid()) return schedule;
        schedule.kind = word("kind", {"layer-by-layer", "fused"});
        schedule.fixed = map_.boolean("fixed", false);
        schedule.order = order();
        schedule.halo = word("halo", {"keep", "again", "recompute"});
        schedule.lookahead = number("lookahead", 0, Schedule::kMostLookahead);
        schedule.prefetch = flag("prefetch");
        schedule.fillGaps = flag("fill_gaps");
        schedule.multicast = flag("multicast");
        schedule.objective = word("objective", {"latency", "energy", "edp"});
        schedule.lpfLimit = number("lpf_limit", 1, Schedule::kMostLpfLimit);
        map_.finish();
        return schedule;
    }

private:
    std::string called(std::string_view key) const { return fmt::format("'{}' of {}", key, map_.what()); }

    std::optional<std::string> text(std::string_view key) {
        const yaml::Node* node = map_.find(key);
        return node == nullptr ? std::nullopt : yaml::text(*node, called(key), diagnostics_);
    }

    std::optional<std::string> word(std::string_view key, const std::vector<std::string_view>& words) {
        auto found = text(key);
        if (!found || std::find(words.begin(), words.end(), *found) != words.end()) return found;
        diagnostics_.error(map_.find(key)->where, fmt::format("{} is '{}'", called(key), *found),
                           fmt::format("it must be one of {}", fmt::join(words, ", ")));
        return std::nullopt;
    }

    std::optional<std::string> order() {
        auto found = text("order");
        if (!found || !found->empty()) return found;
        diagnostics_.error(map_.find("order")->where, called("order") + " is empty",
                           "depth-first, breadth-first, earliest-ready, or a file with the order of all tiles");
        return std::nullopt;
    }

    std::optional<std::int64_t> number(std::string_view key, std::int64_t least, std::int64_t most) {
        const yaml::Node* node = map_.find(key);
        const auto value = node == nullptr ? std::nullopt : yaml::integer(*node, called(key), diagnostics_);
        if (!value || (*value >= least && *value <= most)) return value;
        diagnostics_.error(node->where, fmt::format("{} is {}", called(key), *value),
                           fmt::format("it must be from {} to {}", least, most));
        return std::nullopt;
    }

    std::optional<bool> flag(std::string_view key) {
        const yaml::Node* node = map_.find(key);
        return node == nullptr ? std::nullopt : yaml::boolean(*node, called(key), diagnostics_);
    }

    yaml::MapReader map_;
    Diagnostics& diagnostics_;
};

}  // namespace

Schedule readSchedule(const yaml::Node& node, Diagnostics& diagnostics) {
    return ScheduleReader(node, diagnostics).read();
}

}  // namespace millrace::mapping
