#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "explored.h"
#include "report/columns.h"
#include "report/report.h"
#include "report/text.h"
#include "sample.h"

namespace millrace {
namespace {

using namespace report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) result.push_back(line);
    return result;
}

/// Bytes of each column of the terminal; a column that a wide letter goes on in is empty.
std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < line.size();) {
        std::size_t length = 1;
        while (i + length < line.size() && (static_cast<unsigned char>(line[i + length]) & 0xC0U) == 0x80) ++length;
        const std::string letter = line.substr(i, length);
        const std::size_t wide = columns(letter);
        if (wide == 0 && !result.empty()) {
            result.back() += letter;
        } else {
            result.push_back(letter);
            if (wide == 2) result.emplace_back();
        }
        i += length;
    }
    return result;
}

/// Below each rule ("----  ---"), every line has blanks where the rule has.
void expectAligned(const std::string& text) {
    std::vector<std::string> rule;
    std::size_t checked = 0;
    for (const std::string& line : lines(text)) {
        EXPECT_LE(columns(line), 120U) << line;
        const std::vector<std::string> cell = cells(line);
        if (line.find_first_not_of(" -") == std::string::npos && line.find("--") != std::string::npos) {
            rule = cell;
            continue;
        }
        if (line.empty() || line.find("  … ") == 0) rule.clear();
        for (std::size_t i = 0; i < rule.size() && i < cell.size(); ++i) {
            if (rule[i] == " ") {
                EXPECT_EQ(cell[i], " ") << "column " << i << " of: " << line;
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 0U);
}

test::SampleOptions hostile() {
    test::SampleOptions options;
    options.layers = 9;
    options.name = std::string(300, 'n') + "\xff\n\"";
    options.prefix = "/網絡/Größe\t\xc3" + std::string(200, 'y') + "/";
    return options;
}

TEST(Table, IsAlignedAndNotTooWide) {
    for (const explore::Result& result : {test::smallSample(), test::largeSample(), test::singleTask(),
                                          test::emptyResult(), test::sample(hostile()), test::fusedSample()}) {
        expectAligned(table(result));
    }
}

TEST(Table, HugeNumbersStayInside) {
    explore::Result result = test::smallSample();
    result.schedule.latency = Cycles(9'000'000'000'000'000'000);
    for (explore::LayerResult& layer : result.layers) {
        layer.span = {Cycles(8'999'999'999'999'999'999), Cycles(9'000'000'000'000'000'000)};
        layer.energy = Picojoules(1.23e200);
    }
    result.schedule.energy.compute = Picojoules(1.23e200);
    expectAligned(table(result));
}

TEST(Table, SaysWhatTheResultSays) {
    explore::Result result = test::smallSample();
    result.workload.hostOperators.push_back({"nms", "NonMaxSuppression", "unknown operator", {}, {}});
    const std::string text = table(result);
    EXPECT_THAT(text, HasSubstr("sample-net on sample-net-chip"));
    EXPECT_THAT(text, HasSubstr(", verified"));
    EXPECT_THAT(text, HasSubstr(thousands(result.schedule.latency.value())));
    EXPECT_THAT(text, HasSubstr("x2.00"));
    EXPECT_THAT(text, HasSubstr("layer2.0/add4"));
    EXPECT_THAT(text, HasSubstr("NonMaxSuppression"));
    result.verified = false;
    EXPECT_THAT(table(result), HasSubstr("NOT VERIFIED"));
    std::size_t rows = 0;
    for (const std::string& line : lines(text)) rows += line.find("  Conv  ") != std::string::npos ? 1 : 0;
    EXPECT_EQ(rows, 6U);
}

TEST(Table, SaysWhereTheTimeGoesAndWhatIsFused) {
    explore::Result result = test::fusedSample();
    const std::string text = table(result);
    EXPECT_THAT(text, HasSubstr("Time of the cores"));
    EXPECT_THAT(text, HasSubstr("running tiles"));
    EXPECT_THAT(text, HasSubstr("waiting for data on their way"));
    EXPECT_THAT(text, HasSubstr("idle: input"));
    EXPECT_THAT(text, HasSubstr("\n      0  0-1 "));
    EXPECT_THAT(text, HasSubstr("\n      1  2 "));
    EXPECT_THAT(text, HasSubstr("by multicast"));
    result.stacks = {{workload::LayerId(0)}, {workload::LayerId(1)}, {workload::LayerId(2)}};
    EXPECT_THAT(table(result), Not(HasSubstr("peak on chip"))) << "nothing is fused";
    result.verified = false;
    EXPECT_THAT(table(result), Not(HasSubstr("Time of the cores")));
    EXPECT_THAT(table(result), Not(HasSubstr("idle: input")));
}

TEST(Table, KeepsTheListOfLinksShort) {
    explore::Result result = test::smallSample();
    const schedule::Link link = result.problem.links[schedule::LinkId(1)];
    const auto rows = [&] {
        std::size_t found = 0;
        for (const std::string& line : lines(table(result))) found += line.find("extra") != std::string::npos ? 1 : 0;
        return found;
    };
    const schedule::Transfer transfer = result.schedule.transfers[schedule::TransferId(0)];
    for (int i = 0; i < 30; ++i) {
        schedule::Link more = link;
        more.name = "extra " + std::to_string(i);
        const schedule::LinkId id = result.problem.links.add(more);
        schedule::Transfer over = transfer;
        over.route = {id};
        over.span.end = over.span.start + Cycles(1000 * (i + 1));
        result.schedule.transfers.add(over);
    }
    result.verified = false;
    EXPECT_LE(rows(), 8U);
    EXPECT_THAT(table(result), HasSubstr(" more, each at most "));
    EXPECT_THAT(table(result), HasSubstr("extra 29"));
    EXPECT_THAT(table(result), Not(HasSubstr("extra 3 ")));
}

TEST(Explain, SaysWhatALayerOfAStackWaitedFor) {
    const explore::Result result = test::fusedSample();
    const std::string text = explain(result, "second");
    EXPECT_THAT(text, HasSubstr("in stack 0, fused with layers 0-1"));
    EXPECT_THAT(text, HasSubstr("32 tiles: 8 on core 0, 8 on core 1, 8 on core 2, 8 on core 3"));
    EXPECT_THAT(text, HasSubstr("\n  32 x K 2, ")) << "of all cores together";
    EXPECT_THAT(text, HasSubstr(" on cores 0-3 (matrix)"));
    EXPECT_THAT(text, HasSubstr("cores were idle for "));
    EXPECT_THAT(text, HasSubstr("moved in: 192 B weights, "));
    EXPECT_THAT(text, HasSubstr("its result: "));
    EXPECT_THAT(text, Not(HasSubstr("first (")));
    EXPECT_THAT(explain(result, "third"), Not(HasSubstr("fused with"))) << "alone in its stack";
}

TEST(Columns, FlexibleOnesGiveWay) {
    Columns rows({{"name", Columns::Align::left, true}, {"n", Columns::Align::right}});
    rows.add({"abcdefghijklmnopqrstuvwxyz", "1"});
    rows.add({"b", "23"});
    EXPECT_EQ(rows.text(80),
              "  name                         n\n  --------------------------  --\n"
              "  abcdefghijklmnopqrstuvwxyz   1\n  b                           23\n");
    EXPECT_EQ(rows.text(16), "  name         n\n  ----------  --\n  abc…uvwxyz   1\n  b           23\n");
}

TEST(Text, CleanIsAlwaysUtf8) {
    EXPECT_EQ(clean("a\tb\x7f"), "a b ");
    EXPECT_EQ(clean("Größe 網 😀"), "Größe 網 😀");
    EXPECT_EQ(clean("\xff"), "\xEF\xBF\xBD");
    EXPECT_EQ(clean("\xc3"), "\xEF\xBF\xBD");                  // cut off
    EXPECT_EQ(clean("\xc0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong
    EXPECT_EQ(clean("\xed\xa0\x80").size(), 9U);               // a surrogate
    EXPECT_EQ(clean("\xf4\x90\x80\x80").size(), 12U);          // beyond U+10FFFF
    EXPECT_EQ(columns("網e\xcc\x81"), 3U);
}

TEST(Text, ElideKeepsBothEnds) {
    EXPECT_EQ(elide("abcdef", 6), "abcdef");
    EXPECT_EQ(elide("abcdefgh", 6), "a…efgh");
    EXPECT_EQ(elide("abc", 1), "…");
    EXPECT_EQ(elide("abc", 0), "");
    for (std::size_t width = 0; width < 12; ++width) EXPECT_LE(columns(elide("網絡網絡網絡x", width)), width);
}

TEST(Text, NumbersForPeople) {
    EXPECT_EQ(thousands(0), "0");
    EXPECT_EQ(thousands(999), "999");
    EXPECT_EQ(thousands(-1234567), "-1,234,567");
    EXPECT_EQ(thousands(-123), "-123");
    EXPECT_EQ(countText(9'999'999'999), "9,999,999,999");
    EXPECT_EQ(countText(12'345'000'000'000), "1.234e+13");
    EXPECT_EQ(cyclesText(Cycles(812)), "812 cycles");
    EXPECT_EQ(cyclesText(Cycles(3'831'221)), "3.831 Mcycles");
    EXPECT_EQ(cyclesText(Cycles(999'999)), "1.000 Mcycles");
    EXPECT_EQ(energyText(Picojoules(0)), "0 pJ");
    EXPECT_EQ(energyText(Picojoules(4.2134e9)), "4.213 mJ");
    EXPECT_EQ(sizeText(Bits(8 * 36)), "36 B");
    EXPECT_EQ(sizeText(Bits(12)), "1.5 B");
    EXPECT_EQ(sizeText(Bits(8LL * 1024 * 1024 * 2)), "2 MiB");
    EXPECT_EQ(sizeText(Bits(8 * 1536)), "1.5 KiB");
    EXPECT_EQ(percent(0), "0 %");
    EXPECT_EQ(percent(0.001), "<1 %");
    EXPECT_EQ(percent(0.9999), "99 %");
    EXPECT_EQ(percent(1), "100 %");
}

TEST(Text, Ranges) {
    EXPECT_EQ(rangesText({}), "-");
    EXPECT_EQ(rangesText({5, 1, 2, 3, 2}), "1-3,5");
    EXPECT_EQ(rangesText({7}), "7");
}

TEST(Text, ShortNames) {
    EXPECT_THAT(
        shortNames({"/layer1/layer1.0/conv1/Conv", "/layer1/layer1.0/relu/Relu", "/fc/Gemm"}, {"Conv", "Relu", "Gemm"}),
        ElementsAre("layer1.0/conv1", "layer1.0/relu", "fc"));
    EXPECT_THAT(shortNames({"/model/a/Conv", "/model/b/Conv"}, {"Conv", "Conv"}), ElementsAre("a", "b"));
    EXPECT_THAT(shortNames({"a/Conv", "a/Relu"}, {"Conv", "Relu"}), ElementsAre("Conv", "Relu"));
    EXPECT_THAT(shortNames({"Conv", "Conv"}, {"Conv", "Conv"}), ElementsAre("Conv", "Conv"));
    EXPECT_THAT(shortNames({"x/a/Conv", "x/a/Add", "y"}, {"Conv", "Add", "Gemm"}),
                ElementsAre("x/a/Conv", "x/a/Add", "y"));
    EXPECT_THAT(shortNames({"", "/"}, {"", ""}), ElementsAre("", "/"));
    EXPECT_THAT(shortNames({}, {}), ElementsAre());
}

}  // namespace
}  // namespace millrace
