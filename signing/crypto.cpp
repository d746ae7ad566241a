// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/crypto.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

namespace defib::signing {
namespace {

static_assert(crypto_sign_BYTES == std::tuple_size_v<Signature>);
static_assert(crypto_sign_PUBLICKEYBYTES == std::tuple_size_v<PublicKey>);
static_assert(crypto_sign_SEEDBYTES == std::tuple_size_v<Seed>);

// libsodium picks its implementations and opens its random source here. Without it nothing below
// may run, so a failure ends the process rather than one caller.
void need_sodium() {
    static const int STARTED = sodium_init();
    if (STARTED < 0) std::abort();
}

Digest blake2b(std::string_view personal, Bytes key, Bytes bytes) {
    need_sodium();
    std::array<uint8_t, crypto_generichash_blake2b_PERSONALBYTES> name{};
    std::memcpy(name.data(), personal.data(), std::min(personal.size(), name.size()));
    Digest out{};
    crypto_generichash_blake2b_salt_personal(
        out.data(), out.size(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
        reinterpret_cast<const uint8_t*>(key.data()), key.size(), nullptr, name.data());
    return out;
}

// Not inlined, so that its two calls stay two computations.
[[gnu::noinline]] int check_once(const BytesToSign& message, const Signature& signature,
                                 const PublicKey& key) {
    return crypto_sign_verify_detached(signature.data(), message.bytes.data(), message.bytes.size(),
                                       key.data());
}

}  // namespace

Digest digest(std::string_view personal, Bytes bytes) {
    return blake2b(personal, {}, bytes);
}

Digest keyed_digest(std::string_view personal, Bytes key, Bytes bytes) {
    return blake2b(personal, key, bytes);
}

BytesToSign bytes_to_sign(std::string_view context, const Digest& digest) {
    BytesToSign message{};
    std::memcpy(message.bytes.data(), context.data(), std::min(context.size(), size_t{16}));
    std::memcpy(message.bytes.data() + 16, digest.data(), digest.size());
    return message;
}

Result<SecretKey> SecretKey::generate() {
    need_sodium();
    Seed seed{};
    randombytes_buf(seed.data(), seed.size());
    auto key = from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

Result<SecretKey> SecretKey::from_seed(const Seed& seed) {
    need_sodium();
    // Guarded pages, locked in memory and left out of core dumps.
    auto* memory = static_cast<Memory*>(sodium_malloc(sizeof(Memory)));
    if (!memory) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "secret key", "memory cannot be locked",
                    "raise the limit of locked memory (ulimit -l)");
    }
    memory->seed = seed;
    crypto_sign_seed_keypair(memory->public_key.data(), memory->expanded.data(), seed.data());
    return SecretKey(memory);
}

SecretKey::SecretKey(SecretKey&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}

SecretKey::~SecretKey() {
    sodium_free(memory_);
}

Signature SecretKey::sign(const BytesToSign& message) const {
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, message.bytes.data(), message.bytes.size(),
                         memory_->expanded.data());
    return signature;
}

Verdict check_signature(const BytesToSign& message, const Signature& signature,
                        const PublicKey& key) {
    need_sodium();
    if (opaque(check_once(message, signature, key)) != 0) return Verdict::refused;
    if (opaque(check_once(message, signature, key)) != 0) return Verdict::refused;
    return Verdict::accepted;
}

Verdict compare(Bytes a, Bytes b) {
    if (opaque(a.size()) != b.size()) return Verdict::refused;
    if (opaque(sodium_memcmp(a.data(), b.data(), a.size())) != 0) return Verdict::refused;
    if (opaque(sodium_memcmp(b.data(), a.data(), b.size())) != 0) return Verdict::refused;
    return Verdict::accepted;
}

std::string to_hex(std::span<const uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

bool from_hex(std::string_view text, std::span<uint8_t> out) {
    size_t length = 0;
    return sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length,
                          nullptr) == 0 &&
           length == out.size();
}

void fill_random(std::span<uint8_t> out) {
    need_sodium();
    randombytes_buf(out.data(), out.size());
}

}  // namespace defib::signing
