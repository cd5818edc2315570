#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "explore/cost/nest.h"

namespace millrace::cost {
namespace {

/// Builds one nest from one layer.
class Builder {
public:
    Builder(const workload::Layer& layer, bool stated, Diagnostics& diagnostics)
        : layer_(layer), stated_(stated), diagnostics_(diagnostics) {
        nest_.name = layer.name;
        for (const workload::LoopDim& dim : layer.dims) nest_.dims.push_back({dim.name, dim.size});
        nest_.finalBits = layer.outputFinalBits;
    }

    bool resize(const TileSizes& sizes) {
        for (const auto& [name, size] : sizes) {
            const auto dim = nest_.dim(name);
            if (!dim) {
                diagnostics_.error(layer_.where, fmt::format("layer '{}' has no loop '{}' to cut", layer_.name, name));
                return false;
            }
            nest_.dims[*dim].size = size;
        }
        return true;
    }

    bool operands() {
        if (!add(layer_.output, hardware::MemoryOperand::O)) return false;
        for (std::size_t i = 0; i < layer_.inputs.size(); ++i) {
            if (nest_.operands.size() == kMaxOperands) {
                join(layer_.inputs[i]);
            } else if (const auto role = roleOf(layer_.inputs[i]); !role || !add(layer_.inputs[i], *role)) {
                return false;
            }
        }
        return true;
    }

    Nest take() { return std::move(nest_); }

private:
    std::optional<hardware::MemoryOperand> roleOf(const workload::Operand& operand) {
        for (const hardware::MemoryOperand role : {hardware::MemoryOperand::I1, hardware::MemoryOperand::I2}) {
            if (operand.memoryOperand == hardware::name(role)) return role;
        }
        diagnostics_.error(layer_.where,
                           fmt::format("layer '{}': input {} is linked to the memory operand '{}'", layer_.name,
                                       operand.name, operand.memoryOperand),
                           "inputs go to I1 or I2");
        return std::nullopt;
    }

    bool add(const workload::Operand& operand, hardware::MemoryOperand role) {
        Operand& added = nest_.operands.emplace_back();
        added.name = operand.name;
        added.role = role;
        added.bits = operand.bits;
        for (const workload::Axis& axis : operand.axes) index(added, axis);
        return true;
    }

    /// A third or later input: the second one becomes wider and gets its indices.
    void join(const workload::Operand& operand) {
        Operand& into = nest_.operands.back();
        into.name += "+" + operand.name;
        into.bits += operand.bits;
        for (const workload::Axis& axis : operand.axes) index(into, axis);
    }

    void index(Operand& operand, const workload::Axis& axis) {
        std::vector<workload::AffineTerm> terms;
        for (const workload::AffineTerm& term : axis.index.terms) {
            if (term.coefficient != 0) terms.push_back({term.dim, std::abs(term.coefficient)});
        }
        if (terms.size() < 2 || countsByDigits(axis, terms)) {
            for (const workload::AffineTerm& term : terms) push(operand, {false, term.dim});
            return;
        }
        push(operand, {true, relation(axis, terms)});
        for (std::size_t i = 2; i < terms.size(); ++i) push(operand, {false, terms[i].dim});
    }

    /// True for an axis that is made of loops as a number is of digits (channel = group * channels per group + channel
    /// of the group), and so named like a loop: each point of the loops has an index of its own. A sliding window has a
    /// name of its own.
    bool countsByDigits(const workload::Axis& axis, std::vector<workload::AffineTerm> terms) const {
        if (!nest_.dim(axis.name)) return false;
        const auto weight = [&](const workload::AffineTerm& term) {
            return std::pair(term.coefficient, nest_.dims[term.dim].size);
        };
        std::sort(terms.begin(), terms.end(), [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
        for (std::size_t i = 1; i < terms.size(); ++i) {
            if (terms[i].coefficient < terms[i - 1].coefficient * nest_.dims[terms[i - 1].dim].size) return false;
        }
        return true;
    }

    static void push(Operand& operand, Index added) {
        const auto same = [&](const Index& index) {
            return index.relation == added.relation && index.which == added.which;
        };
        if (std::none_of(operand.index.begin(), operand.index.end(), same)) operand.index.push_back(added);
    }

    /// The relation of an axis; the same one for all axes with equal windows, with the smallest cap.
    std::size_t relation(const workload::Axis& axis, std::vector<workload::AffineTerm>& terms) {
        const auto reduces = [&](const workload::AffineTerm& term) {
            return term.dim < layer_.dims.size() && layer_.dims[term.dim].kind == workload::DimKind::reduction;
        };
        if (reduces(terms[0]) && !reduces(terms[1])) std::swap(terms[0], terms[1]);
        Relation made{
            axis.name, {terms[0].dim, terms[1].dim}, {terms[0].coefficient, terms[1].coefficient}, axis.extent, 0};
        if (stated_ && axis.stated) {
            made.cap = axis.stated->size.value_or(0);
            made.padding = axis.stated->padding;
        }
        for (std::size_t i = 0; i < nest_.relations.size(); ++i) {
            Relation& known = nest_.relations[i];
            if (!std::equal(known.dims, known.dims + 2, made.dims) ||
                !std::equal(known.coefficients, known.coefficients + 2, made.coefficients)) {
                continue;
            }
            known.cap = std::min(known.cap, made.cap);
            return i;
        }
        nest_.relations.push_back(std::move(made));
        return nest_.relations.size() - 1;
    }

    const workload::Layer& layer_;
    bool stated_;
    Diagnostics& diagnostics_;
    Nest nest_;
};

std::optional<Nest> build(Builder builder, const TileSizes& sizes, Diagnostics& diagnostics) {
    if (!builder.resize(sizes) || !builder.operands()) return std::nullopt;
    Nest nest = builder.take();
    if (!classify(nest, diagnostics)) return std::nullopt;
    return nest;
}

}  // namespace

std::optional<Nest> nestOf(const workload::Layer& layer, const TileSizes& sizes, Diagnostics& diagnostics) {
    return build(Builder(layer, false, diagnostics), sizes, diagnostics);
}

std::optional<Nest> statedNestOf(const workload::Layer& layer, Diagnostics& diagnostics) {
    return build(Builder(layer, true, diagnostics), {}, diagnostics);
}

}  // namespace millrace::cost
