// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How many elements there are is not known.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(rlimit.rlim_cur))(kp<task_struct> task, u64 index) {
    // refused: a store to rlimit.rlim_cur through a found pointer; declare WRITES_FOUND(
    element(rlimit, task->limits, index)->rlim_cur = 0;
}
