#include "explore/cost/nest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace millrace::cost {

std::optional<DimIndex> Nest::dim(std::string_view wanted) const {
    for (DimIndex i = 0; i < dims.size(); ++i) {
        if (dims[i].name == wanted) return i;
    }
    return std::nullopt;
}

std::int64_t halo(const Relation& relation, std::int64_t a, std::int64_t b) {
    const std::int64_t g = std::gcd(relation.coefficients[0], relation.coefficients[1]);
    const std::int64_t overlap = std::max<std::int64_t>(0, b - relation.coefficients[0] / g);
    return a * b - overlap * (a - relation.coefficients[1] / g);
}

double trueHalo(const Relation& relation, double a, double b) {
    const std::int64_t g = std::gcd(relation.coefficients[0], relation.coefficients[1]);
    const double moreB = b - static_cast<double>(relation.coefficients[0] / g);
    const double moreA = a - static_cast<double>(relation.coefficients[1] / g);
    return a * b - std::max(0.0, moreB) * std::max(0.0, moreA);
}

namespace {

bool checkCounts(const Nest& nest, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    const auto limit = [&](std::size_t n, std::size_t least, std::size_t most, std::string_view what) {
        if (n >= least && n <= most) return;
        diagnostics.error(
            {}, fmt::format("layer '{}' has {} {}; the cost model takes {} to {}", nest.name, n, what, least, most));
    };
    limit(nest.dims.size(), 1, kMaxDims, "loop dimensions");
    limit(nest.relations.size(), 0, kMaxRelations, "sliding-window relations");
    limit(nest.operands.size(), 1, kMaxOperands, "operands");
    return diagnostics.failures() == before;
}

bool checkSizes(Nest& nest, Diagnostics& diagnostics) {
    nest.macs = 1;
    for (const Dim& dim : nest.dims) {
        if (dim.size < 1) {
            diagnostics.error(
                {}, fmt::format("layer '{}': loop {} has size {}; sizes start at 1", nest.name, dim.name, dim.size));
            return false;
        }
        if (nest.macs > kMaxMacs / dim.size) {
            diagnostics.error({}, fmt::format("layer '{}' has more than 2^50 operations", nest.name),
                              "cut the layer into smaller ones");
            return false;
        }
        nest.macs *= dim.size;
    }
    return true;
}

bool checkRelations(Nest& nest, Diagnostics& diagnostics) {
    for (Relation& relation : nest.relations) {
        const bool known = relation.dims[0] < nest.dims.size() && relation.dims[1] < nest.dims.size();
        if (!known || relation.coefficients[0] < 1 || relation.coefficients[1] < 1) {
            diagnostics.error(
                {}, fmt::format("layer '{}': relation {} needs two loops of the layer and coefficients from 1",
                                nest.name, relation.name));
            return false;
        }
        for (const std::int64_t coefficient : relation.coefficients) {
            if (coefficient <= kMaxMacs / nest.macs) continue;
            diagnostics.error(
                {},
                fmt::format("layer '{}': relation {} has the coefficient {}, too large for a layer of {} operations",
                            nest.name, relation.name, coefficient, nest.macs));
            return false;
        }
        const std::int64_t whole = halo(relation, nest.dims[relation.dims[0]].size, nest.dims[relation.dims[1]].size);
        if (relation.cap == 0) relation.cap = whole - relation.padding;
        if (relation.cap < 1) {
            diagnostics.error({}, fmt::format("layer '{}': {} has {} indices and {} of padding; nothing is left",
                                              nest.name, relation.name, whole, relation.padding));
            return false;
        }
    }
    return true;
}

bool checkOperands(const Nest& nest, Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    for (std::size_t i = 0; i < nest.operands.size(); ++i) {
        const Operand& operand = nest.operands[i];
        for (const Index& index : operand.index) {
            if (index.which < (index.relation ? nest.relations.size() : nest.dims.size())) continue;
            diagnostics.error({}, fmt::format("layer '{}': operand {} has an index that is not of the layer", nest.name,
                                              operand.name));
        }
        if (operand.bits < 0 || operand.bits > 1024) {
            diagnostics.error({}, fmt::format("layer '{}': operand {} has {} bits; 0 to 1024 are possible", nest.name,
                                              operand.name, operand.bits));
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (nest.operands[j].role != operand.role) continue;
            diagnostics.error({},
                              fmt::format("layer '{}': operands {} and {} both go to the memories of {}", nest.name,
                                          nest.operands[j].name, operand.name, hardware::name(operand.role)),
                              "link each operand to a memory operand of its own");
        }
    }
    if (!nest.operands.empty() && nest.operands[0].role != hardware::MemoryOperand::O) {
        diagnostics.error({}, fmt::format("layer '{}': the output must go to the memories of O", nest.name));
    }
    return diagnostics.failures() == before;
}

std::uint32_t bit(DimIndex dim) { return std::uint32_t{1} << dim; }

/// zigzag.md 2.2, quirks included: an operand with any relation drops all loops of relations from both lists.
void classifyOperand(const Nest& nest, Operand& operand) {
    std::uint32_t family = 0;
    for (const Relation& relation : nest.relations) family |= bit(relation.dims[0]) | bit(relation.dims[1]);
    std::uint32_t indexed = 0;
    operand.partial = false;
    for (const Index& index : operand.index) {
        if (index.relation) {
            operand.partial = true;
        } else {
            indexed |= bit(index.which);
        }
    }
    operand.relevant.clear();
    operand.relevantMask = 0;
    operand.irrelevantMask = 0;
    for (const Index& index : operand.index) {
        if (index.relation) continue;
        const bool keep = operand.partial ? (family & bit(index.which)) == 0 : nest.dims[index.which].size != 1;
        if (!keep || (operand.relevantMask & bit(index.which)) != 0) continue;
        operand.relevant.push_back(index.which);
        operand.relevantMask |= bit(index.which);
    }
    for (DimIndex dim = 0; dim < nest.dims.size(); ++dim) {
        if ((indexed & bit(dim)) != 0 || nest.dims[dim].size == 1) continue;
        if (operand.partial && (family & bit(dim)) != 0) continue;
        operand.irrelevantMask |= bit(dim);
    }
}

}  // namespace

bool classify(Nest& nest, Diagnostics& diagnostics) {
    if (!checkCounts(nest, diagnostics) || !checkSizes(nest, diagnostics)) return false;
    if (!checkRelations(nest, diagnostics) || !checkOperands(nest, diagnostics)) return false;
    for (Operand& operand : nest.operands) classifyOperand(nest, operand);
    return true;
}

}  // namespace millrace::cost
