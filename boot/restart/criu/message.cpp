// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/criu/message.h"

namespace defib::boot::criu {
namespace {

// How a field's content is told from the next field: the low bits of what stands before it.
constexpr unsigned IS_NUMBER = 0;
constexpr unsigned HAS_LENGTH = 2;
constexpr unsigned KIND_BITS = 3;

}  // namespace

// Seven bits at a time, the lowest first; the eighth says that more follow.
void Message::put(uint64_t value) {
    constexpr uint64_t MORE = 0x80;
    while (value >= MORE) {
        bytes_ += static_cast<char>(value | MORE);
        value >>= 7;
    }
    bytes_ += static_cast<char>(value);
}

Message& Message::number(unsigned field, uint64_t value) {
    put(uint64_t{field} << KIND_BITS | IS_NUMBER);
    put(value);
    return *this;
}

Message& Message::signed_number(unsigned field, int64_t value) {
    const uint64_t twice = static_cast<uint64_t>(value) << 1;
    return number(field, value < 0 ? ~twice : twice);
}

Message& Message::text(unsigned field, std::string_view bytes) {
    put(uint64_t{field} << KIND_BITS | HAS_LENGTH);
    put(bytes.size());
    bytes_ += bytes;
    return *this;
}

}  // namespace defib::boot::criu
