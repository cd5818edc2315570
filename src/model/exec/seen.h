#pragma once
#include "model/exec/kernel.h"
#include "model/operators/resolve.h"

namespace millrace::model::exec {

/// The operator with the shapes of a call, and the values of its small inputs, as the rules in model/operators want it.
struct Seen {
    Network network;
    Operator op;

    /// `constants`: inputs from this index on become constants if they have at most 64 elements.
    explicit Seen(const Call& call, std::size_t constants = 1'000'000);
};

/// What a rule says. Refused with its reason if it found none.
template <class T>
T orRefuse(Resolved<T> resolved) {
    if (!resolved.value) throw Refused{resolved.wrong.empty() ? "values of an input are missing" : resolved.wrong};
    return *std::move(resolved.value);
}

}  // namespace millrace::model::exec
