// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOCKS_H
#define DEFIB_BOOT_COMMANDS_LOCKS_H

#include <nlohmann/json.hpp>

#include "boot/session/session.h"
#include "engine/base/command.h"

namespace defib::boot {

// `defib locks`: who waits for which lock, who holds it, which CPUs spin.
Action declare_locks(CLI::App& options);
// As `defib locks --json` shows them.
Result<nlohmann::ordered_json> locks_as_json(Session& session);
// As `defib locks` prints it.
Result<std::string> locks_as_text(Session& session);

}  // namespace defib::boot

#endif
