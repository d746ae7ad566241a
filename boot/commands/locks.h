// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOCKS_H
#define DEFIB_BOOT_COMMANDS_LOCKS_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib locks`: who waits for which lock, who holds it, which CPUs spin.
Action declare_locks(CLI::App& options);
}  // namespace defib::boot

#endif
