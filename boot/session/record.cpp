// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace defib::boot {
namespace {

// The length of the UTF-8 character that starts here; 0: it is none.
size_t character_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return first == '\t' || (first >= 0x20 && first != 0x7f) ? 1 : 0;
    const size_t length = first >= 0xf0 && first < 0xf5   ? 4
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xc2 && first < 0xe0 ? 2
                                                          : 0;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    }
    // Overlong forms and surrogates, which a strict reader of JSON would refuse.
    const auto second = static_cast<unsigned char>(text[1]);
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second >= 0xa0) return 0;
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second >= 0x90) return 0;
    return length;
}

}  // namespace

std::string printable(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const size_t length = character_length(bytes);
        if (length == 0) {
            fmt::format_to(std::back_inserter(text), "\\x{:02x}",
                           static_cast<unsigned char>(bytes.front()));
        } else {
            text.append(bytes.substr(0, length));
        }
        bytes.remove_prefix(std::max<size_t>(length, 1));
    }
    return text;
}

}  // namespace defib::boot
