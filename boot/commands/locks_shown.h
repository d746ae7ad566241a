// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_LOCKS_SHOWN_H
#define DEFIB_BOOT_COMMANDS_LOCKS_SHOWN_H

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "boot/commands/lock_state.h"
#include "boot/session/session.h"

namespace defib::boot {

std::string text_of(const Session& session, const Locks& locks);
nlohmann::ordered_json json_of(const Session& session, const Locks& locks);

// Where each lock lies that somebody waits for, by its address; some milliseconds for each.
using LockPlaces = std::map<uint64_t, std::string>;
LockPlaces places_of(const Session& session, const Locks& locks);

// As `defib locks --json` shows them, but for the places.
Result<nlohmann::ordered_json> locks_as_json(Session& session);
// As `defib locks` prints it.
Result<std::string> locks_as_text(Session& session);

}  // namespace defib::boot

#endif
