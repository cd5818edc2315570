#include "report/jsonparts.h"

namespace millrace::report {

Json gapJson(const Result& result) {
    const explore::Bounds& bounds = result.bounds;
    const auto gap = [](double value, double bound) {
        const std::optional<double> above = explore::gap(value, bound);
        return above ? Json(*above) : Json();
    };
    const auto largest = [](const std::vector<explore::BoundTerm>& terms) {
        return terms.empty() ? Json() : Json(terms.front().name);
    };
    return {{"latency",
             gap(static_cast<double>(result.schedule.latency.value()), static_cast<double>(bounds.latency.value()))},
            {"energy", gap(result.schedule.energy.total().value(), bounds.energy.value())},
            {"offchip",
             gap(static_cast<double>(result.offchipTraffic.value()), static_cast<double>(bounds.offchipBits.value()))},
            {"bound_by",
             {{"latency", largest(bounds.latencyTerms)},
              {"energy", largest(bounds.energyTerms)},
              {"offchip", largest(bounds.offchipTerms)}}}};
}

Json transfersJson(const Statistics& sums) {
    Json list = Json::object();
    for (std::size_t i = 0; i < kCauses; ++i) {
        const CauseUse& use = sums.causes[i];
        list[causeName(static_cast<schedule::TransferCause>(i))] = {{"transfers", use.transfers},
                                                                    {"bits", use.bits.value()},
                                                                    {"multicast_transfers", use.carriedAlong},
                                                                    {"multicast_bits", use.carriedBits.value()},
                                                                    {"saved_link_bits", use.savedLinkBits.value()}};
    }
    return list;
}

Json stacksJson(const Result& result, const Statistics& sums) {
    Json list = Json::array();
    for (std::size_t i = 0; i < sums.stacks.size(); ++i) {
        const StackUse& use = sums.stacks[i];
        Json layers = Json::array();
        for (const LayerId layer : result.stacks[i]) layers.push_back(layer.index());
        list.push_back({{"id", i},
                        {"layers", std::move(layers)},
                        {"start_cycle", use.span.start.value()},
                        {"end_cycle", use.span.end.value()},
                        {"tiles", use.tasks},
                        {"energy_pj", use.energy.value()},
                        {"weight_bits", use.weights.value()},
                        {"peak_bits", use.peak.value()},
                        {"offchip_bits", use.offchip.value()}});
    }
    return list;
}

Json causesJson(const IdleSums& sums) {
    Json causes = Json::object();
    for (std::size_t i = 0; i < sums.size(); ++i) {
        causes[schedule::text(static_cast<schedule::IdleCause>(i))] = sums[i].value();
    }
    return causes;
}

Json idleJson(const Result& result, const Waits& waits) {
    if (!waits.known) return {};
    Json list = Json::array();
    for (const Wait& wait : waits.waits) {
        list.push_back({{"cause", schedule::text(wait.cause)},
                        {"kind", kindName(wait.kind)},
                        {"id", wait.index},
                        {"name", nameOf(result, wait)},
                        {"cycles", wait.cycles.value()}});
    }
    return {{"cores", waits.computing}, {"cycles", causesJson(waits.sums)}, {"waits", std::move(list)}};
}

Json searchJson(const explore::SearchRecord& search) {
    Json json{{"method", search.method},
              {"schedules", search.schedules},
              {"found_at", search.found},
              {"seed", search.seed},
              {"end", search.end}};
    if (search.choices > 0) {
        json["choices"] = search.choices;
        json["ruled_out"] = search.ruledOut;
        json["proven"] = search.proven;
    }
    return json;
}

}  // namespace millrace::report
