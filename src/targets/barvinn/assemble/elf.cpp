#include "targets/barvinn/assemble/assemble.h"

namespace millrace::targets::barvinn {

namespace {

constexpr std::uint32_t kFileHeader = 52, kProgramHeader = 32, kSectionHeader = 40;
constexpr std::uint16_t kSections = 6;  ///< none, .text, .data, .symtab, .strtab, .shstrtab
constexpr std::uint16_t kSegments = 2;

class Bytes {
public:
    void add16(std::uint32_t value) { add(value, 2); }
    void add32(std::uint32_t value) { add(value, 4); }
    void add(std::string_view text) { bytes_ += text; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }
    std::string take() { return std::move(bytes_); }

private:
    void add(std::uint32_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) bytes_.push_back(static_cast<char>(value >> 8 * i & 0xff));
    }
    std::string bytes_;
};

std::string wordBytes(std::span<const std::uint32_t> words) {
    Bytes bytes;
    for (const std::uint32_t word : words) bytes.add32(word);
    return bytes.take();
}

/// Symbols, local ones only: one that is none, then the labels.
struct Symbols {
    std::string table, names = std::string(1, '\0');

    explicit Symbols(const Program& program) {
        Bytes bytes;
        add(bytes, 0, 0, 0, 0);
        for (const auto& [name, address] : program.labels) {
            add(bytes, static_cast<std::uint32_t>(names.size()), address, 0, 1);
            names += name;
            names.push_back('\0');
        }
        table = bytes.take();
    }

private:
    static void add(Bytes& bytes, std::uint32_t name, std::uint32_t value, std::uint32_t info, std::uint32_t section) {
        bytes.add32(name);
        bytes.add32(value);
        bytes.add32(0);
        bytes.add16(info);
        bytes.add16(section);
    }
};

struct Section {
    std::string_view name;
    std::uint32_t type, flags, address;
    std::string content;
    std::uint32_t link = 0, info = 0, align = 1, entry = 0;
};

void addFileHeader(Bytes& out, std::uint32_t entry, std::uint32_t sectionsAt) {
    out.add(
        std::string_view("\x7f"
                         "ELF\x01\x01\x01\0\0\0\0\0\0\0\0\0",
                         16));
    out.add16(2);    // an executable
    out.add16(243);  // for RISC-V
    out.add32(1);
    out.add32(entry);
    out.add32(kFileHeader);
    out.add32(sectionsAt);
    out.add32(0);
    for (const std::uint32_t value : {kFileHeader, kProgramHeader, std::uint32_t{kSegments}, kSectionHeader,
                                      std::uint32_t{kSections}, kSections - 1U})
        out.add16(value);
}

void addSegment(Bytes& out, std::uint32_t at, const Section& section, std::uint32_t rights) {
    const auto size = static_cast<std::uint32_t>(section.content.size());
    for (const std::uint32_t value : {1U, at, section.address, section.address, size, size, rights, 4U})
        out.add32(value);
}

}  // namespace

std::string elfFile(const Program& program, std::span<const std::uint32_t> data) {
    Symbols symbols(program);
    const auto symbolCount = static_cast<std::uint32_t>(program.labels.size() + 1);
    std::vector<Section> sections{
        {"", 0, 0, 0, "", 0, 0, 0, 0},
        {".text", 1, 6, program.base, wordBytes(program.words), 0, 0, 4, 0},
        {".data", 1, 3, kDataAddress, wordBytes(data), 0, 0, 4, 0},
        {".symtab", 2, 0, 0, std::move(symbols.table), 4, symbolCount, 4, 16},
        {".strtab", 3, 0, 0, std::move(symbols.names), 0, 0, 1, 0},
        {".shstrtab", 3, 0, 0, "", 0, 0, 1, 0},
    };
    std::vector<std::uint32_t> names;
    for (const Section& section : sections) {
        names.push_back(static_cast<std::uint32_t>(sections.back().content.size()));
        (sections.back().content += section.name).push_back('\0');
    }
    while (sections.back().content.size() % 4 != 0) sections.back().content.push_back('\0');
    while (sections[4].content.size() % 4 != 0) sections[4].content.push_back('\0');

    std::vector<std::uint32_t> places;
    std::uint32_t at = kFileHeader + kSegments * kProgramHeader;
    for (const Section& section : sections) {
        places.push_back(at);
        at += static_cast<std::uint32_t>(section.content.size());
    }
    Bytes out;
    addFileHeader(out, program.base, at);
    addSegment(out, places[1], sections[1], 5);
    addSegment(out, places[2], sections[2], 6);
    for (const Section& section : sections) out.add(section.content);
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const Section& section = sections[i];
        const auto size = static_cast<std::uint32_t>(section.content.size());
        for (const std::uint32_t value :
             {names[i], section.type, section.flags, section.address, i == 0 ? 0U : places[i], size, section.link,
              section.info, section.align, section.entry})
            out.add32(value);
    }
    return out.take();
}

}  // namespace millrace::targets::barvinn
