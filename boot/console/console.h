// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_CONSOLE_CONSOLE_H
#define DEFIB_BOOT_CONSOLE_CONSOLE_H

#include <span>

#include "engine/base/command.h"

namespace defib::boot::console {

// `defib console`.
std::span<const Command> commands();

}  // namespace defib::boot::console

#endif
