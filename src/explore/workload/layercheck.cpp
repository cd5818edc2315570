#include <algorithm>

#include "explore/workload/layerrecord.h"

namespace millrace::workload {

static std::string joinedNames(const std::vector<std::string>& names) {
    std::string result;
    for (const std::string& name : names) result += (result.empty() ? "" : ", ") + name;
    return result;
}

class RecordChecker {
public:
    RecordChecker(const LayerRecord& record, const std::string& what, Diagnostics& diagnostics)
        : record_(record), what_(what), diagnostics_(diagnostics) {}

    void check() {
        for (const Relation& relation : record_.relations) {
            if (const LayerRecord::Loop* loop = record_.loop(relation.dim)) {
                fail(loop->where, "dimension " + relation.dim + " has a relation and a loop size",
                     "its size follows from the relation; pr_loop_dim_size overrides it");
            }
            for (const auto& [name, coefficient] : relation.terms) {
                if (record_.loop(name) == nullptr)
                    fail(relation.where,
                         "a relation of " + relation.dim + " uses loop " + name + ", which has no size");
            }
        }
        for (const auto& [dim, extent] : record_.extents) {
            if (record_.relation(dim) == nullptr)
                fail(extent.where, "dimension " + dim + " is given a size or padding, but has no relation");
        }
        checkDims(record_.equation.output);
        for (const OperandText& input : record_.equation.inputs) checkDims(input);
        for (const std::string& dim : record_.equation.output.dims) {
            if (record_.relation(dim) != nullptr)
                fail(record_.where, "the output has dimension " + dim + ", which follows from a relation");
        }
        std::int64_t product = 1;
        for (const LayerRecord::Loop& loop : record_.loops) {
            if (__builtin_mul_overflow(product, loop.size, &product) || product >= (std::int64_t{1} << 62)) {
                fail(loop.where, "its loops run over 2^62 points or more");
                break;
            }
        }
    }

private:
    void fail(const SourceLocation& where, const std::string& message, std::string hint = {}) {
        diagnostics_.error(where, what_ + ": " + message, std::move(hint));
    }

    void checkDims(const OperandText& operand) {
        for (std::size_t i = 0; i < operand.dims.size(); ++i) {
            const std::string& dim = operand.dims[i];
            if (std::find(operand.dims.begin(), operand.dims.begin() + static_cast<std::ptrdiff_t>(i), dim) !=
                operand.dims.begin() + static_cast<std::ptrdiff_t>(i)) {
                fail(record_.where, "operand " + operand.name + " has dimension " + dim + " twice");
            }
            if (record_.loop(dim) != nullptr || record_.relation(dim) != nullptr) continue;
            std::vector<std::string> names;
            for (const LayerRecord::Loop& loop : record_.loops) names.push_back(loop.name);
            fail(record_.where,
                 "operand " + operand.name + " has dimension " + dim + ", which has no size and no relation",
                 "the loops are " + joinedNames(names));
        }
    }

    const LayerRecord& record_;
    const std::string& what_;
    Diagnostics& diagnostics_;
};

void checkRecord(const LayerRecord& record, const std::string& what, Diagnostics& diagnostics) {
    RecordChecker(record, what, diagnostics).check();
}

}  // namespace millrace::workload
