// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_H
#define DEFIB_BOOT_COMMANDS_REMOTE_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib remote`: what a guarded machine shows, and repairs on it, from another one.
Action declare_remote(CLI::App& options);

}  // namespace defib::boot

#endif
