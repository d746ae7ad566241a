// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An atomic store.
#include "engine/compiler/cases/structs.h"

ROUTINE(it, SUMMARY("x"), WRITES(task_struct.flags))(kp<task_struct> task) {
    // refused: an atomic access, which is not atomic from a GPU
    __atomic_store_n(&task->flags, 1, __ATOMIC_RELEASE);
}
