// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_POLICY_H
#define DEFIB_BOOT_COMMANDS_POLICY_H

#include "engine/base/command.h"

namespace defib::boot {

Action declare_policy_check(CLI::App& options);
Action declare_policy_compile(CLI::App& options);

}  // namespace defib::boot

#endif
