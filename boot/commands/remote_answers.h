// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a session answers to a remote: the views as `defib ps`, `stat`, `log` and `locks` show them,
// plans and repairs as `defib act` makes them; and what a remote's own session is made of
// (remote_raw.h).
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_ANSWERS_H
#define DEFIB_BOOT_COMMANDS_REMOTE_ANSWERS_H

#include "boot/journal/reader.h"
#include "boot/remote/server.h"
#include "boot/session/session.h"

namespace defib::boot {

struct Answering {
    JournalNames names;              // of rules and detectors
    uint64_t start_ns = 0;           // from which the journal's times count
    std::string_view manifest;       // the engine's, as text
    const Target* memory = nullptr;  // whose pages are given; null: nobody's
};

// The session and what `how` points at outlive it.
remote::Serve answers_of(Session& session, const Answering& how);

}  // namespace defib::boot

#endif
