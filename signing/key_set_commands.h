// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_SIGNING_KEY_SET_COMMANDS_H
#define DEFIB_SIGNING_KEY_SET_COMMANDS_H

#include "engine/base/command.h"

namespace defib::signing {

// The commands of a key set's life; commands.cpp lists them.
Action declare_set(CLI::App& options);
Action declare_revoke(CLI::App& options);
Action declare_sign(CLI::App& options);
Action declare_trust(CLI::App& options);

}  // namespace defib::signing

#endif
