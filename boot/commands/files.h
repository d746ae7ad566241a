// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_FILES_H
#define DEFIB_BOOT_COMMANDS_FILES_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib files`: what is mounted, and which files of it memory holds; `defib files save`: those
// that the disks have not, into a folder.
Action declare_files(CLI::App& options);

}  // namespace defib::boot

#endif
