#pragma once
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "model/builder.h"
#include "support/rng.h"

namespace millrace::model::test {

/// A random model of one operator with output y. `correct` maps libonnx's shape to the right one, where libonnx 1.12 is
/// known to differ from the operator's definition.
struct RandomCase {
    ModelBuilder model;
    std::function<void(Shape&)> correct = [](Shape&) {};
};

using CaseMaker = RandomCase (*)(Rng&);

struct NamedCase {
    std::string name;
    CaseMaker make;
};
inline void PrintTo(const NamedCase& named, std::ostream* out) { *out << named.name; }

/// All generators.
std::vector<NamedCase> randomCases();

}  // namespace millrace::model::test
