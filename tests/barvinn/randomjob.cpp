#include "randomjob.h"

#include <algorithm>

#include "targets/barvinn/format/images.h"

namespace millrace::targets::barvinn::test {

namespace {

/// Values of at most 8 bits.
std::vector<std::int32_t> randomValues(Rng& rng, std::size_t count, int bits, bool isSigned) {
    std::vector<std::int32_t> values(count);
    std::uint64_t chance = 0;
    for (std::size_t i = 0; i < count; ++i) {
        chance = i % 8 == 0 ? rng.next() : chance >> 8;
        const std::uint64_t low = chance & ((std::uint64_t{1} << bits) - 1);
        values[i] = static_cast<std::int32_t>(isSigned ? signedBits(low, bits) : static_cast<std::int64_t>(low));
    }
    return values;
}

/// A small shape; the number of sums and taps stays such that a job takes some hundred cycles.
void chooseShape(Rng& rng, RandomJob& random, const Precision& precision) {
    ConvShape& shape = random.shape;
    const std::uint64_t kind = rng.below(4);
    shape.inputs = rng.between(1, 2);
    shape.outputs = rng.between(1, 2);
    if (kind == 0) {
        shape.inputs = rng.between(1, 4);
        shape.outputs = rng.between(1, 3);
        random.job = gemvJob(shape.inputs, shape.outputs, precision);
        return;
    }
    shape.filterHeight = rng.between(1, 3);
    shape.filterWidth = rng.between(1, 3);
    shape.strideHeight = rng.between(1, 2);
    shape.strideWidth = rng.between(1, 2);
    shape.height = shape.filterHeight + rng.between(0, 2);
    shape.width = shape.filterWidth + rng.between(0, 3);
    if (kind == 1) random.job = convRowJob(shape, precision);
    if (kind == 2) random.job = convLayerJob(shape, precision);
    if (kind == 2) random.rows = shape.outputHeight();
    if (kind == 3) random.planes = rng.between(2, 3);
    if (kind == 3) random.job = convSplitJob(shape, random.planes, precision);
}

void chooseScaling(Rng& rng, RandomJob& random) {
    Job& job = random.job;
    job.scalerValue = static_cast<std::uint32_t>(rng.below(65536));
    job.scalerFromMemory = rng.below(2) == 0;
    job.biasFromMemory = rng.below(2) == 0;
    job.scalerBase = static_cast<std::uint32_t>(rng.below(kScalerWords));
    job.biasBase = static_cast<std::uint32_t>(rng.below(kBiasWords));
    walkScalers(random.shape.outputs, job);
    job.msbIndex = static_cast<int>(rng.between(0, 26));
    random.scalers.resize(kScalerWords);
    random.biases.resize(kBiasWords);
    for (ScalerWord& word : random.scalers)
        for (std::int16_t& lane : word) lane = static_cast<std::int16_t>(rng.below(65536));
    for (BiasWord& word : random.biases)
        for (std::uint32_t& lane : word) lane = static_cast<std::uint32_t>(rng.next());
    if (rng.below(2) == 0) {
        const auto length = static_cast<CsrNumber>(csr::slength1 + rng.between(1, 3));
        random.extra.push_back({length, static_cast<std::uint32_t>(rng.below(3))});
    }
    random.longer = random.groupLength() > 5 && rng.below(2) == 0;
    if (random.longer) job.countdown += 5;
}

/// Bases so that neither input, output nor word 0 meet.
void chooseBases(Rng& rng, RandomJob& random) {
    Job& job = random.job;
    const std::int64_t in = static_cast<std::int64_t>(random.blocks.size()) * job.inputBits;
    const std::int64_t out = random.groups() * job.outputBits;
    const auto weights = static_cast<std::int64_t>(random.tiles.size()) * job.weightBits;
    const auto last = static_cast<std::int64_t>(kActivationWords);
    do {
        job.inputBase = static_cast<std::uint32_t>(rng.below(2) == 0 ? rng.between(1, last - in) : rng.between(1, 900));
        job.outputBase = static_cast<std::uint32_t>(rng.between(1, last - out));
    } while (job.inputBase < job.outputBase + out && job.outputBase < job.inputBase + in);
    job.weightBase = static_cast<std::uint32_t>(rng.between(0, static_cast<std::int64_t>(kWeightWords) - weights));
}

}  // namespace

RandomJob randomJob(Rng& rng) {
    RandomJob random;
    Precision precision;
    precision.input = static_cast<int>(rng.between(1, 8));
    precision.weight = static_cast<int>(rng.between(1, 8));
    precision.inputSigned = rng.below(2) == 0;
    precision.weightSigned = rng.below(2) == 0;
    do {
        random.planes = random.rows = 1;
        random.shape = {};
        chooseShape(rng, random, precision);
    } while (random.taps() * random.shape.outputs * precision.weight > 512 ||
             random.taps() * random.shape.outputs > 20 || random.taps() * random.groups() > 60);
    const std::int64_t longest = std::min<std::int64_t>(16, random.groupLength());
    random.job.outputBits = static_cast<int>(rng.between(1, longest));
    random.mvu = static_cast<int>(rng.below(kMvus));
    random.job.destinations = static_cast<std::uint32_t>(rng.below(3) == 0 ? rng.below(256) : 1U << random.mvu);
    const ConvShape& shape = random.shape;
    const std::int64_t blocks = random.planes * shape.height * shape.width * shape.inputs;
    for (std::int64_t i = 0; i < blocks; ++i)
        random.blocks.push_back(randomValues(rng, kLanes, precision.input, precision.inputSigned));
    for (std::int64_t i = 0; i < random.taps() * shape.outputs; ++i)
        random.tiles.push_back(randomValues(rng, kLanes * kLanes, precision.weight, precision.weightSigned));
    chooseScaling(rng, random);
    chooseBases(rng, random);
    random.wordZero = rng.next() & rng.next() & rng.next();
    return random;
}

void place(const RandomJob& random, Array& array) {
    MvuMemory& memory = array.memory(random.mvu);
    memory.activations[0] = random.wordZero;
    std::size_t at = random.job.inputBase;
    for (const auto& block : random.blocks) {
        for (const ActivationWord word : encodePlanes(block, random.job.inputBits)) memory.activations[at++] = word;
    }
    at = random.job.weightBase;
    for (const Tile& tile : random.tiles) {
        for (const WeightWord& word : encodeWeights(tile, {kLanes, kLanes, 1, 1}, random.job.weightBits))
            memory.weights[at++] = word;
    }
    memory.scalers = random.scalers;
    memory.biases = random.biases;
}

void run(const RandomJob& random, const Job& job, Array& array) {
    std::vector<CsrWrite> writes = registerWrites(job);
    writes.insert(writes.end() - 1, random.extra.begin(), random.extra.end());
    for (int level = 2; level < kJumps; ++level) {
        const auto lengths = {csr::slength1, csr::blength1};
        for (const CsrNumber first : lengths) {
            // Before all others: with Q5 they go to length 1, which is written later.
            writes.insert(writes.begin(), {static_cast<CsrNumber>(first + level - 1), 0});
        }
    }
    for (const CsrWrite& write : writes) {
        array.write({random.mvu, write.number, write.value});
        array.step();
    }
    array.settle(array.cycle() + 1000000);
}

namespace {

/// Offset of a walk after `steps` steps, from the definition: a step adds the jump of the outermost loop that ends.
std::int64_t walked(const Walk& walk, std::int64_t steps) {
    std::int64_t offset = 0;
    for (std::int64_t step = 1; step <= steps; ++step) {
        std::size_t level = kJumps - 1;
        std::int64_t period = walk.length[level] + 1;
        while (level > 0 && step % period == 0) period *= walk.length[--level] + 1;
        offset += walk.jump[level];
    }
    return offset;
}

struct Expectation {
    const RandomJob& random;
    const Quirks& quirks;

    /// A block of inputs as the machine reads it.
    std::vector<std::int32_t> input(std::size_t block) const {
        auto words = encodePlanes(random.blocks[block], random.job.inputBits);
        std::size_t address = random.job.inputBase + block * words.size();
        for (ActivationWord& word : words) {
            if (quirks.bankZeroLeaks && address >= kBankWords) word |= random.wordZero;
            ++address;
        }
        return decodePlanes(words, random.job.inputSigned);
    }

    std::vector<std::int64_t> sums(std::int64_t row, std::int64_t column, std::int64_t output) const {
        const ConvShape& shape = random.shape;
        std::vector<std::int64_t> sums(kLanes);
        std::int64_t tap = output * random.taps();
        for (std::int64_t g = 0; g < random.planes; ++g) {
            for (std::int64_t y = 0; y < shape.filterHeight; ++y) {
                for (std::int64_t x = 0; x < shape.filterWidth; ++x) {
                    const std::int64_t line = g * shape.height + row * shape.strideHeight + y;
                    const std::int64_t pixel = line * shape.width + column * shape.strideWidth + x;
                    for (std::int64_t c = 0; c < shape.inputs; ++c) add(pixel * shape.inputs + c, tap++, sums);
                }
            }
        }
        return sums;
    }

    void add(std::int64_t block, std::int64_t tap, std::vector<std::int64_t>& sums) const {
        const auto values = input(static_cast<std::size_t>(block));
        const Tile& tile = random.tiles[static_cast<std::size_t>(tap)];
        for (std::size_t k = 0; k < kLanes; ++k) {
            std::int64_t sum = 0;
            for (std::size_t c = 0; c < kLanes; ++c) sum += std::int64_t{values[c]} * tile[k * kLanes + c];
            sums[k] += sum;
        }
    }

    Walk scalerWalk() const {
        Walk walk = random.job.scaler;
        for (const CsrWrite& write : random.extra) {
            const auto level =
                static_cast<std::size_t>(quirks.scalerLengthsAlias ? 1 : write.number - csr::slength1 + 1);
            walk.length[level] = static_cast<std::int32_t>(write.value);
        }
        return walk;
    }

    /// What leaves the scaler for a lane of sum number `group`.
    std::int64_t scaled(std::int64_t sum, std::int64_t group, std::size_t lane) const {
        const Job& job = random.job;
        const std::int64_t lastCycle = (group + 1) * random.groupLength() - 1;
        const bool reads = !quirks.scalerReadsOnlyRunning || lastCycle + 5 < job.countdown;
        const auto scalerAt = static_cast<std::size_t>((job.scalerBase + walked(scalerWalk(), group)) & 63);
        const auto biasAt = static_cast<std::size_t>((job.biasBase + walked(job.bias, group)) & 63);
        std::int64_t scale = static_cast<std::int16_t>(job.scalerValue);
        if (job.scalerFromMemory) scale = reads ? random.scalers[scalerAt][lane] : 0;
        const std::int64_t bias =
            job.biasFromMemory && reads ? signedBits(random.biases[biasAt][lane], kAccumulatorBits) : 0;
        return sum * scale + bias;
    }
};

}  // namespace

std::vector<ActivationWord> expected(const RandomJob& random, const Quirks& quirks) {
    const Expectation plain{random, quirks};
    std::vector<ActivationWord> words;
    std::int64_t group = 0;
    for (std::int64_t row = 0; row < random.rows; ++row) {
        for (std::int64_t column = 0; column < random.shape.outputWidth(); ++column) {
            for (std::int64_t output = 0; output < random.shape.outputs; ++output, ++group) {
                const auto sums = plain.sums(row, column, output);
                const std::size_t first = words.size();
                words.resize(first + static_cast<std::size_t>(random.job.outputBits));
                for (std::size_t lane = 0; lane < kLanes; ++lane) {
                    const auto value = static_cast<std::uint64_t>(plain.scaled(sums[lane], group, lane));
                    for (int plane = 0; plane < random.job.outputBits; ++plane) {
                        const int bit = random.job.msbIndex - plane;
                        const std::uint64_t one = bit < 0 ? 0 : value >> bit & 1;
                        words[first + static_cast<std::size_t>(plane)] |= one << lane;
                    }
                }
            }
        }
    }
    return words;
}

bool found(const RandomJob& random, const std::vector<ActivationWord>& words, const Quirks& quirks, const Array& array,
           std::int64_t before) {
    std::uint32_t mask = random.job.destinations;
    if (quirks.wordsCollide && (mask >> random.mvu & 1) != 0) mask = 1U << random.mvu;
    std::int64_t receivers = 0;
    for (int mvu = 0; mvu < kMvus; ++mvu) {
        if ((mask >> mvu & 1) == 0) continue;
        ++receivers;
        const auto& memory = array.memory(mvu).activations;
        if (!std::equal(words.begin(), words.end(), memory.begin() + random.job.outputBase)) return false;
    }
    return array.counters().wordsWritten - before == receivers * static_cast<std::int64_t>(words.size());
}

}  // namespace millrace::targets::barvinn::test
