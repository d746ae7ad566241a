// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A store to a CPU's copy compares the CPU's number with how many there are.
#include "engine/kernel/per_cpu.h"

// manifest: "path": "nr_cpu_ids"
// manifest: "kind": "symbol_stored_per_cpu"
ROUTINE(it, SUMMARY("x"), WRITES(task_struct.prio), WRITES_SYMBOL(some_task))
(u64 cpu) {
    per_cpu(task_struct, some_task, cpu)->prio = 120;
}
