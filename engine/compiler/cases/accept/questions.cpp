// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Sizes, offsets, enumerators, constants, symbols.
#include "engine/compiler/cases/structs.h"

// manifest: "kind": "constant"
// manifest: "kind": "enum"
// manifest: "kind": "symbol_exists"
VIEW(it, SUMMARY("x"))() {
    const u64 shapes =
        size_of(task_struct, comm) + offset_of(task_struct, tasks) + size_of_type(rlimit);
    const u64 names =
        static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)) + constant(TIF_SIGPENDING);
    return shapes + names + (symbol_exists(init_task) ? 1 : 0) +
           (constant_exists(JOBCTL_X) ? 1 : 0) + (enum_exists(pid_type, PIDTYPE_SID) ? 1 : 0);
}
