// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_CHECK_H
#define DEFIB_LAYOUTS_COMMANDS_CHECK_H

#include "engine/base/command.h"

namespace defib::layouts {

// `defib layout check LAYOUT`
Action declare_check(CLI::App& options);

}  // namespace defib::layouts

#endif
