#include "explore/fusion/tally.h"

#include <algorithm>
#include <map>

namespace millrace::fusion {

namespace {

/// As `schedule::energy`, term by term in the same order.
class EnergySum {
public:
    explicit EnergySum(const Engine& engine) : engine_(engine), setup_(engine.setup()) {}

    Picojoules total() {
        for (const Work& work : setup_.works()) addTiles(work);
        for (const Sent& sent : engine_.record().transfers) addTransfer(sent);
        return sum_.total();
    }

private:
    void addTiles(const Work& work) {
        if (!work.layer.valid()) return;
        for (std::uint32_t tile = 0; tile < work.parts * work.steps; ++tile) {
            if (engine_.record().starts[work.firstTile + tile] == kSkipped) continue;
            sum_.compute += setup_.kind(work, setup_.at(work, tile), tile % work.parts)->energy;
        }
    }

    Picojoules& part(const schedule::Memory& memory, schedule::TransferCause cause) {
        const bool spilled = cause == schedule::TransferCause::spill || cause == schedule::TransferCause::reload;
        if (spilled) return sum_.spill;
        return memory.offchip ? sum_.offchip : sum_.memory;
    }

    static Picojoules words(std::int64_t bits, std::int64_t word, double energy) {
        return Picojoules(static_cast<double>(ceilDiv(bits, word)) * energy);
    }

    void addTransfer(const Sent& sent) {
        const schedule::Problem& resources = setup_.resources();
        const Sites& sites = setup_.sites(sent.tensor);
        const schedule::MemoryId from = sites.memories[sent.from];
        const schedule::MemoryId to = sites.memories[engine_.record().buffers[sent.buffer].site];
        const std::int64_t bits = setup_.bits(sent.tensor, engine_.box(sent.tensor, sent.box));
        const schedule::Memory& source = resources.memories[from];
        const schedule::Memory& target = resources.memories[to];
        if (sent.leader == kNone) part(source, sent.cause) += words(bits, source.readWordBits, source.readEnergy);
        part(target, sent.cause) += words(bits, target.writeWordBits, target.writeEnergy);
        const bool shared = sent.leader != kNone || sent.follower != kNone;
        for (const schedule::LinkId link : setup_.platform().route(from, to)->links) {
            if (shared && !isFirst(sent, link)) continue;
            sum_.links += Picojoules(static_cast<double>(bits) * resources.links[link].energyPerBit);
        }
    }

    /// Transfers that share words pay each link once.
    bool isFirst(const Sent& sent, schedule::LinkId link) {
        const auto index = static_cast<std::uint32_t>(&sent - engine_.record().transfers.data());
        std::vector<schedule::LinkId>& paid = paid_[sent.leader == kNone ? index : sent.leader];
        if (std::find(paid.begin(), paid.end(), link) != paid.end()) return false;
        paid.push_back(link);
        return true;
    }

    const Engine& engine_;
    const Setup& setup_;
    schedule::Energy sum_;
    std::map<std::uint32_t, std::vector<schedule::LinkId>> paid_;  ///< by leader
};

}  // namespace

Tally tally(const Engine& engine) {
    Tally result;
    result.latency = engine.latency();
    result.energy = EnergySum(engine).total();
    const auto& memories = engine.setup().resources().memories;
    for (const schedule::MemoryId memory : memories.ids()) {
        if (!memories[memory].offchip) result.peakMemory += Bits(engine.peak(memory));
    }
    return result;
}

}  // namespace millrace::fusion
