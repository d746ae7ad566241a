// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Names from files go into JSON, terminals and messages of one line. A kernel's are printable
// ASCII; anything else is damage, or an attempt to write to somebody's terminal.
#ifndef DEFIB_LAYOUTS_PLAIN_TEXT_H
#define DEFIB_LAYOUTS_PLAIN_TEXT_H

#include <algorithm>
#include <string>
#include <string_view>

namespace defib::layouts {

constexpr bool is_plain(char c) {
    return c >= 0x20 && c < 0x7f;
}

constexpr bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_plain(c); });
}

// For messages: the beginning of the text, with what is not plain replaced.
inline std::string printable(std::string_view text) {
    std::string shown(text.substr(0, 60));
    std::ranges::replace_if(shown, [](char c) { return !is_plain(c); }, '?');
    return shown;
}

}  // namespace defib::layouts

#endif
