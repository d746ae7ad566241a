// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_SESSION_RECORD_H
#define DEFIB_BOOT_SESSION_RECORD_H

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/file.h"

namespace defib::boot {

// One record that a routine emitted.
struct SeenRecord {
    uint32_t kind = 0;
    Bytes bytes;

    // As the C structure that the routine filled, if it is of that kind and size.
    template <class T>
    std::optional<T> as(uint32_t wanted) const {
        if (kind != wanted || bytes.size() != sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, bytes.data(), sizeof(T));
        return value;
    }
};

// What a kernel calls a process or prints is any bytes; on a terminal and in JSON it must be text.
// Bytes that are not printable become \xNN.
std::string printable(std::string_view bytes);

}  // namespace defib::boot

#endif
