#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/exec/convert.h"
#include "model/exec/gemm.h"
#include "model/exec/registry.h"
#include "model/exec/strides.h"

namespace millrace::model::exec {

namespace {

/// Letters stand for themselves; axes of an ellipsis are kEllipsis - 1, kEllipsis - 2, ... counted from its end.
using Labels = std::vector<int>;
constexpr int kEllipsis = 0;

struct Equation {
    std::vector<Labels> inputs;
    Labels output;
    bool hasOutput = false;
};

Labels readTerm(std::string_view term, std::string_view equation) {
    Labels labels;
    for (std::size_t i = 0; i < term.size(); ++i) {
        const char c = term[i];
        if (c == ' ') continue;
        const bool isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (isLetter) {
            labels.push_back(c);
        } else if (term.substr(i, 3) == "..." && std::count(labels.begin(), labels.end(), kEllipsis) == 0) {
            labels.push_back(kEllipsis);
            i += 2;
        } else {
            throw Refused{fmt::format("equation '{}': '{}' has no meaning at this place", equation, c)};
        }
    }
    return labels;
}

Equation readEquation(const std::string& equation) {
    Equation result;
    const std::size_t arrow = equation.find("->");
    std::string_view left = std::string_view(equation).substr(0, arrow);
    while (true) {
        const std::size_t comma = left.find(',');
        result.inputs.push_back(readTerm(left.substr(0, comma), equation));
        if (comma == std::string_view::npos) break;
        left.remove_prefix(comma + 1);
    }
    result.hasOutput = arrow != std::string::npos;
    if (result.hasOutput) result.output = readTerm(std::string_view(equation).substr(arrow + 2), equation);
    return result;
}

bool has(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

/// Replaces an ellipsis by labels for `axes` axes.
void expand(Labels& labels, std::size_t axes) {
    const auto at = std::find(labels.begin(), labels.end(), kEllipsis);
    if (at == labels.end()) return;
    Labels expanded(labels.begin(), at);
    for (std::size_t i = axes; i > 0; --i) expanded.push_back(-static_cast<int>(i));
    expanded.insert(expanded.end(), at + 1, labels.end());
    labels = expanded;
}

/// The equation with ellipses expanded, the output spelt out, and the size of each label.
struct Plan {
    Equation equation;
    std::map<int, std::int64_t> sizes;

    explicit Plan(const Call& call);
    Shape shapeOf(const Labels& labels) const {
        Shape shape;
        for (const int label : labels) shape.push_back(sizes.at(label));
        return shape;
    }
};

Plan::Plan(const Call& call) : equation(readEquation(call.op.text("equation", ""))) {
    if (equation.inputs.size() != call.inputs.size()) {
        throw Refused{fmt::format("the equation has {} terms, but there are {} inputs", equation.inputs.size(),
                                  call.inputs.size())};
    }
    std::size_t widest = 0;
    for (std::size_t i = 0; i < equation.inputs.size(); ++i) {
        Labels& labels = equation.inputs[i];
        const Shape& shape = call.in(i).shape();
        const bool open = has(labels, kEllipsis);
        const std::size_t named = labels.size() - (open ? 1 : 0);
        if (named > shape.size() || (!open && named != shape.size())) {
            throw Refused{
                fmt::format("term {} of the equation does not fit input {} of rank {}", i, text(shape), shape.size())};
        }
        expand(labels, shape.size() - named);
        if (open) widest = std::max(widest, shape.size() - named);
        for (std::size_t axis = 0; axis < labels.size(); ++axis) {
            std::int64_t& size = sizes.emplace(labels[axis], shape[axis]).first->second;
            if (size == 1) size = shape[axis];
            if (size == shape[axis] || shape[axis] == 1) continue;
            throw Refused{fmt::format("axis {} of input {} has size {}, but its label stands for {}", axis, i,
                                      shape[axis], size)};
        }
    }
    if (equation.hasOutput) {
        expand(equation.output, widest);
    } else {
        for (std::size_t i = widest; i > 0; --i) equation.output.push_back(-static_cast<int>(i));
        for (const auto& [label, size] : sizes) {
            std::ptrdiff_t count = 0;
            for (const Labels& labels : equation.inputs) count += std::count(labels.begin(), labels.end(), label);
            if (label > 0 && count == 1) equation.output.push_back(label);
        }
    }
    for (const int label : equation.output) {
        if (sizes.count(label) == 0 || std::count(equation.output.begin(), equation.output.end(), label) > 1) {
            throw Refused{"the output has a label twice, or one that no input has"};
        }
    }
}

template <class T>
struct Labelled {
    Labels labels;
    Shape shape;
    std::vector<T> elements;
};

/// The tensor with axes in the order of `wanted`: repeated labels are walked together (the diagonal), labels that are
/// not wanted are summed.
template <class T>
Labelled<T> arranged(const Plan& plan, const Labels& labels, const Shape& shape, const T* elements,
                     const Labels& wanted) {
    const std::vector<std::int64_t> strides = rowMajor(shape);
    Labels all = wanted;
    for (const int label : labels) {
        if (!has(all, label)) all.push_back(label);
    }
    Shape walk;
    std::vector<std::int64_t> steps;
    for (const int label : all) {
        std::int64_t step = 0;
        std::int64_t size = 1;
        for (std::size_t axis = 0; axis < labels.size(); ++axis) {
            if (labels[axis] != label || shape[axis] == 1) continue;
            step += strides[axis];
            size = shape[axis];
        }
        steps.push_back(step);
        walk.push_back(has(wanted, label) ? plan.sizes.at(label) : size);
    }
    Labelled<T> result{wanted, plan.shapeOf(wanted), {}};
    result.elements.assign(static_cast<std::size_t>(elementsOf(result.shape)), T{});
    if (std::find(walk.begin(), walk.end(), 0) != walk.end()) return result;
    const std::int64_t summed = product(walk, wanted.size(), walk.size());
    Counter counter(walk);
    std::int64_t at = 0;
    do {
        std::int64_t offset = 0;
        for (std::size_t i = 0; i < steps.size(); ++i) offset += counter.index()[i] * steps[i];
        T& to = result.elements[static_cast<std::size_t>(at++ / summed)];
        to = static_cast<T>(to + elements[offset]);
    } while (counter.next());
    return result;
}

template <class T>
Labelled<T> arranged(const Plan& plan, const Labelled<T>& from, const Labels& wanted) {
    return arranged(plan, from.labels, from.shape, from.elements.data(), wanted);
}

template <class T>
void product(const Environment& environment, std::int64_t rows, std::int64_t columns, std::int64_t inner, const T* left,
             const T* right, T* result) {
    if constexpr (std::is_same_v<T, float>) {
        multiply(environment, rows, columns, inner, {{left, inner, 1}}, {{right, columns, 1}}, {result}, columns);
    } else {
        multiplyPlain(environment, rows, columns, inner, left, right, result);
    }
}

/// The two multiplied, summed over the labels that are not in `kept`.
template <class T>
Labelled<T> contracted(const Environment& environment, const Plan& plan, const Labelled<T>& a, const Labelled<T>& b,
                       const Labels& kept) {
    Labels batch;
    Labels summed;
    Labels rows;
    Labels columns;
    for (const int label : a.labels) {
        if (!has(b.labels, label)) rows.push_back(label);
        if (has(b.labels, label)) (has(kept, label) ? batch : summed).push_back(label);
    }
    for (const int label : b.labels) {
        if (!has(a.labels, label)) columns.push_back(label);
    }
    const auto joined = [](Labels first, const Labels& second, const Labels& third) {
        first.insert(first.end(), second.begin(), second.end());
        first.insert(first.end(), third.begin(), third.end());
        return first;
    };
    const Labelled<T> left = arranged(plan, a, joined(batch, rows, summed));
    const Labelled<T> right = arranged(plan, b, joined(batch, summed, columns));
    Labelled<T> result{joined(batch, rows, columns), plan.shapeOf(joined(batch, rows, columns)), {}};
    result.elements.assign(static_cast<std::size_t>(elementsOf(result.shape)), T{});
    const std::int64_t batches = elementsOf(plan.shapeOf(batch));
    const std::int64_t m = elementsOf(plan.shapeOf(rows));
    const std::int64_t n = elementsOf(plan.shapeOf(columns));
    const std::int64_t k = elementsOf(plan.shapeOf(summed));
    if (m * n == 0) return result;
    for (std::int64_t i = 0; i < batches; ++i) {
        product(environment, m, n, k, left.elements.data() + i * m * k, right.elements.data() + i * k * n,
                result.elements.data() + i * m * n);
    }
    return result;
}

template <class T>
std::vector<T> evaluate(const Environment& environment, const Plan& plan, const std::vector<const T*>& inputs,
                        const std::vector<Shape>& shapes) {
    Labelled<T> held;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto isNeeded = [&](int label, std::size_t from) {
            bool needed = has(plan.equation.output, label);
            for (std::size_t j = from; j < inputs.size(); ++j) needed = needed || has(plan.equation.inputs[j], label);
            return needed;
        };
        // Stretched axes are left out; so are those that nobody else has (they are summed).
        Labels own;
        const Labels& labels = plan.equation.inputs[i];
        for (std::size_t axis = 0; axis < labels.size(); ++axis) {
            const bool stretched = shapes[i][axis] == 1 && plan.sizes.at(labels[axis]) != 1;
            const bool wanted = isNeeded(labels[axis], i + 1) || (i > 0 && has(held.labels, labels[axis]));
            if (!stretched && wanted && !has(own, labels[axis])) own.push_back(labels[axis]);
        }
        Labelled<T> next = arranged(plan, labels, shapes[i], inputs[i], own);
        Labels kept;
        for (const auto& [label, size] : plan.sizes) {
            if (isNeeded(label, i + 1)) kept.push_back(label);
        }
        held = i == 0 ? std::move(next) : contracted(environment, plan, held, next, kept);
    }
    return arranged(plan, held, plan.equation.output).elements;
}

template <class T>
void einsumOf(Call& call, const Plan& plan, DataType type) {
    std::vector<const T*> inputs;
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
        inputs.push_back(reinterpret_cast<const T*>(call.in(i).bytes().data()));
        shapes.push_back(call.in(i).shape());
    }
    const auto elements = evaluate(call.environment, plan, inputs, shapes);
    Value& result = call.result(type, plan.shapeOf(plan.equation.output));
    std::copy(elements.begin(), elements.end(), reinterpret_cast<T*>(result.writeBytes().data()));
}

void einsum(Call& call) {
    if (call.inputs.empty()) throw Refused{"there is no input"};
    const Plan plan(call);
    const DataType type = call.in(0).type();
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
        if (call.in(i).type() != type) throw Refused{"the inputs must be of one type"};
    }
    switch (type) {
        case DataType::float32: return einsumOf<float>(call, plan, type);
        case DataType::float64: return einsumOf<double>(call, plan, type);
        case DataType::int32:
        case DataType::uint32: return einsumOf<std::uint32_t>(call, plan, type);
        case DataType::int64:
        case DataType::uint64: return einsumOf<std::uint64_t>(call, plan, type);
        default: refuseType(call, type);
    }
}

constexpr KernelEntry kEntries[] = {{"", "Einsum", 12, kNewest, einsum}};

}  // namespace

std::span<const KernelEntry> einsumKernels() { return kEntries; }

}  // namespace millrace::model::exec
