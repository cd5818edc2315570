#include <algorithm>

#include "model/exec/cell.h"
#include "model/exec/convert.h"
#include "model/exec/registry.h"

namespace millrace::model::exec {

namespace {

/// Walks all sequences; `step(direction, item, time, state)` brings the state forward by one.
template <class Step>
void walk(const Recurrence& r, std::vector<float>& states, Step step) {
    std::vector<float> all(static_cast<std::size_t>(r.steps * r.directions * r.batch * r.hidden), 0);
    parallelFor(r.call.environment, r.directions * r.batch, 1, [&](std::int64_t begin, std::int64_t end) {
        for (; begin < end; ++begin) {
            const std::int64_t direction = begin / r.batch;
            const std::int64_t item = begin % r.batch;
            float* state = states.data() + r.stateAt(direction, item);
            for (std::int64_t i = 0; i < r.lengths[static_cast<std::size_t>(item)]; ++i) {
                const std::int64_t time = r.timeOf(direction, item, i);
                step(direction, item, time, state);
                std::copy_n(state, r.hidden, all.data() + r.outputAt(time, direction, item));
            }
        }
    });
    r.storeAll(std::move(all));
}

void rnn(Call& call) {
    const Recurrence r(call, 1, 1, {"Tanh"});
    std::vector<float> states = r.initial(5);
    walk(r, states, [&](std::int64_t d, std::int64_t n, std::int64_t t, float* state) {
        std::vector<float> gate(static_cast<std::size_t>(r.width()));
        r.apply(d, state, 0, r.width(), gate.data());
        const float* x = r.inputPart(d, t, n);
        const CellActivation& f = r.activations[static_cast<std::size_t>(d)][0];
        for (std::int64_t j = 0; j < r.hidden; ++j) state[j] = f(r.clipped(x[j] + gate[static_cast<std::size_t>(j)]));
    });
    r.storeLast(1, states);
}

void gru(Call& call) {
    const Recurrence r(call, 3, 2, {"Sigmoid", "Tanh"});
    const bool linear = call.op.integer("linear_before_reset", 0) != 0;
    std::vector<float> states = r.initial(5);
    walk(r, states, [&](std::int64_t d, std::int64_t n, std::int64_t t, float* state) {
        const std::int64_t h = r.hidden;
        std::vector<float> gate(static_cast<std::size_t>(r.width()));
        std::vector<float> reset(static_cast<std::size_t>(h));
        const auto& f = r.activations[static_cast<std::size_t>(d)];
        const float* x = r.inputPart(d, t, n);
        r.apply(d, state, 0, linear ? 3 * h : 2 * h, gate.data());
        for (std::int64_t j = 0; j < h; ++j) {
            reset[static_cast<std::size_t>(j)] = f[0](r.clipped(x[h + j] + gate[static_cast<std::size_t>(h + j)]));
        }
        if (linear) {
            for (std::int64_t j = 0; j < h; ++j) {
                gate[static_cast<std::size_t>(2 * h + j)] *= reset[static_cast<std::size_t>(j)];
            }
        } else {
            for (std::int64_t j = 0; j < h; ++j) reset[static_cast<std::size_t>(j)] *= state[j];
            r.apply(d, reset.data(), 2 * h, 3 * h, gate.data());
        }
        for (std::int64_t j = 0; j < h; ++j) {
            const float update = f[0](r.clipped(x[j] + gate[static_cast<std::size_t>(j)]));
            const float fresh = f[1](r.clipped(x[2 * h + j] + gate[static_cast<std::size_t>(2 * h + j)]));
            state[j] = (1.0F - update) * fresh + update * state[j];
        }
    });
    r.storeLast(1, states);
}

/// Weights of the cell state's way into gates i, o and f; zeros if there are none.
std::vector<float> peepholes(const Call& call, const Recurrence& r) {
    std::vector<float> weights(static_cast<std::size_t>(r.directions * 3 * r.hidden), 0);
    const Value* value = call.optional(7);
    if (value == nullptr) return weights;
    if (value->shape() != Shape{r.directions, 3 * r.hidden}) {
        throw Refused{"peephole weights " + text(value->shape()) + " must have shape " +
                      text(Shape{r.directions, 3 * r.hidden})};
    }
    const As<float> from(call, *value);
    std::copy_n(from.data(), weights.size(), weights.data());
    return weights;
}

void lstm(Call& call) {
    const Recurrence r(call, 4, 3, {"Sigmoid", "Tanh", "Tanh"});
    const bool coupled = call.op.integer("input_forget", 0) != 0;
    const std::vector<float> peep = peepholes(call, r);
    std::vector<float> states = r.initial(5);
    std::vector<float> cells = r.initial(6);
    walk(r, states, [&](std::int64_t d, std::int64_t n, std::int64_t t, float* state) {
        const std::int64_t h = r.hidden;
        std::vector<float> gate(static_cast<std::size_t>(r.width()));
        r.apply(d, state, 0, r.width(), gate.data());
        const auto& f = r.activations[static_cast<std::size_t>(d)];
        const float* x = r.inputPart(d, t, n);
        const float* p = peep.data() + d * 3 * h;
        float* cell = cells.data() + r.stateAt(d, n);
        const auto sum = [&](std::int64_t i) { return x[i] + gate[static_cast<std::size_t>(i)]; };
        for (std::int64_t j = 0; j < h; ++j) {
            const float input = f[0](r.clipped(sum(j) + p[j] * cell[j]));
            const float forget = coupled ? 1.0F - input : f[0](r.clipped(sum(2 * h + j) + p[2 * h + j] * cell[j]));
            const float fresh = f[1](r.clipped(sum(3 * h + j)));
            cell[j] = forget * cell[j] + input * fresh;
            const float output = f[0](r.clipped(sum(h + j) + p[h + j] * cell[j]));
            state[j] = output * f[2](cell[j]);
        }
    });
    r.storeLast(1, states);
    r.storeLast(2, cells);
}

constexpr KernelEntry kEntries[] = {
    {"", "RNN", 1, kNewest, rnn},
    {"", "GRU", 1, kNewest, gru},
    {"", "LSTM", 1, kNewest, lstm},
};

}  // namespace

std::span<const KernelEntry> recurrentKernels() { return kEntries; }

}  // namespace millrace::model::exec
