// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_STAT_H
#define DEFIB_BOOT_COMMANDS_STAT_H

#include <nlohmann/json.hpp>

#include "boot/session/session.h"
#include "engine/base/command.h"

namespace defib::boot {

// `defib stat`: the machine as a whole, and each of its CPUs.
Action declare_stat(CLI::App& options);
// As `defib stat --json` shows it.
Result<nlohmann::ordered_json> statistics_as_json(Session& session);
// As `defib stat` prints it.
Result<std::string> statistics_as_text(Session& session);

}  // namespace defib::boot

#endif
