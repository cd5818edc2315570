#include "targets/barvinn/simulate/vectors.h"

#include <gmock/gmock.h>

#include <fstream>

#include "shared.h"

namespace millrace::targets::barvinn {
namespace {

using testing::HasSubstr;

/// All records of a recorded file are equal, to the last word and cycle.
void expectEqual(const std::string& name, std::int64_t records) {
    Diagnostics diagnostics;
    const auto report = runVectors(test::sharedDir() + "/golden/barvinn/" + name, {}, diagnostics);
    ASSERT_TRUE(report) << diagnostics.text();
    EXPECT_EQ(report->jobs, records);
    EXPECT_EQ(report->equal, report->jobs);
    if (report->first) ADD_FAILURE() << report->first->id << ": " << report->first->what;
}

TEST(Vectors, SingleJobs) {
    MILLRACE_NEEDS_SHARED();
    expectEqual("jobs.jsonl.gz", 354);
}

TEST(Vectors, CollidingJobs) {
    MILLRACE_NEEDS_SHARED();
    expectEqual("multi.jsonl.gz", 74);
}

TEST(Vectors, Programs) {
    MILLRACE_NEEDS_SHARED();
    expectEqual("soc.jsonl.gz", 52);
}

/// Records of one kind that differ when the machine is what its documentation says.
TEST(Vectors, TheDocumentedMachineDiffers) {
    MILLRACE_NEEDS_SHARED();
    for (const char* name : {"jobs.jsonl.gz", "multi.jsonl.gz"}) {
        VectorOptions options;
        options.quirks = Quirks::documented();
        Diagnostics diagnostics;
        const auto report = runVectors(test::sharedDir() + "/golden/barvinn/" + name, options, diagnostics);
        ASSERT_TRUE(report) << diagnostics.text();
        EXPECT_LT(report->equal, report->jobs) << name;
        EXPECT_GT(report->equal, 0) << name;
        ASSERT_TRUE(report->first);
    }
}

/// A 1x1-bit product of one tile: all ones times all ones is 64 in every lane; bits 6 to 0 are written out.
const char* const kJob =
    R"({"id":"one","kind":"gemv","mvu":2,"mem":[{"mem":"act","mvu":2,"addr":5,"words":["ffffffffffffffff"]},)"
    R"({"mem":"act","mvu":2,"addr":6,"words":["000000000000000f"]},{"mem":"weight","mvu":2,"addr":0,"count":0,"seed":1}],)"
    R"("csr":[["MVUPRECISION",28737],["MVUQUANT",6],["MVUIBASEPTR",5],["MVUOBASEPTR",100],["MVUOMVUSEL",4],)"
    R"(["MVUSCALER",1],["MVUCONFIG1",97],["MVUCOMMAND",-1073741823]],"expect":{"start_to_irq":3,"first_write":10,)"
    R"("last_write":16,"writes":7,"memory":{"2":[[100,["0000000000000000","0000000000000000","0000000000000000",)"
    R"("0000000000000000","0000000000000000","0000000000000000","0000000000000000"]]]}}})";

std::string with(std::string text, const std::string& part, const std::string& instead) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.replace(at, part.size(), instead);
}

std::optional<std::string> differenceOf(const std::string& line) {
    Diagnostics diagnostics;
    const auto vector = parseVector(line, {"test", 1}, diagnostics);
    EXPECT_TRUE(vector) << diagnostics.text();
    if (!vector) return std::nullopt;
    const auto found = difference(*vector, {}, {"test", 1}, diagnostics);
    EXPECT_FALSE(diagnostics.failed()) << diagnostics.text();
    return found;
}

TEST(Vectors, EveryFieldIsCompared) {
    EXPECT_EQ(differenceOf(kJob), std::nullopt);
    EXPECT_THAT(*differenceOf(with(kJob, "irq\":3", "irq\":2")), HasSubstr("start_to_irq is 3 here and 2"));
    EXPECT_THAT(*differenceOf(with(kJob, "first_write\":10", "first_write\":9")), HasSubstr("first_write"));
    EXPECT_THAT(*differenceOf(with(kJob, "last_write\":16", "last_write\":null")), HasSubstr("last_write is 16"));
    EXPECT_THAT(*differenceOf(with(kJob, "writes\":7", "writes\":8")), HasSubstr("writes is 7"));
    EXPECT_THAT(*differenceOf(with(kJob, "0000\"]]]", "0001\"]]]")), HasSubstr("word 106 of MVU 2"));
    EXPECT_THAT(*differenceOf(with(kJob, "\"2\":[[100", "\"2\":[[101")), HasSubstr("not written"));
    EXPECT_THAT(*differenceOf(with(kJob, "{\"2\":[[100", "{\"2\":[[1,[\"0000000000000000\"]],[100")),
                HasSubstr("word 1 of MVU 2"));
}

void expectRefused(const std::string& line, const std::string& part) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseVector(line, {"f", 3}, diagnostics)) << line;
    EXPECT_THAT(diagnostics.text(), HasSubstr(part));
    EXPECT_THAT(diagnostics.text(), HasSubstr("f:3"));
}

TEST(Vectors, MalformedRecordsAreRefused) {
    expectRefused("{", "no JSON");
    expectRefused("[]", "'id'");
    expectRefused(with(kJob, "\"mvu\":2,\"mem\"", "\"mvu\":8,\"mem\""), "from 0 to 7, not 8");
    expectRefused(with(kJob, "\"csr\"", "\"csrs\""), "'script' and 'imem'");
    expectRefused(with(kJob, "MVUQUANT", "MVUQUART"), "'MVUQUART' is no register");
    expectRefused(with(kJob, "MVUQUANT", "mstatus"), "no register of an MVU");
    expectRefused(with(kJob, "MVUCOMMAND", "MVUSTATUS"), "must end with MVUCOMMAND");
    expectRefused(with(kJob, "-1073741823", "1e99"), "whole number");
    expectRefused(with(kJob, "-1073741823", "18446744073709551615"), "whole number");
    expectRefused(with(kJob, "000000000000000f", "000000000000000g"), "16 hexadecimal digits");
    expectRefused(with(kJob, "000000000000000f", "-00000000000000f"), "16 hexadecimal digits");
    expectRefused(with(kJob, "\"addr\":5", "\"addr\":32768"), "32767");
    expectRefused(with(kJob, "\"count\":0", "\"count\":513"), "from 0 to 512");
    expectRefused(with(kJob, "\"seed\":1", "\"words\":[]"), "only 'act'");
    expectRefused(with(kJob, "\"mem\":\"act\"", "\"mem\":\"ram\""), "no memory");
    expectRefused(with(kJob, "[[100,", "[[100,7,"), "instead of 2");
    expectRefused(with(kJob, "[[100,", "[[32767,"), "more than 1");
    expectRefused(with(kJob, "\"writes\":7", "\"writes\":\"7\""), "not a text");
}

TEST(Vectors, LongRunsAreRefused) {
    Diagnostics diagnostics;
    const auto vector = parseVector(with(kJob, "-1073741823", "1073741824"), {"f", 1}, diagnostics);
    ASSERT_TRUE(vector);
    VectorOptions options;
    options.cycleLimit = 1000;
    EXPECT_FALSE(difference(*vector, options, {"f", 1}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("more than 1000 cycles"));
}

std::string fileWith(const std::string& name, const std::string& content) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

TEST(Vectors, PlainFilesAndWhatIsNoFile) {
    Diagnostics diagnostics;
    const std::string different = with(kJob, "writes\":7", "writes\":8");
    const auto report = runVectors(fileWith("v.jsonl", std::string(kJob) + "\n\n" + different), {}, diagnostics);
    ASSERT_TRUE(report) << diagnostics.text();
    EXPECT_EQ(report->jobs, 2);
    EXPECT_EQ(report->equal, 1);
    EXPECT_EQ(report->first->line, 3);
    EXPECT_THAT(report->json(), HasSubstr("\"schema\": \"millrace.vectors/1\""));

    EXPECT_FALSE(runVectors("/nowhere", {}, diagnostics));
    EXPECT_FALSE(runVectors(fileWith("empty.jsonl", "\n \n"), {}, diagnostics));
    EXPECT_FALSE(runVectors(fileWith("zero.jsonl", std::string("{\0}", 3)), {}, diagnostics));
    EXPECT_FALSE(runVectors(fileWith("cut.gz", "\x1f\x8b\x08\x00\x00\x00"), {}, diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("cannot be opened"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("no records"));
    EXPECT_THAT(diagnostics.text(), HasSubstr("zero byte"));
}

}  // namespace
}  // namespace millrace::targets::barvinn
