#include "hardware/chiprules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "hardware/check.h"

namespace millrace::hardware {
namespace {

std::string called(const Chip& chip, CoreId id) {
    return chip.cores.contains(id) ? fmt::format("core {} ('{}')", id.index(), chip.cores[id].name)
                                   : std::string("a core that the chip does not have");
}

bool holds(const std::vector<CoreId>& cores, CoreId id) {
    return std::find(cores.begin(), cores.end(), id) != cores.end();
}

bool hasRepeats(const std::vector<CoreId>& cores) {
    return std::set<CoreId>(cores.begin(), cores.end()).size() != cores.size();
}

bool checkMembers(const Chip& chip, const Link& link, const SourceLocation& where, Diagnostics& diagnostics) {
    for (const CoreId id : link.cores) {
        if (chip.cores.contains(id)) continue;
        diagnostics.error(where, fmt::format("link '{}' joins core {}, but the chip has cores 0 to {}", link.name,
                                             id.valid() ? std::to_string(id.index()) : "?", chip.cores.size() - 1));
        return false;
    }
    if (link.cores.size() < 2 || (!link.bus && link.cores.size() > 2)) {
        diagnostics.error(where, fmt::format("link '{}' joins {} cores: a link joins two, a bus two or more", link.name,
                                             link.cores.size()));
        return false;
    }
    if (hasRepeats(link.cores)) {
        diagnostics.error(where, fmt::format("link '{}' joins a core with itself", link.name));
        return false;
    }
    if (link.hub.valid() && (!link.bus || !holds(link.cores, link.hub))) {
        diagnostics.error(where, fmt::format("the hub of '{}' is not a member of that bus", link.name));
        return false;
    }
    return true;
}

/// Why the outermost memories of two cores for an operand differ; empty if they do not.
std::string difference(const Core& a, const Core& b, MemoryOperand operand) {
    const auto topA = a.top(operand);
    const auto topB = b.top(operand);
    if (!topA || !topB) return fmt::format("one has no memory for {}", name(operand));
    const Memory& x = a.memories[*topA];
    const Memory& y = b.memories[*topB];
    if (x.size != y.size)
        return fmt::format("{} has {} bits, {} has {}", x.name, x.size.value(), y.name, y.size.value());
    if (x.readCost != y.readCost) return fmt::format("a read costs {} and {} pJ", x.readCost, y.readCost);
    if (x.writeCost != y.writeCost) return fmt::format("a write costs {} and {} pJ", x.writeCost, y.writeCost);
    if (x.operands != y.operands) return "they hold different operands";
    if (x.ports != y.ports) return "their ports differ";
    return {};
}

/// Who can reach whom, with the wires of each core at hand.
class Reach {
public:
    explicit Reach(const Chip& chip) : chip_(chip), wires_(chip.cores.size()), groups_(chip.cores.size(), nullptr) {
        for (const LinkId id : chip.links.ids()) {
            const Link& link = chip.links[id];
            const std::size_t senders = link.bus ? link.cores.size() : 1;
            for (std::size_t i = 0; i < senders; ++i) wires_[link.cores[i].index()].push_back(id);
        }
        for (const std::vector<CoreId>& group : chip.sharedMemories) {
            for (const CoreId id : group) groups_[id.index()] = &group;
        }
    }

    /// Cores that data of `start` can reach; the way does not lead through the off-chip core. Each wire is walked once
    /// for its hub and once for the others.
    std::vector<bool> from(CoreId start) const {
        std::vector<bool> seen(chip_.cores.size(), false);
        std::vector<bool> walked(2 * chip_.links.size(), false);
        std::vector<CoreId> open{start};
        seen[start.index()] = true;
        const auto visit = [&](CoreId id) {
            if (!seen[id.index()] && !chip_.isOffchip(id)) open.push_back(id);
            seen[id.index()] = true;
        };
        while (!open.empty()) {
            const CoreId at = open.back();
            open.pop_back();
            if (groups_[at.index()] != nullptr)
                std::for_each(groups_[at.index()]->begin(), groups_[at.index()]->end(), visit);
            for (const LinkId id : wires_[at.index()]) {
                const Link& link = chip_.links[id];
                const bool fromHub = at == link.hub;
                std::vector<bool>::reference done = walked[2 * id.index() + (fromHub ? 1 : 0)];
                if (done) continue;
                done = true;
                if (link.hub.valid() && !fromHub) {
                    if (link.connects(at, link.hub)) visit(link.hub);
                } else if (!fromHub || link.hubTransfers != HubTransfers::toHub) {
                    std::for_each(link.cores.begin(), link.cores.end(), visit);
                }
            }
        }
        return seen;
    }

private:
    const Chip& chip_;
    std::vector<std::vector<LinkId>> wires_;
    std::vector<const std::vector<CoreId>*> groups_;
};

}  // namespace

void checkLinks(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics) {
    std::set<std::pair<CoreId, CoreId>> pairs;
    for (const LinkId id : chip.links.ids()) {
        const Link& link = chip.links[id];
        const SourceLocation& where = sites.links[id.index()];
        if (link.bandwidth < 1) {
            diagnostics.error(where, fmt::format("the bandwidth of link '{}' must be at least 1 bit a cycle, but is {}",
                                                 link.name, link.bandwidth));
        }
        if (!(link.energyPerBit >= 0)) {
            diagnostics.error(where, fmt::format("the energy of link '{}' must not be negative, but is {}", link.name,
                                                 link.energyPerBit));
        }
        if (!checkMembers(chip, link, where, diagnostics) || link.bus) continue;
        if (!pairs.emplace(link.cores[0], link.cores[1]).second) {
            diagnostics.error(
                where, fmt::format("cores {} and {} are linked twice", link.cores[0].index(), link.cores[1].index()),
                "remove one, or give one link more bandwidth");
        }
    }
}

void checkSharing(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics) {
    std::set<CoreId> grouped;
    for (std::size_t g = 0; g < chip.sharedMemories.size(); ++g) {
        const std::vector<CoreId>& group = chip.sharedMemories[g];
        const SourceLocation& where = sites.shared[g];
        const bool known = std::all_of(group.begin(), group.end(), [&](CoreId id) { return chip.cores.contains(id); });
        if (!known || group.size() < 2 || hasRepeats(group)) {
            diagnostics.error(
                where,
                fmt::format("a group of cores that share memories needs two or more different cores from 0 to {}",
                            chip.cores.size() - 1));
            continue;
        }
        for (const CoreId id : group) {
            if (!grouped.insert(id).second)
                diagnostics.error(where, called(chip, id) + " shares memories in two groups");
        }
        for (const CoreId other : group) {
            for (const MemoryOperand operand : kMemoryOperands) {
                const std::string why = difference(chip.cores[group[0]], chip.cores[other], operand);
                if (why.empty()) continue;
                diagnostics.error(
                    where, fmt::format("{} and {} share memories, but their outermost memories for {} differ: {}",
                                       called(chip, group[0]), called(chip, other), name(operand), why));
                break;
            }
        }
        for (const Link& link : chip.links) {
            const auto inside =
                std::count_if(link.cores.begin(), link.cores.end(), [&](CoreId id) { return holds(group, id); });
            if (inside < 2 || link.hub.valid()) continue;
            diagnostics.error(where, fmt::format("link '{}' joins cores that share memories", link.name),
                              "cores with a common memory need no link: remove it");
        }
    }
}

void checkReach(const Chip& chip, const ChipSites& sites, Diagnostics& diagnostics) {
    const Reach ways(chip);
    std::vector<std::vector<bool>> reach;
    for (const CoreId id : chip.cores.ids()) reach.push_back(ways.from(id));
    const std::vector<CoreId> cores = chip.computeCores();
    std::size_t apart = 0;
    std::pair<CoreId, CoreId> first;
    for (const CoreId from : cores) {
        if (chip.offchip.valid() &&
            (!reach[from.index()][chip.offchip.index()] || !reach[chip.offchip.index()][from.index()])) {
            diagnostics.warning(sites.chip,
                                fmt::format("{} has no way to or from the off-chip memory", called(chip, from)));
        }
        for (const CoreId to : cores) {
            if (reach[from.index()][to.index()]) continue;
            if (apart++ == 0) first = {from, to};
        }
    }
    if (apart == 0) return;
    diagnostics.warning(
        sites.chip,
        fmt::format("{} of {} pairs of cores have no way that avoids the off-chip memory; the first: {} to {}", apart,
                    cores.size() * (cores.size() - 1), called(chip, first.first), called(chip, first.second)));
}

bool check(const Chip& chip, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    const SourceLocation where{chip.file};
    if (chip.cores.empty()) diagnostics.error(where, fmt::format("the chip '{}' has no cores", chip.name));
    if (chip.offchip.valid() && !chip.cores.contains(chip.offchip)) {
        diagnostics.error(where, fmt::format("the off-chip core of '{}' is not among its cores", chip.name));
    }
    for (const Core& core : chip.cores) check(core, diagnostics);
    const ChipSites sites{where, std::vector<SourceLocation>(chip.links.size(), where),
                          std::vector<SourceLocation>(chip.sharedMemories.size(), where)};
    checkLinks(chip, sites, diagnostics);
    checkSharing(chip, sites, diagnostics);
    if (diagnostics.failures() != before) return false;
    checkReach(chip, sites, diagnostics);
    return true;
}

}  // namespace millrace::hardware
