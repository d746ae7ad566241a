// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_DIFF_H
#define DEFIB_LAYOUTS_COMMANDS_DIFF_H

#include "engine/base/command.h"

namespace defib::layouts {

// `defib layout diff A B`
Action declare_diff(CLI::App& options);

}  // namespace defib::layouts

#endif
