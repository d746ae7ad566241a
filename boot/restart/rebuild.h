// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A puppet becomes the process that was saved: memory, files, then what each thread has of its own.
#ifndef DEFIB_BOOT_RESTART_REBUILD_H
#define DEFIB_BOOT_RESTART_REBUILD_H

#include "boot/restart/findings.h"
#include "boot/restart/puppet.h"

namespace defib::boot {

// Takes away what it has of this program's; `place` is free, in both.
Result<void> rebuild_memory(const SavedProcess& process, const KernelCode& code, Puppet& puppet,
                            uint64_t place);
Result<void> rebuild_files(const SavedProcess& process, Puppet& puppet);
// Handlers, limits, masks, timers: what all of its threads have in common.
// Who it is and what it may, of one thread.
Result<void> rebuild_rights(const SavedProcess& process, Puppet& puppet, pid_t thread);
Result<void> rebuild_common(const SavedProcess& process, Puppet& puppet);
// All threads, up to their registers; the stage is gone afterwards.
Result<void> rebuild_threads(const SavedProcess& process, Puppet& puppet);

// How a thread goes on that was in a system call (arch/x86/kernel/signal.c,
// arch_do_signal_or_restart()), or in a critical section of its own (rseq).
struct GoesOn {
    user_regs_struct registers{};
    std::string told;          // what is not as if nothing had been; empty: nothing
    bool is_doubtful = false;  // the call may be done twice
};
GoesOn goes_on(const SavedProcess& process, const SavedThread& thread);

}  // namespace defib::boot

#endif
