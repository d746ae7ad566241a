// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The number is known, how many there are is not.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(rlimit.rlim_cur))(kp<task_struct> task) {
    // refused: a store to rlimit.rlim_cur through a found pointer; declare WRITES_FOUND(
    element(rlimit, task->limits, 3)->rlim_cur = 0;
}
