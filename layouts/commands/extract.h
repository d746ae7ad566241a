// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_EXTRACT_H
#define DEFIB_LAYOUTS_COMMANDS_EXTRACT_H

#include "engine/base/command.h"

namespace defib::layouts {

// defib layout extract INPUT [-o FILE] ...
Action declare_extract(CLI::App& options);

}  // namespace defib::layouts

#endif
