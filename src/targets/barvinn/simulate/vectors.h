#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/diagnostics.h"
#include "targets/barvinn/format/geometry.h"
#include "targets/barvinn/format/registers.h"
#include "targets/barvinn/simulate/array.h"

/// Recorded runs of the hardware ("vectors"), and whether the simulator does the same: every word that was written and
/// every cycle count. A file is lines of JSON, one record each, packed with gzip or plain. Three kinds of records, told
/// apart by their fields:
/// - `csr`: one job of one MVU;
/// - `script`: register writes to several MVUs in given cycles;
/// - `imem`: a program on the controller.
namespace millrace::targets::barvinn {

/// Words of a memory: a run of explicit ones, or `count` from the generator of `support/rng.h` with a seed.
struct MemoryFill {
    enum class Kind : std::uint8_t { activations, weights, scalers, biases };
    Kind kind = Kind::activations;
    int mvu = 0;
    std::uint32_t address = 0;
    std::uint32_t count = 0;
    std::uint64_t seed = 0;
    std::vector<ActivationWord> words;  ///< set: these, and no seed
};

/// Activation words by MVU and address.
using WordMap = std::map<std::pair<int, std::uint32_t>, ActivationWord>;

struct JobVector {
    int mvu = 0;
    std::vector<CsrWrite> writes;
    std::int64_t startToInterrupt = 0;
    std::optional<std::int64_t> firstWrite, lastWrite;  ///< minus the interrupt's cycle; none: nothing is written
    std::int64_t writeCount = 0;
    WordMap memory;
};

struct ScriptVector {
    struct Write {
        std::int64_t cycle = 0;
        BusWrite write;
    };
    std::vector<BusWrite> setup;
    std::vector<Write> script;  ///< by cycle, at most one a cycle
    std::int64_t end = 0;       ///< the first cycle that is not run
    ArrayTrace trace;
    WordMap memory;
};

struct ProgramVector {
    std::vector<std::uint32_t> instructions, data;
    std::uint32_t endMark = 0;
    std::vector<std::int64_t> ends;                    ///< by hart
    std::map<std::uint32_t, std::uint32_t> finalData;  ///< words that are not 0
    std::string uart;
    ArrayTrace trace;
    WordMap memory;
};

struct Vector {
    std::string id, kind;
    std::vector<MemoryFill> fills;
    std::variant<JobVector, ScriptVector, ProgramVector> run;
};

struct VectorOptions {
    Quirks quirks = Quirks::rtl();
    /// Longest run of one record in cycles; a record that needs more is refused.
    std::int64_t cycleLimit = std::int64_t{1} << 30;
};

/// One record. Anything missing, of another type, out of range or too much is an error that names the field.
std::optional<Vector> parseVector(std::string_view line, const SourceLocation& where, Diagnostics& diagnostics);
/// The first difference between the record and the simulator, in words; empty: none. An error if the record cannot be
/// run within the limit.
std::optional<std::string> difference(const Vector& vector, const VectorOptions& options, const SourceLocation& where,
                                      Diagnostics& diagnostics);

struct VectorReport {
    struct Difference {
        int line = 0;
        std::string id, kind, what;
    };
    std::int64_t jobs = 0;   ///< records
    std::int64_t equal = 0;  ///< of them
    std::optional<Difference> first;
    /// {"schema": "millrace.vectors/1", "jobs", "equal", "first_difference": null or {"line", "id", "kind", "what"}}
    std::string json() const;
};

/// All records of a file, one after the other. Nothing, with errors, if the file cannot be read or a record is
/// malformed.
std::optional<VectorReport> runVectors(const std::string& path, const VectorOptions& options, Diagnostics& diagnostics);

}  // namespace millrace::targets::barvinn
