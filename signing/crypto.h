// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib uses of libsodium, under the names of signing/README.md. No cryptography is written
// here.
#ifndef DEFIB_SIGNING_CRYPTO_H
#define DEFIB_SIGNING_CRYPTO_H

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "signing/hardened.h"

namespace defib::signing {

using Digest = std::array<uint8_t, 32>;
using PublicKey = std::array<uint8_t, 32>;
using Signature = std::array<uint8_t, 64>;
using Seed = std::array<uint8_t, 32>;

inline Bytes bytes_of(std::span<const uint8_t> numbers) {
    return std::as_bytes(numbers);
}

// Keeps digests of different things apart: the same bytes as a part and as a key set have different
// digests. At most 16 characters.
Digest digest(std::string_view personal, Bytes bytes);

// The same, keyed: for whoever has the key, and nobody else, to make again.
Digest keyed_digest(std::string_view personal, Bytes key, Bytes bytes);

// What a signer signs, and all that an HSM gets to see.
struct BytesToSign {
    std::array<uint8_t, 48> bytes;
};
BytesToSign bytes_to_sign(std::string_view context, const Digest& digest);

// A seed in memory that is never swapped out and is wiped when it goes.
class SecretKey {
  public:
    static Result<SecretKey> generate();
    static Result<SecretKey> from_seed(const Seed& seed);

    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&&) = delete;
    SecretKey(const SecretKey&) = delete;
    SecretKey& operator=(const SecretKey&) = delete;
    ~SecretKey();

    const Seed& seed() const { return memory_->seed; }
    const PublicKey& public_key() const { return memory_->public_key; }
    Signature sign(const BytesToSign& message) const;

  private:
    struct Memory {
        Seed seed;
        std::array<uint8_t, 64> expanded;
        PublicKey public_key;
    };
    explicit SecretKey(Memory* memory) : memory_(memory) {}

    Memory* memory_;
};

[[nodiscard]] Verdict check_signature(const BytesToSign& message, const Signature& signature,
                                      const PublicKey& key);

std::string to_hex(std::span<const uint8_t> bytes);
// Fills `out` entirely from exactly that many hexadecimal digits, or gives false.
[[nodiscard]] bool from_hex(std::string_view text, std::span<uint8_t> out);

void fill_random(std::span<uint8_t> out);

}  // namespace defib::signing

#endif
