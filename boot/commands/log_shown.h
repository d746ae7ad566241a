// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOG_SHOWN_H
#define DEFIB_BOOT_COMMANDS_LOG_SHOWN_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/session/session.h"

namespace defib::boot {

Result<Seen> look_at_log(Session& session);
std::string text_of(const Seen& seen, uint32_t level);
nlohmann::ordered_json json_of(const Session& session, const Seen& seen, uint32_t level);

// As `defib log` shows it.
Result<std::string> log_as_text(Session& session);
// As `defib log --json` does.
Result<nlohmann::ordered_json> log_as_json(Session& session);

}  // namespace defib::boot

#endif
