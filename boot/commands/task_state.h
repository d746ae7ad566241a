// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_TASK_STATE_H
#define DEFIB_BOOT_COMMANDS_TASK_STATE_H

#include <cstdint>

#include "layouts/layout.h"

namespace defib::boot {

// The letter that /proc/PID/stat shows (task_state_to_char() in fs/proc/array.c and sched.h), from
// the layout's own constants; '?' where the layout has none.
char state_letter(const layouts::Layout& layout, uint32_t state, uint32_t exit_state);

}  // namespace defib::boot

#endif
