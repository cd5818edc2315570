#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/exec/value.h"

/// What came out of a network, for people and scripts.
namespace millrace::report {

struct NamedValue {
    std::string name;
    model::exec::Value value;
};

/// One tensor against another one of the same name. Errors are of reals; other types differ or do not.
struct Difference {
    std::string name;
    std::string wrong;  ///< type or shape differ, or there is nothing to compare with; otherwise empty
    std::int64_t elements = 0;
    std::int64_t unequal = 0;  ///< elements that are not the same value
    double largest = 0;        ///< largest |ours - theirs|
    double relative = 0;       ///< that, by the largest |theirs|
};
Difference compare(const NamedValue& ours, const model::exec::Value* theirs);

struct Inference {
    std::vector<NamedValue> inputs, outputs, dumped;
    std::size_t randomConstants = 0;
    std::vector<std::string> randomInputs;
    std::vector<Difference> differences;
    std::string comparedWith;
    double seconds = 0;
};

/// A line for each tensor, with its smallest, largest and mean value.
std::string inferenceText(const Inference& inference);
/// {"schema": "millrace.infer/1", "outputs": [{"name", "type", "shape", "min", "max", "mean", "values"?}], ...};
/// docs/execution.md
std::string inferenceJson(const Inference& inference);

/// The value as a constant, for writing. Absent values and sequences have no bytes.
model::Tensor tensorOf(const NamedValue& value);

}  // namespace millrace::report
