// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/rdma_wire.h"

#include <sodium.h>

#include <cstddef>
#include <cstring>

namespace defib::boot::remote {
namespace {

template <class T>
std::optional<T> read_as(std::span<const uint8_t> bytes) {
    T message;
    if (bytes.size() != sizeof message) return std::nullopt;
    std::memcpy(&message, bytes.data(), sizeof message);
    if (message.magic != RDMA_MAGIC || message.version != DEFIB_REMOTE_VERSION) return std::nullopt;
    return message;
}

}  // namespace

std::optional<RdmaGreeting> read_greeting(std::span<const uint8_t> bytes) {
    return read_as<RdmaGreeting>(bytes);
}

std::optional<RdmaHello> read_hello(std::span<const uint8_t> bytes) {
    const auto hello = read_as<RdmaHello>(bytes);
    if (!hello || hello->has_key > 1) return std::nullopt;
    return hello;
}

std::optional<RdmaWelcome> read_welcome(std::span<const uint8_t> bytes) {
    const auto welcome = read_as<RdmaWelcome>(bytes);
    if (!welcome || welcome->region_count > DEFIB_WINDOW_RANGES) return std::nullopt;
    uint64_t before = 0;
    for (const RdmaRegion& one : std::span(welcome->regions).first(welcome->region_count)) {
        if (one.size == 0 || one.physical < before || one.physical > ~one.size) return std::nullopt;
        if (one.address > ~one.size) return std::nullopt;
        before = one.physical + one.size;
    }
    return welcome;
}

Key mac_of_hello(const RdmaHello& hello, std::span<const uint8_t> once, const Key& session) {
    constexpr uint8_t USE[] = "defib: RDMA, with the key";
    RdmaHello without = hello;
    std::memset(without.mac, 0, sizeof without.mac);
    Key mac{};
    crypto_generichash_state state;
    crypto_generichash_init(&state, session.data(), session.size(), mac.size());
    crypto_generichash_update(&state, USE, sizeof USE);
    crypto_generichash_update(&state, once.data(), once.size());
    crypto_generichash_update(&state, reinterpret_cast<const uint8_t*>(&without), sizeof without);
    crypto_generichash_final(&state, mac.data(), mac.size());
    return mac;
}

std::optional<uint32_t> key_to_write(const RdmaWelcome& welcome, uint64_t at, uint64_t size) {
    for (uint64_t slot = 0; slot < DEFIB_REMOTE_SLOTS; slot++) {
        const uint64_t from = offsetof(DefibRemoteMailbox, slots) + slot * sizeof(DefibRemoteSlot) +
                              offsetof(DefibRemoteSlot, request);
        const uint64_t end = from + sizeof(DefibRemoteRequest);
        if (at >= from && at <= end && size <= end - at) return welcome.request_keys[slot];
    }
    return std::nullopt;
}

const RdmaRegion* region_of(const RdmaWelcome& welcome, uint64_t physical, uint64_t size) {
    for (const RdmaRegion& one : std::span(welcome.regions).first(welcome.region_count)) {
        const uint64_t end = one.physical + one.size;
        if (physical >= one.physical && physical <= end && size <= end - physical) return &one;
    }
    return nullptr;
}

}  // namespace defib::boot::remote
