#include "hardware/linkreader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "hardware/quantity.h"

namespace millrace::hardware {
namespace {

constexpr std::int64_t kMostCores = std::int64_t{1} << 31;
constexpr std::size_t kMostMembers = std::size_t{1} << 18;

std::optional<CoreId> readCoreId(const yaml::Node& node, std::string_view what, const Chip& chip,
                                 Diagnostics& diagnostics) {
    if (node.scalar == "offchip" && chip.offchip.valid()) return chip.offchip;
    const auto number = yaml::integer(node, fmt::format("a core of {}", what), diagnostics);
    if (!number) return std::nullopt;
    if (*number < 0 || *number >= kMostCores || !chip.cores.contains(CoreId(static_cast<std::size_t>(*number)))) {
        diagnostics.error(node.where, fmt::format("{} names core {}, but the chip has cores 0 to {}", what, *number,
                                                  chip.cores.size() - 1));
        return std::nullopt;
    }
    return CoreId(static_cast<std::size_t>(*number));
}

std::string joined(const std::vector<CoreId>& cores) {
    std::string result;
    for (const CoreId core : cores) result += (result.empty() ? "" : ", ") + std::to_string(core.index());
    return result;
}

class LinkReader {
public:
    LinkReader(const LinkDefaults& defaults, Chip& chip, ChipSites& sites, Diagnostics& diagnostics)
        : defaults_(defaults), chip_(chip), sites_(sites), diagnostics_(diagnostics) {}

    void addLink(CoreId from, CoreId to, const Link& like, const SourceLocation& where) {
        Link link = like;
        link.cores = {from, to};
        if (link.name.empty()) link.name = fmt::format("core {} -> core {}", from.index(), to.index());
        add(std::move(link), where);
    }

    void addBus(const std::vector<CoreId>& cores, Link link, const SourceLocation& where) {
        link.bus = true;
        link.cores = cores;
        if (link.name.empty()) link.name = "bus " + joined(cores);
        add(std::move(link), where);
    }

    void addBoth(const std::vector<CoreId>& pair, const Link& like, const SourceLocation& where) {
        if (pair[0] == pair[1]) {
            diagnostics_.error(where, fmt::format("core {} is linked with itself", pair[0].index()));
            return;
        }
        if (linked_.count({pair[0], pair[1]}) + linked_.count({pair[1], pair[0]}) > 0) {
            diagnostics_.error(where, fmt::format("cores {} and {} are linked twice", pair[0].index(), pair[1].index()),
                               "remove one, or give one link more bandwidth");
            return;
        }
        addLink(pair[0], pair[1], like, where);
        addLink(pair[1], pair[0], like, where);
    }

    /// Bandwidth and energy of an entry of Stream's form; `map` may be null.
    std::optional<Link> streamLink(yaml::MapReader* map, const SourceLocation& where) {
        const auto width = bandwidth(map, where);
        if (!width) return std::nullopt;
        Link link;
        link.bandwidth = *width;
        const double energy =
            map == nullptr ? defaults_.energyPerCycle : map->real("unit_energy_cost", defaults_.energyPerCycle);
        link.energyPerBit = energy / static_cast<double>(*width);
        return link;
    }

    std::optional<std::int64_t> bandwidth(yaml::MapReader* map, const SourceLocation& where) {
        const yaml::Node* node = map == nullptr ? nullptr : map->find("bandwidth");
        if (node != nullptr) return readBandwidth(*node, fmt::format("'bandwidth' of {}", map->what()), diagnostics_);
        if (!defaults_.bandwidth) {
            diagnostics_.error(where, "this link has no bandwidth, and neither has the chip", "add 'bandwidth'");
        }
        return defaults_.bandwidth;
    }

    void readStreamMap(const yaml::Node& node) {
        yaml::MapReader map(node, "a link", diagnostics_);
        const std::string type = map.text("type", "link");
        const yaml::Node* members = map.require("cores");
        const auto like = streamLink(&map, node.where);
        map.finish();
        if (type != "link" && type != "bus") {
            diagnostics_.error(map.find("type")->where, fmt::format("the type of a link is '{}'", type),
                               "it must be link or bus");
            return;
        }
        if (members == nullptr || !like) return;
        const auto cores = readCoreIds(*members, "a link", chip_, diagnostics_);
        if (cores) addStream(*cores, type == "bus", *like, members->where);
    }

    void addStream(const std::vector<CoreId>& cores, bool bus, const Link& like, const SourceLocation& where) {
        if (cores.size() < 2 || (!bus && cores.size() > 2)) {
            diagnostics_.error(where, fmt::format("a {} joins {} cores", bus ? "bus" : "link", cores.size()),
                               "a link joins two, a bus two or more");
        } else if (bus) {
            addBus(cores, like, where);
        } else {
            addBoth(cores, like, where);
        }
    }

    void readOwn(const yaml::Node& node) {
        yaml::MapReader map(node, "a link", diagnostics_);
        if (!map.valid()) return;
        Link like;
        like.name = map.text("name", "");
        like.energyPerBit = map.real("energy_per_bit", defaults_.energyPerBit);
        const auto width = bandwidth(&map, node.where);
        like.bandwidth = width.value_or(1);
        const yaml::Node* from = map.find("from");
        const yaml::Node* to = map.find("to");
        const yaml::Node* between = map.find("between");
        const yaml::Node* bus = map.find("bus");
        if ((from != nullptr) + (between != nullptr) + (bus != nullptr) != 1 || (from == nullptr) != (to == nullptr)) {
            diagnostics_.error(node.where, "a link needs one of: 'from' and 'to', 'between', 'bus'");
        } else if (from != nullptr) {
            const auto a = readCoreId(*from, "'from'", chip_, diagnostics_);
            const auto b = readCoreId(*to, "'to'", chip_, diagnostics_);
            if (a && b) addLink(*a, *b, like, node.where);
        } else if (between != nullptr) {
            const auto pair = readCoreIds(*between, "'between'", chip_, diagnostics_);
            if (pair) addStream(*pair, false, like, between->where);
        } else {
            readHub(map, like);
            const auto cores = readCoreIds(*bus, "'bus'", chip_, diagnostics_);
            if (cores) addStream(*cores, true, like, bus->where);
        }
        map.finish();
    }

private:
    void add(Link link, const SourceLocation& where) {
        members_ += link.cores.size();
        if (members_ > kMostMembers) {
            if (members_ - link.cores.size() <= kMostMembers)
                diagnostics_.error(where, fmt::format("the links join more than {} cores in all", kMostMembers));
            return;
        }
        if (!link.bus) linked_.emplace(link.cores[0], link.cores[1]);
        chip_.links.add(std::move(link));
        sites_.links.push_back(where);
    }

    void readHub(yaml::MapReader& map, Link& link) {
        const yaml::Node* hub = map.find("hub");
        const std::string carries = map.text("carries", "both");
        if (hub == nullptr) return;
        link.hub = readCoreId(*hub, "'hub'", chip_, diagnostics_).value_or(CoreId());
        if (carries == "both") return;
        link.hubTransfers = carries == "to_hub" ? HubTransfers::toHub : HubTransfers::fromHub;
        if (carries == "to_hub" || carries == "from_hub") return;
        diagnostics_.error(map.find("carries")->where, fmt::format("'carries' of a bus is '{}'", carries),
                           "it must be both, from_hub or to_hub");
    }

    const LinkDefaults& defaults_;
    Chip& chip_;
    ChipSites& sites_;
    Diagnostics& diagnostics_;
    std::set<std::pair<CoreId, CoreId>> linked_;
    std::size_t members_ = 0;
};

bool isList(const yaml::Node& node, std::string_view what, Diagnostics& diagnostics) {
    if (node.isSequence()) return true;
    diagnostics.error(node.where, fmt::format("{} must be a list, but is {}", what, node.describe()));
    return false;
}

}  // namespace

std::optional<std::vector<CoreId>> readCoreIds(const yaml::Node& node, std::string_view what, const Chip& chip,
                                               Diagnostics& diagnostics) {
    std::vector<yaml::Node> items = node.items;
    if (node.isScalar()) {
        std::istringstream parts(node.scalar);
        std::string part;
        while (std::getline(parts, part, ',')) {
            yaml::Node item;
            item.kind = yaml::Node::Kind::scalar;
            const std::size_t begin = std::min(part.find_first_not_of(' '), part.size());
            item.scalar = part.substr(begin, part.find_last_not_of(' ') + 1 - begin);
            item.where = node.where;
            items.push_back(std::move(item));
        }
    }
    if (items.empty()) {
        diagnostics.error(node.where,
                          fmt::format("{} must be a list of cores such as '0, 1', but is {}", what, node.describe()));
        return std::nullopt;
    }
    std::vector<CoreId> result;
    for (const yaml::Node& item : items) {
        const auto id = readCoreId(item, what, chip, diagnostics);
        if (!id) return std::nullopt;
        result.push_back(*id);
    }
    return result;
}

void readConnectivity(const yaml::Node& node, const LinkDefaults& defaults, Chip& chip, ChipSites& sites,
                      Diagnostics& diagnostics) {
    if (!isList(node, "'core_connectivity'", diagnostics)) return;
    LinkReader reader(defaults, chip, sites, diagnostics);
    for (const yaml::Node& item : node.items) {
        if (item.isMap()) {
            reader.readStreamMap(item);
            continue;
        }
        const auto cores = readCoreIds(item, "a link", chip, diagnostics);
        if (!cores) continue;
        const auto like = reader.streamLink(nullptr, item.where);
        if (like) reader.addStream(*cores, cores->size() > 2, *like, item.where);
    }
}

void readLinks(const yaml::Node& node, const LinkDefaults& defaults, Chip& chip, ChipSites& sites,
               Diagnostics& diagnostics) {
    if (!isList(node, "'links'", diagnostics)) return;
    LinkReader reader(defaults, chip, sites, diagnostics);
    for (const yaml::Node& item : node.items) reader.readOwn(item);
}

}  // namespace millrace::hardware
