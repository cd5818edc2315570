#include "model/operators/fold.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "model/operators/arithmetic.h"
#include "model/operators/attributes.h"
#include "model/operators/known.h"

namespace millrace::model {

namespace {

class Folder {
public:
    Folder(Network& network, const Operator& op, const Table<TensorId, char>& derived)
        : network_(network), op_(op), derived_(derived) {}

    bool run() {
        if (op_.outputs.size() != 1 || !op_.output(0).valid()) return false;
        const Tensor& target = network_.tensors[op_.output(0)];
        if (!target.shape || target.elements() > kMaxFoldedElements) return false;
        result_.type = target.type;
        result_.shape = *target.shape;
        result_.raw.assign(static_cast<std::size_t>(target.elements()), 0);
        if (!isFoldable(result_.type)) return false;
        const bool done = op_.type == "Shape" ? shape() : readInputs() && mayFold() && compute();
        if (done) network_.tensors[op_.output(0)].constant = encode(result_);
        return done;
    }

private:
    static bool isFoldable(DataType type) {
        return type == DataType::int32 || type == DataType::int64 || type == DataType::boolean ||
               type == DataType::float32 || type == DataType::float64;
    }

    bool readInputs() {
        for (const TensorId id : op_.inputs) {
            if (!id.valid()) {
                inputs_.emplace_back();
                continue;
            }
            auto known = knownValues(network_.tensors[id], kMaxFoldedElements);
            if (!known) return false;
            inputs_.push_back(*std::move(known));
        }
        return true;
    }

    bool mayFold() const {
        if (!result_.isReal()) return true;
        bool allIntegers = !op_.inputs.empty();
        for (const TensorId id : op_.inputs) {
            if (!id.valid()) continue;
            if (derived_[id]) return true;
            const DataType type = network_.tensors[id].type;
            allIntegers = allIntegers && type != DataType::float32 && type != DataType::float64;
        }
        return allIntegers;
    }

    bool compute() {
        const std::string& type = op_.type;
        if (type == "Identity" || type == "Unsqueeze" || type == "Squeeze" || type == "Reshape" || type == "Flatten") {
            result_.raw = inputs_[0].raw;
            return true;
        }
        if (type == "Gather") return gather();
        if (type == "Slice") return slice();
        if (type == "Concat") return concat();
        if (type == "Transpose") return transpose();
        if (type == "Expand") return expand();
        if (type == "ConstantOfShape") return fill();
        if (type == "Range") return range();
        if (type == "Where") return where();
        if (type == "Cast") return cast();
        if (type.rfind("Reduce", 0) == 0) return reduce();
        return isFoldableArithmetic(type) && foldArithmetic(type, inputs_, result_);
    }

    bool shape() {
        const Shape& input = *network_.tensors[op_.input(0)].shape;
        const auto rank = static_cast<std::int64_t>(input.size());
        const std::int64_t start = op_.integer("start", 0);
        const std::int64_t first = std::clamp(start < 0 ? start + rank : start, std::int64_t{0}, rank);
        for (std::size_t i = 0; i < result_.raw.size(); ++i)
            result_.raw[i] = input[static_cast<std::size_t>(first) + i];
        return true;
    }

    /// Output element at each index from input 0 at the index that `source` gives.
    template <class Source>
    bool move(Source source) {
        std::size_t next = 0;
        forEachIndex(result_.shape, [&](const std::vector<std::int64_t>& index) {
            const std::vector<std::int64_t> from = source(index);
            std::int64_t offset = 0;
            for (std::size_t i = 0; i < from.size(); ++i) offset = offset * inputs_[0].shape[i] + from[i];
            result_.raw[next++] = inputs_[0].raw[static_cast<std::size_t>(offset)];
        });
        return true;
    }

    bool gather() {
        const std::size_t axis = axisAttribute(network_, op_, 0);
        const Known& indices = inputs_[1];
        return move([&](const std::vector<std::int64_t>& index) {
            const auto first = index.begin() + static_cast<std::ptrdiff_t>(axis);
            const auto last = first + static_cast<std::ptrdiff_t>(indices.shape.size());
            std::int64_t picked = indices.raw[broadcastOffset(indices.shape, {first, last})];
            if (picked < 0) picked += inputs_[0].shape[axis];
            std::vector<std::int64_t> from(index.begin(), first);
            from.push_back(picked);
            from.insert(from.end(), last, index.end());
            return from;
        });
    }

    bool slice() {
        const std::vector<SliceAxis> slices = sliceAttributes(network_, op_);
        return move([&](std::vector<std::int64_t> index) {
            for (std::size_t i = 0; i < index.size(); ++i) index[i] = slices[i].start + slices[i].step * index[i];
            return index;
        });
    }

    bool transpose() {
        const std::vector<std::size_t> permutation = transposePermutation(network_, op_);
        return move([&](const std::vector<std::int64_t>& index) {
            std::vector<std::int64_t> from(index.size());
            for (std::size_t i = 0; i < index.size(); ++i) from[permutation[i]] = index[i];
            return from;
        });
    }

    bool expand() {
        std::size_t next = 0;
        forEachIndex(result_.shape, [&](const std::vector<std::int64_t>& index) {
            result_.raw[next++] = inputs_[0].raw[broadcastOffset(inputs_[0].shape, index)];
        });
        return true;
    }

    bool concat() {
        if (result_.shape.size() != 1) return false;
        result_.raw.clear();
        for (const Known& input : inputs_) result_.raw.insert(result_.raw.end(), input.raw.begin(), input.raw.end());
        return true;
    }

    bool fill() {
        for (std::size_t i = 0; i < result_.raw.size(); ++i) {
            if (result_.isReal()) {
                result_.setReal(i, op_.real("value", static_cast<double>(op_.integer("value", 0))));
            } else {
                result_.raw[i] = op_.integer("value", 0);
            }
        }
        return true;
    }

    bool range() {
        if (result_.isReal()) return false;
        for (std::size_t i = 0; i < result_.raw.size(); ++i) {
            const auto step = static_cast<std::int64_t>(i);
            if (__builtin_mul_overflow(step, inputs_[2].raw[0], &result_.raw[i])) return false;
            if (__builtin_add_overflow(result_.raw[i], inputs_[0].raw[0], &result_.raw[i])) return false;
        }
        return true;
    }

    bool where() {
        std::size_t next = 0;
        forEachIndex(result_.shape, [&](const std::vector<std::int64_t>& index) {
            const bool first = inputs_[0].raw[broadcastOffset(inputs_[0].shape, index)] != 0;
            const Known& from = inputs_[first ? 1 : 2];
            result_.raw[next++] = from.raw[broadcastOffset(from.shape, index)];
        });
        return true;
    }

    bool cast() {
        const Known& input = inputs_[0];
        for (std::size_t i = 0; i < input.raw.size(); ++i) {
            if (input.isReal() && result_.isReal()) {
                result_.setReal(i, input.real(i));
            } else if (result_.isReal()) {
                result_.setReal(i, static_cast<double>(input.raw[i]));
            } else if (input.isReal()) {
                if (!(std::abs(input.real(i)) < 9e15)) return false;
                result_.raw[i] = static_cast<std::int64_t>(input.real(i));
                if (result_.type == DataType::boolean) result_.raw[i] = input.real(i) != 0 ? 1 : 0;
            } else {
                result_.raw[i] = result_.type == DataType::boolean ? std::int64_t{input.raw[i] != 0} : input.raw[i];
            }
        }
        return result_.type != DataType::int32 || fitsInt32(result_);
    }

    /// Reductions of a whole vector of integers.
    bool reduce() {
        const Known& input = inputs_[0];
        if (input.isReal() || input.raw.empty() || result_.raw.size() != 1) return false;
        std::vector<std::int64_t> values = input.raw;
        std::int64_t folded = values[0];
        for (std::size_t i = 1; i < values.size(); ++i) {
            if (op_.type == "ReduceProd") {
                if (__builtin_mul_overflow(folded, values[i], &folded)) return false;
            } else if (op_.type == "ReduceSum") {
                if (__builtin_add_overflow(folded, values[i], &folded)) return false;
            } else if (op_.type == "ReduceMax") {
                folded = std::max(folded, values[i]);
            } else if (op_.type == "ReduceMin") {
                folded = std::min(folded, values[i]);
            } else {
                return false;
            }
        }
        result_.raw[0] = folded;
        const bool simple =
            op_.type == "ReduceProd" || op_.type == "ReduceSum" || op_.type == "ReduceMax" || op_.type == "ReduceMin";
        return simple && (result_.type != DataType::int32 || fitsInt32(result_));
    }

    Network& network_;
    const Operator& op_;
    const Table<TensorId, char>& derived_;
    std::vector<Known> inputs_;
    Known result_;
};

}  // namespace

bool foldOperator(Network& network, const Operator& op, const Table<TensorId, char>& derived) {
    return Folder(network, op, derived).run();
}

}  // namespace millrace::model
