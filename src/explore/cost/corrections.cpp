#include "explore/cost/corrections.h"

namespace millrace::cost {

std::string_view name(Correction correction) {
    switch (correction) {
        case Correction::readback: return "readback";
        case Correction::ragged: return "ragged";
        case Correction::halo: return "halo";
        case Correction::loading: return "loading";
        case Correction::borrowing: return "borrowing";
        case Correction::buffering: return "buffering";
        case Correction::shares: return "shares";
    }
    return "";
}

Corrections Corrections::all() {
    Corrections result;
    for (const Correction correction : kCorrections) result.add(correction);
    return result;
}

std::optional<Corrections> Corrections::named(std::string_view wanted) {
    if (wanted == "all") return all();
    for (const Correction correction : kCorrections) {
        if (cost::name(correction) != wanted) continue;
        Corrections result;
        result.add(correction);
        return result;
    }
    return std::nullopt;
}

std::vector<std::string> Corrections::names() const {
    std::vector<std::string> result;
    for (const Correction correction : kCorrections) {
        if (has(correction)) result.emplace_back(cost::name(correction));
    }
    return result;
}

}  // namespace millrace::cost
