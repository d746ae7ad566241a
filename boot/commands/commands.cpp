// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/commands.h"

#include "boot/commands/act.h"
#include "boot/commands/checkpoint.h"
#include "boot/commands/demo.h"
#include "boot/commands/dump.h"
#include "boot/commands/files.h"
#include "boot/commands/image_slots.h"
#include "boot/commands/journal.h"
#include "boot/commands/layout_bind.h"
#include "boot/commands/layout_check.h"
#include "boot/commands/locks.h"
#include "boot/commands/log.h"
#include "boot/commands/policy.h"
#include "boot/commands/ps.h"
#include "boot/commands/remote.h"
#include "boot/commands/restart.h"
#include "boot/commands/run.h"
#include "boot/commands/stat.h"

namespace defib::boot {

std::span<const Command> commands() {
    static constexpr Command COMMANDS[] = {
        {"", "ps", "processes and threads of a target, seen from outside", declare_ps},
        {"", "stat", "load, memory, pressure and CPUs of a target", declare_stat},
        {"", "log", "the kernel log of a target, also after a panic", declare_log},
        {"", "act", "one repair by hand, with its plan and its effect", declare_act},
        {"layout", "check",
         "say whose layout it is, what binds to it, and whether one may act with it",
         declare_layout_check},
        {"layout", "bind", "make an image's binary binding of a layout and this build's routines",
         declare_layout_bind},
        {"", "locks", "who waits for which lock, who holds it", declare_locks},
        {"", "run", "guard a target: find faults and repair them, as a policy says", declare_run},
        {"", "remote", "what a guarded machine shows, and repairs on it, from another one",
         declare_remote},
        {"", "journal", "what was found and done, from a journal that run kept", declare_journal},
        {"", "dump", "a target's memory as an ELF core, for crash, drgn and gdb", declare_dump},
        {"", "files", "what is mounted, which files memory holds; save what the disks have not",
         declare_files},
        {"", "checkpoint", "one process as a core, for gdb; it stands still meanwhile",
         declare_checkpoint},
        {"", "restart", "a process goes on, on this machine, from its core", declare_restart},
        {"", "demo", "a real kernel is broken and brought back", declare_demo},
        {"image", "install", "put an image into the slot that is not needed",
         declare_image_install},
        {"image", "slots", "what the two slots hold", declare_image_slots},
        {"policy", "check", "whether a policy says what can be done", declare_policy_check},
        {"policy", "compile", "a policy for one kernel, as an image has it",
         declare_policy_compile},
    };
    return COMMANDS;
}

}  // namespace defib::boot
