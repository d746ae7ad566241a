// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LAYOUT_BIND_H
#define DEFIB_BOOT_COMMANDS_LAYOUT_BIND_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib layout bind LAYOUT -o FILE`
Action declare_layout_bind(CLI::App& options);

}  // namespace defib::boot

#endif
