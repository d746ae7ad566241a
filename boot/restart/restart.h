// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A saved process, started again on this machine as a child of this one.
#ifndef DEFIB_BOOT_RESTART_RESTART_H
#define DEFIB_BOOT_RESTART_RESTART_H

#include <optional>

#include "boot/restart/findings.h"

namespace defib::boot {

// All that will not be as it was; what is worst first.
std::vector<Finding> find_all(const SavedProcess& process);

struct Started {
    pid_t pid = 0;
    bool has_its_numbers = false;
};

// Nothing is left of it where it fails.
Result<Started> start_again(const SavedProcess& process);

// Until it ends: signals that this program gets are for it, and when it is stopped, so is this
// program. Its exit status; what a signal ended ends this program the same way.
int accompany(pid_t pid);
// Signals that come between the start and that are kept for it.
void keep_signals();

}  // namespace defib::boot

#endif
