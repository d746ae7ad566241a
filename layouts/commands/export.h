// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_EXPORT_H
#define DEFIB_LAYOUTS_COMMANDS_EXPORT_H

#include "engine/base/command.h"

namespace defib::layouts {

Action declare_export(CLI::App& options);

}  // namespace defib::layouts

#endif
