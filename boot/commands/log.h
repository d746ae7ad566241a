// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOG_H
#define DEFIB_BOOT_COMMANDS_LOG_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib log`: what the kernel has printed, also after it panicked.
Action declare_log(CLI::App& options);
}  // namespace defib::boot

#endif
