// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An object is no variable that every CPU has.
#include "engine/kernel/per_cpu.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.jobctl))(kp<task_struct> task, u64 cpu) {
    // refused: a store to task_struct.jobctl through a found pointer; declare WRITES_FOUND(
    per_cpu_at(task, cpu)->jobctl = 0;
}
