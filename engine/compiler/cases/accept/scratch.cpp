// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An object built in scratch memory.
#include "engine/compiler/cases/structs.h"

// manifest: "kind": "scratch"
// manifest: "uses_scratch": true
ROUTINE(it, SUMMARY("x"), USES_SCRATCH)(u64 index) {
    const auto task = scratch<task_struct>(index * 64, 64);
    task->flags = 1;
    task->parent = symbol(task_struct, init_task);
}
