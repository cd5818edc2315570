#include <filesystem>

#include "cli/verbs.h"
#include "support/files.h"

namespace millrace::cli {

std::set<std::string> optionsSaid(const CLI::App& verb) {
    std::set<std::string> said;
    for (const CLI::Option* option : verb.get_options()) {
        if (option->count() > 0) said.insert(option->get_name());
    }
    return said;
}

void takeFromFile(const mapping::Mapping* mapping, const std::set<std::string>& said, explore::Options& options) {
    if (mapping == nullptr || !mapping->schedule) return;
    const mapping::Schedule& file = *mapping->schedule;
    using mapper::Objective;
    for (const Objective objective : {Objective::latency, Objective::energy, Objective::edp}) {
        if (file.objective == mapper::name(objective) && said.count("--objective") == 0) options.objective = objective;
    }
    if (file.lpfLimit && said.count("--lpf-limit") == 0) options.lpfLimit = static_cast<int>(*file.lpfLimit);
    options.prefetch = options.prefetch || file.prefetch.value_or(false);
}

static fusion::Halo haloNamed(const std::string& text) {
    if (text == fusion::name(fusion::Halo::again)) return fusion::Halo::again;
    return text == fusion::name(fusion::Halo::recompute) ? fusion::Halo::recompute : fusion::Halo::keep;
}

static fusion::Policy policyOf(const FusedChoice& choice, const mapping::Schedule& file) {
    const auto said = [&](const char* option) { return choice.said.count(option) > 0; };
    fusion::Policy policy = fusion::policyFrom(file, {});
    if (said("--halo")) policy.halo = haloNamed(choice.halo);
    if (said("--lookahead")) policy.lookahead = choice.lookahead;
    policy.fillGaps = policy.fillGaps && choice.fillGaps;
    policy.multicast = policy.multicast && choice.multicast;
    return policy;
}

static bool takeOrderFile(const std::string& path, explore::FusedOptions& options, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics);
    if (!text) return false;
    options.orders = {fusion::Order::given};
    options.order = *text;
    options.orderFile = path;
    return true;
}

bool choosePolicy(const FusedChoice& choice, const mapping::Mapping* mapping, explore::FusedOptions& options,
                  Diagnostics& diagnostics) {
    const mapping::Schedule nothing;
    const mapping::Schedule& file = mapping != nullptr && mapping->schedule ? *mapping->schedule : nothing;
    options.policy = policyOf(choice, file);
    options.policy.prefetch = options.common.prefetch;
    options.said.halo = file.halo || choice.said.count("--halo") > 0;
    options.said.lookahead = file.lookahead || choice.said.count("--lookahead") > 0;
    options.said.prefetch = file.prefetch || choice.said.count("--prefetch") > 0;
    if (!choice.orderFile.empty()) return takeOrderFile(choice.orderFile, options, diagnostics);
    const bool fromFile = choice.said.count("--order") == 0;
    if (fromFile && file.orderIsFile()) {
        const auto folder = std::filesystem::path(mapping->file).parent_path();
        return takeOrderFile((folder / *file.order).string(), options, diagnostics);
    }
    const std::string order = fromFile ? file.order.value_or(choice.order) : choice.order;
    for (const fusion::Order own : fusion::ownOrders()) {
        if (order != fusion::name(own)) continue;
        options.orders = {own};
        options.said.order = true;
    }
    return true;
}

}  // namespace millrace::cli
