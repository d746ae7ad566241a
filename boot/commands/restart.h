// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_RESTART_H
#define DEFIB_BOOT_COMMANDS_RESTART_H

#include "engine/base/command.h"

namespace defib::boot {

Action declare_restart(CLI::App& options);

}  // namespace defib::boot

#endif
