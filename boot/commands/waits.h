// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_WAITS_H
#define DEFIB_BOOT_COMMANDS_WAITS_H

#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/routines/views/lock_records.h"

namespace defib::boot {

// The tasks that are blocked, of what that collector finds.
Result<std::vector<DefibWaitRecord>> waits_of(Session& session, std::string_view collector,
                                              DefibAnswer& answer);

// "mutex", "rwsem, to read", "I/O", "unknown".
std::string what_it_waits_for(const DefibWaitRecord& wait);

// "4711 kworker/0:1", "2 to read, lately 4711 sh"; empty where nobody is known to hold it.
std::string who_holds_it(const DefibWaitRecord& wait);

}  // namespace defib::boot

#endif
