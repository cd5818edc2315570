#include "targets/barvinn/format/registers.h"

#include <algorithm>
#include <cctype>

namespace millrace::targets::barvinn {

namespace {

struct NamedCsr {
    CsrNumber number;
    std::string_view name;
};

constexpr NamedCsr kNames[] = {
    {0xF20, "MVUWBASEPTR"},
    {0xF21, "MVUIBASEPTR"},
    {0xF22, "MVUSBASEPTR"},
    {0xF23, "MVUBBASEPTR"},
    {0xF24, "MVUOBASEPTR"},
    {0xF25, "MVUWJUMP_0"},
    {0xF26, "MVUWJUMP_1"},
    {0xF27, "MVUWJUMP_2"},
    {0xF28, "MVUWJUMP_3"},
    {0xF29, "MVUWJUMP_4"},
    {0xF2A, "MVUIJUMP_0"},
    {0xF2B, "MVUIJUMP_1"},
    {0xF2C, "MVUIJUMP_2"},
    {0xF2D, "MVUIJUMP_3"},
    {0xF2E, "MVUIJUMP_4"},
    {0xF2F, "MVUSJUMP_0"},
    {0xF30, "MVUSJUMP_1"},
    {0xF31, "MVUSJUMP_2"},
    {0xF32, "MVUSJUMP_3"},
    {0xF33, "MVUSJUMP_4"},
    {0xF34, "MVUBJUMP_0"},
    {0xF35, "MVUBJUMP_1"},
    {0xF36, "MVUBJUMP_2"},
    {0xF37, "MVUBJUMP_3"},
    {0xF38, "MVUBJUMP_4"},
    {0xF39, "MVUOJUMP_0"},
    {0xF3A, "MVUOJUMP_1"},
    {0xF3B, "MVUOJUMP_2"},
    {0xF3C, "MVUOJUMP_3"},
    {0xF3D, "MVUOJUMP_4"},
    {0xF3E, "MVUWLENGTH_0"},
    {0xF3F, "MVUWLENGTH_1"},
    {0xF40, "MVUWLENGTH_2"},
    {0xF41, "MVUWLENGTH_3"},
    {0xF42, "MVUWLENGTH_4"},
    {0xF43, "MVUILENGTH_1"},
    {0xF44, "MVUILENGTH_2"},
    {0xF45, "MVUILENGTH_3"},
    {0xF46, "MVUILENGTH_4"},
    {0xF47, "MVUSLENGTH_1"},
    {0xF48, "MVUSLENGTH_2"},
    {0xF49, "MVUSLENGTH_3"},
    {0xF4A, "MVUSLENGTH_4"},
    {0xF4B, "MVUBLENGTH_1"},
    {0xF4C, "MVUBLENGTH_2"},
    {0xF4D, "MVUBLENGTH_3"},
    {0xF4E, "MVUBLENGTH_4"},
    {0xF4F, "MVUOLENGTH_1"},
    {0xF50, "MVUOLENGTH_2"},
    {0xF51, "MVUOLENGTH_3"},
    {0xF52, "MVUOLENGTH_4"},
    {0xF53, "MVUPRECISION"},
    {0xF54, "MVUSTATUS"},
    {0xF55, "MVUCOMMAND"},
    {0xF56, "MVUQUANT"},
    {0xF57, "MVUSCALER"},
    {0xF58, "MVUCONFIG1"},
    {0xF59, "MVUOMVUSEL"},
    {0xF5A, "MVUIHPBASEADDR"},
    {0xF5B, "MVUOHPBASEADDR"},
    {0xF5C, "MVUOHPMVUSEL"},
    {0xF5D, "MVUHPJUMP_0"},
    {0xF5E, "MVUHPJUMP_1"},
    {0xF5F, "MVUHPJUMP_2"},
    {0xF60, "MVUHPJUMP_3"},
    {0xF61, "MVUHPJUMP_4"},
    {0xF62, "MVUHPLENGTH_1"},
    {0xF63, "MVUHPLENGTH_2"},
    {0xF64, "MVUHPLENGTH_3"},
    {0xF65, "MVUHPLENGTH_4"},
    {0xF66, "MVUUSESCALER_MEM"},
    {0xF67, "MVUUSEBIAS_MEM"},
    {0xF68, "MVUUSEPOOLER4HPOUT"},
    {0xF69, "MVUUSEHPADDER"},
    {0xF11, "mvendorid"},
    {0xF12, "marchid"},
    {0xF13, "mimpid"},
    {0xF14, "mhartid"},
    {0x300, "mstatus"},
    {0x301, "misa"},
    {0x304, "mie"},
    {0x305, "mtvec"},
    {0x341, "mepc"},
    {0x342, "mcause"},
    {0x343, "mtval"},
    {0x344, "mip"},
    {0xB00, "mcycle"},
    {0xB02, "minstret"},
    {0xB80, "mcycleh"},
    {0xB82, "minstreth"},
};

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool sameName(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::uint32_t precisionWord(const Job& job) {
    return (static_cast<std::uint32_t>(job.weightBits) & 63) | (static_cast<std::uint32_t>(job.inputBits) & 63) << 6 |
           (static_cast<std::uint32_t>(job.outputBits) & 63) << 12 | (job.weightSigned ? 1U << 24 : 0U) |
           (job.inputSigned ? 1U << 25 : 0U);
}

void takePrecision(std::uint32_t word, Job& job) {
    job.weightBits = static_cast<int>(word & 63);
    job.inputBits = static_cast<int>(word >> 6 & 63);
    job.outputBits = static_cast<int>(word >> 12 & 63);
    job.weightSigned = (word >> 24 & 1) != 0;
    job.inputSigned = (word >> 25 & 1) != 0;
}

/// Looks a register's value up by number.
class Values {
public:
    explicit Values(const std::vector<CsrWrite>& writes) {
        for (const CsrWrite& write : writes) {
            if (write.number >= csr::firstMvu && write.number <= csr::lastMvu)
                values_[static_cast<std::size_t>(write.number - csr::firstMvu)] = write.value;
        }
    }
    std::uint32_t at(int number) const { return values_[static_cast<std::size_t>(number - csr::firstMvu)]; }

    Walk walk(int jump0, int length1, int bits) const {
        Walk walk;
        for (int i = 0; i < kJumps; ++i) {
            const auto entry = static_cast<std::size_t>(i);
            walk.jump[entry] = static_cast<std::int32_t>(signedBits(at(jump0 + i), bits));
            if (i > 0) walk.length[entry] = static_cast<std::int32_t>(at(length1 + i - 1) & 0x7fff);
        }
        return walk;
    }

private:
    std::array<std::uint32_t, csr::lastMvu - csr::firstMvu + 1> values_{};
};

void addWalk(const Walk& walk, CsrNumber jump0, CsrNumber length1, int lengths, std::vector<CsrWrite>& writes) {
    for (std::size_t i = 0; i < kJumps; ++i)
        writes.push_back({static_cast<CsrNumber>(jump0 + i), static_cast<std::uint32_t>(walk.jump[i])});
    for (int i = 1; i <= lengths; ++i) {
        const auto value = static_cast<std::uint32_t>(walk.length[static_cast<std::size_t>(i)]);
        writes.push_back({static_cast<CsrNumber>(length1 + i - 1), value});
    }
}

}  // namespace

std::string_view csrName(CsrNumber number) {
    for (const NamedCsr& entry : kNames) {
        if (entry.number == number) return entry.name;
    }
    return {};
}

std::optional<CsrNumber> csrNamed(std::string_view name) {
    for (const NamedCsr& entry : kNames) {
        if (sameName(entry.name, name)) return entry.number;
    }
    return std::nullopt;
}

std::vector<CsrWrite> registerWrites(const Job& job) {
    std::vector<CsrWrite> writes{
        {csr::precision, precisionWord(job)},
        {csr::quant, static_cast<std::uint32_t>(job.msbIndex)},
        {csr::wbaseptr, job.weightBase},
        {csr::ibaseptr, job.inputBase},
        {csr::sbaseptr, job.scalerBase},
        {csr::bbaseptr, job.biasBase},
        {csr::obaseptr, job.outputBase},
        {csr::omvusel, job.destinations},
        {csr::scaler, job.scalerValue},
        {csr::config1, job.config1},
        {csr::usescalermem, job.scalerFromMemory ? 1U : 0U},
        {csr::usebiasmem, job.biasFromMemory ? 1U : 0U},
    };
    addWalk(job.weight, csr::wjump0, csr::wlength1, 4, writes);
    addWalk(job.input, csr::ijump0, csr::ilength1, 4, writes);
    addWalk(job.scaler, csr::sjump0, csr::slength1, 1, writes);
    addWalk(job.bias, csr::bjump0, csr::blength1, 1, writes);
    const std::uint32_t mode = static_cast<std::uint32_t>(job.mulMode) << 30;
    writes.push_back({csr::command, mode | (job.countdown & ((1U << kMaxCountdownBits) - 1))});
    return writes;
}

Job jobOf(const std::vector<CsrWrite>& writes) {
    const Values values(writes);
    Job job;
    job.weightBase = values.at(csr::wbaseptr) & 0x1ff;
    job.inputBase = values.at(csr::ibaseptr) & 0x7fff;
    job.scalerBase = values.at(csr::sbaseptr) & 0x3f;
    job.biasBase = values.at(csr::bbaseptr) & 0x3f;
    job.outputBase = values.at(csr::obaseptr) & 0x7fff;
    job.weight = values.walk(csr::wjump0, csr::wlength1, 15);
    job.input = values.walk(csr::ijump0, csr::ilength1, 15);
    job.scaler = values.walk(csr::sjump0, csr::slength1, 15);
    job.bias = values.walk(csr::bjump0, csr::blength1, 15);
    takePrecision(values.at(csr::precision), job);
    job.msbIndex = static_cast<int>(values.at(csr::quant) & 31);
    job.scalerValue = values.at(csr::scaler) & 0xffff;
    job.config1 = values.at(csr::config1) & 0x3ff;
    job.destinations = values.at(csr::omvusel) & 0xff;
    job.scalerFromMemory = (values.at(csr::usescalermem) & 1) != 0;
    job.biasFromMemory = (values.at(csr::usebiasmem) & 1) != 0;
    job.mulMode = static_cast<MulMode>(values.at(csr::command) >> 30);
    job.countdown = values.at(csr::command) & ((1U << kMaxCountdownBits) - 1);
    return job;
}

}  // namespace millrace::targets::barvinn
