// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_COMMANDS_H
#define DEFIB_BOOT_COMMANDS_COMMANDS_H

#include <span>

#include "engine/base/command.h"

namespace defib::boot {

// `defib ps`, `stat`, `log`, `locks`; and `layout check`, which needs the binder.
std::span<const Command> commands();

}  // namespace defib::boot

#endif
