// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LAYOUT_CHECK_H
#define DEFIB_BOOT_COMMANDS_LAYOUT_CHECK_H

#include "engine/base/command.h"

namespace defib::boot {

// `defib layout check LAYOUT`
Action declare_layout_check(CLI::App& options);

}  // namespace defib::boot

#endif
