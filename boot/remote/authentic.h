// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may act: whoever holds the operator's key. Each start of the engine's side has a key of its
// own, made from the operator's and from a number that was never used before; with it a command is
// signed (BLAKE2b, keyed: libsodium's generichash), and within it each has a higher counter.
#ifndef DEFIB_BOOT_REMOTE_AUTHENTIC_H
#define DEFIB_BOOT_REMOTE_AUTHENTIC_H

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/abi/remote.h"
#include "engine/base/result.h"

namespace defib::boot::remote {

using Key = std::array<uint8_t, 32>;
using Nonce = std::array<uint8_t, DEFIB_REMOTE_NONCE_BYTES>;

// 32 bytes that nobody else may read, as `head -c 32 /dev/urandom` makes them.
Result<Key> read_key(const std::filesystem::path& file);

Result<Nonce> new_nonce();
Key session_key(const Key& operators, std::span<const uint8_t> nonce);

// What is signed: what writes, what shows the values at addresses of somebody's choice (a plan),
// and memory, where that is open to the key alone.
bool needs_right(uint32_t kind);

// Over kind, size, number, counter, slot and the data.
void sign(DefibRemoteRequest& request, uint32_t slot, const Key& session);
bool is_authentic(const DefibRemoteRequest& request, uint32_t slot, const Key& session);

// What was signed is answered so that only the key reads it, and knows who wrote it (libsodium's
// secretbox): whoever reaches the mailbox sees what others are told.
std::string seal_answer(const std::string& text, const DefibRemoteRequest& request,
                        const Key& session);
// Nothing: it was not sealed for this request.
std::optional<std::string> open_answer(const std::string& sealed, const DefibRemoteRequest& request,
                                       const Key& session);

// Against accidents, of which a request that is written while it is read is one.
uint64_t check_of(const DefibRemoteRequest& request);
uint64_t check_of(uint32_t status, uint64_t whole, std::span<const uint8_t> data);
uint64_t check_of_kept(std::span<const uint8_t> data);

}  // namespace defib::boot::remote

#endif
