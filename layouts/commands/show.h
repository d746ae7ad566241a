// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_SHOW_H
#define DEFIB_LAYOUTS_COMMANDS_SHOW_H

#include "engine/base/command.h"

namespace defib::layouts {

// `defib layout show LAYOUT [STRUCT]`
Action declare_show(CLI::App& options);

}  // namespace defib::layouts

#endif
