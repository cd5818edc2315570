#include "explore/fusion/tally.h"

#include <algorithm>
#include <map>

namespace millrace::fusion {

namespace {

double tileEnergy(const Engine& engine) {
    const Setup& setup = engine.setup();
    double sum = 0;
    for (const Work& work : setup.works()) {
        if (!work.layer.valid()) continue;
        for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
            if (engine.record().starts[work.firstTile + tile] == kSkipped) continue;
            sum += setup.kind(work, setup.at(work, tile), tile % work.parts)->energy.value();
        }
    }
    return sum;
}

double wordsEnergy(std::int64_t bits, std::int64_t word, double energy) {
    return static_cast<double>(ceilDiv(bits, word)) * energy;
}

class TransferEnergy {
public:
    explicit TransferEnergy(const Engine& engine) : engine_(engine), setup_(engine.setup()) {}

    double sum() {
        double result = 0;
        for (const Sent& sent : engine_.record().transfers) result += of(sent);
        return result;
    }

private:
    double of(const Sent& sent) {
        const schedule::Problem& resources = setup_.resources();
        const Sites& sites = setup_.sites(sent.tensor);
        const schedule::MemoryId from = sites.memories[sent.from];
        const schedule::MemoryId to = sites.memories[engine_.record().buffers[sent.buffer].site];
        const std::int64_t bits = setup_.bits(sent.tensor, engine_.box(sent.tensor, sent.box));
        const schedule::Memory& source = resources.memories[from];
        const schedule::Memory& target = resources.memories[to];
        double energy = wordsEnergy(bits, target.writeWordBits, target.writeEnergy);
        if (sent.leader == kNone) energy += wordsEnergy(bits, source.readWordBits, source.readEnergy);
        double links = 0;
        const std::vector<schedule::LinkId>& route = setup_.platform().route(from, to)->links;
        if (sent.leader == kNone && sent.follower == kNone) {
            for (const schedule::LinkId link : route) links += resources.links[link].energyPerBit;
        } else {
            links = shared(sent, route);
        }
        return energy + static_cast<double>(bits) * links;
    }

    /// Transfers that share words pay each link once.
    double shared(const Sent& sent, const std::vector<schedule::LinkId>& route) {
        const auto index = static_cast<std::uint32_t>(&sent - engine_.record().transfers.data());
        std::vector<schedule::LinkId>& paid = paid_[sent.leader == kNone ? index : sent.leader];
        double sum = 0;
        for (const schedule::LinkId link : route) {
            if (std::find(paid.begin(), paid.end(), link) != paid.end()) continue;
            paid.push_back(link);
            sum += setup_.resources().links[link].energyPerBit;
        }
        return sum;
    }

    const Engine& engine_;
    const Setup& setup_;
    std::map<std::uint32_t, std::vector<schedule::LinkId>> paid_;  ///< by leader
};

}  // namespace

Tally tally(const Engine& engine) {
    Tally result;
    result.latency = engine.latency();
    result.energy = Picojoules(tileEnergy(engine) + TransferEnergy(engine).sum());
    const auto& memories = engine.setup().resources().memories;
    for (const schedule::MemoryId memory : memories.ids()) {
        if (!memories[memory].offchip) result.peakMemory += Bits(engine.peak(memory));
    }
    return result;
}

}  // namespace millrace::fusion
