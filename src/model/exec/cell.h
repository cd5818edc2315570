#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/exec/kernel.h"

namespace millrace::model::exec {

/// An activation function of a recurrent layer with its parameters.
struct CellActivation {
    double (*function)(double x, double alpha, double beta) = nullptr;
    double alpha = 0, beta = 0;

    float operator()(float x) const { return static_cast<float>(function(static_cast<double>(x), alpha, beta)); }
};

/// What RNN, GRU and LSTM have in common: sizes, directions, inputs times weights. Refused: what does not fit.
struct Recurrence {
    Recurrence(const Call& call, std::int64_t gates, std::size_t activationsPerDirection,
               const std::vector<std::string>& defaults);

    const Call& call;
    std::int64_t gates;
    std::int64_t steps = 0, batch = 0, size = 0, hidden = 0, directions = 1;
    bool batchFirst = false;
    bool reverseOnly = false;
    float clip = 0;                                        ///< 0: none
    std::vector<std::vector<CellActivation>> activations;  ///< [direction]
    std::vector<std::int64_t> lengths;                     ///< of each batch item

    /// Inputs times weights plus the input's bias: [direction][step][item][gate][hidden].
    std::vector<float> fromInput;
    /// Recurrent weights as [direction][hidden in][gate][hidden out], and their bias [direction][gate][hidden].
    std::vector<float> recurrent, recurrentBias;

    std::int64_t width() const { return gates * hidden; }
    /// Step number `i` of an item in a direction, in the order of time in which that direction goes.
    std::int64_t timeOf(std::int64_t direction, std::int64_t item, std::int64_t i) const;
    const float* inputPart(std::int64_t direction, std::int64_t step, std::int64_t item) const;
    /// result[begin..end) of a gate vector = recurrent weights times `state`, with bias.
    void apply(std::int64_t direction, const float* state, std::int64_t begin, std::int64_t end, float* result) const;
    float clipped(float x) const { return clip > 0 ? std::min(clip, std::max(-clip, x)) : x; }

    /// Initial state of input `i`, or zeros: [direction][item][hidden].
    std::vector<float> initial(std::size_t i) const;
    /// Stores all states [step][direction][item][hidden] as output 0, and last ones [direction][item][hidden] as
    /// output `i`.
    void storeAll(std::vector<float> states) const;
    void storeLast(std::size_t i, const std::vector<float>& states) const;
    std::size_t stateAt(std::int64_t direction, std::int64_t item) const {
        return static_cast<std::size_t>((direction * batch + item) * hidden);
    }
    std::size_t outputAt(std::int64_t step, std::int64_t direction, std::int64_t item) const {
        return static_cast<std::size_t>(((step * directions + direction) * batch + item) * hidden);
    }

private:
    void readSizes();
    void readActivations(std::size_t perDirection, const std::vector<std::string>& defaults);
    void readLengths();
    void multiplyInput();
    void turnRecurrent();
    void checkShape(std::size_t input, const Shape& shape) const;
};

}  // namespace millrace::model::exec
