// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_STAT_SHOWN_H
#define DEFIB_BOOT_COMMANDS_STAT_SHOWN_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/commands/machine_state.h"
#include "boot/session/session.h"

namespace defib::boot {

std::string text_of(const MachineState& statistics);
nlohmann::ordered_json json_of(const Session& session, const MachineState& statistics);

// As `defib stat --json` shows it.
Result<nlohmann::ordered_json> statistics_as_json(Session& session);
// As `defib stat` prints it.
Result<std::string> statistics_as_text(Session& session);

}  // namespace defib::boot

#endif
