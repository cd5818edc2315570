#include "explore/workload/layeraxes.h"

#include <algorithm>

#include "explore/workload/views.h"

namespace millrace::workload {

static constexpr std::int64_t kMostElements = std::int64_t{1} << 56;

static DimIndex loopIndex(const LayerRecord& record, std::string_view name) {
    return static_cast<DimIndex>(record.loop(name) - record.loops.data());
}

static void fail(const LayerRecord& record, const SourceLocation& where, const std::string& message,
                 Diagnostics& diagnostics, std::string hint = {}) {
    diagnostics.error(where, "layer " + std::to_string(record.id) + ": " + message, std::move(hint));
}

static const LayerRecord::Extent* extentOf(const LayerRecord& record, const AxisDraft& axis) {
    const auto found = axis.relation == nullptr ? record.extents.end() : record.extents.find(axis.relation->dim);
    return found == record.extents.end() ? nullptr : &found->second;
}

static AxisDraft relationAxis(const LayerRecord& record, const Relation& relation) {
    AxisDraft axis;
    axis.names = {relation.dim};
    axis.relation = &relation;
    for (const auto& [name, coefficient] : relation.terms) {
        std::int64_t reach = 0;
        if (__builtin_mul_overflow(coefficient, record.loop(name)->size - 1, &reach)) reach = kMostElements;
        axis.extent = std::min(kMostElements, axis.extent + std::min(reach, kMostElements));
        axis.index.terms.push_back({loopIndex(record, name), coefficient});
    }
    axis.stated.emplace();
    if (const LayerRecord::Extent* extent = extentOf(record, axis)) {
        axis.index.offset = -extent->before.value_or(0);
        axis.stated = {extent->size, extent->before.value_or(0) + extent->after.value_or(0)};
    }
    return axis;
}

std::optional<std::vector<AxisDraft>> draftAxes(const LayerRecord& record, const OperandText& operand,
                                                Diagnostics& diagnostics) {
    std::vector<AxisDraft> axes;
    std::int64_t elements = 1;
    for (std::size_t i = 0; i < operand.dims.size(); ++i) {
        const std::string& dim = operand.dims[i];
        const std::string next = i + 1 < operand.dims.size() ? operand.dims[i + 1] : "";
        AxisDraft axis;
        if (const Relation* relation = record.relation(dim)) {
            axis = relationAxis(record, *relation);
        } else if (dim == "G" && (next == "K" || next == "C") && record.relation(next) == nullptr) {
            const std::int64_t inner = record.loop(next)->size;
            axis.names = {dim, next};
            axis.index.terms = {{loopIndex(record, dim), inner}, {loopIndex(record, next), 1}};
            axis.extent = record.loop(dim)->size * inner;
            ++i;
        } else {
            axis.names = {dim};
            axis.index.terms = {{loopIndex(record, dim), 1}};
            axis.extent = record.loop(dim)->size;
        }
        if (__builtin_mul_overflow(elements, axis.extent, &elements) || elements >= kMostElements) {
            fail(record, record.where, "operand " + operand.name + " has 2^56 elements or more", diagnostics);
            return std::nullopt;
        }
        axes.push_back(std::move(axis));
    }
    return axes;
}

bool fitOffChip(const LayerRecord& record, std::vector<AxisDraft>& axes, Diagnostics& diagnostics) {
    for (AxisDraft& axis : axes) {
        const LayerRecord::Extent* given = extentOf(record, axis);
        if (given == nullptr) continue;
        const std::int64_t range = axis.extent;
        axis.extent = given->size.value_or(range - given->before.value_or(0) - given->after.value_or(0));
        if (axis.extent >= 1) continue;
        fail(record, given->where,
             "nothing of dimension " + axis.relation->dim + " is left: its indices run over " + std::to_string(range) +
                 " values, all of them padding",
             diagnostics);
        return false;
    }
    return true;
}

/// Extent and offset of an axis that reads `size` elements of a producer.
static bool fitAxis(const LayerRecord& record, const std::string& name, AxisDraft& axis, std::int64_t size,
                    Diagnostics& diagnostics) {
    const std::int64_t range = axis.extent;
    const LayerRecord::Extent* given = extentOf(record, axis);
    const std::string what = "operand " + name + " reads " + std::to_string(range) + " values of " + axis.names.back();
    const std::string but = ", but what it reads has " + std::to_string(size);
    axis.extent = size;
    if (axis.relation == nullptr) {
        if (range < size)
            diagnostics.warning(record.sources.at(name).where, "layer " + std::to_string(record.id) + ": " + what + but,
                                "the first ones are read");
        if (range <= size) return true;
        fail(record, record.sources.at(name).where, what + but, diagnostics,
             "loop sizes are at most those of the producer's output");
        return false;
    }
    if (given != nullptr && given->size && *given->size != size) {
        fail(record, given->where,
             "dimension " + axis.relation->dim + " is given size " + std::to_string(*given->size) + but, diagnostics);
        return false;
    }
    if (given != nullptr && given->before) {
        if (range - *given->before - *given->after <= size) return true;
        fail(record, given->where,
             what + " with " + std::to_string(*given->before) + " + " + std::to_string(*given->after) + " of padding" +
                 but,
             diagnostics);
        return false;
    }
    const std::int64_t missing = std::max<std::int64_t>(0, range - size);
    axis.index.offset = -((missing + 1) / 2);
    return true;
}

static bool common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::any_of(a.begin(), a.end(),
                       [&](const std::string& name) { return std::find(b.begin(), b.end(), name) != b.end(); });
}

/// Which axis of the operand each axis of the producer meets.
class Meeting {
public:
    Meeting(const std::vector<AxisDraft>& axes, const Incoming& from)
        : axes_(axes), from_(from), of_(from.shape.size()) {}

    void explicitly(const std::map<std::string, std::string>& names) {
        for (std::size_t c = 0; c < axes_.size(); ++c) {
            for (const std::string& mine : axes_[c].names) {
                const auto theirs = names.find(mine);
                if (theirs != names.end()) meet(c, {theirs->second});
            }
        }
    }
    void byName() {
        for (std::size_t c = 0; c < axes_.size(); ++c) meet(c, axes_[c].names);
    }
    /// What is left, in order; axes of size 1 may stay alone.
    bool byPosition() {
        std::vector<std::size_t> mine;
        std::vector<std::size_t> theirs;
        for (std::size_t c = 0; c < axes_.size(); ++c) {
            if (!taken(c)) mine.push_back(c);
        }
        for (std::size_t t = 0; t < of_.size(); ++t) {
            if (!of_[t]) theirs.push_back(t);
        }
        const auto drop = [](std::vector<std::size_t>& list, std::size_t count, auto isOne) {
            for (std::size_t i = list.size(); i-- > 0 && list.size() > count;) {
                if (isOne(list[i])) list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
            }
        };
        drop(theirs, mine.size(), [&](std::size_t t) { return from_.shape[t] == 1; });
        drop(mine, theirs.size(), [&](std::size_t c) { return axes_[c].extent == 1; });
        if (mine.size() != theirs.size()) return false;
        for (std::size_t i = 0; i < mine.size(); ++i) of_[theirs[i]] = mine[i];
        return true;
    }
    const std::vector<std::optional<std::size_t>>& result() const { return of_; }

private:
    bool taken(std::size_t c) const {
        return std::find(of_.begin(), of_.end(), std::optional<std::size_t>(c)) != of_.end();
    }
    void meet(std::size_t c, const std::vector<std::string>& names) {
        for (std::size_t t = 0; t < of_.size() && !taken(c); ++t) {
            if (!of_[t] && common(names, from_.axisNames[t])) of_[t] = c;
        }
    }

    const std::vector<AxisDraft>& axes_;
    const Incoming& from_;
    std::vector<std::optional<std::size_t>> of_;
};

bool connect(const LayerRecord& record, const std::string& name, const Incoming& from, std::vector<AxisDraft>& axes,
             Operand& operand, Diagnostics& diagnostics) {
    Meeting meeting(axes, from);
    const auto given = record.dimensions.find(name);
    if (given != record.dimensions.end()) meeting.explicitly(given->second);
    if (given != record.dimensions.end() || axes.size() != from.shape.size()) meeting.byName();
    if (!meeting.byPosition()) {
        fail(record, record.sources.at(name).where,
             "operand " + name + " has " + std::to_string(axes.size()) + " axes, but what it reads has " +
                 std::to_string(from.shape.size()),
             diagnostics,
             "operand_source_dimension_mapping says which axes belong together; axes of size 1 may be left out");
        return false;
    }
    std::vector<AxisMap> map;
    bool good = true;
    for (std::size_t t = 0; t < from.shape.size(); ++t) {
        const std::optional<std::size_t> axis = meeting.result()[t];
        if (axis && !fitAxis(record, name, axes[*axis], from.shape[t], diagnostics)) good = false;
        map.push_back(axis ? views::axisMap(*axis) : views::fixedMap(0));
    }
    operand.axes = axesOf(axes);
    operand.source = views::through(from.source, map, wholeBox(shapeOf(axes)));
    return good;
}

std::vector<Axis> axesOf(const std::vector<AxisDraft>& drafts) {
    std::vector<Axis> axes;
    for (const AxisDraft& draft : drafts) axes.push_back({draft.names.back(), draft.index, draft.extent, draft.stated});
    return axes;
}

std::vector<std::int64_t> shapeOf(const std::vector<AxisDraft>& drafts) {
    std::vector<std::int64_t> shape;
    for (const AxisDraft& draft : drafts) shape.push_back(draft.extent);
    return shape;
}

}  // namespace millrace::workload
