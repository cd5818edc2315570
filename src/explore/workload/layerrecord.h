#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/workload/layerequation.h"
#include "explore/workload/workload.h"
#include "support/yaml.h"

/// One layer of a layer file as it is written, before sources are looked up.
namespace millrace::workload {

struct LayerRecord {
    std::int64_t id = 0;
    std::string name;
    std::string type;
    SourceLocation where;
    Equation equation;
    std::vector<Relation> relations;
    struct Loop {
        std::string name;
        std::int64_t size = 1;
        SourceLocation where;
    };
    std::vector<Loop> loops;
    struct Extent {
        std::optional<std::int64_t> size;  ///< what exists, without padding
        std::optional<std::int64_t> before, after;
        SourceLocation where;
    };
    std::map<std::string, Extent> extents;  ///< by dimension of a relation
    std::map<std::string, int> bits;        ///< by operand; O: partial sums
    int finalBits = 8;
    struct Producers {
        std::vector<std::int64_t> ids;
        SourceLocation where;
    };
    std::map<std::string, Producers> sources;                              ///< by operand
    std::vector<std::string> constants;                                    ///< operands
    std::map<std::string, std::map<std::string, std::string>> dimensions;  ///< operand, its dimension, the producer's
    std::map<std::string, std::string> links;                              ///< operand, memory operand
    InlineMapping mapping;

    const Relation* relation(std::string_view dim) const;
    const Loop* loop(std::string_view dim) const;
};

/// Reads one record. `id`: set if the record stands under its id in a map. Errors for everything that is wrong in it;
/// names are checked against each other, sources against nothing yet.
std::optional<LayerRecord> readRecord(const yaml::Node& node, std::optional<std::int64_t> id, Diagnostics& diagnostics);

/// Errors where loops, relations, extents and operands of a record do not fit each other. `what` names the layer.
void checkRecord(const LayerRecord& record, const std::string& what, Diagnostics& diagnostics);

}  // namespace millrace::workload
