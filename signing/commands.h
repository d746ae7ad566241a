// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_SIGNING_COMMANDS_H
#define DEFIB_SIGNING_COMMANDS_H

#include <span>

#include "engine/base/command.h"

namespace defib::signing {

// `defib key ...`
std::span<const Command> commands();

}  // namespace defib::signing

#endif
