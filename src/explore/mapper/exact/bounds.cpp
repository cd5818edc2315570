#include "explore/mapper/exact/bounds.h"

#include <algorithm>
#include <limits>

namespace millrace::mapper::exact {

Bounds::Bounds(const Space& space, std::vector<Term> terms)
    : space_(&space), terms_(std::move(terms)), zeros_(terms_.size(), 0.0) {
    for (std::size_t op = 0; op < space.operands(); ++op) {
        for (std::size_t a = 1; a < space.levels(op); ++a) {
            const cost::Machine::Node& node = space.machine().nodes[space.node(op, a)];
            room_[op][a] = space.room(space.node(op, a)) - space.reserve(space.node(op, a));
            for (std::size_t k = 0; k < node.count; ++k) {
                if (node.top[k] || node.operand[k] == op) continue;
                room_[op][a] -= space.bits(node.operand[k], node.level[k] + std::size_t{1}, 0, false);
            }
        }
        for (std::size_t next = space.levels(op); next-- > (op == 0 ? 1 : 0);) {
            fill(op, next, false);
            if (op == 0) fill(op, next, true);
        }
    }
}

bool Bounds::mayCut(std::size_t op, std::size_t cut, std::size_t state, bool partial) const {
    if (cut > 0) return space_->bits(op, cut, state, partial) <= room_[op][cut];
    const cost::Tables& tables = space_->tables();
    for (std::size_t kind = 0; kind < tables.kinds().size(); ++kind) {
        if ((tables.irrelevantKinds(op) >> kind & 1) == 0 && tables.countIn(state, kind) > 0) return false;
    }
    return true;
}

void Bounds::fill(std::size_t op, std::size_t next, bool partial) {
    const cost::Tables& tables = space_->tables();
    const std::size_t n = terms_.size();
    std::vector<double>& table = table_[op][next][partial ? 1 : 0];
    table.assign(tables.states() * n, std::numeric_limits<double>::infinity());
    for (std::size_t state = tables.states(); state-- > 0;) {
        double* value = table.data() + state * n;
        if (mayCut(op, next, state, partial)) {
            const double* here = space_->at(op, next, state);
            const double* rest = at(op, next + 1, space_->partial(op, next + 1, state), state);
            for (std::size_t j = 0; j < n; ++j) {
                value[j] = here[terms_[j].first] + rest[j];
                if (terms_[j].second != kNone) value[j] += here[terms_[j].second];
            }
        }
        for (std::size_t kind = 0; kind < tables.kinds().size(); ++kind) {
            if (tables.countIn(state, kind) == tables.multiplicity(kind)) continue;
            const double* above = value + tables.stride(kind) * n;
            for (std::size_t j = 0; j < n; ++j) value[j] = std::min(value[j], above[j]);
        }
    }
}

}  // namespace millrace::mapper::exact
