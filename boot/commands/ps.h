// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_PS_H
#define DEFIB_BOOT_COMMANDS_PS_H

#include <nlohmann/json.hpp>

#include "boot/session/session.h"
#include "engine/base/command.h"

namespace defib::boot {

// `defib ps`: processes and threads.
Action declare_ps(CLI::App& options);
// All threads, as `defib ps --threads --json` shows them.
Result<nlohmann::ordered_json> processes_as_json(Session& session);
// As `defib ps` prints it.
Result<std::string> processes_as_text(Session& session);

}  // namespace defib::boot

#endif
