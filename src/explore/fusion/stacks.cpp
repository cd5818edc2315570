#include "explore/fusion/stacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace millrace::fusion {

using workload::LayerId;

Stacks singleLayers(const workload::Workload& workload) {
    Stacks stacks;
    for (const LayerId id : workload.layers.ids()) stacks.push_back({id});
    return stacks;
}

static std::vector<std::string> namesOf(const workload::Workload& workload) {
    std::vector<std::string> names;
    for (const workload::Layer& layer : workload.layers) names.push_back(layer.name);
    return names;
}

static std::optional<LayerId> mustFind(const workload::Workload& workload, std::string_view reference,
                                       std::string_view where, Diagnostics& diagnostics) {
    const auto found = findLayer(workload, reference);
    if (found) return found;
    const std::string close = nearestName(reference, namesOf(workload));
    diagnostics.error({std::string(where)},
                      fmt::format("the workload '{}' has no layer '{}'", workload.name, reference),
                      close.empty() ? fmt::format("layers by name, or by number from 0 to {}",
                                                  static_cast<std::int64_t>(workload.layers.size()) - 1)
                                    : fmt::format("did you mean '{}'?", close));
    return std::nullopt;
}

/// A layer, "FROM..TO", or "3-7". A layer whose name looks like a range is that layer.
static bool addLayers(const workload::Workload& workload, std::string_view item, std::vector<LayerId>& layers,
                      Diagnostics& diagnostics) {
    const auto add = [&](std::string_view from, std::string_view to) {
        const auto first = mustFind(workload, from, "--stacks", diagnostics);
        const auto last = mustFind(workload, to, "--stacks", diagnostics);
        if (!first || !last) return false;
        if (*last < *first) {
            diagnostics.error({"--stacks"}, fmt::format("'{}' runs backwards: layer {} stands before layer {}", item,
                                                        last->index(), first->index()));
            return false;
        }
        for (std::size_t i = first->index(); i <= last->index(); ++i) layers.push_back(LayerId(i));
        return true;
    };
    if (findLayer(workload, item)) return add(item, item);
    const std::size_t dots = item.find("..");
    if (dots != std::string_view::npos) return add(item.substr(0, dots), item.substr(dots + 2));
    const std::size_t dash = item.find('-');
    const bool numbers = dash != std::string_view::npos && dash > 0 && dash + 1 < item.size() &&
                         item.find_first_not_of("0123456789-") == std::string_view::npos;
    return numbers ? add(item.substr(0, dash), item.substr(dash + 1)) : add(item, item);
}

static std::optional<Stacks> byHand(const workload::Workload& workload, const PlanOptions& options,
                                    Diagnostics& diagnostics) {
    Stacks stacks;
    Table<LayerId, std::size_t> stackOf(workload.layers.size(), options.stacks.size());
    bool good = true;
    for (const std::vector<std::string>& items : options.stacks) {
        std::vector<LayerId> layers;
        for (const std::string& item : items) good = addLayers(workload, item, layers, diagnostics) && good;
        for (const LayerId layer : layers) {
            if (stackOf[layer] != options.stacks.size()) {
                diagnostics.error({"--stacks"},
                                  fmt::format("layer {} ('{}') is named twice, in stacks {} and {}", layer.index(),
                                              workload.layers[layer].name, stackOf[layer], stacks.size()));
                good = false;
            }
            stackOf[layer] = stacks.size();
        }
        stacks.push_back(std::move(layers));
    }
    return good ? std::optional(std::move(stacks)) : std::nullopt;
}

static std::optional<Stacks> afterCuts(const workload::Workload& workload, const PlanOptions& options,
                                       Diagnostics& diagnostics) {
    std::set<LayerId> cuts;
    bool good = true;
    for (const std::string& cut : options.cuts) {
        const auto layer = mustFind(workload, cut, "--cut-after", diagnostics);
        if (layer) cuts.insert(*layer);
        good = good && layer;
    }
    if (!good) return std::nullopt;
    Stacks stacks;
    bool open = false;
    for (const LayerId id : workload.layers.ids()) {
        if (!open) stacks.emplace_back();
        stacks.back().push_back(id);
        open = cuts.count(id) == 0;
    }
    return stacks;
}

std::optional<Stacks> namedStacks(const workload::Workload& workload, const Reads& reads, const PlanOptions& options,
                                  Diagnostics& diagnostics) {
    if (options.stacking == Stacking::layers) return singleLayers(workload);
    if (options.stacking == Stacking::cuts) return afterCuts(workload, options, diagnostics);
    auto stacks = byHand(workload, options, diagnostics);
    return stacks ? inOrder(workload, reads, std::move(*stacks), diagnostics) : std::nullopt;
}

static void addOthers(const workload::Workload& workload, Stacks& stacks) {
    std::set<LayerId> held;
    for (std::vector<LayerId>& stack : stacks) {
        std::sort(stack.begin(), stack.end());
        held.insert(stack.begin(), stack.end());
    }
    for (const LayerId id : workload.layers.ids()) {
        if (held.count(id) == 0) stacks.push_back({id});
    }
    stacks.erase(std::remove_if(stacks.begin(), stacks.end(), [](const auto& stack) { return stack.empty(); }),
                 stacks.end());
    std::sort(stacks.begin(), stacks.end(), [](const auto& a, const auto& b) { return a.front() < b.front(); });
}

/// Of the stacks that never get ready, two layers that hold each other's stacks up.
static void reportCircle(const workload::Workload& workload, const Reads& reads, const Stacks& stacks,
                         const Table<LayerId, std::size_t>& stackOf, const std::vector<bool>& done,
                         Diagnostics& diagnostics) {
    const auto blocker = [&](std::size_t s) {
        for (const LayerId reader : stacks[s]) {
            for (const Read& read : reads[reader]) {
                const std::size_t other = stackOf[read.producer];
                if (other != s && !done[other]) return std::pair(reader, read.producer);
            }
        }
        return std::pair(LayerId(), LayerId());
    };
    std::size_t at = 0;
    while (done[at]) ++at;
    for (std::size_t step = 0; step < stacks.size(); ++step) at = stackOf[blocker(at).second];
    const auto [reader, producer] = blocker(at);
    diagnostics.error(
        {},
        fmt::format("the stacks cannot run one after another: layer {} ('{}') reads from layer {} ('{}') "
                    "of another stack, and that stack needs results of its own",
                    reader.index(), workload.layers[reader].name, producer.index(), workload.layers[producer].name),
        "fuse the layers in between as well, or take the two apart");
}

std::optional<Stacks> inOrder(const workload::Workload& workload, const Reads& reads, Stacks stacks,
                              Diagnostics& diagnostics) {
    addOthers(workload, stacks);
    Table<LayerId, std::size_t> stackOf(workload.layers.size());
    for (std::size_t s = 0; s < stacks.size(); ++s) {
        for (const LayerId layer : stacks[s]) stackOf[layer] = s;
    }
    std::vector<std::set<std::size_t>> readers(stacks.size());
    std::vector<std::size_t> waitsFor(stacks.size(), 0);
    for (const LayerId layer : workload.layers.ids()) {
        for (const Read& read : reads[layer]) {
            const std::size_t from = stackOf[read.producer];
            if (from != stackOf[layer] && readers[from].insert(stackOf[layer]).second) ++waitsFor[stackOf[layer]];
        }
    }
    std::set<std::size_t> ready;
    for (std::size_t s = 0; s < stacks.size(); ++s) {
        if (waitsFor[s] == 0) ready.insert(s);
    }
    Stacks result;
    std::vector<bool> done(stacks.size(), false);
    while (!ready.empty()) {
        const std::size_t next = *ready.begin();
        ready.erase(ready.begin());
        done[next] = true;
        result.push_back(stacks[next]);
        for (const std::size_t reader : readers[next]) {
            if (--waitsFor[reader] == 0) ready.insert(reader);
        }
    }
    if (result.size() == stacks.size()) return result;
    reportCircle(workload, reads, stacks, stackOf, done, diagnostics);
    return std::nullopt;
}

/// How many of the layers of a full stack, which `next` follows, should stay in it: from half of them on the border
/// that the fewest results cross, of equals the last.
static std::size_t goodEnd(const Reads& reads, const std::vector<LayerId>& layers, LayerId next) {
    std::size_t best = layers.size();
    std::size_t fewest = crossing(reads, next);
    for (std::size_t kept = layers.size() - 1; kept > 0 && 2 * kept >= layers.size(); --kept) {
        const std::size_t results = crossing(reads, layers[kept]);
        if (results >= fewest) continue;
        fewest = results;
        best = kept;
    }
    return best;
}

Stacks stacksThatFit(const workload::Workload& workload, const Reads& reads,
                     const std::function<bool(const std::vector<LayerId>&)>& fits) {
    Stacks stacks;
    std::vector<LayerId> open;
    for (const LayerId id : workload.layers.ids()) {
        const bool barrier = std::any_of(reads[id].begin(), reads[id].end(), [&](const Read& read) {
            return read.whole && !open.empty() && read.producer >= open.front();
        });
        if (barrier) {
            stacks.push_back(std::move(open));
            open.clear();
        }
        open.push_back(id);
        while (open.size() > 1 && !fits(open)) {
            open.pop_back();
            const auto end = open.begin() + static_cast<std::ptrdiff_t>(goodEnd(reads, open, id));
            std::vector<LayerId> rest(end, open.end());
            open.erase(end, open.end());
            stacks.push_back(std::move(open));
            open = std::move(rest);
            open.push_back(id);
        }
    }
    if (!open.empty()) stacks.push_back(std::move(open));
    return stacks;
}

}  // namespace millrace::fusion
