#include <fmt/format.h>

#include <algorithm>

#include "support/yaml.h"

namespace millrace::yaml {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

MapReader::MapReader(const Node& node, std::string what, Diagnostics& diagnostics)
    : node_(node), what_(std::move(what)), diagnostics_(diagnostics), valid_(node.isMap()) {
    if (!valid_) diagnostics_.error(node.where, fmt::format("{} must be a map, but is {}", what_, node.describe()));
}

const Node* MapReader::find(std::string_view key) {
    if (!contains(known_, key)) known_.emplace_back(key);
    const Node* value = node_.find(key);
    return value == nullptr || value->isNull() ? nullptr : value;
}

const Node* MapReader::require(std::string_view key) {
    const Node* value = find(key);
    if (value != nullptr || !valid_) return value;
    const Node* empty = node_.find(key);
    missing_.emplace_back(key);
    if (empty != nullptr) {
        diagnostics_.error(empty->where, fmt::format("'{}' of {} is empty", key, what_));
    } else {
        diagnostics_.error(node_.where, fmt::format("{} has no '{}'", what_, key));
    }
    return nullptr;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key) {
    const Node* value = require(key);
    if (value == nullptr) return std::nullopt;
    return yaml::integer(*value, fmt::format("'{}' of {}", key, what_), diagnostics_);
}

std::optional<double> MapReader::real(std::string_view key) {
    const Node* value = require(key);
    if (value == nullptr) return std::nullopt;
    return yaml::real(*value, fmt::format("'{}' of {}", key, what_), diagnostics_);
}

std::optional<std::string> MapReader::text(std::string_view key) {
    const Node* value = require(key);
    if (value == nullptr) return std::nullopt;
    return yaml::text(*value, fmt::format("'{}' of {}", key, what_), diagnostics_);
}

std::int64_t MapReader::integer(std::string_view key, std::int64_t otherwise) {
    return find(key) == nullptr ? otherwise : integer(key).value_or(otherwise);
}

double MapReader::real(std::string_view key, double otherwise) {
    return find(key) == nullptr ? otherwise : real(key).value_or(otherwise);
}

bool MapReader::boolean(std::string_view key, bool otherwise) {
    const Node* value = find(key);
    if (value == nullptr) return otherwise;
    return yaml::boolean(*value, fmt::format("'{}' of {}", key, what_), diagnostics_).value_or(otherwise);
}

std::string MapReader::text(std::string_view key, std::string otherwise) {
    return find(key) == nullptr ? std::move(otherwise) : text(key).value_or(std::move(otherwise));
}

void MapReader::finish() {
    for (const auto& [key, value] : node_.entries) {
        if (contains(known_, key.scalar)) continue;
        const std::string message = fmt::format("{} has no field '{}'", what_, key.scalar);
        // A misspelt name of a required key is one mistake: its absence has been reported.
        if (const std::string meant = nearestName(key.scalar, missing_); !meant.empty()) {
            diagnostics_.add({Severity::note, key.where, message, fmt::format("did you mean '{}'?", meant)});
            continue;
        }
        const std::string nearest = nearestName(key.scalar, known_);
        std::string hint = nearest.empty() ? fmt::format("known: {}", fmt::join(known_, ", "))
                                           : fmt::format("did you mean '{}'?", nearest);
        diagnostics_.error(key.where, message, std::move(hint));
    }
}

}  // namespace millrace::yaml
