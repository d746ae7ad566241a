// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_STAT_H
#define DEFIB_BOOT_COMMANDS_STAT_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib stat`: the machine as a whole, and each of its CPUs.
Action declare_stat(CLI::App& options);
}  // namespace defib::boot

#endif
