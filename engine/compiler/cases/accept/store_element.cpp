// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store to an element behind a pointer.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES_FOUND(rlimit.rlim_cur))(kp<task_struct> task) {
    element(rlimit, task->limits, static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)))->rlim_cur =
        0;
}
