#include "explore/fusion/found.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "explore/workload/uniquenames.h"
#include "fusion/planning.h"
#include "fusion/random_case.h"
#include "shared.h"

namespace millrace::fusion {
namespace {

using mapping::Mapping;
using testing::HasSubstr;
using workload::LayerId;

/// No loop twice in a list, as plan.h says.
void merge(std::vector<tiling::Split>& splits) {
    std::vector<tiling::Split> merged;
    for (const tiling::Split& split : splits) {
        const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& s) { return s.dim == split.dim; });
        if (same == merged.end()) {
            merged.push_back(split);
        } else {
            same->parts *= split.parts;
        }
    }
    splits = merged;
}

bool equal(const std::vector<tiling::Split>& a, const std::vector<tiling::Split>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.dim == y.dim && x.parts == y.parts; });
}

/// Where two plans differ, or nothing.
std::string difference(const Plan& a, const Plan& b) {
    if (a.stacks != b.stacks) return "stacks";
    if (a.layers.size() != b.layers.size()) return "layers";
    for (const LayerId id : a.layers.ids()) {
        const LayerPlan& x = a.layers[id];
        const LayerPlan& y = b.layers[id];
        const std::string where = " of layer " + std::to_string(id.index());
        if (x.stack != y.stack) return "stack" + where;
        if (x.cores != y.cores) return "cores" + where;
        if (!equal(x.inter, y.inter)) return "cuts over cores" + where;
        if (!equal(x.intra, y.intra)) return "cuts in time" + where;
    }
    return "";
}

/// Names of all kinds: of types, of rules, with blanks and signs, numbers, and some twice.
void rename(workload::Workload& workload, Rng& rng) {
    const std::vector<std::string> names{"default", "Conv", "Relu", "a: b", "- x",  "#1",    "3",
                                         "null",    "",     "a, b", "{x}",  "ä\tö", "'\"\\", "/a/b.D3[0]",
                                         "  edge ", "a#2",  "a",    "~",    "true"};
    for (workload::Layer& layer : workload.layers) {
        if (rng.below(2) == 0) layer.name = names[rng.below(names.size())];
    }
    Diagnostics renamed;
    workload::makeNamesUnique(workload, renamed);
}

/// What a mapping may say of loops and operands.
Mapping randomGiven(const workload::Workload& workload, Rng& rng) {
    Mapping mapping;
    std::vector<std::string> names{"default", "Conv", "Add"};
    names.push_back(workload.layers[LayerId(0)].name);
    for (const std::string& name : names) {
        if (mapping.find(name, name) != nullptr && mapping.find(name, name)->name == name) continue;
        mapping::MappingEntry entry;
        entry.name = name;
        entry.coreAllocation = {0, 0};
        if (rng.below(2) == 0) entry.spatial = {{"D1", {{"K", 4}, {"FX", 2}}}, {"D2", {}}};
        if (rng.below(2) == 0) entry.spatialHint = {{"D1", {"OX", "K"}}};
        if (rng.below(2) == 0) entry.temporalOrdering = {{"K", std::nullopt}, {"OX", 7}};
        if (rng.below(2) == 0)
            entry.memoryOperandLinks = {{{"O", hardware::MemoryOperand::O}, {"I", hardware::MemoryOperand::I2}}};
        entry.intraCoreTiling = {{"OY", mapping::Tiling::Kind::wildcard, 1}};
        mapping.entries.push_back(std::move(entry));
    }
    return mapping;
}

/// Printed, read again and planned with.
std::optional<Plan> back(const test::FusedCase& given, const Mapping& found, Diagnostics& diagnostics) {
    const auto read = mapping::parseMapping(mapping::print(found), "found.yaml", diagnostics);
    if (!read) return std::nullopt;
    EXPECT_EQ(read->entries, found.entries);
    EXPECT_EQ(read->fusedGroups, found.fusedGroups);
    EXPECT_EQ(read->schedule, found.schedule);
    return makePlan(given.workload, given.chip, &*read, {}, diagnostics);
}

void expectSame(const Policy& a, const Policy& b) {
    EXPECT_EQ(a.order, b.order);
    EXPECT_EQ(a.halo, b.halo);
    EXPECT_EQ(a.lookahead, b.lookahead);
    EXPECT_EQ(a.prefetch, b.prefetch);
    EXPECT_EQ(a.fillGaps, b.fillGaps);
    EXPECT_EQ(a.multicast, b.multicast);
}

TEST(Found, GivenBackItIsTheSamePlanAndPolicy) {
    const int count = test::count(40000);
    std::int64_t cut = 0;
    for (int seed = 0; seed < count; ++seed) {
        Rng rng(static_cast<std::uint64_t>(seed) + 1);
        test::FusedCase given = test::randomCase(rng, 0.5);
        rename(given.workload, rng);
        for (LayerPlan& layer : given.plan.layers) {
            merge(layer.inter);
            merge(layer.intra);
            cut += static_cast<std::int64_t>(layer.inter.size() + layer.intra.size());
        }
        given.policy.fillGaps = rng.below(2) == 0;
        const Mapping said = randomGiven(given.workload, rng);
        Diagnostics unfit;
        const Mapping* file = mapping::check(said, given.chip, unfit) && rng.below(3) > 0 ? &said : nullptr;
        const Mapping found = mappingOf(given.workload, given.plan, given.policy, file);
        Diagnostics diagnostics;
        const auto plan = back(given, found, diagnostics);
        ASSERT_TRUE(plan) << diagnostics.text() << mapping::print(found);
        ASSERT_EQ(difference(*plan, given.plan), "") << mapping::print(found);
        expectSame(policyFrom(*found.schedule, {}), given.policy);
        for (const LayerId id : given.workload.layers.ids()) {
            if (file == nullptr) break;
            const workload::Layer& layer = given.workload.layers[id];
            const auto* before = file->find(layer.name, layer.type);
            const auto* after = found.find(layer.name, layer.type);
            ASSERT_TRUE(after);
            EXPECT_EQ(after->spatial, before->spatial);
            EXPECT_EQ(after->spatialHint, before->spatialHint);
            EXPECT_EQ(after->temporalOrdering, before->temporalOrdering);
            EXPECT_EQ(after->memoryOperandLinks, before->memoryOperandLinks);
        }
        if (HasFailure()) FAIL() << "seed " << seed << "\n" << mapping::print(said) << mapping::print(found);
    }
    EXPECT_GT(cut, count);
}

TEST(Found, LookaheadAndGivenOrders) {
    Policy policy;
    policy.lookahead = 7;
    policy.order = Order::given;
    const auto workload = test::fiveLayers();
    const auto found = mappingOf(workload, test::plainPlan(workload), policy, nullptr);
    EXPECT_EQ(found.schedule->order, kOrderFile);
    EXPECT_TRUE(found.schedule->orderIsFile());
    EXPECT_EQ(policyFrom(*found.schedule, {}).lookahead, 7);
    EXPECT_EQ(policyFrom({}, policy).order, Order::given);
}

struct Fixed : test::Planning {
    /// A fixed schedule of the five layers, each by itself, all on core 0.
    static std::string file(const std::string& conv0 = "", const std::string& sections = "") {
        std::string text = "schedule: {fixed: true}\n" + sections + "layers:\n";
        for (const char* name : {"conv0", "conv1", "add", "conv2", "conv3"}) {
            text += std::string("- name: ") + name + "\n  core_allocation: [0]\n";
            if (std::string(name) == "conv0") text += conv0;
        }
        return text;
    }
};

TEST_F(Fixed, NothingIsCutThatIsNotWritten) {
    chip = test::smallChip(3, 64);  // nothing fits
    EXPECT_EQ(text(file()),
              "stack 0\n  0 conv0: on 0\nstack 1\n  1 conv1: on 0\nstack 2\n  2 add: on 0\n"
              "stack 3\n  3 conv2: on 0\nstack 4\n  4 conv3: on 0\n");
    EXPECT_EQ(diagnostics.text(), "");
}

/// Alone in its stack, cut in time, parts round about over the list of cores.
TEST_F(Fixed, CutsAreAsWritten) {
    const std::string plan =
        text(file("  core_allocation_is_fixed: true\n  inter_core_tiling: [[K, 4]]\n  intra_core_tiling:\n    - OY, "
                  "all\n    - K, 2\n"));
    EXPECT_THAT(plan, HasSubstr("0 conv0: K@4 OY=8 K=2 on 0\n"));
    EXPECT_THAT(text(file("  inter_core_tiling:\n    - OY, 2\n    - OX, all\n")),
                HasSubstr("0 conv0: OY@2 OX@10 on 0\n"));
    EXPECT_THAT(text(file("  inter_core_tiling: [[{dim: D6, split: 2}]]\n")), HasSubstr("0 conv0: K@2 on 0\n"));
}

TEST_F(Fixed, StacksAreTheGroupsInTheirOrder) {
    const auto plan = good(
        file("", "fused_groups:\n- {name: x, layers: [conv1, conv0, add]}\n- {name: y, layers: [conv2, conv3]}\n"));
    ASSERT_EQ(plan.stacks.size(), 2U);
    EXPECT_THAT(plan.stacks[0], testing::ElementsAre(LayerId(0), LayerId(1), LayerId(2)));
    EXPECT_EQ(plan.layers[LayerId(4)].stack, 1U);
}

TEST_F(Fixed, Messages) {
    const auto group = [](const std::string& groups) { return file("", "fused_groups:\n" + groups); };
    const std::pair<std::string, const char*> cases[] = {
        {file("  inter_core_tiling: [\"C, *\"]\n"),
         "m.yaml:3:3: error: entry 'conv0' leaves open into how many parts C is cut"},
        {file("  inter_core_tiling: [\"Q, 2\"]\n"),
         "entry 'conv0' cuts Q, which layer 'conv0' does not have (its loops are K 8, C 8"},
        {file("  inter_core_tiling: [\"OY, 9\"]\n"),
         "cuts OY into 9 parts, but layer 'conv0' has 8 steps of it to cut (at most 8)"},
        {file("  inter_core_tiling: [\"OY, 3\"]\n  intra_core_tiling: [\"OY, 3\"]\n"),
         "cuts OY into 3 parts, but layer 'conv0' has 2"},
        {file("  intra_core_tiling: [\"OY, 3\", \"OY, 3\"]\n"), "cuts OY into 3 parts, but layer 'conv0' has 2"},
        {"schedule: {fixed: true}\nlayers:\n- {name: Conv, core_allocation: [0]}\n",
         "m.yaml:1:11: error: the schedule is fixed, but no entry names the cores of layer 'add' (an entry 'add' with"},
        {"schedule: {fixed: true}\nlayers:\n- name: default\n",
         "m.yaml:3:3: error: the schedule is fixed, but no entry names the cores"},
        {"schedule: {fixed: true}\nlayers:\n- {name: default, core_allocation: [9]}\n", "allows core 9"},
        {group("- {name: x, layers: [conv0, conv1, add, conv2, conv3, conv4]}\n"),
         "m.yaml:3:3: error: group 'x' names 'conv4', but the workload 'small' has no such layer"},
        {group("- {name: x, layers: [Conv]}\n"), "names 'Conv', but"},
        {group("- {name: x, layers: [conv0, conv1, add, conv2]}\n"),
         "m.yaml:1:11: error: the schedule is fixed, but no group has layer 'conv3'"},
        {group("- {name: x, layers: [conv0, conv1, add, conv2]}\n- {name: y, layers: [conv3, add]}\n"),
         "group 'y' names layer 'add', which group 'x' has"},
        {group("- {name: x, layers: [conv3]}\n- {name: y, layers: [conv0, conv1, add, conv2]}\n"),
         "group 'x' runs before group 'y', but its layer 'conv3' needs the result of 'conv2' there"},
        {group(
             "- {name: x, layers: [conv0, conv1, add, conv2, conv3], intra_core_tiling: [{dim: conv0.OY, tile: 1}]}\n"),
         "group 'x' has tilings of its own"},
    };
    for (const auto& [text, message] : cases) EXPECT_THAT(problems(text), HasSubstr(message));
}

TEST_F(Fixed, OptionsThatWouldChangeItAreRefused) {
    stacks("0-1");
    EXPECT_THAT(problems(file()),
                HasSubstr("m.yaml:1:11: error: the mapping fixes the schedule, but stacks are to be"));
    options = {};
    tile("conv0:OY=2");
    EXPECT_THAT(problems(file()), HasSubstr("but tiles are to be chosen by hand as well (leave the option out"));
}

/// A name in a fixed schedule is the layer's own loop: K beside groups is K.
TEST_F(Fixed, ChannelsInsideOfGroups) {
    workload = {};
    const test::ConvShape shape;
    const auto input = test::addInput(workload, {shape.c, shape.iy(), shape.ix()});
    test::addConv(workload, "conv", input, shape);
    workload::Layer& layer = workload.layers[LayerId(0)];
    layer.dims.push_back({"G", 4, workload::DimKind::parallel});
    layer.output.axes[0].index.terms.push_back({layer.dims.size() - 1, shape.k});
    const std::string start = "schedule: {fixed: true}\nlayers:\n- name: conv\n  core_allocation: [0]\n";
    EXPECT_EQ(text(start + "  intra_core_tiling:\n    - K, 2\n    - G, 4\n"), "stack 0\n  0 conv: K=2 G=4 on 0\n");
    EXPECT_THAT(problems(start + "  intra_core_tiling:\n    - K, 2\n"), HasSubstr("would leave holes"));
}

}  // namespace
}  // namespace millrace::fusion
