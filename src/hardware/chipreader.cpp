#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "hardware/chiprules.h"
#include "hardware/corereader.h"
#include "hardware/linkreader.h"
#include "hardware/offchip.h"
#include "hardware/quantity.h"
#include "hardware/read.h"
#include "hardware/rules.h"
#include "support/files.h"

namespace millrace::hardware {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCores = 4096;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

/// Bytes that a copy of the core takes, roughly.
std::size_t weight(const Core& core) {
    constexpr std::size_t kDataflow = sizeof(Dataflow);
    std::size_t bytes = sizeof(Core) + core.name.size() + core.dataflows.size() * kDataflow;
    for (const std::string& type : core.operatorTypes) bytes += sizeof(std::string) + type.size();
    for (const Memory& memory : core.memories) {
        bytes += sizeof memory + memory.name.size();
        for (const Port& port : memory.ports)
            bytes += sizeof port + port.name.size() + port.uses.size() * sizeof(PortUse);
    }
    for (const Dataflow& dataflow : core.dataflows) bytes += dataflow.unrollings.size() * sizeof(Unrolling);
    return bytes;
}

class ChipReader {
public:
    ChipReader(const yaml::Node& root, const std::string& file, const FileLoader& load, Diagnostics& diagnostics)
        : map_(root, "the chip", diagnostics), file_(file), load_(load), diagnostics_(diagnostics) {}

    std::optional<Chip> read() {
        const std::size_t before = diagnostics_.failures();
        chip_.file = file_;
        chip_.name = map_.text("name").value_or("");
        sites_.chip = map_.node().where;
        readCores();
        readOffchip();
        if (diagnostics_.failures() == before) readWires();
        for (const char* key :
             {"core_connectivity", "links", "core_memory_sharing", "shared_memories", "bandwidth", "unit_energy_cost",
              "energy_per_bit", "automatic_offchip_links", "core_coordinates", "technology_node", "description"}) {
            map_.find(key);
        }
        map_.finish();
        if (diagnostics_.failures() != before) return std::nullopt;
        checkLinks(chip_, sites_, diagnostics_);
        checkSharing(chip_, sites_, diagnostics_);
        if (diagnostics_.failures() != before) return std::nullopt;
        checkReach(chip_, sites_, diagnostics_);
        return std::move(chip_);
    }

private:
    void readCores() {
        const yaml::Node* node = map_.require("cores");
        if (node == nullptr) return;
        if (!node->isMap() || node->entries.empty()) {
            diagnostics_.error(
                node->where, fmt::format("'cores' of the chip must be a map of id: core, but is {}", node->describe()),
                "ids are 0, 1, 2, ...; a core is a file name or a map");
            return;
        }
        if (node->entries.size() > kMostCores) {
            diagnostics_.error(node->where,
                               fmt::format("the chip has {} cores, more than {}", node->entries.size(), kMostCores));
            return;
        }
        std::vector<std::optional<Core>> cores(node->entries.size());
        std::size_t size = 0;
        for (const auto& [key, value] : node->entries) {
            const auto id = yaml::integer(key, "the id of a core", diagnostics_);
            if (!id) continue;
            if (*id < 0 || *id >= static_cast<std::int64_t>(cores.size())) {
                diagnostics_.error(key.where, fmt::format("the id of a core is {}, but {} cores have the ids 0 to {}",
                                                          *id, cores.size(), cores.size() - 1));
                continue;
            }
            std::optional<Core>& place = cores[static_cast<std::size_t>(*id)];
            if (place) diagnostics_.error(key.where, fmt::format("core {} is listed twice", *id));
            const CoreFile* file = readCore(value, fmt::format("core {}", *id));
            place = file == nullptr ? Core() : file->core;
            size += weight(*place);
            if (size > kMostBytes) {
                diagnostics_.error(key.where,
                                   fmt::format("the cores up to this one take more than {} MiB", kMostBytes >> 20));
                return;
            }
        }
        for (std::optional<Core>& core : cores) chip_.cores.add(std::move(core).value_or(Core()));
    }

    void readOffchip() {
        if (const yaml::Node* id = map_.find("offchip_core_id")) {
            const auto number = yaml::integer(*id, "'offchip_core_id' of the chip", diagnostics_);
            const bool known = number && *number >= 0 && static_cast<std::uint64_t>(*number) < chip_.cores.size();
            if (known) {
                chip_.offchip = CoreId(static_cast<std::size_t>(*number));
            } else if (number) {
                diagnostics_.error(id->where, fmt::format("'offchip_core_id' is {}, but the chip has cores 0 to {}",
                                                          *number, chip_.cores.size() - 1));
            }
            return;
        }
        const yaml::Node* node = map_.find("offchip_core");
        if (node == nullptr) {
            diagnostics_.warning(map_.node().where, "the chip has no off-chip memory", "name one with 'offchip_core'");
            return;
        }
        const CoreFile* file = readCore(*node, "the off-chip core");
        if (file != nullptr) chip_.offchip = chip_.cores.add(file->core);
    }

    /// A core from its map or its file. A file, and an inline core that stands in several places by a YAML alias, is
    /// read once.
    const CoreFile* readCore(const yaml::Node& node, const std::string& what) {
        if (node.isScalar()) return readCoreFile(node, what);
        if (!node.isMap()) {
            diagnostics_.error(node.where,
                               fmt::format("{} must be a file name or a map, but is {}", what, node.describe()));
            return nullptr;
        }
        const auto [entry, isNew] = known_.try_emplace(node.where.text());
        if (isNew) entry->second = readCoreNode(node, file_, diagnostics_);
        return entry->second ? &*entry->second : nullptr;
    }

    const CoreFile* readCoreFile(const yaml::Node& node, const std::string& what) {
        const fs::path folder = fs::path(file_).parent_path();
        const fs::path base = fs::path(node.scalar).filename();
        std::vector<std::string> tried;
        for (const fs::path& candidate :
             {folder / node.scalar, folder / "cores" / node.scalar, folder / base, folder / "cores" / base}) {
            const std::string path = candidate.lexically_normal().string();
            if (const auto found = known_.find(path); found != known_.end())
                return found->second ? &*found->second : nullptr;
            const std::optional<std::string> text = load_(path);
            if (!text) {
                if (std::find(tried.begin(), tried.end(), path) == tried.end()) tried.push_back(path);
                continue;
            }
            const auto root = yaml::parse(*text, path, diagnostics_);
            std::optional<CoreFile>& place = known_[path];
            if (root) place = readCoreNode(*root, path, diagnostics_);
            return place ? &*place : nullptr;
        }
        if (missing_.insert(node.scalar).second) {
            diagnostics_.error(node.where, fmt::format("the file '{}' of {} cannot be found", node.scalar, what),
                               fmt::format("tried {}", fmt::join(tried, ", ")));
        }
        return nullptr;
    }

    void readWires() {
        LinkDefaults defaults;
        if (const yaml::Node* node = map_.find("bandwidth")) {
            defaults.bandwidth = readBandwidth(*node, "'bandwidth' of the chip", diagnostics_);
            if (!defaults.bandwidth) return;
        }
        defaults.energyPerCycle = map_.real("unit_energy_cost", 0);
        defaults.energyPerBit = map_.real("energy_per_bit", 0);
        if (const yaml::Node* node = map_.find("core_connectivity"))
            readConnectivity(*node, defaults, chip_, sites_, diagnostics_);
        if (const yaml::Node* node = map_.find("links")) readLinks(*node, defaults, chip_, sites_, diagnostics_);
        readSharing("core_memory_sharing");
        readSharing("shared_memories");
        if (!map_.boolean("automatic_offchip_links", true) || !chip_.offchip.valid()) return;
        for (const Link& link : chip_.links) {
            if (std::find(link.cores.begin(), link.cores.end(), chip_.offchip) != link.cores.end()) return;
        }
        addOffchipLinks(chip_, defaults.energyPerCycle);
        for (std::size_t i = sites_.links.size(); i < chip_.links.size(); ++i) {
            Link& link = chip_.links[LinkId(i)];
            link.energyPerBit += defaults.energyPerBit;
        }
        sites_.links.resize(chip_.links.size(), sites_.chip);
    }

    void readSharing(std::string_view key) {
        const yaml::Node* node = map_.find(key);
        if (node == nullptr) return;
        if (!node->isSequence()) {
            diagnostics_.error(node->where,
                               fmt::format("'{}' of the chip must be a list, but is {}", key, node->describe()));
            return;
        }
        for (const yaml::Node& item : node->items) {
            const auto cores = readCoreIds(item, fmt::format("'{}'", key), chip_, diagnostics_);
            if (!cores) continue;
            chip_.sharedMemories.push_back(*cores);
            sites_.shared.push_back(item.where);
        }
    }

    yaml::MapReader map_;
    const std::string& file_;
    const FileLoader& load_;
    Diagnostics& diagnostics_;
    Chip chip_;
    ChipSites sites_;
    std::map<std::string, std::optional<CoreFile>> known_;
    std::set<std::string> missing_;
};

std::optional<Chip> chipOfOneCore(const yaml::Node& root, const std::string& file, Diagnostics& diagnostics) {
    std::optional<CoreFile> read = readCoreNode(root, file, diagnostics);
    if (!read) return std::nullopt;
    Chip chip;
    chip.name = read->core.name;
    chip.file = file;
    const std::optional<Core> offchip = splitOffchip(read->core);
    chip.cores.add(std::move(read->core));
    if (!offchip) {
        diagnostics.warning(
            root.where, fmt::format("core '{}' ends in no memory that can stand for off-chip memory", chip.name),
            "such a memory is the last one, holds I1, I2 and O, and each of them has another memory below it");
        return chip;
    }
    chip.offchip = chip.cores.add(*offchip);
    addOffchipLinks(chip, 0);
    diagnostics.add({Severity::note,
                     root.where,
                     fmt::format("memory '{}' of core '{}' is taken as off-chip memory", offchip->name, chip.name),
                     {}});
    return chip;
}

/// The document, if it is a map.
std::optional<yaml::Node> parseMap(std::string_view text, const std::string& file, std::string_view wanted,
                                   Diagnostics& diagnostics) {
    if (file.ends_with(".py")) {
        diagnostics.error({file}, fmt::format("{} is read from YAML, not from Python", wanted),
                          "write it in the YAML form: see docs/hardware.md");
        return std::nullopt;
    }
    std::optional<yaml::Node> root = yaml::parse(text, file, diagnostics);
    if (!root || root->isMap()) return root;
    diagnostics.error(root->where, fmt::format("{} must be a map, but this file is {}", wanted, root->describe()),
                      root->isSequence() ? "a list is a mapping or a layer file" : "");
    return std::nullopt;
}

}  // namespace

std::optional<Chip> parseChip(std::string_view text, const std::string& file, const FileLoader& load,
                              Diagnostics& diagnostics) {
    const auto root = parseMap(text, file, "a chip", diagnostics);
    if (!root) return std::nullopt;
    if (root->find("cores") != nullptr) return ChipReader(*root, file, load, diagnostics).read();
    if (root->find("memories") != nullptr) return chipOfOneCore(*root, file, diagnostics);
    diagnostics.error(root->where, "this is no chip: it has neither 'cores' (a chip) nor 'memories' (a single core)");
    return std::nullopt;
}

std::optional<Core> parseCore(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
    const auto root = parseMap(text, file, "a core", diagnostics);
    if (!root) return std::nullopt;
    if (root->find("cores") != nullptr) {
        diagnostics.error(root->where, "this file holds a chip with cores, but a single core is wanted here",
                          "name one of its core files");
        return std::nullopt;
    }
    auto read = readCoreNode(*root, file, diagnostics);
    return read ? std::optional(std::move(read->core)) : std::nullopt;
}

std::optional<Chip> readChip(const std::string& path, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 28);
    if (!text) return std::nullopt;
    const FileLoader load = [](const std::string& core) {
        Diagnostics unheard;
        std::error_code problem;
        return fs::is_regular_file(core, problem) ? readFile(core, unheard, std::int64_t{1} << 28) : std::nullopt;
    };
    return parseChip(*text, path, load, diagnostics);
}

std::optional<Core> readCore(const std::string& path, Diagnostics& diagnostics) {
    const auto text = readFile(path, diagnostics, std::int64_t{1} << 28);
    return text ? parseCore(*text, path, diagnostics) : std::nullopt;
}

}  // namespace millrace::hardware
