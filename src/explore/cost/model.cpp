#include "explore/cost/model.h"

#include <cmath>

#include "explore/cost/parts.h"

namespace millrace::cost {
namespace {

using hardware::Direction;

std::uint32_t bit(DimIndex dim) { return std::uint32_t{1} << dim; }

double cyclesOf(double amount, double precision, double bandwidth) {
    return bandwidth > 0 ? amount * precision / bandwidth : 0;
}

ArrayEnergy arrayEnergyOf(const Nest& nest, const Machine& machine, const SpatialPair& spatial) {
    ArrayEnergy energy;
    if (!machine.imc) {
        energy.constant = machine.unitEnergy * static_cast<double>(nest.macs);
        return energy;
    }
    energy.constant = imcEnergy(*machine.imc, nest, spatial.chosen).total();
    for (std::size_t op = 1; op < nest.operands.size(); ++op) {
        if (nest.operands[op].role != hardware::MemoryOperand::I2) continue;
        energy.weights = op;
        energy.precharge = imcPrecharge(*machine.imc) * static_cast<double>(nest.macs);
    }
    return energy;
}

}  // namespace

Model::Model(const Nest& nest, Machine machine, SpatialPair spatial)
    : nest_(&nest), machine_(std::move(machine)), spatial_(std::move(spatial)) {
    const std::vector<Spatial::Level>& levels = spatial_.fractional.level[0];
    for (std::size_t a = levels.size(); a-- > 0;) {
        irrelevantAbove_[a] = irrelevantAbove_[a + 1];
        for (const SpatialLoop& loop : levels[a].loops) {
            if ((nest.operands[0].irrelevantMask & bit(loop.dim)) != 0) irrelevantAbove_[a] = true;
        }
    }
    Sizes sizes = unitSizes();
    for (DimIndex dim = 0; dim < nest.dims.size(); ++dim) sizes[dim] = static_cast<double>(nest.dims[dim].size);
    outputElements_ = elements(nest, nest.operands[0], sizes);
    arrayEnergy_ = arrayEnergyOf(nest, machine_, spatial_);
}

double Model::macs() const { return static_cast<double>(nest_->macs); }

double Model::outputBits(bool partial) const { return partial ? nest_->operands[0].bits : nest_->finalBits; }

CutEntry Model::entry(std::size_t op, std::size_t a, const CutFacts& facts, std::int64_t total,
                      CutTraffic* traffic) const {
    CutEntry result;
    const bool output = op == 0;
    const double constant = nest_->operands[op].bits;
    result.bits = facts.elements * (output ? outputBits(facts.partial) : constant);
    const double bits = facts.wholeElements * (output ? outputBits(facts.wholePartial) : constant);
    result.lowestBits = bits;
    result.cycles.fill(-1);
    const std::size_t top = machine_.levels[op];
    const double rate = bits / static_cast<double>(facts.period);
    const std::int64_t count = total / facts.period;
    const bool inShares = nest_->corrections.has(Correction::shares);
    const auto add = [&](Direction direction, std::size_t m, double amount, double whole, bool active, bool wholeActive,
                         double precision, double wholePrecision, std::int64_t transfers) {
        const auto d = static_cast<std::size_t>(direction);
        const Machine::Level& level = machine_.level[op][m];
        if (wholeActive) {
            result.duration[d] = cyclesOf(whole, wholePrecision, level.bandwidthMax[d]);
            result.cycles[d] = static_cast<std::int64_t>(std::ceil(result.duration[d]));
        }
        if (wholeActive && traffic != nullptr) traffic->bits[d] = whole * wholePrecision;
        if (!active || amount == 0 || precision == 0 || level.bandwidthMax[d] == 0) return;
        const double words = std::ceil(amount * precision / level.bandwidthMin[d]);
        const double share = level.bandwidthMin[d] / level.bandwidthMax[d];
        const double sum =
            words * share * static_cast<double>(transfers) * spatial_.fractional.level[op][m + 1].instances;
        const double access = inShares ? sum : std::trunc(sum);
        const bool read = direction == Direction::tl || direction == Direction::th;
        result.energy[d] = access * (read ? level.readCost : level.writeCost);
        if (traffic != nullptr) traffic->accesses[d] = access;
    };
    const bool once = nest_->corrections.has(Correction::readback);
    const std::int64_t readBacks = once ? count - count / facts.visits : count;
    if (once) result.outside = count / facts.visits;
    const auto both = [&](Direction out, Direction in, std::size_t m, double amount, double whole) {
        if (!output) {
            add(out == Direction::fl ? in : out, m, amount, whole, true, true, constant, constant, count);
            return;
        }
        const double partial = nest_->operands[0].bits;
        add(out, m, amount, whole, true, true, outputBits(facts.back), outputBits(facts.wholeBack), count);
        add(in, m, amount, whole, facts.partial && readBacks > 0, facts.wholePartial && readBacks > 0,
            facts.back ? partial : 0, facts.wholeBack ? partial : 0, readBacks);
    };
    if (a < top) {
        const double boost = spatial_.fractional.level[op][a].boost;
        const double wholeBoost = spatial_.whole.level[op][a].boost;
        result.averageLow = std::trunc(rate * wholeBoost);
        both(Direction::fl, Direction::tl, a, facts.elements * boost, facts.wholeElements * wholeBoost);
    }
    if (a > 0 && a < top) {
        result.averageHigh = std::trunc(rate);
        both(output ? Direction::th : Direction::fh, Direction::fh, a - 1, facts.elements, facts.wholeElements);
    }
    return result;
}

}  // namespace millrace::cost
