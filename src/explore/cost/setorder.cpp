#include "explore/cost/setorder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace millrace::cost {
namespace {

using Digest = std::array<std::uint64_t, 8>;

constexpr std::array<int, 80> primes() {
    std::array<int, 80> result{};
    int count = 0;
    for (int n = 2; count < 80; ++n) {
        bool prime = true;
        for (int i = 0; i < count && prime; ++i) prime = n % result[static_cast<std::size_t>(i)] != 0;
        if (prime) result[static_cast<std::size_t>(count++)] = n;
    }
    return result;
}

/// First 64 bits of the fraction of the k-th root of n (k is 2 or 3), by bisection on x = root * 2^64 in three limbs of
/// 32 bits.
class RootBits {
public:
    RootBits(int n, int k) : n_(n), k_(k) {}

    std::uint64_t bits() const {
        std::uint64_t whole = 0;
        while (power(whole + 1, 0) <= 0) ++whole;
        std::uint64_t fraction = 0;
        for (int i = 63; i >= 0; --i) {
            const std::uint64_t trial = fraction | (std::uint64_t{1} << i);
            if (power(whole, trial) <= 0) fraction = trial;
        }
        return fraction;
    }

private:
    using Limbs = std::array<std::uint32_t, 12>;  // little endian

    static Limbs multiply(const Limbs& a, const Limbs& b) {
        Limbs result{};
        for (std::size_t i = 0; i < a.size(); ++i) {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; i + j < a.size(); ++j) {
                carry += std::uint64_t{a[i]} * b[j] + result[i + j];
                result[i + j] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
        }
        return result;
    }

    /// Sign of (whole + fraction / 2^64)^k - n.
    int power(std::uint64_t whole, std::uint64_t fraction) const {
        Limbs x{};
        x[0] = static_cast<std::uint32_t>(fraction);
        x[1] = static_cast<std::uint32_t>(fraction >> 32);
        x[2] = static_cast<std::uint32_t>(whole);
        Limbs product = x;
        for (int i = 1; i < k_; ++i) product = multiply(product, x);
        Limbs target{};
        target[2 * static_cast<std::size_t>(k_)] = static_cast<std::uint32_t>(n_);
        for (std::size_t i = product.size(); i-- > 0;) {
            if (product[i] != target[i]) return product[i] < target[i] ? -1 : 1;
        }
        return 0;
    }

    int n_;
    int k_;
};

class Sha512 {
public:
    Sha512() {
        const std::array<int, 80> prime = primes();
        for (std::size_t i = 0; i < 80; ++i) constants_[i] = RootBits(prime[i], 3).bits();
        for (std::size_t i = 0; i < 8; ++i) start_[i] = RootBits(prime[i], 2).bits();
    }

    Digest operator()(std::string_view message) const {
        std::string padded(message);
        padded += static_cast<char>(0x80);
        while (padded.size() % 128 != 120) padded += '\0';
        const std::uint64_t bits = std::uint64_t{message.size()} * 8;
        for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>((bits >> shift) & 0xff);
        Digest state = start_;
        for (std::size_t at = 0; at < padded.size(); at += 128) block(state, padded.data() + at);
        return state;
    }

private:
    void block(Digest& state, const char* data) const {
        std::array<std::uint64_t, 80> w{};
        for (std::size_t i = 0; i < 128; ++i) w[i / 8] = (w[i / 8] << 8) | static_cast<unsigned char>(data[i]);
        for (std::size_t i = 16; i < 80; ++i) {
            const std::uint64_t a = std::rotr(w[i - 15], 1) ^ std::rotr(w[i - 15], 8) ^ (w[i - 15] >> 7);
            const std::uint64_t b = std::rotr(w[i - 2], 19) ^ std::rotr(w[i - 2], 61) ^ (w[i - 2] >> 6);
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        Digest v = state;
        for (std::size_t i = 0; i < 80; ++i) {
            const std::uint64_t e = std::rotr(v[4], 14) ^ std::rotr(v[4], 18) ^ std::rotr(v[4], 41);
            const std::uint64_t t1 = v[7] + e + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants_[i] + w[i];
            const std::uint64_t a = std::rotr(v[0], 28) ^ std::rotr(v[0], 34) ^ std::rotr(v[0], 39);
            const std::uint64_t t2 = a + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            v = {t1 + t2, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
        }
        for (std::size_t i = 0; i < 8; ++i) state[i] += v[i];
    }

    std::array<std::uint64_t, 80> constants_{};
    Digest start_{};
};

/// Python's pickle, protocol 4, of a text, and of a class of module zigzag.datatypes.
std::string shortText(std::string_view text) {
    std::string result = "\x8c";
    result += static_cast<char>(text.size());
    result += text;
    result += '\x94';
    return result;
}

std::string pickle(const std::string& body) {
    std::string result = "\x80\x04\x95";
    for (int i = 0; i < 8; ++i) result += static_cast<char>((std::uint64_t{body.size()} >> (8 * i)) & 0xff);
    return result + body;
}

constexpr std::uint64_t kModulus = (std::uint64_t{1} << 61) - 1;

/// The digest as one big-endian number, mod 2^61 - 1.
std::int64_t reduce(const Digest& digest) {
    std::uint64_t value = 0;
    for (const std::uint64_t word : digest) {
        for (int bit = 63; bit >= 0; --bit) value = (2 * value + ((word >> bit) & 1)) % kModulus;
    }
    return static_cast<std::int64_t>(value);
}

/// CPython's set table.
class Table {
public:
    explicit Table(std::size_t size) : slots_(size, kEmpty) {}

    void insert(std::size_t item, const std::vector<std::int64_t>& hashes) {
        place(item, hashes);
        ++used_;
        const std::size_t mask = slots_.size() - 1;
        if (used_ * 5 < mask * 3) return;
        std::size_t larger = 8;
        while (larger <= used_ * 4) larger *= 2;
        Table grown(larger);
        for (const std::size_t kept : slots_) {
            if (kept != kEmpty) grown.place(kept, hashes);
        }
        slots_ = std::move(grown.slots_);
    }

    std::vector<std::size_t> order() const {
        std::vector<std::size_t> result;
        for (const std::size_t item : slots_) {
            if (item != kEmpty) result.push_back(item);
        }
        return result;
    }

private:
    static constexpr std::size_t kEmpty = static_cast<std::size_t>(-1);

    void place(std::size_t item, const std::vector<std::int64_t>& hashes) {
        const std::size_t mask = slots_.size() - 1;
        std::uint64_t perturb = static_cast<std::uint64_t>(hashes[item]);
        std::size_t at = static_cast<std::size_t>(perturb) & mask;
        while (true) {
            const std::size_t last = at + 9 <= mask ? at + 9 : at;
            for (std::size_t probe = at; probe <= last; ++probe) {
                if (slots_[probe] != kEmpty) continue;
                slots_[probe] = item;
                return;
            }
            perturb >>= 5;
            at = (at * 5 + 1 + static_cast<std::size_t>(perturb)) & mask;
        }
    }

    std::vector<std::size_t> slots_;
    std::size_t used_ = 0;
};

}  // namespace

std::int64_t setHash(SetKind kind, std::string_view name) {
    static const Sha512 sha;
    const std::string className = kind == SetKind::arrayDimension ? "OADimension" : "LayerDim";
    const Digest ofName = sha(pickle(shortText(name.substr(0, 255)) + "."));
    const Digest ofClass = sha(pickle(shortText("zigzag.datatypes") + shortText(className) + "\x93\x94."));
    Digest mixed{};
    for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] = ofName[i] ^ ofClass[i];
    return reduce(mixed);
}

std::vector<std::size_t> setOrder(SetKind kind, const std::vector<std::string>& names) {
    if (names.size() < 2) return std::vector<std::size_t>(names.size(), 0);
    std::vector<std::int64_t> hashes;
    Table table(8);
    for (std::size_t i = 0; i < names.size(); ++i) {
        hashes.push_back(setHash(kind, names[i]));
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
            names.begin() + static_cast<std::ptrdiff_t>(i)) {
            continue;
        }
        table.insert(i, hashes);
    }
    return table.order();
}

}  // namespace millrace::cost
