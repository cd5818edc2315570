#include "schedule/multicast.h"

#include <gtest/gtest.h>

#include <functional>

#include "schedule/text.h"
#include "schedule/verify.h"

namespace millrace::test {
namespace {

using namespace schedule;

Span span(std::int64_t start, std::int64_t end) { return {Cycles(start), Cycles(end)}; }

/// A bus from the off-chip port to all cores, links a -> b -> c and a -> d, all exactly as wide as the transfers need:
/// `image` (32 bits) goes from off-chip to a, b and c over the bus at once; then from a to b, c and d over the links.
struct Spread {
    Problem problem;
    Schedule schedule;
    MemoryId dram, a, b, c, d;
    LinkId bus, ab, bc, ad;
    TensorId image;
    TransferId toA, toB, toC;      ///< off-chip
    TransferId fromA, andC, andD;  ///< to b, c, d

    Spread() {
        const char* names[] = {"port", "a", "b", "c", "d"};
        std::vector<CoreId> cores;
        for (const char* name : names) cores.push_back(problem.cores.add({name}));
        dram = problem.memories.add({"dram", Bits(1000), {cores[0]}, 8, 8, 100, 200, true});
        MemoryId* memories[] = {&a, &b, &c, &d};
        for (std::size_t i = 1; i < 5; ++i) {
            *memories[i - 1] = problem.memories.add({names[i], Bits(64), {cores[i]}, 16, 16, 3, 5, false});
        }
        bus = problem.links.add({"bus", true, cores, cores[0], HubTransfers::both, 8, 0.5});
        const auto link = [&](const char* name, std::size_t from, std::size_t to, double energy) {
            return problem.links.add({name, false, {cores[from], cores[to]}, {}, {}, 4, energy});
        };
        ab = link("ab", 1, 2, 1);
        bc = link("bc", 2, 3, 2);
        ad = link("ad", 1, 4, 4);
        image = problem.tensors.add({"image", {4}, 8, DataClass::activation, dram, {}});
        for (const MemoryId memory : {a, b, c}) schedule.buffers.add({memory, image, {{0, 4}}, span(0, 12)});
        for (const MemoryId memory : {b, c, d}) schedule.buffers.add({memory, image, {{0, 4}}, span(4, 12)});
        const auto send = [&](MemoryId from, MemoryId to, std::vector<LinkId> route, TransferId with) {
            const bool in = from == dram;
            return schedule.transfers.add({image,
                                           {{0, 4}},
                                           from,
                                           to,
                                           std::move(route),
                                           in ? 8 : 4,
                                           in ? span(0, 4) : span(4, 12),
                                           in ? TransferCause::input : TransferCause::forward,
                                           with});
        };
        toA = send(dram, a, {bus}, {});
        toB = send(dram, b, {bus}, toA);
        toC = send(dram, c, {bus}, toA);
        fromA = send(a, b, {ab}, {});
        andC = send(a, c, {ab, bc}, fromA);
        andD = send(a, d, {ad}, fromA);
        schedule.latency = Cycles(12);
        schedule.energy = energy(problem, schedule);
    }
};

std::string verified(const Spread& s) {
    Diagnostics diagnostics;
    check(s.problem, diagnostics);
    verify(s.problem, s.schedule, diagnostics);
    return diagnostics.text();
}

TEST(Multicast, ALegalOnePasses) {
    const Spread s;
    EXPECT_EQ(verified(s), "");
    EXPECT_NE(print(s.problem, s.schedule).find("over (ab, bc) at 4 bits a cycle, with transfer 3\n"),
              std::string::npos);
}

TEST(Multicast, PaysOneReadingEachWritingAndEachLinkOnce) {
    const Spread s;
    EXPECT_DOUBLE_EQ(s.schedule.energy.offchip.value(), 4 * 100);
    EXPECT_DOUBLE_EQ(s.schedule.energy.memory.value(), 3 * 2 * 5 + 2 * 3 + 3 * 2 * 5);
    EXPECT_DOUBLE_EQ(s.schedule.energy.links.value(), 32 * (0.5 + 1 + 2 + 4));
    EXPECT_EQ(s.schedule.energy.spill.value(), 0);
    EXPECT_EQ(offchipTraffic(s.problem, s.schedule), Bits(32));
}

TEST(Multicast, EachCauseDecidesWhereItsShareOfTheEnergyCounts) {
    Spread s;
    s.problem.tensors[s.image].initial = {};
    s.schedule.transfers[s.toB].cause = TransferCause::reload;
    Energy sum = energy(s.problem, s.schedule);
    EXPECT_DOUBLE_EQ(sum.offchip.value(), 4 * 100);
    EXPECT_DOUBLE_EQ(sum.spill.value(), 2 * 5);
    s.schedule.transfers[s.toA].cause = TransferCause::reload;
    s.schedule.transfers[s.toB].cause = TransferCause::input;
    sum = energy(s.problem, s.schedule);
    EXPECT_DOUBLE_EQ(sum.offchip.value(), 0);
    EXPECT_DOUBLE_EQ(sum.spill.value(), 4 * 100 + 2 * 5);
    EXPECT_DOUBLE_EQ(sum.total().value(), s.schedule.energy.total().value());
}

TEST(Multicast, OwnLinksAreThoseThatNobodyBeforeCarries) {
    Spread s;
    const auto own = [&](TransferId id) { return OwnLinks(s.schedule)[id]; };
    EXPECT_EQ(own(s.toA), (std::vector<LinkId>{s.bus}));
    EXPECT_EQ(own(s.toB), (std::vector<LinkId>{}));
    EXPECT_EQ(own(s.fromA), (std::vector<LinkId>{s.ab}));
    EXPECT_EQ(own(s.andC), (std::vector<LinkId>{s.bc}));
    EXPECT_EQ(own(s.andD), (std::vector<LinkId>{s.ad}));
    s.schedule.transfers[s.andC].route = {s.ab, s.bc, s.ab, s.bc, s.ad};
    EXPECT_EQ(own(s.andC), (std::vector<LinkId>{s.ab, s.bc, s.bc, s.ad}));
    EXPECT_EQ(own(s.andD), (std::vector<LinkId>{}));
    s.schedule.transfers[s.andC].with = {};
    EXPECT_EQ(own(s.andC), s.schedule.transfers[s.andC].route);
    EXPECT_EQ(own(s.andD), (std::vector<LinkId>{s.ad}));
}

TEST(Multicast, AFollowerThatMayNotFollowCountsByItself) {
    Spread s;
    s.schedule.transfers[s.andC].bandwidth = 3;
    EXPECT_FALSE(follows(s.schedule, s.andC));
    EXPECT_EQ(OwnLinks(s.schedule)[s.andC], (std::vector<LinkId>{s.ab, s.bc}));
    EXPECT_GT(energy(s.problem, s.schedule).links.value(), s.schedule.energy.links.value());
}

struct Fault {
    const char* name;
    std::function<void(Spread&)> plant;
    std::vector<std::string> says;
};

TEST(Multicast, FaultsAreCaught) {
    const auto change = [](void (*edit)(Transfer&, const Spread&)) {
        return [edit](Spread& s) { edit(s.schedule.transfers[s.andC], s); };
    };
    const std::vector<Fault> faults{
        {"unknown",
         change([](Transfer& t, const Spread&) { t.with = TransferId(77); }),
         {"transfer 4", "cannot be carried with transfer 77: there is no such transfer"}},
        {"itself", change([](Transfer& t, const Spread& s) { t.with = s.andC; }), {"transfer 4", "that is itself"}},
        {"chain",
         change([](Transfer& t, const Spread& s) { t.with = s.andD; }),
         {"transfer 4", "that is carried with another itself"}},
        {"other leader",
         change([](Transfer& t, const Spread& s) { t.with = s.toA; }),
         {"transfer 4", "that comes from another memory"}},
        {"box", change([](Transfer& t, const Spread&) { t.box[0].end = 3; }), {"transfer 4", "that is of another box"}},
        {"time",
         change([](Transfer& t, const Spread&) { t.span.start = Cycles(3); }),
         {"transfer 4", "that runs at another time"}},
        {"bandwidth",
         change([](Transfer& t, const Spread&) { t.bandwidth = 5; }),
         {"transfer 4", "that has another bandwidth"}},
        {"tensor",
         [](Spread& s) {
             s.schedule.transfers[s.andC].tensor =
                 s.problem.tensors.add({"twin", {4}, 8, DataClass::activation, s.dram, {}});
         },
         {"transfer 4", "that is of another tensor"}},
        {"alone on the bus",
         [](Spread& s) { s.schedule.transfers[s.toB].with = {}; },
         {"link 'bus' has 8 bits a cycle, but 16 are in use at 0, over it in [0, 4)"}},
        {"narrow",
         [](Spread& s) { s.problem.links[s.bc].bandwidth = 3; },
         {"link 'bc' has 3 bits a cycle, but 4 are in use at 4"}},
        {"round trip",
         [](Spread& s) {
             s.problem.links[s.ab].bus = true;
             s.schedule.transfers[s.andC].route = {s.ab, s.ab, s.ab, s.bc};
         },
         {"link 'ab' has 4 bits a cycle, but 12 are in use at 4"}},
        {"no room",
         [](Spread& s) { s.schedule.buffers.resize(5); },
         {"transfer 5", "writes tensor 'image' [0:4] into memory 'd', where no buffer holds [0:4]"}},
        {"source gone",
         [](Spread& s) { s.schedule.buffers[BufferId(0)].span.end = Cycles(11); },
         {"transfer 5", "needs tensor 'image' [0:4] in memory 'a'"}},
        {"read twice", [](Spread& s) { s.schedule.energy.offchip += Picojoules(400); }, {"off-chip energy"}},
        {"links twice", [](Spread& s) { s.schedule.energy.links += Picojoules(32); }, {"link energy"}},
    };
    for (const Fault& fault : faults) {
        SCOPED_TRACE(fault.name);
        Spread s;
        fault.plant(s);
        const std::string text = verified(s);
        for (const std::string& part : fault.says) EXPECT_NE(text.find(part), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace millrace::test
