#include <algorithm>

#include "targets/barvinn/simulate/fields.h"
#include "targets/barvinn/simulate/vectors.h"

namespace millrace::targets::barvinn {

namespace {

using Json = Fields::Json;

constexpr std::int64_t kMostCycles = std::int64_t{1} << 40;
constexpr std::size_t kMostWrites = 1U << 20;

class Reader {
public:
    Reader(const SourceLocation& where, Diagnostics& diagnostics) : fields_(where, diagnostics) {}

    std::optional<Vector> read(const Json& record) {
        Vector vector;
        vector.id = fields_.text(record, "id");
        vector.kind = fields_.text(record, "kind");
        for (const Json& entry : fields_.listMember(record, "mem", 1U << 16)) vector.fills.push_back(fill(entry));
        const Json& expected = fields_.member(record, "expect");
        if (fields_.failed()) return std::nullopt;
        if (record.contains("csr")) {
            vector.run = job(record, expected);
        } else if (record.contains("script")) {
            vector.run = script(record, expected);
        } else if (record.contains("imem")) {
            vector.run = program(record, expected);
        } else {
            fields_.error("csr", "is missing, and so are 'script' and 'imem': one of them says what is run");
        }
        return fields_.failed() ? std::nullopt : std::optional(std::move(vector));
    }

private:
    int mvu(const Json& value) { return static_cast<int>(fields_.integer(value, "mvu", 0, kMvus - 1)); }

    MemoryFill fill(const Json& entry) {
        struct Memory {
            const char* name;
            MemoryFill::Kind kind;
            std::size_t words;
        };
        using Kind = MemoryFill::Kind;
        constexpr Memory kMemories[] = {{"act", Kind::activations, kActivationWords},
                                        {"weight", Kind::weights, kWeightWords},
                                        {"scaler", Kind::scalers, kScalerWords},
                                        {"bias", Kind::biases, kBiasWords}};
        MemoryFill fill;
        const std::string name = fields_.text(entry, "mem");
        const auto* memory = std::find_if(std::begin(kMemories), std::end(kMemories),
                                          [&](const Memory& candidate) { return name == candidate.name; });
        if (memory == std::end(kMemories)) {
            fields_.error("mem", "'" + name.substr(0, 40) + "' is no memory (act, weight, scaler, bias)");
            return fill;
        }
        fill.kind = memory->kind;
        fill.mvu = mvu(fields_.member(entry, "mvu"));
        const auto words = static_cast<std::int64_t>(memory->words);
        fill.address = static_cast<std::uint32_t>(fields_.integerMember(entry, "addr", 0, words - 1));
        const std::int64_t room = words - fill.address;
        if (entry.contains("words")) {
            if (fill.kind != Kind::activations) fields_.error("words", "only 'act' can be given word by word");
            for (const Json& word : fields_.listMember(entry, "words", static_cast<std::size_t>(room)))
                fill.words.push_back(fields_.hex(word, "words", 16));
            fill.count = static_cast<std::uint32_t>(fill.words.size());
        } else {
            fill.count = static_cast<std::uint32_t>(fields_.integerMember(entry, "count", 0, room));
            fill.seed = static_cast<std::uint64_t>(fields_.integerMember(entry, "seed", 0, 0xffffffff));
        }
        return fill;
    }

    CsrNumber number(const Json& name) {
        const auto found = name.is_string() ? csrNamed(name.get_ref<const std::string&>()) : std::nullopt;
        if (found && *found >= csr::firstMvu) return *found;
        const std::string shown = name.is_string() ? name.get_ref<const std::string&>().substr(0, 40) : "this";
        fields_.error("csr", "'" + shown + "' is no register of an MVU");
        return csr::status;
    }

    std::uint32_t value(const Json& json) {
        return static_cast<std::uint32_t>(fields_.integer(json, "value", -0x80000000LL, 0xffffffffLL));
    }

    /// {"m": [[address, [word, ...]], ...], ...}
    WordMap words(const Json& memory) {
        WordMap map;
        if (!memory.is_object()) {
            fields_.error("memory", "must be an object of MVUs");
            return map;
        }
        for (const auto& [name, runs] : memory.items()) {
            const bool known = name.size() == 1 && name[0] >= '0' && name[0] < '0' + kMvus;
            if (!known) fields_.error("memory", "'" + name.substr(0, 40) + "' is no MVU (0 to 7)");
            for (const Json& run : fields_.list(runs, "memory", kActivationWords)) {
                if (!known || fields_.list(run, "memory", 2, 2).empty()) continue;
                constexpr std::int64_t kLast = kActivationWords - 1;
                std::int64_t address = fields_.integer(run[0], "memory", 0, kLast);
                for (const Json& word : fields_.list(run[1], "memory", kActivationWords - address)) {
                    map[{name[0] - '0', static_cast<std::uint32_t>(address++)}] = fields_.hex(word, "memory", 16);
                }
            }
        }
        return map;
    }

    std::vector<Pulse> pulses(const Json& expected, const std::string& name) {
        std::vector<Pulse> list;
        for (const Json& entry : fields_.listMember(expected, name, kMostWrites)) {
            if (fields_.list(entry, name, 2, 2).empty()) continue;
            list.push_back({fields_.integer(entry[0], name, 0, kMostCycles), mvu(entry[1])});
        }
        return list;
    }

    ArrayTrace trace(const Json& expected) {
        ArrayTrace trace;
        trace.starts = pulses(expected, "start");
        trace.interrupts = pulses(expected, "irq");
        for (const Json& entry : fields_.listMember(expected, "log", kMostWrites)) {
            if (fields_.list(entry, "log", 4, 4).empty()) continue;
            WordWrite write;
            write.cycle = fields_.integer(entry[0], "log", 0, kMostCycles);
            write.mvu = mvu(entry[1]);
            write.address = static_cast<std::uint16_t>(fields_.integer(entry[2], "log", 0, kActivationWords - 1));
            write.word = fields_.hex(entry[3], "log", 16);
            trace.words.push_back(write);
        }
        return trace;
    }

    JobVector job(const Json& record, const Json& expected) {
        JobVector job;
        job.mvu = mvu(fields_.member(record, "mvu"));
        for (const Json& entry : fields_.listMember(record, "csr", kMostWrites)) {
            if (fields_.list(entry, "csr", 2, 2).empty()) continue;
            job.writes.push_back({number(entry[0]), value(entry[1])});
        }
        if (job.writes.empty() || job.writes.back().number != csr::command)
            fields_.error("csr", "must end with MVUCOMMAND");
        job.startToInterrupt = fields_.integerMember(expected, "start_to_irq", 0, kMostCycles);
        job.firstWrite = cycleOrNull(expected, "first_write");
        job.lastWrite = cycleOrNull(expected, "last_write");
        job.writeCount = fields_.integerMember(expected, "writes", 0, kMostCycles);
        job.memory = words(fields_.member(expected, "memory"));
        return job;
    }

    std::optional<std::int64_t> cycleOrNull(const Json& expected, const std::string& name) {
        const Json& value = fields_.member(expected, name);
        if (value.is_null()) return std::nullopt;
        return fields_.integer(value, name, -kMostCycles, kMostCycles);
    }

    ScriptVector script(const Json& record, const Json& expected) {
        ScriptVector script;
        for (const Json& entry : fields_.listMember(record, "setup", kMostWrites)) {
            if (fields_.list(entry, "setup", 3, 3).empty()) continue;
            script.setup.push_back({mvu(entry[0]), number(entry[1]), value(entry[2])});
        }
        script.end = fields_.integerMember(record, "end", 0, kMostCycles);
        for (const Json& entry : fields_.listMember(record, "script", kMostWrites)) {
            if (fields_.list(entry, "script", 4, 4).empty()) continue;
            const std::int64_t cycle = fields_.integer(entry[0], "script", 0, kMostCycles);
            script.script.push_back({cycle, {mvu(entry[1]), number(entry[2]), value(entry[3])}});
        }
        checkCycles(script);
        script.trace = trace(expected);
        script.memory = words(fields_.member(expected, "memory"));
        return script;
    }

    void checkCycles(ScriptVector& script) {
        auto& writes = script.script;
        std::stable_sort(writes.begin(), writes.end(), [](const auto& a, const auto& b) { return a.cycle < b.cycle; });
        for (std::size_t i = 1; i < writes.size(); ++i) {
            if (writes[i].cycle == writes[i - 1].cycle)
                fields_.error("script", "has two writes in cycle " + std::to_string(writes[i].cycle));
        }
        if (!writes.empty() && writes.back().cycle >= script.end)
            fields_.error("end", "lies before the last write of the script");
    }

    /// Runs of 32-bit words: [[index, [word, ...]], ...].
    std::map<std::uint32_t, std::uint32_t> dataWords(const Json& runs, const std::string& name) {
        std::map<std::uint32_t, std::uint32_t> map;
        for (const Json& run : fields_.list(runs, name, kDataWords)) {
            if (fields_.list(run, name, 2, 2).empty()) continue;
            std::int64_t index = fields_.integer(run[0], name, 0, kDataWords - 1);
            for (const Json& word : fields_.list(run[1], name, kDataWords - index)) {
                map[static_cast<std::uint32_t>(index++)] = static_cast<std::uint32_t>(fields_.hex(word, name, 8));
            }
        }
        return map;
    }

    ProgramVector program(const Json& record, const Json& expected) {
        ProgramVector program;
        for (const Json& word : fields_.listMember(record, "imem", kInstructionWords))
            program.instructions.push_back(static_cast<std::uint32_t>(fields_.hex(word, "imem", 8)));
        program.data.resize(kDataWords);
        for (const auto& [index, word] : dataWords(fields_.member(record, "dmem"), "dmem")) program.data[index] = word;
        program.endMark = static_cast<std::uint32_t>(fields_.integerMember(record, "end_mark", 0, 0xffffffff));
        const Json& ends = fields_.member(expected, "end");
        for (int hart = 0; hart < kHarts; ++hart)
            program.ends.push_back(fields_.integerMember(ends, std::to_string(hart), 0, kMostCycles));
        for (const auto& [index, word] : dataWords(fields_.member(expected, "dmem"), "dmem")) {
            if (word != 0) program.finalData[index] = word;
        }
        program.uart = fields_.text(expected, "uart");
        program.trace = trace(expected);
        program.memory = words(fields_.member(expected, "memory"));
        return program;
    }

    Fields fields_;
};

}  // namespace

std::optional<Vector> parseVector(std::string_view line, const SourceLocation& where, Diagnostics& diagnostics) {
    const Json record = Json::parse(line, nullptr, false);
    if (record.is_discarded()) {
        diagnostics.error(where, "this line is no JSON", "each line must be one whole JSON object");
        return std::nullopt;
    }
    return Reader(where, diagnostics).read(record);
}

}  // namespace millrace::targets::barvinn
