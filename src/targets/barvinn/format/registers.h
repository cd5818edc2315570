#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "targets/barvinn/format/geometry.h"

/// Control and status registers (CSRs) of an MVU, as its hart writes them, and what a job's values mean.
namespace millrace::targets::barvinn {

using CsrNumber = std::uint16_t;

/// Numbers of the MVU's registers. Those with a range of names (jumps, lengths) follow each other.
namespace csr {
inline constexpr CsrNumber wbaseptr = 0xF20, ibaseptr = 0xF21, sbaseptr = 0xF22, bbaseptr = 0xF23, obaseptr = 0xF24;
inline constexpr CsrNumber wjump0 = 0xF25, ijump0 = 0xF2A, sjump0 = 0xF2F, bjump0 = 0xF34, ojump0 = 0xF39;
inline constexpr CsrNumber wlength0 = 0xF3E, wlength1 = 0xF3F, ilength1 = 0xF43, slength1 = 0xF47, blength1 = 0xF4B;
inline constexpr CsrNumber olength1 = 0xF4F;
inline constexpr CsrNumber precision = 0xF53, status = 0xF54, command = 0xF55, quant = 0xF56, scaler = 0xF57;
inline constexpr CsrNumber config1 = 0xF58, omvusel = 0xF59, usescalermem = 0xF66, usebiasmem = 0xF67;
inline constexpr CsrNumber firstMvu = 0xF20, lastMvu = 0xF69;
}  // namespace csr

/// "MVUWBASEPTR", "mstatus", ...; empty if the number has no name. MVU registers are in capitals.
std::string_view csrName(CsrNumber number);
/// The register of that name, whatever the case of its letters.
std::optional<CsrNumber> csrNamed(std::string_view name);

struct CsrWrite {
    CsrNumber number = 0;
    std::uint32_t value = 0;
    bool operator==(const CsrWrite&) const = default;
};

/// Jumps and loop lengths of one address generator. On each step exactly one jump is added to the address: that of the
/// outermost loop that comes round, jump 0 when all do. Loop 4 is innermost; it runs `length[4] + 1` times.
struct Walk {
    std::array<std::int32_t, kJumps> jump{};    ///< in words
    std::array<std::int32_t, kJumps> length{};  ///< count - 1; entry 0 is not used
    bool operator==(const Walk&) const = default;
};

/// What a 1-bit weight means to its data bit (MVUCOMMAND[31:30]).
enum class MulMode : std::uint8_t { zero = 0, normal = 1, plusMinus = 2, minus = 3 };

/// MVUCONFIG1 (bits 4:0 which weight jumps end a sum, bits 9:5 which step the bit planes) of the usual schedules.
inline constexpr std::uint32_t kConvConfig = 0x0E3;
inline constexpr std::uint32_t kGemvConfig = 0x061;

/// One job of an MVU: all that its registers say.
struct Job {
    std::uint32_t weightBase = 0, inputBase = 0, scalerBase = 0, biasBase = 0, outputBase = 0;  ///< word addresses
    Walk weight, input;
    Walk scaler, bias;  ///< step once per finished sum; of the lengths only entry 1 acts
    int weightBits = 1, inputBits = 1, outputBits = 1;
    bool weightSigned = false, inputSigned = false;
    int msbIndex = 0;  ///< bit of the scaled result that becomes the output's most significant bit
    std::uint32_t scalerValue = 1;
    std::uint32_t config1 = kConvConfig;
    std::uint32_t destinations = 0;  ///< bit m: to MVU m
    bool scalerFromMemory = false, biasFromMemory = false;
    MulMode mulMode = MulMode::normal;
    std::uint32_t countdown = 1;  ///< cycles
    bool operator==(const Job&) const = default;
};

/// The writes that make an MVU run the job: every register that acts, once, MVUCOMMAND last.
std::vector<CsrWrite> registerWrites(const Job& job);
/// The job that such writes describe (later writes win; registers that are not written are 0). Bits that the machine
/// ignores are dropped; jumps come out signed.
Job jobOf(const std::vector<CsrWrite>& writes);

}  // namespace millrace::targets::barvinn
