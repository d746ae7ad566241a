// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOG_H
#define DEFIB_BOOT_COMMANDS_LOG_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/session/session.h"
#include "engine/base/command.h"

namespace defib::boot {

// `defib log`: what the kernel has printed, also after it panicked.
Action declare_log(CLI::App& options);
// As `defib log` shows it.
Result<std::string> log_as_text(Session& session);
// As `defib log --json` does.
Result<nlohmann::ordered_json> log_as_json(Session& session);

}  // namespace defib::boot

#endif
