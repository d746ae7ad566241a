// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/key_file.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "signing/durable_file.h"

namespace defib::signing {
namespace {

constexpr std::string_view SECRET_TITLE = "defib secret key 1";
constexpr std::string_view PUBLIC_TITLE = "defib public key 1";
constexpr std::string_view PEM_BEGIN = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view PEM_END = "-----END PUBLIC KEY-----";
constexpr size_t MOST_KEY_FILE_BYTES = 4096;
constexpr uint64_t MOST_OPERATIONS = 16;
constexpr uint64_t MOST_MEMORY_BYTES = uint64_t{1} << 30;

// RFC 8410: SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }. An Ed25519 key has
// this one encoding, so there is nothing to parse.
constexpr std::array<uint8_t, 12> PEM_PREFIX = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

using Salt = std::array<uint8_t, crypto_pwhash_SALTBYTES>;
using Nonce = std::array<uint8_t, crypto_secretbox_NONCEBYTES>;
using Box = std::array<uint8_t, sizeof(Seed) + crypto_secretbox_MACBYTES>;

std::unexpected<Error> no_key(const std::string& object, std::string detail) {
    return fail(DEFIB_ERROR_SIGNING_NOT_A_KEY, object, std::move(detail));
}

std::string_view take_line(std::string_view& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// The value of the next line, which has to be called `name`; empty when it is not.
std::string_view take_field(std::string_view& text, std::string_view name) {
    const std::string_view line = take_line(text);
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) return {};
    return line.substr(name.size() + 2);
}

bool take_number(std::string_view& text, std::string_view name, uint64_t most, uint64_t& out) {
    const std::string_view field = take_field(text, name);
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
    return error == std::errc{} && end == field.data() + field.size() && out >= 1 && out <= most;
}

bool is_name(std::string_view name) {
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, is_plain);
}

// The key of the box, in memory that is wiped.
class BoxKey {
  public:
    BoxKey() = default;
    BoxKey(const BoxKey&) = delete;
    BoxKey& operator=(const BoxKey&) = delete;
    ~BoxKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

    Result<void> derive(const Passphrase& passphrase, const Salt& salt,
                        const PassphraseCost& cost) {
        const std::string_view text = passphrase.text();
        if (crypto_pwhash(bytes_.data(), bytes_.size(), text.data(), text.size(), salt.data(),
                          cost.operations, size_t(cost.memory_bytes),
                          crypto_pwhash_ALG_ARGON2ID13) != 0) {
            return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "passphrase",
                        fmt::format("its key takes {} MB", cost.memory_bytes >> 20));
        }
        return {};
    }
    const uint8_t* data() const { return bytes_.data(); }

  private:
    std::array<uint8_t, crypto_secretbox_KEYBYTES> bytes_{};
};

Result<NamedKey> read_head(std::string_view& text, const std::string& object) {
    NamedKey key;
    key.name = take_field(text, "name");
    if (!is_name(key.name)) return no_key(object, "its name is missing or no plain text");
    if (!from_hex(take_field(text, "public"), key.key)) {
        return no_key(object, "its public key is damaged");
    }
    return key;
}

Result<NamedKey> read_pem(std::string_view text, const std::string& object) {
    text = text.substr(PEM_BEGIN.size());
    const size_t end = text.find(PEM_END);
    std::array<uint8_t, PEM_PREFIX.size() + sizeof(PublicKey)> der{};
    size_t length = 0;
    if (end == std::string_view::npos ||
        // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): `end` is the length
        sodium_base642bin(der.data(), der.size(), text.data(), end, "\r\n", &length, nullptr,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        length != der.size() ||
        std::memcmp(der.data(), PEM_PREFIX.data(), PEM_PREFIX.size()) != 0) {
        return no_key(object, "this PEM holds no Ed25519 public key");
    }
    NamedKey key;
    std::copy(der.begin() + PEM_PREFIX.size(), der.end(), key.key.begin());
    for (const char c : std::filesystem::path(object).stem().string().substr(0, 32)) {
        key.name += c > ' ' && c < 0x7f ? c : '_';
    }
    if (key.name.empty()) key.name = "key";
    return key;
}

}  // namespace

Result<std::string> seal_secret_key(const SecretKey& key, const std::string& name,
                                    const Passphrase& passphrase, const PassphraseCost& cost) {
    if (!is_name(name)) {
        return fail(DEFIB_ERROR_BASE_USAGE, name, "a key's name is 1 to 32 letters without blanks");
    }
    Salt salt{};
    Nonce nonce{};
    fill_random(salt);
    fill_random(nonce);
    BoxKey box_key;
    if (auto ok = box_key.derive(passphrase, salt, cost); !ok) return std::unexpected(ok.error());
    Box box{};
    crypto_secretbox_easy(box.data(), key.seed().data(), key.seed().size(), nonce.data(),
                          box_key.data());
    return fmt::format(
        "{}\nname: {}\npublic: {}\noperations: {}\nmemory: {}\nsalt: {}\nnonce: {}\nbox: {}\n",
        SECRET_TITLE, name, to_hex(key.public_key()), cost.operations, cost.memory_bytes,
        to_hex(salt), to_hex(nonce), to_hex(box));
}

Result<SecretKey> open_secret_key(std::string_view text, const Passphrase& passphrase,
                                  const std::string& object) {
    if (take_line(text) != SECRET_TITLE) return no_key(object, "it is no secret key of defib");
    const auto head = read_head(text, object);
    if (!head) return std::unexpected(head.error());
    PassphraseCost cost;
    if (!take_number(text, "operations", MOST_OPERATIONS, cost.operations) ||
        !take_number(text, "memory", MOST_MEMORY_BYTES, cost.memory_bytes)) {
        return no_key(object, "the cost of its passphrase is out of bounds");
    }
    Salt salt{};
    Nonce nonce{};
    Box box{};
    if (!from_hex(take_field(text, "salt"), salt) || !from_hex(take_field(text, "nonce"), nonce) ||
        !from_hex(take_field(text, "box"), box) || !text.empty()) {
        return no_key(object, "damaged");
    }
    BoxKey box_key;
    if (auto ok = box_key.derive(passphrase, salt, cost); !ok) return std::unexpected(ok.error());
    Seed seed{};
    if (crypto_secretbox_open_easy(seed.data(), box.data(), box.size(), nonce.data(),
                                   box_key.data()) != 0) {
        return fail(DEFIB_ERROR_SIGNING_PASSPHRASE, object);
    }
    auto key = SecretKey::from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    // Signing with a public key that does not belong to the seed gives the seed away.
    if (key && key->public_key() != head->key) {
        return no_key(object, "its public key belongs to another secret key");
    }
    return key;
}

std::string write_public_key(const NamedKey& key) {
    return fmt::format("{}\nname: {}\npublic: {}\n", PUBLIC_TITLE, key.name, to_hex(key.key));
}

std::string write_public_pem(const PublicKey& key) {
    std::array<uint8_t, PEM_PREFIX.size() + sizeof(PublicKey)> der{};
    std::ranges::copy(PEM_PREFIX, der.begin());
    std::ranges::copy(key, der.begin() + PEM_PREFIX.size());
    std::array<char, sodium_base64_ENCODED_LEN(sizeof der, sodium_base64_VARIANT_ORIGINAL)> text{};
    sodium_bin2base64(text.data(), text.size(), der.data(), der.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    return fmt::format("{}\n{}\n{}\n", PEM_BEGIN, text.data(), PEM_END);
}

Result<NamedKey> read_public_key(std::string_view text, const std::string& object) {
    if (text.starts_with(PEM_BEGIN)) return read_pem(text, object);
    const std::string_view title = take_line(text);
    if (title != PUBLIC_TITLE && title != SECRET_TITLE) {
        return no_key(object, "neither a key file of defib nor a PEM public key");
    }
    return read_head(text, object);
}

Result<NamedKey> load_public_key(const std::filesystem::path& path) {
    const auto text = read_at_most(path, MOST_KEY_FILE_BYTES, DEFIB_ERROR_SIGNING_NOT_A_KEY);
    if (!text) return std::unexpected(text.error());
    return read_public_key(*text, path.string());
}

Result<SecretKey> load_secret_key(const std::filesystem::path& path,
                                  const PassphraseSource& source) {
    const auto text = read_at_most(path, MOST_KEY_FILE_BYTES, DEFIB_ERROR_SIGNING_NOT_A_KEY);
    if (!text) return std::unexpected(text.error());
    // Asked only for what is a secret key at all.
    if (!text->starts_with(SECRET_TITLE)) {
        return no_key(path.string(), "it is no secret key of defib");
    }
    const auto passphrase = Passphrase::read(source, Prompt::once, path.string());
    if (!passphrase) return std::unexpected(passphrase.error());
    return open_secret_key(*text, *passphrase, path.string());
}

}  // namespace defib::signing
