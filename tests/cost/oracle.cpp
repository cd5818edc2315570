#include "oracle.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "shared.h"

namespace millrace::test {

using cost::Nest;
using nlohmann::ordered_json;

double hexNumber(const ordered_json& json) { return std::strtod(json.get_ref<const std::string&>().c_str(), nullptr); }

static hardware::MemoryOperand role(const std::string& name) {
    if (name == "O") return hardware::MemoryOperand::O;
    return name == "I1" || name == "I" ? hardware::MemoryOperand::I1 : hardware::MemoryOperand::I2;
}

static Nest readNest(const ordered_json& layer) {
    Nest nest;
    nest.name = layer["kind"];
    for (const auto& [name, size] : layer["dims"].items()) nest.dims.push_back({name, size});
    for (const auto& [name, terms] : layer["rel"].items()) {
        nest.relations.push_back({name,
                                  {*nest.dim(terms[0].get<std::string>()), *nest.dim(terms[2].get<std::string>())},
                                  {terms[1], terms[3]},
                                  layer["cap"][name],
                                  0});
    }
    for (const std::string name : layer["ops"]) {
        cost::Operand operand;
        operand.name = name;
        operand.role = role(name);
        operand.bits = layer["prec"][name];
        for (const std::string index : layer["idx"][name]) {
            if (const auto dim = nest.dim(index)) operand.index.push_back({false, *dim});
            for (std::size_t i = 0; i < nest.relations.size(); ++i) {
                if (nest.relations[i].name == index) operand.index.push_back({true, i});
            }
        }
        nest.operands.push_back(operand);
    }
    nest.finalBits = layer["final"];
    Diagnostics diagnostics;
    EXPECT_TRUE(classify(nest, diagnostics)) << diagnostics.text();
    return nest;
}

static hardware::Core readCore(const ordered_json& json) {
    hardware::Core core;
    core.array.unitEnergy = json["unit"];
    for (const auto& dimension : json["array"]) core.array.dimensions.push_back({dimension[0], dimension[1]});
    for (const auto& memory : json["memories"]) {
        hardware::Memory& made = core.memories.emplace_back();
        made.name = "memory";
        made.size = Bits(memory["size"]);
        made.readCost = memory["r"];
        made.writeCost = memory["w"];
        made.forceDoubleBuffering = memory.value("forced", false);
        for (const std::string operand : memory["operands"]) made.operands.push_back(role(operand));
        made.servedDimensions = memory["served"].get<std::vector<std::size_t>>();
        for (const auto& port : memory["ports"]) {
            hardware::Port& added = made.ports.emplace_back();
            added.bandwidthMin = port["min"];
            added.bandwidthMax = port["max"];
            for (const auto& use : port["uses"]) {
                for (const hardware::Direction direction : hardware::kDirections) {
                    if (use[1] == hardware::name(direction)) added.uses.push_back({role(use[0]), direction});
                }
            }
        }
    }
    return core;
}

Triple readTriple(const std::string& line) {
    Triple triple;
    triple.json = ordered_json::parse(line);
    triple.nest = readNest(triple.json["layer"]);
    for (const std::string name : triple.json.value("fix", ordered_json::array()))
        triple.nest.corrections.add(cost::Corrections::named(name).value());
    triple.core = readCore(triple.json["core"]);
    for (const auto& flow : triple.json["flows"]) {
        hardware::Dataflow& added = triple.flows.emplace_back();
        added.dimension = flow[0];
        for (const auto& loop : flow[1]) added.unrollings.push_back({loop[0], loop[1]});
    }
    for (const auto& loop : triple.json["order"])
        triple.order.push_back({*triple.nest.dim(loop[0].get<std::string>()), loop[1]});
    triple.even = triple.json["even"];
    return triple;
}

bool oracleAvailable() { return !sharedDir().empty() && std::system("python3 -c '' 2>/dev/null") == 0; }

static bool stream(std::int64_t count, std::int64_t seed, const std::string& kind,
                   const std::function<void(const Triple&)>& visit) {
    const std::string command = "python3 '" + sourceDir() + "/tools/cost_oracle.py' '" + sharedDir() + "/tools' " +
                                std::to_string(count) + " " + std::to_string(seed) + kind;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) {
        ADD_FAILURE() << "cannot start " << command;
        return false;
    }
    std::int64_t seen = 0;
    std::string line;
    for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
        if (c != '\n') {
            line += static_cast<char>(c);
            continue;
        }
        visit(readTriple(line));
        line.clear();
        ++seen;
    }
    EXPECT_EQ(seen, count) << "the stream broke off: " << command;
    return seen == count;
}

bool forEachTriple(std::int64_t count, std::int64_t seed, const std::function<void(const Triple&)>& visit) {
    return stream(count, seed, "", visit);
}

bool forEachCorrectedTriple(std::int64_t count, std::int64_t seed, const std::function<void(const Triple&)>& visit) {
    return stream(count, seed, " corrected", visit);
}

}  // namespace millrace::test
