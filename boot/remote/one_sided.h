// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a transport is to a remote: reading and writing memory that is somewhere else.
#ifndef DEFIB_BOOT_REMOTE_ONE_SIDED_H
#define DEFIB_BOOT_REMOTE_ONE_SIDED_H

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"

namespace defib::boot::remote {

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

// "shm:FILE", a file that both sides map; else "ADDRESS:PORT", a gateway.
Result<std::unique_ptr<OneSided>> connect_to(const std::string& where);

}  // namespace defib::boot::remote

#endif
