// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_PS_H
#define DEFIB_BOOT_COMMANDS_PS_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib ps`: processes and threads.
Action declare_ps(CLI::App& options);
}  // namespace defib::boot

#endif
