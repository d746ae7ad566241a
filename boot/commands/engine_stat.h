// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_ENGINE_STAT_H
#define DEFIB_BOOT_COMMANDS_ENGINE_STAT_H

#include "boot/commands/look.h"

namespace defib::boot {

// `defib stat --engine`: what guarding the target costs. All detectors of the policy that comes
// along run for so long, and nothing is written.
Result<int> show_engine(const LookArguments& arguments, uint32_t seconds);

}  // namespace defib::boot

#endif
