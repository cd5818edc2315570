#include "explore/cost/imc.h"

#include <algorithm>
#include <cmath>

namespace millrace::cost {
namespace {

// 28 nm: volts, pF, mm2, ns.
constexpr double kVolts = 0.9;
constexpr double kSquaredVolts = kVolts * kVolts;
constexpr double kNandCapacitance = 0.7 / 1e3;
constexpr double kXorCapacitance = 0.7 * 1.5 / 1e3;
constexpr double kFlipFlopCapacitance = 0.7 * 3 / 1e3;
constexpr double kLineCapacitance = 0.7 / 2 / 1e3;  ///< of a wordline or a bitline, for each cell on it
constexpr double kNandArea = 0.614 / 1e6;
constexpr double kXorArea = 0.614 * 2.4 / 1e6;
constexpr double kFlipFlopArea = 0.614 * 6 / 1e6;
constexpr double kNandDelay = 0.0478;
constexpr double kXorDelay = 0.0478 * 2.4;

// A full adder is three NANDs and two XORs; with one input at rest, only the XORs work.
constexpr double kAdderEnergy = (3 * kNandCapacitance + 2 * kXorCapacitance) * kSquaredVolts;
constexpr double kIdleAdderEnergy = 2 * kXorCapacitance * kSquaredVolts;
constexpr double kAdderArea = 3 * kNandArea + 2 * kXorArea;
constexpr double kInputToSum = 2 * kXorDelay;
constexpr double kInputToCarry = kXorDelay + 2 * kNandDelay;
constexpr double kCarryToCarry = 2 * kNandDelay;
// Half: the weight rests.
constexpr double kMultiplierEnergy = 0.5 * kNandCapacitance * kSquaredVolts;
constexpr double kFlipFlopEnergy = kFlipFlopCapacitance * kSquaredVolts;

double number(std::int64_t value) { return static_cast<double>(value); }

/// Adders that give place values to the bits of a weight (analog), or of what enters in a cycle (digital).
struct PlaceValues {
    double inputs = 1;
    double width = 0;  ///< bits of an input
    double depth = 0;

    explicit PlaceValues(const ImcArray& array) {
        const double rowsAdded = number(array.kind.weightBits) + std::log2(number(array.rows));
        inputs = number(array.kind.analog ? array.kind.weightBits : array.serialBits);
        width = array.kind.analog ? number(array.kind.adcResolution) : rowsAdded;
        depth = std::log2(inputs);
    }
    /// Full adders of one column.
    double adders() const { return inputs == 1 ? 0 : width * (inputs - 1) + inputs * (depth - 0.5); }
    double outputWidth() const { return inputs == 1 ? width : inputs + width; }
    double delay() const {
        if (inputs == 1) return 0;
        return (depth - 1) * kInputToSum + kInputToCarry + (outputWidth() - width - 1) * kCarryToCarry;
    }
};

/// Bits of an accumulator; 0: all bits of an activation enter at once, nothing is accumulated.
double accumulatorWidth(const ImcArray& array) {
    if (array.cyclesPerOperation() == 1) return 0;
    const double summed = array.kind.analog ? number(array.kind.adcResolution) : std::log2(number(array.rows));
    return number(array.kind.activationBits) + summed + number(array.kind.weightBits);
}

/// Full adders of a digital tree over all rows.
double treeAdders(const ImcArray& array) {
    const double bits = number(array.kind.weightBits);
    return number(array.rows) * (bits + 1) - (bits + std::log2(number(array.rows)) + 1);
}

/// pJ of a digital tree over all rows, of which `active` have work: halves the tree, and goes on in the half where the
/// active rows end.
double treeEnergy(const ImcArray& array, double active) {
    if (active >= number(array.rows)) return treeAdders(array) * kAdderEnergy;
    const double bits = number(array.kind.weightBits);
    double full = 0;
    double idle = 0;
    double half = number(array.rows);
    while (active > 0) {
        half /= 2;
        const double depth = std::log2(half);
        const double halfTree = half * (bits + 1) - (bits + depth + 1);
        if (half == 1) {
            idle += bits;
            break;
        }
        if (active > half) {
            full += halfTree + (bits + depth);
            active -= half;
        } else {
            idle += bits + depth;
            if (active < half) continue;
            full += halfTree;
            active = 0;
        }
    }
    return full * kAdderEnergy + idle * kIdleAdderEnergy;
}

double converterEnergy(const ImcArray& array) {
    const double bits = number(array.kind.adcResolution);
    return (100 * bits + 0.001 * std::pow(4.0, bits)) * kSquaredVolts / 1000;
}

double driverEnergy(const ImcArray& array) {
    return array.serialBits == 1 ? 0 : 50e-3 * number(array.serialBits) * kSquaredVolts;
}

/// What a nest uses of one bank.
struct Use {
    double columns = 1;
    double rows = 1;
    double operations = 1;  ///< in one pass
};

bool irrelevant(const Operand& operand, DimIndex dim) { return (operand.irrelevantMask >> dim & 1) != 0; }

/// Rows that a loop over the bitlines takes: windows that columns slide over it shift their weights by a row each.
double rowsOf(const Nest& nest, const hardware::Unrolling& unrolling, const hardware::Dataflow* wordlines) {
    double rows = number(unrolling.factor);
    const auto dim = nest.dim(unrolling.loop);
    if (!dim || wordlines == nullptr) return rows;
    const auto weights = std::find_if(nest.operands.begin() + 1, nest.operands.end(), [](const Operand& operand) {
        return operand.role == hardware::MemoryOperand::I2;
    });
    if (weights == nest.operands.end()) return rows;
    for (const Relation& relation : nest.relations) {
        if (relation.dims[0] != *dim && relation.dims[1] != *dim) continue;
        const DimIndex other = relation.dims[relation.dims[0] == *dim ? 1 : 0];
        if (!irrelevant(*weights, other)) continue;
        double shifts = 1;
        for (const hardware::Unrolling& column : wordlines->unrollings) {
            if (column.loop == nest.dims[other].name) shifts *= number(column.factor);
        }
        return rows + shifts - 1;
    }
    return rows;
}

Use useOf(const ImcArray& array, const Nest& nest, const std::vector<hardware::Dataflow>& spatial) {
    const hardware::Dataflow* wordlines = nullptr;
    const hardware::Dataflow* bitlines = nullptr;
    Use use;
    for (const hardware::Dataflow& flow : spatial) {
        if (flow.dimension == array.wordlineDimension) wordlines = &flow;
        if (flow.dimension == array.bitlineDimension) bitlines = &flow;
    }
    if (wordlines != nullptr) {
        for (const hardware::Unrolling& unrolling : wordlines->unrollings) use.columns *= number(unrolling.factor);
    }
    double rows = 1;
    if (bitlines != nullptr) {
        for (const hardware::Unrolling& unrolling : bitlines->unrollings) {
            rows *= number(unrolling.factor);
            use.rows *= rowsOf(nest, unrolling, wordlines);
        }
    }
    if (rows == 1) use.rows = 1;
    use.operations = use.columns * rows;
    return use;
}

}  // namespace

std::string_view name(ImcPart part) {
    constexpr std::array<std::string_view, kImcParts> kNames{
        "cells", "dacs", "adcs", "multipliers", "bitlines", "adders", "place_value_adders", "accumulators"};
    return kNames[static_cast<std::size_t>(part)];
}

double ImcBreakdown::total() const {
    double sum = 0;
    for (const double value : part) sum += value;
    return sum;
}

std::optional<ImcArray> imcArrayOf(const hardware::Core& core) {
    if (!core.array.inMemoryComputing) return std::nullopt;
    ImcArray array;
    array.kind = *core.array.inMemoryComputing;
    array.serialBits = array.kind.bitSerialBits > 0 ? array.kind.bitSerialBits : array.kind.activationBits;
    const std::vector<hardware::ArrayDimension>& dimensions = core.array.dimensions;
    std::vector<std::size_t> byName(dimensions.size());
    for (std::size_t i = 0; i < byName.size(); ++i) byName[i] = i;
    std::sort(byName.begin(), byName.end(),
              [&](std::size_t a, std::size_t b) { return dimensions[a].name < dimensions[b].name; });
    array.wordlineDimension = byName.at(0);
    array.bitlineDimension = byName.at(1);
    array.columns = dimensions[byName[0]].size;
    array.rows = dimensions[byName[1]].size;
    for (std::size_t i = 2; i < byName.size(); ++i) array.banks *= dimensions[byName[i]].size;
    for (const hardware::Memory& memory : core.memories) {
        if (memory.name != "cells") continue;
        array.cellArea = memory.area;
        array.weightsPerCell = memory.size.value() / array.kind.weightBits;
    }
    return array;
}

ImcBreakdown imcClock(const ImcArray& array) {
    ImcBreakdown clock;
    const PlaceValues placeValues(array);
    clock[ImcPart::multipliers] = kNandDelay;
    if (array.kind.analog) {
        clock[ImcPart::adcs] = number(array.kind.adcResolution) * (0.00653 * number(array.rows) + 0.640);
    } else {
        const double depth = std::log2(number(array.rows));
        if (depth > 0)
            clock[ImcPart::adders] = (depth - 1) * kInputToSum + kInputToCarry +
                                     (number(array.kind.weightBits) + depth - 1 - 1) * kCarryToCarry;
    }
    clock[ImcPart::placeValueAdders] = placeValues.delay();
    if (const double width = accumulatorWidth(array); width > 0) {
        clock[ImcPart::accumulators] = kInputToCarry + (width - placeValues.outputWidth() - 1) * kCarryToCarry;
    }
    return clock;
}

ImcBreakdown imcArea(const ImcArray& array) {
    ImcBreakdown area;
    const double weightBits = number(array.kind.weightBits);
    const double columns = number(array.columns);
    const double rows = number(array.rows);
    const double banks = number(array.banks);
    area[ImcPart::cells] = columns * rows * banks * array.cellArea;
    if (array.kind.analog) {
        const double bits = number(array.kind.adcResolution);
        const double converter =
            bits > 1 ? std::pow(10.0, -0.0369 * bits + 1.206) * std::pow(2.0, bits) * std::pow(10.0, -6.0) : 0;
        area[ImcPart::adcs] = converter * weightBits * columns * banks;
        area[ImcPart::multipliers] = kNandArea * (weightBits * columns * rows * banks);
    } else {
        const double serialBits = number(array.serialBits);
        area[ImcPart::multipliers] = kNandArea * (serialBits * weightBits * columns * rows * banks);
        area[ImcPart::adders] = kAdderArea * treeAdders(array) * (serialBits * columns * banks);
    }
    area[ImcPart::placeValueAdders] = kAdderArea * PlaceValues(array).adders() * (columns * banks);
    const double accumulators = accumulatorWidth(array) * columns * banks;
    area[ImcPart::accumulators] = kAdderArea * accumulators + kFlipFlopArea * accumulators;
    return area;
}

ImcBreakdown imcEnergy(const ImcArray& array, const Nest& nest, const std::vector<hardware::Dataflow>& spatial) {
    const Use use = useOf(array, nest, spatial);
    const double weightBits = number(array.kind.weightBits);
    const double cycles = number(array.cyclesPerOperation());
    const double passes = number(nest.macs) / use.operations;
    ImcBreakdown energy;
    if (array.kind.analog) {
        energy[ImcPart::dacs] = driverEnergy(array) * use.rows * cycles * passes;
        energy[ImcPart::adcs] = converterEnergy(array) * weightBits * use.columns * cycles * passes;
        energy[ImcPart::multipliers] =
            kMultiplierEnergy * (weightBits * number(array.columns) * use.rows) * cycles * passes;
        energy[ImcPart::bitlines] =
            kLineCapacitance * kSquaredVolts * weightBits * use.columns * number(array.rows) * cycles * passes;
    } else {
        const double serialBits = number(array.serialBits);
        energy[ImcPart::multipliers] = kMultiplierEnergy *
                                       (serialBits * weightBits * number(array.columns) * number(array.rows)) * cycles *
                                       passes;
        energy[ImcPart::adders] = treeEnergy(array, use.rows) * (serialBits * use.columns) * cycles * passes;
    }
    energy[ImcPart::placeValueAdders] = kAdderEnergy * PlaceValues(array).adders() * use.columns * cycles * passes;
    energy[ImcPart::accumulators] =
        (kAdderEnergy + kFlipFlopEnergy) * accumulatorWidth(array) * use.columns * cycles * passes;
    return energy;
}

double imcPrecharge(const ImcArray& array) {
    if (array.weightsPerCell <= 1) return 0;
    return (kLineCapacitance * kSquaredVolts + kLineCapacitance * kSquaredVolts * number(array.weightsPerCell)) *
           number(array.kind.weightBits);
}

}  // namespace millrace::cost
