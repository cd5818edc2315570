#pragma once
#include <cstdint>
#include <vector>

#include "support/rng.h"
#include "targets/barvinn/generate/jobs.h"
#include "targets/barvinn/simulate/array.h"

/// Random matrix-vector products and convolutions, and what they come to in plain integer arithmetic.
namespace millrace::targets::barvinn::test {

/// A tile of 64 x 64 weights, row k for output lane k.
using Tile = std::vector<std::int32_t>;

struct RandomJob {
    Job job;
    int mvu = 0;
    /// Written after the job's registers, before the command: other lengths of the scaler's walk (see Q5).
    std::vector<CsrWrite> extra;
    bool longer = false;  ///< runs 5 cycles longer, so that the last sum finds its scaler (see Q1)

    /// The tensors. Sums follow each other: output row, column, block.
    ConvShape shape;
    std::int64_t planes = 1;
    std::int64_t rows = 1;                          ///< of output
    std::vector<std::vector<std::int32_t>> blocks;  ///< of 64 inputs: plane, row, column, block
    std::vector<Tile> tiles;                        ///< output block, plane, filter row, filter column, block
    std::vector<ScalerWord> scalers;                ///< the whole memory
    std::vector<BiasWord> biases;
    ActivationWord wordZero = 0;  ///< of the MVU's activation memory

    std::int64_t taps() const { return planes * shape.inputs * shape.filterHeight * shape.filterWidth; }
    std::int64_t groupLength() const { return taps() * job.inputBits * job.weightBits; }
    std::int64_t groups() const { return rows * shape.outputWidth() * shape.outputs; }
};

RandomJob randomJob(Rng& rng);

/// Puts the tensors into the MVU's memories.
void place(const RandomJob& random, Array& array);
/// Writes the registers of `job` (the random job's own, or a faulty one) and runs until all is quiet.
void run(const RandomJob& random, const Job& job, Array& array);
/// The words of all sums, one behind the other, in plain integer arithmetic.
std::vector<ActivationWord> expected(const RandomJob& random, const Quirks& quirks);
/// Are these words where the job sends them (and nothing else written)? `before`: words written before the run.
bool found(const RandomJob& random, const std::vector<ActivationWord>& words, const Quirks& quirks, const Array& array,
           std::int64_t before);

}  // namespace millrace::targets::barvinn::test
