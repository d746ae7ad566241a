// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_COMMANDS_H
#define DEFIB_LAYOUTS_COMMANDS_H

#include <span>

#include "engine/base/command.h"

namespace defib::layouts {

// `defib layout ...`
std::span<const Command> commands();

}  // namespace defib::layouts

#endif
