// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a session answers to a remote: the views as `defib ps`, `stat`, `log` and `locks` show them,
// and repairs as `defib act` carries them out.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_ANSWERS_H
#define DEFIB_BOOT_COMMANDS_REMOTE_ANSWERS_H

#include "boot/remote/server.h"
#include "boot/session/session.h"

namespace defib::boot {

// The session outlives it.
remote::Serve answers_of(Session& session);

}  // namespace defib::boot

#endif
