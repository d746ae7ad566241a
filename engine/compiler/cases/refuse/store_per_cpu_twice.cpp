// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A CPU's distance from a CPU's copy leads to anything.
#include "engine/kernel/per_cpu.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.jobctl), WRITES_SYMBOL(some_task))(u64 cpu) {
    // refused: a store to task_struct.jobctl through a found pointer; declare WRITES_FOUND(
    per_cpu_at(per_cpu(task_struct, some_task, cpu), 1)->jobctl = 0;
}
