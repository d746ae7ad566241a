// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A path that is said to be impossible ends the routine.
#include "engine/compiler/cases/structs.h"

VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    if (task->pid < 0) __builtin_unreachable();
    return static_cast<u64>(task->pid);
}
