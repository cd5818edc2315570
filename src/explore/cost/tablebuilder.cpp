#include <algorithm>
#include <cmath>

#include "explore/cost/parts.h"
#include "explore/cost/tables.h"

namespace millrace::cost {

/// Fills in the tables, and watches that every number in them is exact.
class TableBuilder {
public:
    TableBuilder(const Model& model, Tables& tables, bool exactly, std::size_t mostStates)
        : model_(model), nest_(model.nest()), tables_(tables), exactly_(exactly), mostStates_(mostStates) {}

    bool build(const std::vector<Loop>& loops) {
        if (nest_.operands[0].partial || !addKinds(loops)) return false;
        if (!findFraction() && exactly_) return false;
        addStates();
        for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
            if (!addTiles(op) || !addEntries(op)) return false;
        }
        return exact(reuse(0, 0, false) * model_.outputElements());
    }

private:
    static std::uint32_t bit(DimIndex dim) { return std::uint32_t{1} << dim; }
    const Spatial& version(bool whole) const { return whole ? model_.spatial().whole : model_.spatial().fractional; }

    bool addKinds(const std::vector<Loop>& loops) {
        for (const Loop& loop : loops) {
            const auto at = std::find(tables_.kinds_.begin(), tables_.kinds_.end(), loop);
            if (at == tables_.kinds_.end()) {
                tables_.kinds_.push_back(loop);
                tables_.counts_.push_back(1);
            } else {
                ++tables_.counts_[static_cast<std::size_t>(at - tables_.kinds_.begin())];
            }
            tables_.total_ *= loop.factor;
        }
        for (const std::size_t count : tables_.counts_) {
            tables_.stride_.push_back(static_cast<std::uint32_t>(tables_.states_));
            tables_.states_ *= count + 1;
            if (tables_.states_ > mostStates_) return false;
        }
        tables_.loops_ = loops.size();
        for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
            for (std::size_t k = 0; k < tables_.kinds_.size(); ++k) {
                const std::uint32_t dim = bit(tables_.kinds_[k].dim);
                if ((nest_.operands[op].irrelevantMask & dim) != 0)
                    tables_.irrelevantKinds_[op] |= std::uint64_t{1} << k;
                if ((nest_.operands[op].relevantMask & dim) != 0) tables_.relevantKinds_[op] |= std::uint64_t{1} << k;
            }
        }
        return true;
    }

    /// All products of unrollings are multiples of 1 / fraction_.
    bool findFraction() {
        for (std::size_t op = 0; op < nest_.operands.size(); ++op) {
            double fraction = 1;
            for (const Spatial::Level& level : version(false).level[op]) {
                for (const SpatialLoop& loop : level.loops) {
                    if (loop.factor < 1) return false;
                    for (double scaled = loop.factor; scaled != std::trunc(scaled) && fraction <= 0x1p40; scaled *= 2)
                        fraction *= 2;
                }
            }
            fraction_ = std::max(fraction_, fraction);
        }
        return fraction_ <= 0x1p20;
    }

    bool exact(double value) const { return !exactly_ || value * fraction_ < 0x1p52; }

    std::size_t countIn(std::size_t state, std::size_t kind) const { return tables_.countIn(state, kind); }

    void addStates() {
        for (std::size_t state = 0; state < tables_.states_; ++state) {
            std::int64_t period = 1;
            std::int64_t visits = 1;
            bool accumulates = false;  // an irrelevant loop of the output is not below
            Sizes sizes = unitSizes();
            for (std::size_t k = 0; k < tables_.kinds_.size(); ++k) {
                const Loop& kind = tables_.kinds_[k];
                const bool reuses = (tables_.irrelevantKinds_[0] >> k & 1) != 0;
                const std::size_t below = countIn(state, k);
                for (std::size_t i = 0; i < tables_.counts_[k]; ++i) {
                    if (i < below) {
                        period *= kind.factor;
                        sizes[kind.dim] *= static_cast<double>(kind.factor);
                    } else if (reuses) {
                        visits *= kind.factor;
                    }
                }
                if (reuses && below < tables_.counts_[k]) accumulates = true;
            }
            tables_.period_.push_back(period);
            tables_.repeats_.push_back(tables_.total_ / period);
            tables_.partial_.push_back(accumulates ? 1 : 0);
            visits_.push_back(visits);
            sizes_.push_back(sizes);
        }
    }

    /// Products of the loops of a state and of the unrollings in the arch levels below `a`.
    Sizes sizesOf(std::size_t state, std::size_t op, std::size_t a, bool whole) const {
        Sizes sizes = sizes_[state];
        for (std::size_t b = 0; b < a; ++b) {
            for (const SpatialLoop& loop : version(whole).level[op][b].loops) sizes[loop.dim] *= loop.factor;
        }
        return sizes;
    }

    bool addTiles(std::size_t op) {
        const Operand& operand = nest_.operands[op];
        for (std::size_t m = 0; m < model_.machine().levels[op]; ++m) {
            Tables::Level& level = tables_.level_[op][m];
            level.partial = op == 0 && model_.irrelevantAbove(m + 1);
            for (std::size_t state = 0; state < tables_.states_; ++state) {
                const double tile = elements(nest_, operand, sizesOf(state, op, m + 1, false));
                for (const bool partial : {false, true}) {
                    const double precision = op == 0 ? model_.outputBits(partial) : operand.bits;
                    const double bits = tile * (precision * model_.machine().level[op][m].copies);
                    const double traffic = static_cast<double>(tables_.repeats_[state]) * bits;
                    if (!exact(4 * traffic)) return false;
                    level.bits[partial].push_back(bits);
                    level.traffic[partial].push_back(traffic);
                }
            }
        }
        return true;
    }

    /// How often an output element is accumulated on above cut `a`.
    double reuse(std::size_t state, std::size_t a, bool whole) const {
        double product = static_cast<double>(visits_[state]);
        const std::vector<Spatial::Level>& levels = version(whole).level[0];
        for (std::size_t b = a + 1; b < levels.size(); ++b) {
            for (const SpatialLoop& loop : levels[b].loops) {
                if ((nest_.operands[0].irrelevantMask & bit(loop.dim)) != 0) product *= loop.factor;
            }
        }
        return product;
    }

    /// Rounds a tile as the walk over its loops does, whose products carry rounding noise if the operand slides.
    bool round(double tile, bool noisy, double& result) const {
        result = std::nearbyint(tile);
        if (!noisy || !exactly_) return true;
        return tile < 0x1p36 && std::abs(tile - std::floor(tile) - 0.5) > 1e-4;
    }

    bool addEntries(std::size_t op) {
        const Operand& operand = nest_.operands[op];
        const bool noisy = operand.partial && !nest_.corrections.has(Correction::halo);
        for (std::size_t a = 0; a <= model_.machine().levels[op]; ++a) {
            for (std::size_t state = 0; state < tables_.states_; ++state) {
                CutFacts facts{1, 1, tables_.period_[state]};
                if (a > 0) {
                    const double tile = elements(nest_, operand, sizesOf(state, op, a, false));
                    const double whole = elements(nest_, operand, sizesOf(state, op, a, true));
                    if (!round(tile, noisy, facts.elements) || !round(whole, noisy, facts.wholeElements)) return false;
                }
                if (op == 0) outputFacts(state, a, facts);
                tables_.entry_[op][a].push_back(model_.entry(op, a, facts, tables_.total_, nullptr));
            }
        }
        return true;
    }

    void outputFacts(std::size_t state, std::size_t a, CutFacts& facts) const {
        const double factor = reuse(state, a, false);
        const double whole = reuse(state, a, true);
        facts.visits = visits_[state];
        facts.partial = factor > 1;
        facts.wholePartial = whole > 1;
        facts.back = std::trunc(model_.outputElements() * (factor - 1)) != 0;
        facts.wholeBack = std::trunc(model_.outputElements() * (whole - 1)) != 0;
    }

    const Model& model_;
    const Nest& nest_;
    Tables& tables_;
    bool exactly_;
    std::size_t mostStates_;
    /// By state: products of its loops by dim, and of the output's irrelevant loops that are not in it.
    std::vector<Sizes> sizes_;
    std::vector<std::int64_t> visits_;
    double fraction_ = 1;
};

std::optional<Tables> Tables::make(const Model& model, const std::vector<Loop>& loops) {
    Tables tables(model);
    if (loops.size() > kMaxLoops || !TableBuilder(model, tables, true, kMaxStates).build(loops)) return std::nullopt;
    return tables;
}

std::optional<Tables> Tables::makeRounded(const Model& model, const std::vector<Loop>& loops, std::size_t mostStates) {
    Tables tables(model);
    if (loops.size() > kMaxLoops || !TableBuilder(model, tables, false, mostStates).build(loops)) return std::nullopt;
    return tables;
}

}  // namespace millrace::cost
