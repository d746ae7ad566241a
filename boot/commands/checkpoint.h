// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_CHECKPOINT_H
#define DEFIB_BOOT_COMMANDS_CHECKPOINT_H

#include "engine/base/command.h"

namespace defib::boot {

Action declare_checkpoint(CLI::App& options);

}  // namespace defib::boot

#endif
