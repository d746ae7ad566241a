// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Whoever repairs a machine must leave it whole: processes that have done nothing live on, and what
// a person tries first works again.
#ifndef DEFIB_TESTS_RECOVER_INNOCENTS_H
#define DEFIB_TESTS_RECOVER_INNOCENTS_H

#include <vector>

#include "tests/lab/guest.h"

namespace defib::recover {

// Processes that have done nothing: one asleep, one with some memory, one that works.
Result<std::vector<pid_t>> start_innocents(lab::Guest& guest);
// How many of them have ended.
unsigned count_lost(lab::Guest& guest, const std::vector<pid_t>& innocents);

// Its heart beats, it can start a process, and that can write a file and read it back.
bool serves(lab::Guest& guest, lab::Milliseconds within);

}  // namespace defib::recover

#endif
