#include "targets/barvinn/assemble/assemble.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "shared.h"
#include "support/rng.h"
#include "targets/barvinn/assemble/instructions.h"
#include "targets/barvinn/format/programfile.h"
#include "targets/barvinn/format/registers.h"

namespace millrace::targets::barvinn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Program assembled(const std::string& text) {
    Diagnostics diagnostics;
    auto program = assemble(text, "test.s", diagnostics);
    EXPECT_TRUE(program) << diagnostics.text();
    return program.value_or(Program{});
}

/// Words by hand from the RISC-V manual's formats.
TEST(Assembler, KnownWords) {
    EXPECT_THAT(assembled("add x1, x2, x3").words, ElementsAre(0x003100b3));
    EXPECT_THAT(assembled("addi a0, a1, -1").words, ElementsAre(0xfff58513));
    EXPECT_THAT(assembled("sw t0, -4(sp)").words, ElementsAre(0xfe512e23));
    EXPECT_THAT(assembled("srai t0, t1, 31").words, ElementsAre(0x41f35293));
    EXPECT_THAT(assembled("here: beq x0, x0, here").words, ElementsAre(0x00000063));
    EXPECT_THAT(assembled("a: nop\nj a").words, ElementsAre(0x00000013, 0xffdff06f));
    EXPECT_THAT(assembled("csrw mvucommand, t0 # start").words, ElementsAre(0xf5529073));
    EXPECT_THAT(assembled("csrr t0, mhartid").words, ElementsAre(0xf14022f3));
    EXPECT_THAT(assembled("mret\nebreak").words, ElementsAre(0x30200073, 0x00100073));
    EXPECT_THAT(assembled(".equ N, 5\n li t0, N").words, ElementsAre(0x00500293));
    EXPECT_THAT(assembled("li t0, 0x40000438").words, ElementsAre(0x400002b7, 0x43828293));
    EXPECT_THAT(assembled("li t0, 0xfffff800").words, ElementsAre(0x80000293));
    EXPECT_THAT(assembled("la t0, x\nx: .word 0xdeadbeef, -1").words,
                ElementsAre(0x002002b7, 0x00828293, 0xdeadbeef, 0xffffffff));
    EXPECT_THAT(assembled("csrwi mstatus, -2").words, ElementsAre(0x300f5073));
}

void expectMistake(const std::string& text, const std::string& part) {
    Diagnostics diagnostics;
    EXPECT_FALSE(assemble(text, "f.s", diagnostics)) << text;
    EXPECT_THAT(diagnostics.text(), HasSubstr(part));
    EXPECT_THAT(diagnostics.text(), HasSubstr("f.s:1"));
}

TEST(Assembler, Mistakes) {
    expectMistake("fly t0", "no instruction");
    expectMistake("add t0, t1", "operands instead of 3");
    expectMistake("add t0, t1, y9", "'y9' is no register");
    expectMistake("addi t0, t1, 2048", "from -2048 to 2047");
    expectMistake("lw t0, 4", "8(sp)");
    expectMistake("j nowhere", "no label or constant");
    expectMistake("csrr t0, mvuwings", "no control register");
    expectMistake("a: a: nop", "twice");
    expectMistake("li t0, 0x100000000", "no number");
    expectMistake("beq x0, x0, 0x300000", "does not fit");
    expectMistake("j 0x200002", "at no instruction");
    expectMistake(".equ N", ".equ needs");
    expectMistake("csrwi mie, 32", "from -16 to 31");
    Diagnostics diagnostics;
    EXPECT_TRUE(assemble("csrwi mie, 30", "f.s", diagnostics));
    EXPECT_THAT(diagnostics.text(), HasSubstr("as -2"));
}

/// Any instruction word, with random operands.
std::uint32_t randomWord(Rng& rng) {
    const auto forms = instructionForms();
    const InstructionForm& form = forms[rng.below(forms.size())];
    const auto word = static_cast<std::uint32_t>(rng.next());
    std::uint32_t result = form.match | (word & ~maskOf(form.form));
    if (form.form == Form::branch) result &= ~(1U << 8);  // a multiple of 4
    if (form.form == Form::jump) result &= ~(1U << 21);
    return result;
}

TEST(Assembler, TextAndWordsUndoEachOther) {
    Rng rng(1);
    const std::int64_t rounds = test::count(100000);
    for (std::int64_t i = 0; i < rounds; ++i) {
        const std::uint32_t word = rng.below(10) == 0 ? static_cast<std::uint32_t>(rng.next()) : randomWord(rng);
        const std::string text = disassemble(word, kResetPc);
        EXPECT_THAT(assembled(text).words, ElementsAre(word)) << text;
    }
}

TEST(Assembler, ProgramsKeepTheirLabels) {
    const Program program = assembled("start: li t0, 3\nloop: addi t0, t0, -1\n bnez t0, loop\n j start\nend:");
    EXPECT_EQ(program.labels.at("loop"), kResetPc + 4);
    const Program again = assembled(disassemble(program));
    EXPECT_EQ(again.words, program.words);
    EXPECT_EQ(again.labels, program.labels);
}

TEST(ProgramText, RoundTripAndMistakes) {
    const std::vector<std::uint32_t> words{0x12345678, 0xdeadbeef};
    const std::string text = programText(words);
    EXPECT_EQ(text, "12345678\nDEADBEEF\n00000000\n");
    Diagnostics diagnostics;
    EXPECT_THAT(*parseProgramText(text, 8, "f", diagnostics), ElementsAre(0x12345678, 0xdeadbeef, 0));
    EXPECT_THAT(*parseProgramText(text, 2, "f", diagnostics), ElementsAre(0x12345678, 0xdeadbeef));
    EXPECT_THAT(*parseProgramText(" 00000001 // one\n\n", 8, "f", diagnostics), ElementsAre(1));
    EXPECT_FALSE(parseProgramText("1234567\n", 8, "f", diagnostics));
    EXPECT_FALSE(parseProgramText("1234567G\n", 8, "f", diagnostics));
    EXPECT_FALSE(parseProgramText("00000001\n00000002\n", 1, "f", diagnostics));
    EXPECT_FALSE(parseProgramText("00000000\n00000000\n00000000\n", 1, "f", diagnostics));
}

constexpr const char* kBinutils = "riscv64-unknown-elf-";

bool haveBinutils() { return std::system("command -v riscv64-unknown-elf-as >/dev/null 2>&1") == 0; }

std::string contentOf(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    return content.str();
}

std::vector<std::uint32_t> wordsOf(const std::string& bytes) {
    std::vector<std::uint32_t> words;
    for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
        std::uint32_t word = 0;
        for (std::size_t b = 0; b < 4; ++b) word |= std::uint32_t{static_cast<unsigned char>(bytes[i + b])} << 8 * b;
        words.push_back(word);
    }
    return words;
}

bool tool(const std::string& name, const std::string& arguments) {
    return std::system((kBinutils + name + " " + arguments).c_str()) == 0;
}

std::string numeric(const std::string& text) {
    // Names that GNU's assembler does not know: control registers of an MVU as numbers.
    const std::size_t at = text.find("mvu");
    if (at == std::string::npos) return text;
    const std::size_t end = text.find(',', at);
    return text.substr(0, at) + std::to_string(*csrNamed(text.substr(at, end - at))) + text.substr(end);
}

/// Text for both assemblers: every form with random operands, jumps to labels on both sides, pseudo instructions.
std::string bothUnderstand(Rng& rng, int count) {
    std::ostringstream text;
    for (int i = 0; i < count; ++i) {
        text << "l" << i << ":\n";
        const std::uint32_t word = randomWord(rng);
        const std::string line = disassemble(word, kResetPc);
        const bool jumps = (word & 0x7f) == 0x63 || (word & 0x7f) == 0x6f;
        const std::string label = "l" + std::to_string(rng.below(static_cast<std::uint64_t>(count)));
        if (line.starts_with("fence") || line.starts_with(".word")) continue;
        if (line.find("csrr") == 0 && line.find("i ") != std::string::npos) continue;  // negative ones are ours
        text << (jumps ? line.substr(0, line.rfind(' ') + 1) + label : numeric(line)) << "\n";
    }
    for (const char* line : {"li t0, 12",
                             "li t1, -2048",
                             "li t2, 0x12345678",
                             "li a0, 0x1000",
                             "li a1, 0x7ffff800",
                             "mv a0, a1",
                             "not a0, a1",
                             "neg a0, a1",
                             "seqz a0, a1",
                             "snez a0, a1",
                             "nop",
                             "ret",
                             "j l0",
                             "jr a0",
                             "beqz a0, l1",
                             "bgtz a0, l1",
                             "blez a1, l1",
                             "bgt a0, a1, l2",
                             "bleu a0, a1, l2",
                             "csrr a0, mcycle",
                             "csrw mtvec, a0",
                             "csrwi mie, 15",
                             "csrci mip, 1",
                             "csrs mstatus, t0",
                             "jalr t0",
                             "jal l3",
                             "fence"})
        text << line << "\n";
    return text.str();
}

TEST(Assembler, GivesTheWordsOfBinutils) {
    if (!haveBinutils()) GTEST_SKIP() << "needs binutils for RISC-V (scripts/setup --dev)";
    Rng rng(2);
    const std::string text = bothUnderstand(rng, 400);
    const std::string stem = testing::TempDir() + "/asm" + std::to_string(::getpid());
    std::ofstream(stem + ".s") << ".option norelax\n.option norvc\n" << text;
    ASSERT_TRUE(tool("as", "-march=rv32i_zicsr -mabi=ilp32 -o " + stem + ".o " + stem + ".s"));
    ASSERT_TRUE(tool("ld", "-m elf32lriscv --no-relax -Ttext=0x200000 -e 0x200000 -o " + stem + ".gnu " + stem + ".o"));
    ASSERT_TRUE(tool("objcopy", "-O binary -j .text " + stem + ".gnu " + stem + ".bin"));
    const Program program = assembled(text);
    EXPECT_EQ(wordsOf(contentOf(stem + ".bin")), program.words);

    // The other way round: GNU's tools read our ELF file.
    const std::vector<std::uint32_t> data{1, 2, 3};
    const std::string elf = elfFile(program, data);
    std::ofstream(stem + ".elf", std::ios::binary) << elf;
    ASSERT_TRUE(tool("objcopy", "-O binary -j .text " + stem + ".elf " + stem + ".text"));
    ASSERT_TRUE(tool("objcopy", "-O binary -j .data " + stem + ".elf " + stem + ".data"));
    EXPECT_EQ(wordsOf(contentOf(stem + ".text")), program.words);
    EXPECT_EQ(wordsOf(contentOf(stem + ".data")), data);
    ASSERT_TRUE(tool("readelf", "-a -W " + stem + ".elf >" + stem + ".txt 2>&1"));
    const std::string about = contentOf(stem + ".txt");
    EXPECT_THAT(about, HasSubstr("RISC-V"));
    EXPECT_THAT(about, HasSubstr("Entry point address:               0x200000"));
    EXPECT_THAT(about, HasSubstr(" l399\n"));
    EXPECT_THAT(about, testing::Not(HasSubstr("arning")));
}

}  // namespace
}  // namespace millrace::targets::barvinn
