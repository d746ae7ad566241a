// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/terminfo.h"

#include <unistd.h>

#include <bit>

#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>

namespace defib::boot::console {

KnownTerminal known_terminal() {
    int why = 0;
    if (setupterm(nullptr, STDOUT_FILENO, &why) != OK) return KnownTerminal::no;
    const bool can_move = terminfo_string("cup") != nullptr;
    del_curterm(cur_term);
    return can_move ? KnownTerminal::yes : KnownTerminal::cannot_move;
}

const char* terminfo_string(const char* capability) {
    const char* text = tigetstr(capability);
    return std::bit_cast<intptr_t>(text) == -1 ? nullptr : text;  // -1: it is no capability
}

}  // namespace defib::boot::console
