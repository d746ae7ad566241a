// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store to an element that a constant or the layout chooses.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(rlimit.rlim_cur))(kp<task_struct> task) {
    element(rlimit, task->limits, static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)))->rlim_cur =
        0;
}
