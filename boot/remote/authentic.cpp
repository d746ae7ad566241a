// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/authentic.h"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "engine/base/file.h"

namespace defib::boot::remote {
namespace {

struct Signed {
    uint64_t number;
    uint64_t counter;
    uint64_t from;
    uint32_t kind;
    uint32_t size;
    uint32_t slot;
    uint32_t abi_version;
};

Key mac_of(const DefibRemoteRequest& request, uint32_t slot, const Key& session) {
    const Signed head = {
        request.number, request.counter, request.from, request.kind, request.size, slot, 1};
    const size_t size = std::min<size_t>(request.size, sizeof request.data);
    Key mac{};
    crypto_generichash_state state;
    crypto_generichash_init(&state, session.data(), session.size(), mac.size());
    crypto_generichash_update(&state, reinterpret_cast<const uint8_t*>(&head), sizeof head);
    crypto_generichash_update(&state, request.data, size);
    crypto_generichash_final(&state, mac.data(), mac.size());
    return mac;
}

// A key of its own, and a nonce that comes once: no two requests of a start that are accepted have
// the same counter.
struct Box {
    std::array<uint8_t, crypto_secretbox_KEYBYTES> key;
    std::array<uint8_t, crypto_secretbox_NONCEBYTES> nonce;
};

Box box_of(const DefibRemoteRequest& request, const Key& session) {
    constexpr uint8_t USE[] = "defib: an answer";
    Box box{};
    crypto_generichash(box.key.data(), box.key.size(), USE, sizeof USE, session.data(),
                       session.size());
    std::memcpy(box.nonce.data(), &request.counter, sizeof request.counter);
    std::memcpy(box.nonce.data() + sizeof request.counter, &request.number, sizeof request.number);
    return box;
}

const uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<const uint8_t*>(text.data());
}

class Check {
  public:
    void add(const void* bytes, size_t size) {
        const auto* at = static_cast<const uint8_t*>(bytes);
        for (size_t i = 0; i < size; i++) value_ = (value_ ^ at[i]) * 0x100000001b3;  // FNV-1a
    }
    template <class T>
    void add(const T& value) {
        add(&value, sizeof value);
    }
    uint64_t value() const { return value_; }

  private:
    uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

static_assert(sizeof(Key::value_type) * 32 == DEFIB_REMOTE_MAC_BYTES);

Result<Key> read_key(const std::filesystem::path& file) {
    const auto mapped = MappedFile::open(file);
    if (!mapped) return std::unexpected(mapped.error());
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, file.string(), "others may read this key",
                    "chmod 600 it, or make a new one");
    }
    Key key{};
    if (mapped->bytes().size() != key.size()) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, file.string(), "a key is 32 bytes",
                    "head -c 32 /dev/urandom makes one");
    }
    std::memcpy(key.data(), mapped->bytes().data(), key.size());
    return key;
}

Result<Nonce> new_nonce() {
    if (sodium_init() < 0) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "libsodium", "it does not start");
    }
    Nonce nonce{};
    randombytes_buf(nonce.data(), nonce.size());
    return nonce;
}

bool needs_right(uint32_t kind) {
    return kind == DEFIB_REMOTE_ACT || kind == DEFIB_REMOTE_PLAN || kind == DEFIB_REMOTE_MEMORY;
}

Key session_key(const Key& operators, std::span<const uint8_t> nonce) {
    Key key{};
    crypto_generichash(key.data(), key.size(), nonce.data(), nonce.size(), operators.data(),
                       operators.size());
    return key;
}

void sign(DefibRemoteRequest& request, uint32_t slot, const Key& session) {
    std::ranges::copy(mac_of(request, slot, session), request.mac);
}

bool is_authentic(const DefibRemoteRequest& request, uint32_t slot, const Key& session) {
    const Key mac = mac_of(request, slot, session);
    return sodium_memcmp(mac.data(), request.mac, mac.size()) == 0;
}

std::string seal_answer(const std::string& text, const DefibRemoteRequest& request,
                        const Key& session) {
    const Box box = box_of(request, session);
    std::string sealed(text.size() + crypto_secretbox_MACBYTES, '\0');
    crypto_secretbox_easy(reinterpret_cast<uint8_t*>(sealed.data()), bytes_of(text), text.size(),
                          box.nonce.data(), box.key.data());
    return sealed;
}

std::optional<std::string> open_answer(const std::string& sealed, const DefibRemoteRequest& request,
                                       const Key& session) {
    if (sealed.size() < crypto_secretbox_MACBYTES) return std::nullopt;
    const Box box = box_of(request, session);
    std::string text(sealed.size() - crypto_secretbox_MACBYTES, '\0');
    if (crypto_secretbox_open_easy(reinterpret_cast<uint8_t*>(text.data()), bytes_of(sealed),
                                   sealed.size(), box.nonce.data(), box.key.data()) != 0) {
        return std::nullopt;
    }
    return text;
}

uint64_t check_of(const DefibRemoteRequest& request) {
    Check check;
    check.add(request.kind);
    check.add(request.size);
    check.add(request.from);
    check.add(request.counter);
    check.add(request.mac);
    check.add(request.data, std::min<size_t>(request.size, sizeof request.data));
    return check.value();
}

uint64_t check_of(uint32_t status, uint64_t whole, std::span<const uint8_t> data) {
    Check check;
    check.add(status);
    check.add(whole);
    check.add(data.data(), data.size());
    return check.value();
}

uint64_t check_of_kept(std::span<const uint8_t> data) {
    Check check;
    check.add(static_cast<uint32_t>(data.size()));
    check.add(data.data(), data.size());
    return check.value();
}

}  // namespace defib::boot::remote
