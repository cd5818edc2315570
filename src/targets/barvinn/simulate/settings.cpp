#include "targets/barvinn/simulate/settings.h"

namespace millrace::targets::barvinn {

void Settings::write(CsrNumber number, std::uint32_t value, bool aliasLengths) {
    if (writeWalk(number, value, aliasLengths)) return;
    switch (number) {
        case csr::wbaseptr: weightBase = value & 0x1ff; break;
        case csr::ibaseptr: inputBase = value & 0x7fff; break;
        case csr::sbaseptr: scalerBase = value & 0x3f; break;
        case csr::bbaseptr: biasBase = value & 0x3f; break;
        case csr::obaseptr: outputBase = static_cast<std::uint16_t>(value & 0x7fff); break;
        case csr::precision:
            weightBits = value & 63;
            inputBits = value >> 6 & 63;
            outputBits = value >> 12 & 31;
            weightSigned = (value >> 24 & 1) != 0;
            inputSigned = (value >> 25 & 1) != 0;
            break;
        case csr::command:
            countdown = value & ((1U << kMaxCountdownBits) - 1);
            mulMode = static_cast<MulMode>(value >> 30);
            break;
        case csr::quant: msbIndex = static_cast<int>(value & 31); break;
        case csr::scaler: scalerValue = static_cast<std::int16_t>(value & 0xffff); break;
        case csr::config1:
            loadSelect = value & 31;
            stepSelect = value >> 5 & 31;
            break;
        case csr::omvusel: destinations = static_cast<std::uint8_t>(value & 0xff); break;
        case csr::usescalermem: scalerFromMemory = (value & 1) != 0; break;
        case csr::usebiasmem: biasFromMemory = (value & 1) != 0; break;
        default: break;
    }
}

bool Settings::writeWalk(CsrNumber number, std::uint32_t value, bool aliasLengths) {
    struct Place {
        WalkRegisters* walk;
        CsrNumber jump0, length1;
        bool aliased;
    };
    const Place places[] = {{&weight, csr::wjump0, csr::wlength1, false},
                            {&input, csr::ijump0, csr::ilength1, false},
                            {&scaler, csr::sjump0, csr::slength1, aliasLengths},
                            {&bias, csr::bjump0, csr::blength1, aliasLengths}};
    const auto bits = static_cast<std::uint16_t>(value & 0x7fff);
    for (const Place& place : places) {
        if (number >= place.jump0 && number < place.jump0 + kJumps) {
            place.walk->jump[static_cast<std::size_t>(number - place.jump0)] = bits;
            return true;
        }
        if (number >= place.length1 && number < place.length1 + kJumps - 1) {
            const int level = place.aliased ? 1 : number - place.length1 + 1;
            place.walk->length[static_cast<std::size_t>(level)] = bits;
            return true;
        }
    }
    return false;
}

}  // namespace millrace::targets::barvinn
