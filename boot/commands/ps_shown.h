// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_PS_SHOWN_H
#define DEFIB_BOOT_COMMANDS_PS_SHOWN_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/commands/processes.h"
#include "boot/session/session.h"

namespace defib::boot {

std::string text_of(const std::vector<Process>& all);
nlohmann::ordered_json json_of(const Session& session, const Processes& processes);

// All threads, as `defib ps --threads --json` shows them.
Result<nlohmann::ordered_json> processes_as_json(Session& session);
// As `defib ps` prints it.
Result<std::string> processes_as_text(Session& session);

}  // namespace defib::boot

#endif
