#include "explore/cost/tables.h"

#include <algorithm>
#include <limits>

namespace millrace::cost {

/// One evaluation.
class TableWalk {
public:
    TableWalk(const Tables& tables, const std::uint32_t* order)
        : tables_(tables), machine_(tables.model_->machine()), order_(order), n_(tables.loops_) {
        state_[0] = 0;
        for (std::size_t i = 0; i < n_; ++i) state_[i + 1] = state_[i] + tables.stride_[order[i]];
    }

    bool allocate(TooSmall& why) {
        taken_.fill(0);
        for (std::size_t op = 0; op < machine_.operands; ++op) cut_[op][0] = op == 0 ? 0 : skip(op, 0);
        for (const Machine::Node& node : machine_.nodes) {
            for (std::size_t k = 0; k < node.count; ++k) {
                if (!slice(node, k, why)) return false;
            }
            if (!choose(node, why)) return false;
            for (std::size_t k = 0; k < node.count; ++k) {
                const std::size_t op = node.operand[k];
                taken_[op] += slices_[k].first + best_[k];
                if (!node.top[k]) {
                    cut_[op][node.level[k] + 1] = skip(op, taken_[op]);
                    continue;
                }
                cut_[op][node.level[k] + 1] = n_;
                if (taken_[op] == n_) continue;
                const double rest = static_cast<double>(tables_.repeats_[state_[taken_[op]]]);
                why = {node.memory, std::max(slices_[k].bits[0] * rest, node.size + 1), node.size};
                return false;
            }
        }
        return true;
    }

    Score score(ScoreMemo* memo) {
        ScoreMemo::Key key;
        const std::size_t length = findRuns(key);
        if (memo == nullptr) return score();
        std::uint64_t hash = 0;
        for (std::size_t i = 0; i < length; ++i) hash = (hash ^ key[i]) * 0x9e3779b97f4a7c15ULL;
        ScoreMemo::Entry& entry = memo->entries_[hash >> 32 & (ScoreMemo::kEntries - 1)];
        if (entry.used && std::equal(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(length), entry.key.begin()))
            return entry.score;
        entry.used = true;
        std::copy_n(key.begin(), length, entry.key.begin());
        entry.score = score();
        return entry.score;
    }

private:
    struct Slices {
        std::array<double, kMaxLoops + 1> bits;
        std::array<double, kMaxLoops + 1> traffic;
        std::size_t count;
        std::size_t first;
        bool sinks;  ///< no slice has less traffic than the last one

        void none() {
            bits[0] = 0;
            traffic[0] = 0;
            count = 1;
            first = 0;
            sinks = true;
        }
    };

    /// A cut, and where the runs of reusing and of relevant loops just below it begin.
    struct Place {
        std::uint32_t cut;
        std::uint32_t reuse;
        std::uint32_t stream;
    };

    std::size_t findRuns(ScoreMemo::Key& key) {
        std::size_t length = 0;
        for (std::size_t op = 0; op < machine_.operands; ++op) {
            std::size_t below = cut_[op][0];
            for (std::size_t a = 0; a <= machine_.levels[op]; ++a) {
                const std::size_t at = cut_[op][a];
                std::size_t reuse = at;
                while (reuse > below && (tables_.irrelevantKinds_[op] >> order_[reuse - 1] & 1) != 0) --reuse;
                std::size_t stream = at;
                while (stream > below && (tables_.relevantKinds_[op] >> order_[stream - 1] & 1) != 0) --stream;
                place_[op][a] = {state_[at], state_[reuse], state_[stream]};
                key[length++] = state_[at] | std::uint64_t{state_[reuse]} << 16 | std::uint64_t{state_[stream]} << 32;
                below = a == 0 ? 0 : at;
            }
        }
        return length;
    }

    Score score() const {
        Cuts cuts;
        cuts.total = tables_.total_;
        for (std::size_t op = 0; op < machine_.operands; ++op) {
            for (std::size_t a = 0; a <= machine_.levels[op]; ++a) {
                const Place& place = place_[op][a];
                const std::int64_t period = tables_.period_[place.cut];
                cuts.entry[op][a] = &tables_.entry_[op][a][place.cut];
                cuts.period[op][a] = period;
                cuts.count[op][a] = tables_.repeats_[place.cut];
                cuts.window[op][a] = tables_.period_[place.reuse];
                cuts.streamed[op][a] = place.stream == place.cut ? 1 : period / tables_.period_[place.stream];
            }
        }
        return cost::score(machine_, cuts, tables_.model_->arrayEnergy(), tables_.model_->macs(), nullptr);
    }

    std::size_t skip(std::size_t op, std::size_t i) const {
        while (i < n_ && (tables_.irrelevantKinds_[op] >> order_[i] & 1) != 0) ++i;
        return i;
    }

    bool slice(const Machine::Node& node, std::size_t k, TooSmall& why) {
        const std::size_t op = node.operand[k];
        const Tables::Level& level = tables_.level_[op][node.level[k]];
        const std::size_t from = taken_[op];
        const bool partial = op == 0 && (level.partial || tables_.partial_[state_[from]] != 0);
        const double* bits = level.bits[partial].data();
        const double* traffic = level.traffic[partial].data();
        Slices& slices = slices_[k];
        slices.count = 0;
        slices.first = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t i = from; i <= n_; ++i) {
            const double size = bits[state_[i]];
            if (size > node.size) break;
            slices.bits[slices.count] = size;
            slices.traffic[slices.count] = traffic[state_[i]];
            slices.sinks = slices.traffic[slices.count] <= least;
            least = std::min(least, slices.traffic[slices.count]);
            ++slices.count;
        }
        if (slices.count == 0) {
            why = {node.memory, bits[state_[from]], node.size};
            return false;
        }
        if (node.top[k]) {
            slices.first = slices.count - 1;
            slices.bits[0] = slices.bits[slices.first];
            slices.traffic[0] = 0;
            slices.count = 1;
            slices.sinks = true;
        }
        return true;
    }

    /// The least traffic that fits; the last one of equals, the last operand counting fastest.
    bool choose(const Machine::Node& node, TooSmall& why) {
        double bits = 0;
        for (std::size_t k = 0; k < node.count; ++k) bits += slices_[k].bits[0];
        if (bits > node.size) {
            why = {node.memory, bits, node.size};
            return false;
        }
        for (std::size_t k = node.count; k < kMaxOperands; ++k) slices_[k].none();
        if (chooseAll(node)) return true;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < slices_[0].count; ++i) {
            for (std::size_t j = 0; j < slices_[1].count; ++j) {
                bits = slices_[0].bits[i] + slices_[1].bits[j];
                if (bits > node.size) continue;
                const double traffic = slices_[0].traffic[i] + slices_[1].traffic[j];
                for (std::size_t k = 0; k < slices_[2].count; ++k) {
                    if (bits + slices_[2].bits[k] > node.size || traffic + slices_[2].traffic[k] > least) continue;
                    least = traffic + slices_[2].traffic[k];
                    best_ = {i, j, k};
                }
            }
        }
        return true;
    }

    /// The largest slices, if they fit together and nothing has less traffic: the last combination of all.
    bool chooseAll(const Machine::Node& node) {
        double bits = 0;
        for (std::size_t k = 0; k < kMaxOperands; ++k) {
            best_[k] = slices_[k].count - 1;
            if (!slices_[k].sinks) return false;
            bits += slices_[k].bits[best_[k]];
        }
        return bits <= node.size;
    }

    const Tables& tables_;
    const Machine& machine_;
    const std::uint32_t* order_;
    std::size_t n_;
    std::array<std::uint32_t, kMaxLoops + 1> state_;
    std::array<std::size_t, kMaxOperands> taken_;
    std::array<std::array<std::size_t, kMaxLevels + 1>, kMaxOperands> cut_;
    std::array<Slices, kMaxOperands> slices_;
    std::array<std::size_t, kMaxOperands> best_;
    std::array<std::array<Place, kMaxLevels + 1>, kMaxOperands> place_;
};

bool Tables::evaluate(const std::uint32_t* order, Score& score, TooSmall& why, ScoreMemo* memo) const {
    TableWalk walk(*this, order);
    if (!walk.allocate(why)) return false;
    score = walk.score(memo);
    return true;
}

}  // namespace millrace::cost
