// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What is known of a terminal by its name. On its own, because the library's header makes macros of
// words like "columns" and "tab".
#ifndef DEFIB_BOOT_CONSOLE_TERMINFO_H
#define DEFIB_BOOT_CONSOLE_TERMINFO_H

#include <cstdint>

namespace defib::boot::console {

enum class KnownTerminal : uint8_t { no, cannot_move, yes };
// That TERM names.
KnownTerminal known_terminal();

// What is sent for that capability; null: it has none. Once a terminal was taken.
const char* terminfo_string(const char* capability);

}  // namespace defib::boot::console

#endif
