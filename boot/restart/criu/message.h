// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One message in the wire format of Protocol Buffers, as far as CRIU's images need it: numbers,
// bytes and messages within messages, each under its field's number. Written, and never read.
#ifndef DEFIB_BOOT_RESTART_CRIU_MESSAGE_H
#define DEFIB_BOOT_RESTART_CRIU_MESSAGE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace defib::boot::criu {

class Message {
  public:
    Message& number(unsigned field, uint64_t value);
    // What the images call sint: small negative numbers stay short.
    Message& signed_number(unsigned field, int64_t value);
    Message& text(unsigned field, std::string_view bytes);
    Message& message(unsigned field, const Message& inner) { return text(field, inner.bytes_); }

    const std::string& bytes() const { return bytes_; }

  private:
    void put(uint64_t value);

    std::string bytes_;
};

}  // namespace defib::boot::criu

#endif
