// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a transport is to a remote: reading and writing memory that is somewhere else.
#ifndef DEFIB_BOOT_REMOTE_ONE_SIDED_H
#define DEFIB_BOOT_REMOTE_ONE_SIDED_H

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/result.h"

namespace defib::boot::remote {

// Of an address that is read: what follows is one of the target's physical memory, where the
// transport reaches that.
inline constexpr uint64_t TARGET_MEMORY = uint64_t{1} << 63;

class OneSided {
  public:
    OneSided() = default;
    virtual ~OneSided() = default;
    OneSided(const OneSided&) = delete;
    OneSided& operator=(const OneSided&) = delete;

    // An error is the transport's, never the other side's answer.
    virtual Result<void> read(uint64_t at, std::span<uint8_t> into) = 0;
    // What is written last is seen last.
    virtual Result<void> write(uint64_t at, std::span<const uint8_t> bytes) = 0;
};

// "shm:FILE", a file that both sides map; "rdma:ADDRESS:PORT", an RDMA adapter; else
// "ADDRESS:PORT", a gateway. With the operator's key an adapter gives what is open to that alone.
Result<std::unique_ptr<OneSided>> connect_to(
    const std::string& where,
    const std::optional<std::array<uint8_t, 32>>& operators = std::nullopt);

}  // namespace defib::boot::remote

#endif
