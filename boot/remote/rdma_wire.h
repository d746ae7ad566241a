// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How two sides agree on an RDMA connection, over TCP: three messages, and from then on nobody of
// the guarded machine takes part. The TCP connection stays open, and what was given is taken back
// when it ends; that it is silent says nothing.
//
// Not librdmacm: its kernel side serves only the very credentials that opened its file, and a
// process that seals itself has given these up.
#ifndef DEFIB_BOOT_REMOTE_RDMA_WIRE_H
#define DEFIB_BOOT_REMOTE_RDMA_WIRE_H

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "boot/remote/authentic.h"
#include "engine/abi/remote.h"
#include "engine/abi/window.h"

namespace defib::boot::remote {

inline constexpr uint64_t RDMA_MAGIC = 0x3141'4d44'5246'4544;  // "DEFRDMA1"

// The guarded side's, first.
struct RdmaGreeting {
    uint64_t magic = RDMA_MAGIC;
    uint32_t version = DEFIB_REMOTE_VERSION;
    uint32_t reserved = 0;
    uint8_t nonce[DEFIB_REMOTE_NONCE_BYTES] = {};  // of the mailbox
    uint8_t once[DEFIB_REMOTE_NONCE_BYTES] = {};   // of this connection
};

struct RdmaHello {
    uint64_t magic = RDMA_MAGIC;
    uint32_t version = DEFIB_REMOTE_VERSION;
    uint32_t has_key = 0;  // and `mac` shows it
    uint32_t queue = 0;
    uint32_t first_packet = 0;
    uint8_t gid[16] = {};
    uint8_t mac[DEFIB_REMOTE_MAC_BYTES] = {};  // over all of it and `once`
};

struct RdmaRegion {
    uint64_t physical = 0;
    uint64_t size = 0;
    uint64_t address = 0;
    uint32_t key = 0;
    uint32_t reserved = 0;
};

// Zeros behind `refusal`: there is no connection.
struct RdmaWelcome {
    uint64_t magic = RDMA_MAGIC;
    uint32_t version = DEFIB_REMOTE_VERSION;
    uint32_t refusal = 0;  // enum DefibRemoteStatus
    uint32_t queue = 0;
    uint32_t first_packet = 0;
    uint8_t gid[16] = {};
    uint64_t mailbox = 0;  // its address over there
    uint32_t mailbox_key = 0;
    uint32_t request_keys[DEFIB_REMOTE_SLOTS] = {};
    uint32_t region_count = 0;  // of the target's memory
    RdmaRegion regions[DEFIB_WINDOW_RANGES] = {};
};

// Nothing: it is none.
std::optional<RdmaGreeting> read_greeting(std::span<const uint8_t> bytes);
std::optional<RdmaHello> read_hello(std::span<const uint8_t> bytes);
// Its regions are in order and do not overlap.
std::optional<RdmaWelcome> read_welcome(std::span<const uint8_t> bytes);

// Of a hello to who has sent `once`.
Key mac_of_hello(const RdmaHello& hello, std::span<const uint8_t> once, const Key& session);

// Where the mailbox's bytes from `at` on can be written, and by which key; nothing: nowhere.
std::optional<uint32_t> key_to_write(const RdmaWelcome& welcome, uint64_t at, uint64_t size);

// The region that has all of these bytes of the target; null: none.
const RdmaRegion* region_of(const RdmaWelcome& welcome, uint64_t physical, uint64_t size);

}  // namespace defib::boot::remote

#endif
