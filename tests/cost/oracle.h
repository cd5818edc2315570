#pragma once
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "explore/cost/model.h"
#include "hardware/chip.h"

namespace millrace::test {

/// One question to the reference model, and its answer.
struct Triple {
    nlohmann::ordered_json json;
    cost::Nest nest;
    hardware::Core core;
    std::vector<hardware::Dataflow> flows;
    std::vector<cost::Loop> order;
    bool even = false;
};

/// Is there a python3 and the reference?
bool oracleAvailable();
/// Asks for `count` random triples. False, with the failure reported, if the stream breaks off.
bool forEachTriple(std::int64_t count, std::int64_t seed, const std::function<void(const Triple&)>& visit);
/// The same with random sets of corrections (in the nest) and random forced double buffers.
bool forEachCorrectedTriple(std::int64_t count, std::int64_t seed, const std::function<void(const Triple&)>& visit);
/// Like one line of the stream.
Triple readTriple(const std::string& line);
/// "0x1.8p+3"
double hexNumber(const nlohmann::ordered_json& json);

}  // namespace millrace::test
