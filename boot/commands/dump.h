// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_DUMP_H
#define DEFIB_BOOT_COMMANDS_DUMP_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib dump`: a target's memory as an ELF core, and beside it what it says for people.
Action declare_dump(CLI::App& options);

}  // namespace defib::boot

#endif
